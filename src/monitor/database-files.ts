/** Watches the database files of a running Fieldhouse every few seconds; reports to the log, an alert and `/health`. */
import { Database } from 'bun:sqlite'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { max } from 'drizzle-orm'
import { aggregate } from '../../db/count-rows.ts'
import { factOf, storeFact } from '../../db/facts.ts'
import { DeadFile, fileOf, type OpenFile } from '../../db/file.ts'
import { type Db, databaseFile } from '../../db/open.ts'
import { faultOf, isDamage, queueRebuildAdvice, restoreAdvice } from '../../db/open-errors.ts'
import { uploads } from '../../db/schema.ts'
import { atomically, bestEffortWrite } from '../../db/transactions.ts'
import { type Alert, raiseAlert } from '../alerts.ts'
import { type App, oncePerApp } from '../context.ts'
import { minute } from '../platform/clock.ts'

const faultyChecks = 2 // in a row before an alert, as a single one may be wrong by chance

type Trouble = { file: string; fault: string }
const troublesOf = oncePerApp(() => new Map<string, Trouble>())

/** What is wrong with the files now. Writes to them are refused. */
export function deadFiles(app: App): Trouble[] {
  const troubles = new Map(troublesOf(app))
  for (const file of filesOf(app)) {
    const fault = file.fault()
    if (fault) troubles.set(file.name, { file: file.name, fault })
  }
  return [...troubles.values()]
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
  message: `${join(config.dataDir, file)} ${fault}. Writes to it are refused. Put the file back; otherwise: ${file === 'queue.db' ? queueRebuildAdvice : restoreAdvice}.`,
})

/** Call the returned function regularly. */
export function openFileCheck(app: App, postAlerts: (alerts: readonly Alert[]) => Promise<void>): () => Promise<void> {
  const { db, log, clock, config } = app
  const suspected = new Map<string, number>()
  const troubles = troublesOf(app)

  /** The result of a check; unknown if the database is busy or resources are short. */
  async function faultOf(file: OpenFile): Promise<string | undefined> {
    try {
      if (file.path === databaseFile(config.dataDir)) return await checkWriteIsVisible(db, file, clock.now())
      return file.check(throwUnlessReadable)
    } catch (error) {
      if (error instanceof DeadFile) return error.fault
      return undefined
    }
  }

  return async function checkFiles() {
    for (const file of filesOf(app)) {
      const { name } = file
      const fault = await faultOf(file)
      const times = fault ? (suspected.get(name) ?? 0) + 1 : 0
      suspected.set(name, times)
      if (!fault) {
        if (troubles.delete(name)) log.info(`${join(config.dataDir, name)} is there again`)
      } else if ((file.fault() || times >= faultyChecks) && !troubles.has(name)) {
        const trouble = { file: name, fault }
        troubles.set(name, trouble)
        await reportTrouble(trouble)
      }
    }
  }

  async function reportTrouble(trouble: Trouble) {
    const alert = alertOf(app, trouble)
    log.error(alert.message)
    const isStored = bestEffortWrite(db, tx => {
      raiseAlert(tx, clock.now(), alert)
      return true
    })
    if (!isStored) await postAlerts([alert]) // it cannot be stored
  }
}

const throwUnlessReadable = (newConnection: Database) => newConnection.query('SELECT count(*) FROM sqlite_master').get()

const checkedFact = 'file_checked_at'

/** Whether a write through the open connection is visible to somebody who opens the file now. */
async function checkWriteIsVisible(db: Db, file: OpenFile, now: number): Promise<string | undefined> {
  await atomically(db, tx => storeFact(tx, checkedFact, String(now)), 'unsynced')
  let isFound = false
  const fault = file.check(newConnection => {
    // Another process may write between the two.
    for (let tries = 0; tries < 3 && !isFound; tries++) {
      const written = factOf(db, checkedFact)
      const readBack = newConnection
        .query<{ value: string }, [string]>('SELECT value FROM facts WHERE name = ?')
        .get(checkedFact)?.value
      isFound = written === readBack
    }
  })
  return fault ?? (isFound ? undefined : 'does not contain what is written to it')
}

/** Damage of a database file under a running Fieldhouse: which file, and what to do. */

type FileFault = { file: string; fault: string; remedy: string }

/** Reads every page of every file: for the reader thread, and only after an error that suggests damage. */
export function damageReading(db: Db, { dataDir }: { dataDir: string }): FileFault[] {
  const faults: FileFault[] = []
  const addFault = (file: string, fault: string | undefined, remedy = restoreAdvice) =>
    fault && faults.push({ file, fault, remedy })
  addFault('fieldhouse.db', faultOf(db.$client))
  withFreshConnection('scores.db', scores => addFault('scores.db', faultOf(scores) ?? mismatchOf(db, scores)))
  withFreshConnection('queue.db', queue => addFault('queue.db', faultOf(queue), queueRebuildAdvice))
  return faults

  function withFreshConnection(file: string, check: (client: Database) => void) {
    const path = join(dataDir, file)
    if (!existsSync(path)) return addFault(file, 'it is missing')
    const client = new Database(path, { readonly: true })
    try {
      check(client)
    } finally {
      client.close()
    }
  }
}

/** Ids are never reused: a file without the newest one is another file, or an older copy. Scans thinned out are no damage. */
function mismatchOf(db: Db, scores: Database): string | undefined {
  const newest = aggregate(db, uploads, max(uploads.snapshotId)) ?? 0
  const lastId = scores
    .query<{ seq: number }, []>("SELECT seq FROM sqlite_sequence WHERE name = 'snapshots'")
    .get()?.seq
  return newest > (lastId ?? 0) ? 'it is another file, or an older copy: the newest scans were never in it' : undefined
}

/** What was found since this process started, for `/health`. A file stays damaged until everything is stopped. */
const damagesOf = oncePerApp(() => new Map<string, FileFault>())
export const damageFound = (app: App): FileFault[] => [...damagesOf(app).values()]
export const damageText = ({ file, fault, remedy }: FileFault) => `${file} is damaged (${fault}). ${remedy}.`

function raiseDamageAlert(app: App, damage: FileFault): void {
  const { db, log, clock, config } = app
  const { file } = damage
  damagesOf(app).set(file, damage)
  const message = join(config.dataDir, damageText(damage))
  log.error(message)
  const alert = {
    key: `${damageAlertPrefix}${file}`,
    type: 'database_error',
    severity: 'critical',
    title: `${file} is damaged`,
    message,
  } as const
  bestEffortWrite(db, tx => raiseAlert(tx, clock.now(), alert))
}
const damageAlertPrefix = 'database_error:damaged:'

/** At the start only cheap checks: reading every page would take minutes. */
export function lookForDamageAtStart(app: App): void {
  const fault = mismatchOf(app.db, app.sheets.boards.scores)
  if (fault) raiseDamageAlert(app, { file: 'scores.db', fault, remedy: restoreAdvice })
}

const lastCheck = oncePerApp(() => ({ at: Number.NEGATIVE_INFINITY }))

/** Called with every unexpected error: if it suggests damage, an alert says what is damaged. */
export async function reportDamage(app: App, error: unknown): Promise<void> {
  const { log, reader, clock, config } = app
  if (!isDamage(error)) return
  const last = lastCheck(app)
  if (Math.abs(clock.now() - last.at) < minute) return
  last.at = clock.now()
  try {
    for (const damage of await reader.read(damageReading, { dataDir: config.dataDir })) raiseDamageAlert(app, damage)
  } catch (trouble) {
    log.error(`Could not check ${databaseFile(config.dataDir)} and the files next to it for damage`, { error: trouble })
  }
}
