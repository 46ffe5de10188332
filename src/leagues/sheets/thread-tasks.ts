/** Everything the worker thread does, by name. Inputs and answers are plain data; large columns are shared memory. */
import type { Database } from 'bun:sqlite'
import { type BoardPositions, compareRanks } from '../../leaderboard/moves.ts'
import type { Ranking } from '../../leaderboard/ranking.ts'
import { type Classification, classify } from '../../leaderboard/tiers.ts'
import { pageFromParts } from './board-from-parts.ts'
import * as boardParts from './board-parts.ts'
import { findChangedPeople } from './changed-people.ts'
import { withExtras } from './extra-columns.ts'
import { importSheet, type TaskContext } from './import-sheet.ts'
import { prepareLatecomers } from './latecomers.ts'
import { missingPlayers } from './missing-players.ts'
import { sheetTrends } from './player-history.ts'
import { type PreviewInput, previewSheet } from './reading/preview.ts'
import { type ReadAheadInput, readAhead } from './reading/read-ahead.ts'
import { rankedGains, rankedGoal, scorePlayers } from './scoring.ts'
import { deleteSnapshot, snapshotFaults, sweepStoredSnapshots } from './snapshots/sweep.ts'
import { writeSnapshot } from './snapshots/write.ts'
import { sumPlayers } from './totals-sums.ts'

const startStoringFromBytes = 4 << 20 // of a sheet that begins to arrive; smaller ones are mostly stored by this thread

/** A task that works on `scores.db`. */
const onScores =
  <Input, Answer>(task: (scores: Database, input: Input, work: TaskContext) => Answer) =>
  (input: Input, work: TaskContext): Answer =>
    task(work.scores, input, work)

export const sheetTasks = {
  preview: (input: PreviewInput, { signal }: TaskContext) => previewSheet(input, signal),
  readAhead(input: ReadAheadInput, { beside }: TaskContext) {
    if (input.expectedBytes > startStoringFromBytes) beside?.start() // else it starts when it is needed
    return readAhead(input)
  },
  import: onScores(importSheet),
  hash: onScores(boardParts.sheetBoardHash),
  score: onScores(scorePlayers),
  column: onScores(boardParts.rankedColumn),
  gains: onScores(rankedGains),
  goal: onScores(rankedGoal),
  reversed: boardParts.reversedRanking,
  leftOutRows: onScores(boardParts.findLeftOutRows),
  rankingWithout: boardParts.rankingWithout,
  texts: onScores(boardParts.playerTexts),
  missing: onScores(missingPlayers),
  search: boardParts.searchPlayers,
  labelled: onScores(boardParts.labelledPlayers),
  tiers: ({ ranking, classification }: { ranking: Ranking; classification: Classification }) =>
    classify(ranking, classification),
  totals: onScores(sumPlayers),
  moves: ({ before, after, limit }: { before: BoardPositions; after: BoardPositions; limit: number }) =>
    compareRanks(before, after, limit),
  page: onScores(pageFromParts),
  standings: onScores(boardParts.standings),
  people: onScores(findChangedPeople),
  trends: onScores(sheetTrends),
  extras: onScores(withExtras),
  prepareLatecomers: onScores(prepareLatecomers),
  write: onScores(writeSnapshot),
  remove: onScores(deleteSnapshot),
  sweep: onScores(sweepStoredSnapshots),
  faults: onScores(snapshotFaults),
}

export type SheetTasks = typeof sheetTasks
export type TaskName = keyof SheetTasks
export type TaskInput<Name extends TaskName> = Parameters<SheetTasks[Name]>[0]
export type TaskAnswer<Name extends TaskName> = Awaited<ReturnType<SheetTasks[Name]>>
