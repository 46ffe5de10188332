/** The table `runs`: the input of every run, how far it is and how it ended. */
import { and, eq, gt, isNotNull, lt, sql } from 'drizzle-orm'
import type { Db } from '../../../db/open.ts'
import { equalsGiven, type Given, isOneOf, preparedFor, preparedInsert } from '../../../db/prepared-writes.ts'
import { type RunState, runReaders, runs } from '../../../db/schema.ts'
import { prepared } from '../../../db/transactions.ts'
import { isoOrNull } from '../clock.ts'

export type Run = typeof runs.$inferSelect
export type NewRun = typeof runs.$inferInsert

export const unfinished: RunState[] = ['PENDING', 'PROGRESS']
export const isFinished = ({ status }: Pick<Run, 'status'>) => status !== 'PENDING' && status !== 'PROGRESS'

export const runById = prepared(db => db.select().from(runs).where(equalsGiven(runs.id)))

/** Literal states, which let SQLite use the index `runs_unfinished`: with parameters it reads all unfinished runs. */
export const isUnfinished = sql`${runs.status} in ('PENDING', 'PROGRESS')`

export const unfinishedByKey = prepared(db =>
  db
    .select()
    .from(runs)
    .where(and(equalsGiven(runs.dedupeKey), isUnfinished)),
)

const insertRun = preparedInsert(runs)

/** The unfinished run with the same key, which the user who asked again may now read too; or else the new one. */
export function acceptRun(tx: Db, run: NewRun): Run {
  const running = run.dedupeKey ? unfinishedByKey(tx).get({ dedupeKey: run.dedupeKey }) : undefined
  if (!running) return insertRun(tx, run)
  allowReading(tx, running.id, run.startedBy ?? null)
  return running
}

/** Lets a user who was given the id of a run read it. The operator (null) may read all. */
export function allowReading(tx: Db, runId: string, userId: number | null): void {
  const run = runById(tx).get({ id: runId }) // undefined once retention has deleted it
  if (userId !== null && run && run.startedBy !== userId) insertReader(tx).run({ runId, userId })
}
const insertReader = prepared(db =>
  db
    .insert(runReaders)
    .values({ runId: sql.placeholder('runId'), userId: sql.placeholder('userId') })
    .onConflictDoNothing(),
)

export const mayReadRun = (db: Db, { id, startedBy }: Run, userId: number | null): boolean =>
  userId !== null && (startedBy === userId || isReader(db).get({ runId: id, userId }) !== undefined)

const isReader = prepared(db => db.select().from(runReaders).where(equalsGiven(runReaders.runId, runReaders.userId)))

/** Changes the run if it is in one of these states, and returns the changed run. */
export function changeRun(tx: Db, id: string, from: RunState[], change: Partial<NewRun>): Run | undefined {
  return changeStatement(tx, change).all({ ...change, run: id, from: JSON.stringify(from) })[0]
}
const changeStatement = preparedFor(runs, (db, change: Given<Partial<NewRun>>) =>
  db
    .update(runs)
    .set(change)
    .where(and(eq(runs.id, sql.placeholder('run')), isOneOf(runs.status, 'from')))
    .returning(),
)

/** Runs accepted a while ago and not finished, by id: the sweep asks the queue whether it still knows them. */
export const unfinishedBefore = (db: Db, at: number, after: string, limit: number) =>
  db
    .select({ id: runs.id, name: runs.name })
    .from(runs)
    .where(and(isUnfinished, lt(runs.createdAt, at), gt(runs.id, after)))
    .orderBy(runs.id)
    .limit(limit)
    .all()

/** Runs that wait and were accepted after that time. */
export const waitingSince = (db: Db, at: number, limit: number) =>
  db
    .select({ id: runs.id })
    .from(runs)
    .where(and(eq(runs.status, 'PENDING'), gt(runs.createdAt, at)))
    .limit(limit)
    .all()

export const cancelRequested = (db: Db, ids: string[]) =>
  askedToStop(db)
    .all({ ids: JSON.stringify(ids) })
    .map(({ id }) => id)
const askedToStop = prepared(db =>
  db
    .select({ id: runs.id })
    .from(runs)
    .where(and(isOneOf(runs.id, 'ids'), isNotNull(runs.cancelRequestedAt))),
)

/** A run as the API shows it. */
export const runView = (run: Run) => ({
  job_id: run.id,
  name: run.name,
  status: run.status,
  progress: run.progress,
  stage: run.stage,
  status_message: run.message,
  result: run.result ?? null,
  error: run.error,
  attempts: run.attempts,
  created_at: isoOrNull(run.createdAt),
  started_at: isoOrNull(run.startedAt),
  completed_at: isoOrNull(run.completedAt),
})
