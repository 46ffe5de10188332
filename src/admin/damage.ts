/** A database file that turns out to be damaged under a running Fieldhouse: which one it is, and what to do about it. */
import { Database } from 'bun:sqlite'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { and, eq, isNotNull } from 'drizzle-orm'
import { type Db, databaseFile } from '../../db/open.ts'
import { uploads } from '../../db/schema.ts'
import { perhaps } from '../../db/transaction.ts'
import { faultOf, isDamage, queueAnew, restore } from '../../db/usable.ts'
import type { App } from '../context.ts'
import { minute } from '../runtime/clock.ts'
import { raise } from './alerts.ts'

export type Fault = { file: string; fault: string; cure: string }

/** Reads every page of every file: for the reading thread, and only where an error gave cause to. */
export function damageReading(db: Db, { dataDir }: { dataDir: string }): Fault[] {
  const faults: Fault[] = []
  const note = (file: string, fault: string | undefined, cure = restore) => fault && faults.push({ file, fault, cure })
  note('fieldhouse.db', faultOf(db.$client))
  beside('scores.db', scores => note('scores.db', faultOf(scores) ?? missing(db, scores)))
  beside('queue.db', queue => note('queue.db', faultOf(queue), queueAnew))
  return faults

  function beside(file: string, look: (client: Database) => void) {
    const path = join(dataDir, file)
    if (!existsSync(path)) return note(file, 'it is not there')
    const client = new Database(path, { readonly: true })
    try {
      look(client)
    } finally {
      client.close()
    }
  }
}

/** Snapshots that boards are made of and that the file is without: another one lies in its place. */
function missing(db: Db, scores: Database): string | undefined {
  const has = scores.query<unknown, [number]>('SELECT 1 FROM snapshots WHERE id = ? AND whole')
  const wanted = db
    .select({ snapshot: uploads.snapshotId })
    .from(uploads)
    .where(and(eq(uploads.status, 'done'), isNotNull(uploads.snapshotId)))
    .all()
  const lost = wanted.filter(({ snapshot }) => snapshot !== null && !has.get(snapshot)).length
  return lost ? `${lost} of ${wanted.length} scans that boards are made of are not in it` : undefined
}

const lookedAt = new WeakMap<App, number>()

/** Given every error that nobody foresaw: where it smells of damage, an alert says what is damaged. */
export async function watchForDamage(app: App, error: unknown): Promise<void> {
  const { db, log, reader, clock, config } = app
  if (!isDamage(error) && !(error instanceof Error && error.name === 'SnapshotGone')) return
  if (clock.now() - (lookedAt.get(app) ?? Number.NEGATIVE_INFINITY) < minute) return
  lookedAt.set(app, clock.now())
  try {
    for (const { file, fault, cure } of await reader.read('damageReading', { dataDir: config.dataDir })) {
      const message = `${join(config.dataDir, file)} is damaged (${fault}). ${cure}.`
      log.error(message)
      const title = `${file} is damaged`
      perhaps(db, tx =>
        raise(tx, clock.now(), { key: `${key}${file}`, type: 'database_error', severity: 'critical', title, message }),
      )
    }
  } catch (trouble) {
    log.error(`Could not look for damage in ${databaseFile(config.dataDir)} and beside it`, { error: trouble })
  }
}
const key = 'database_error:damaged:'
