/** The database files under a running Fieldhouse: looked at every few seconds, told of in the log, by an alert and in `/health`. */
import { Database } from 'bun:sqlite'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { eq, max } from 'drizzle-orm'
import { DeadFile, fileOf, type OpenFile } from '../../db/file.ts'
import { type Db, databaseFile } from '../../db/open.ts'
import { faultOf, isDamage, queueRebuildAdvice, restoreAdvice } from '../../db/open-errors.ts'
import { facts, uploads } from '../../db/schema.ts'
import { atomically, bestEffortWrite } from '../../db/transactions.ts'
import { type Alert, raise } from '../alerts.ts'
import type { App } from '../context.ts'
import { minute } from '../platform/clock.ts'

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
export function openFileLook(app: App, postAlerts: (alerts: readonly Alert[]) => Promise<void>): () => Promise<void> {
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
    if (!told) await postAlerts([alert]) // it cannot be written down
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

/** A database file that turns out to be damaged under a running Fieldhouse: which one it is, and what to do about it. */

export type Fault = { file: string; fault: string; cure: string }

/** Reads every page of every file: for the reader thread, and only where an error gave cause to. */
export function damageReading(db: Db, { dataDir }: { dataDir: string }): Fault[] {
  const faults: Fault[] = []
  const note = (file: string, fault: string | undefined, cure = restoreAdvice) =>
    fault && faults.push({ file, fault, cure })
  note('fieldhouse.db', faultOf(db.$client))
  beside('scores.db', scores => note('scores.db', faultOf(scores) ?? foreign(db, scores)))
  beside('queue.db', queue => note('queue.db', faultOf(queue), queueRebuildAdvice))
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

/** Ids are never given twice: a file that has not given the newest one yet is another, or an older copy. Scans thinned out are no damage. */
function foreign(db: Db, scores: Database): string | undefined {
  const newest =
    db
      .select({ snapshot: max(uploads.snapshotId) })
      .from(uploads)
      .get()?.snapshot ?? 0
  const given = scores.query<{ seq: number }, []>("SELECT seq FROM sqlite_sequence WHERE name = 'snapshots'").get()?.seq
  return newest > (given ?? 0) ? 'it is another file, or an older copy: the newest scans were never in it' : undefined
}

/** What was found since this process began; `/health` tells of it. It stays damaged until everything is stopped. */
const found = new WeakMap<App, Map<string, Fault>>()
export const damageFound = (app: App): Fault[] => [...(found.get(app)?.values() ?? [])]
export const inWords = ({ file, fault, cure }: Fault) => `${file} is damaged (${fault}). ${cure}.`

function tell(app: App, damage: Fault): void {
  const { db, log, clock, config } = app
  const { file } = damage
  found.set(app, (found.get(app) ?? new Map()).set(file, damage))
  const message = join(config.dataDir, inWords(damage))
  log.error(message)
  const alert = {
    key: `${key}${file}`,
    type: 'database_error',
    severity: 'critical',
    title: `${file} is damaged`,
    message,
  } as const
  bestEffortWrite(db, tx => raise(tx, clock.now(), alert))
}
const key = 'database_error:damaged:'

/** At the start, what costs nothing to see: reading every page would take minutes. */
export function lookForDamageAtStart(app: App): void {
  const fault = foreign(app.db, app.sheets.boards.scores)
  if (fault) tell(app, { file: 'scores.db', fault, cure: restoreAdvice })
}

const lookedAt = new WeakMap<App, number>()

/** Given every error that nobody foresaw: where it smells of damage, an alert says what is damaged. */
export async function reportDamage(app: App, error: unknown): Promise<void> {
  const { log, reader, clock, config } = app
  if (!isDamage(error)) return
  if (Math.abs(clock.now() - (lookedAt.get(app) ?? Number.NEGATIVE_INFINITY)) < minute) return
  lookedAt.set(app, clock.now())
  try {
    for (const damage of await reader.read(damageReading, { dataDir: config.dataDir })) tell(app, damage)
  } catch (trouble) {
    log.error(`Could not look for damage in ${databaseFile(config.dataDir)} and beside it`, { error: trouble })
  }
}
