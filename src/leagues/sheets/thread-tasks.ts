/** Everything the worker thread does, by name. Inputs and answers are plain data; large columns are shared memory. */
import { type BoardPositions, compareRanks } from '../../leaderboard/moves.ts'
import type { Ranking, RankOrder } from '../../leaderboard/ranking.ts'
import { type Classification, classify } from '../../leaderboard/tiers.ts'
import * as boardParts from './board-parts.ts'
import { withExtras } from './extra-columns.ts'
import { type ImportInput, importSheet, type TaskContext } from './import-sheet.ts'
import { prepareLatecomers } from './latecomers.ts'
import { missingPlayers } from './missing-players.ts'
import { findChangedPeople, type PeopleInput } from './people.ts'
import { sheetTrends, type TrendsInput } from './player-history.ts'
import { type PreviewInput, previewSheet } from './reading/preview.ts'
import { type ReadAheadInput, readAhead } from './reading/read-ahead.ts'
import { type GainInput, rankedGains, rankedGoal, type ScoreInput, scorePlayers } from './scoring.ts'
import type { SnapshotSelection } from './snapshot-selection.ts'
import type { SheetColumns } from './snapshots/snapshot.ts'
import { deleteSnapshot, snapshotFaults, sweepStoredSnapshots } from './snapshots/sweep.ts'
import { writeSnapshot } from './snapshots/write.ts'
import { sumPlayers, type TotalsInput } from './totals-sums.ts'

const startStoringFromBytes = 4 << 20 // of a sheet that begins to arrive; smaller ones are mostly stored by this thread

export const sheetTasks = {
  preview: (input: PreviewInput, { signal }: TaskContext) => previewSheet(input, signal),
  readAhead(input: ReadAheadInput, { beside }: TaskContext) {
    if (input.expectedBytes > startStoringFromBytes) beside?.start() // else it starts when it is needed
    return readAhead(input)
  },
  import: (input: ImportInput, work: TaskContext) => importSheet(work.scores, input, work),
  hash: (input: boardParts.BoardHashInput, { scores }: TaskContext) => boardParts.sheetBoardHash(scores, input),
  score: (input: ScoreInput, work: TaskContext) => scorePlayers(work.scores, input, work),
  column: (input: { snapshot: number; metric: string; order: RankOrder }, { scores }: TaskContext) =>
    boardParts.rankedColumn(scores, input),
  gains: (input: GainInput, work: TaskContext) => rankedGains(work.scores, input, work),
  goal: (input: { input: ScoreInput; column: string; order: RankOrder }, work: TaskContext) =>
    rankedGoal(work.scores, input, work),
  reversed: ({ ranking, order }: { ranking: Ranking; order: RankOrder }) => boardParts.reversedRanking(ranking, order),
  leftOutRows: (input: { snapshot: number; ids: readonly string[] }, work: TaskContext) =>
    boardParts.findLeftOutRows(work.scores, input, work),
  rankingWithout: boardParts.rankingWithout,
  texts: (snapshot: number, { scores }: TaskContext) => boardParts.playerTexts(scores, snapshot),
  missing: (input: { newest: number; earlier: readonly number[] }, work: TaskContext) =>
    missingPlayers(work.scores, input, work),
  search: boardParts.searchPlayers,
  labelled: (input: { snapshot: number; name: string; text: string }, { scores }: TaskContext) =>
    boardParts.labelledPlayers(scores, input),
  tiers: ({ ranking, classification }: { ranking: Ranking; classification: Classification }) =>
    classify(ranking, classification),
  totals: (input: TotalsInput, work: TaskContext) => sumPlayers(work.scores, input, work),
  moves: ({ before, after, limit }: { before: BoardPositions; after: BoardPositions; limit: number }) =>
    compareRanks(before, after, limit),
  standings: (input: { snapshot: number; rows: number[]; leftOut: Uint8Array | undefined }, work: TaskContext) =>
    boardParts.standings(work.scores, input, work),
  people: (input: PeopleInput, work: TaskContext) => findChangedPeople(work.scores, input, work),
  trends: (input: TrendsInput, work: TaskContext) => sheetTrends(work.scores, input, work),
  extras: (selection: SnapshotSelection, work: TaskContext) => withExtras(work.scores, selection, work),
  prepareLatecomers: (selection: SnapshotSelection, work: TaskContext) =>
    prepareLatecomers(work.scores, selection, work),
  write: (sheet: SheetColumns, work: TaskContext) => writeSnapshot(work.scores, sheet, work),
  remove: (snapshot: number, { scores, pause }: TaskContext) => deleteSnapshot(scores, snapshot, pause),
  sweep: (
    { keep, keepDerived, before }: { keep: number[]; keepDerived?: string[]; before: number },
    { scores, pause }: TaskContext,
  ) => sweepStoredSnapshots(scores, { keep: new Set(keep), keepDerived: new Set(keepDerived), before, pause }),
  faults: (snapshot: number, { scores }: TaskContext) => snapshotFaults(scores, snapshot),
}

export type SheetTasks = typeof sheetTasks
export type TaskName = keyof SheetTasks
export type TaskInput<Name extends TaskName> = Parameters<SheetTasks[Name]>[0]
export type TaskAnswer<Name extends TaskName> = Awaited<ReturnType<SheetTasks[Name]>>
