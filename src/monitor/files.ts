/** The database files under a running Fieldhouse: looked at every few seconds, told of in the log, by an alert and in `/health`. */
import type { Database } from 'bun:sqlite'
import { join } from 'node:path'
import { eq } from 'drizzle-orm'
import { DeadFile, fileOf, type OpenFile } from '../../db/file.ts'
import { type Db, databaseFile } from '../../db/open.ts'
import { queueRebuildAdvice, restoreAdvice } from '../../db/open-errors.ts'
import { facts } from '../../db/schema.ts'
import { atomically, bestEffortWrite } from '../../db/transactions.ts'
import { type Alert, raise } from '../alerts.ts'
import type { App } from '../context.ts'
import { postAlerts } from './alerts/alert-webhook.ts'

const faultyLooks = 2 // in a row before an alert: one may see by accident what is not so

type Trouble = { file: string; fault: string }
const known = new WeakMap<App, Map<string, Trouble>>()

/** What is wrong with the files right now. Writes to them are refused. */
export function deadFiles(app: App): Trouble[] {
  const seen = new Map(known.get(app))
  for (const file of filesOf(app)) {
    const fault = file.fault()
    if (fault) seen.set(file.name, { file: file.name, fault })
  }
  return [...seen.values()]
}

const filesOf = ({ db, sheets, queues }: App): OpenFile[] =>
  [fileOf(db.$client), sheets.file, queues.file].filter(file => file !== undefined)

export const alertPrefix = 'database_error:file:'
export const alertsOfFiles = (app: App): Alert[] => deadFiles(app).map(trouble => alertOf(app, trouble))

const alertOf = ({ config }: App, { file, fault }: Trouble): Alert => ({
  key: `${alertPrefix}${file}`,
  type: 'database_error',
  severity: 'critical',
  title: `${file} ${fault}`,
  message: `${join(config.dataDir, file)} ${fault}. What should be written to it is refused. Put it back as it was; else: ${file === 'queue.db' ? queueRebuildAdvice : restoreAdvice}.`,
})

/** Call the answer again and again. */
export function openFileLook(app: App): () => Promise<void> {
  const { db, log, clock, config } = app
  const suspected = new Map<string, number>()
  const troubles = new Map<string, Trouble>()
  known.set(app, troubles)

  /** What a look sees; busy, or short of something, it knows nothing. */
  async function faultOf(file: OpenFile): Promise<string | undefined> {
    try {
      if (file.path === databaseFile(config.dataDir)) return await writtenAndRead(db, file, clock.now())
      return file.check(readable)
    } catch (error) {
      if (error instanceof DeadFile) return error.fault
      return undefined
    }
  }

  return async function look() {
    for (const file of filesOf(app)) {
      const { name } = file
      const fault = await faultOf(file)
      const times = fault ? (suspected.get(name) ?? 0) + 1 : 0
      suspected.set(name, times)
      if (!fault) {
        if (troubles.delete(name)) log.info(`${join(config.dataDir, name)} is there again`)
      } else if ((file.fault() || times >= faultyLooks) && !troubles.has(name)) {
        const trouble = { file: name, fault }
        troubles.set(name, trouble)
        await tell(trouble)
      }
    }
  }

  async function tell(trouble: Trouble) {
    const alert = alertOf(app, trouble)
    log.error(alert.message)
    const told = bestEffortWrite(db, tx => {
      raise(tx, clock.now(), alert)
      return true
    })
    if (!told) await postAlerts(config, [alert]) // it cannot be written down
  }
}

const readable = (fresh: Database) => fresh.query('SELECT count(*) FROM sqlite_master').get()

const fact = 'file_checked_at'

/** What is written through the open connection is found by those who open the file now. */
async function writtenAndRead(db: Db, file: OpenFile, now: number): Promise<string | undefined> {
  await atomically(
    db,
    tx => {
      const value = String(now)
      tx.insert(facts).values({ name: fact, value }).onConflictDoUpdate({ target: facts.name, set: { value } }).run()
    },
    'unsynced',
  )
  let isFound = false
  const fault = file.check(fresh => {
    // Another process may write between the two.
    for (let tries = 0; tries < 3 && !isFound; tries++) {
      const written = db.select().from(facts).where(eq(facts.name, fact)).get()?.value
      const found = fresh.query<{ value: string }, [string]>('SELECT value FROM facts WHERE name = ?').get(fact)?.value
      isFound = written === found
    }
  })
  return fault ?? (isFound ? undefined : 'does not hold what is written to it')
}
