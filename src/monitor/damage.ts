/** A database file that turns out to be damaged under a running Fieldhouse: which one it is, and what to do about it. */
import { Database } from 'bun:sqlite'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { max } from 'drizzle-orm'
import { type Db, databaseFile } from '../../db/open.ts'
import { faultOf, isDamage, queueRebuildAdvice, restoreAdvice } from '../../db/open-errors.ts'
import { uploads } from '../../db/schema.ts'
import { bestEffortWrite } from '../../db/transactions.ts'
import { raise } from '../alerts.ts'
import type { App } from '../context.ts'
import { minute } from '../platform/clock.ts'

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
