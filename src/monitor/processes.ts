/** The processes that share this folder. */
import type { Db } from '../../db/open.ts'
import { processes } from '../../db/schema.ts'
import type { App } from '../context.ts'
import { isProcessDead } from '../platform/process/process-lock.ts'

export type Process = typeof processes.$inferSelect & { alive: boolean }

export const processesOf = ({
  db,
  processId,
  config: { dataDir },
}: Pick<App, 'db' | 'processId' | 'config'>): Process[] =>
  all(db).map(row => ({ ...row, alive: row.id === processId || !isProcessDead(dataDir, row.id) }))

const all = (db: Db) => db.select().from(processes).orderBy(processes.startedAt).all()

/** Whether any process is there to run jobs. */
export const hasWorker = (all: readonly Process[]) => all.some(({ alive, role }) => alive && role !== 'web')
