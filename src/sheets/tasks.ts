/** Everything the worker thread does, by name. Inputs and answers are plain data; large columns are shared memory. */
import type { Database } from 'bun:sqlite'
import type { Order, Ranking } from '../leaderboard/ranking.ts'
import * as building from './building.ts'
import { type HashInput, hashOf } from './hash.ts'
import { type ImportInput, importSheet } from './importing.ts'
import { type ScoreInput, score } from './scoring.ts'
import type { SheetColumns } from './snapshots/snapshot.ts'
import { deleteSnapshot, faultsOf, sweepSnapshots } from './snapshots/sweep.ts'
import { writeSnapshot } from './snapshots/write.ts'

export type Work = {
  scores: Database
  now: number
  /** Lets others in and throws when the task was cancelled; called every few milliseconds of work. */
  pause(): Promise<void>
  progress(done: unknown): void
  signal: AbortSignal
}

const tasks = {
  import: (input: ImportInput, work: Work) => importSheet(work.scores, input, work),
  hash: (input: HashInput, { scores }: Work) => hashOf(scores, input),
  score: (input: ScoreInput, work: Work) => score(work.scores, input, work),
  column: (input: { snapshot: number; metric: string; order: Order }, { scores }: Work) =>
    building.column(scores, input),
  turned: ({ ranking, order }: { ranking: Ranking; order: Order }) => building.turned(ranking, order),
  texts: (snapshot: number, { scores }: Work) => building.texts(scores, snapshot),
  search: building.search,
  tiers: building.tiers,
  standings: (input: { snapshot: number; rows: number[] }, work: Work) => building.standings(work.scores, input, work),
  write: (sheet: SheetColumns, work: Work) => writeSnapshot(work.scores, sheet, work),
  remove: (snapshot: number, { scores, pause }: Work) => deleteSnapshot(scores, snapshot, pause),
  sweep: ({ keep, lists, before }: { keep: number[]; lists?: string[]; before: number }, { scores, pause }: Work) =>
    sweepSnapshots(scores, { keep: new Set(keep), lists: new Set(lists), before, pause }),
  faults: (snapshot: number, { scores }: Work) => faultsOf(scores, snapshot),
}

type Tasks = typeof tasks
export type TaskName = keyof Tasks
export type Input<Name extends TaskName> = Parameters<Tasks[Name]>[0]
export type Answer<Name extends TaskName> = Awaited<ReturnType<Tasks[Name]>>
export type Asked<Name extends TaskName> = { task: Name; input: Input<Name> }

const byName: { [Name in TaskName]: (input: Input<Name>, work: Work) => ReturnType<Tasks[Name]> } = tasks

export const perform = <Name extends TaskName>({ task, input }: Asked<Name>, work: Work) => byName[task](input, work)
