/** Computes a score for every player of a selection from a league's config. */
import type { Database } from 'bun:sqlite'
import { gainOf } from '../../leaderboard/gains.ts'
import { type Ranking, type RankOrder, rankingOf } from '../../leaderboard/ranking.ts'
import { addTerm, scoringOf } from '../../leaderboard/score.ts'
import {
  type BaselineRows,
  baselineRowsOf,
  eachBatch,
  eachPlayer,
  type PlayerBatch,
  type Players,
  storedPlayers,
} from './baseline-rows.ts'
import { sharedRanking } from './board-parts.ts'
import type { SheetConfig } from './config-schema.ts'
import { countFallen, type FallenCounters } from './doubts.ts'
import { goalRulesOf, leastReached } from './goals.ts'
import type { PausableWork } from './latecomers.ts'
import { type SnapshotSelection, startsKey } from './snapshot-selection.ts'
import { allocateShared } from './snapshots/read.ts'
import { type Snapshot, snapshotOf } from './snapshots/snapshot.ts'

/** The part of a league's config that decides its board. */
export type BoardConfig = Pick<SheetConfig, 'weights' | 'score_on' | 'classify_by' | 'tiers' | 'goal' | 'goals'>

/** `sort`: the default sort column. */
export type RankedConfig = BoardConfig & Pick<SheetConfig, 'sort'>

/** Everything that a score, and the progress towards a goal, depend on. */
export type ScoreInput = {
  selection: SnapshotSelection
  config: Pick<BoardConfig, 'weights' | 'score_on' | 'goal' | 'goals'>
}

export const scoreInput = (selection: SnapshotSelection, config: BoardConfig): ScoreInput => {
  const { weights, score_on, goal, goals } = config
  return { selection, config: { weights, score_on, goal, goals } }
}

export const scoreKey = ({ selection, config: { weights, score_on, goal, goals } }: ScoreInput): string =>
  JSON.stringify([selection.current, startsKey(selection), weights, score_on, goal, goals])

/** A board's score and its ranking, best first. `goalPct`: how much of their goal each player has reached, in percent. */
export type ScoredPlayers = { ranking: Ranking; starts: BaselineRows; goalPct?: Float64Array }

export async function scorePlayers(scores: Database, input: ScoreInput, work: PausableWork): Promise<ScoredPlayers> {
  const players = storedPlayers(scores, snapshotOf(scores, input.selection.current))
  const starts = await baselineRowsOf(scores, players, input.selection, work)
  const sum = scoreSums(players.snapshot, input, [])
  await eachBatch(scores, players, starts, sum.metrics, work, sum.add)
  return sum.scored(starts)
}

/** A board that is about to be published, scored before its first reader. */
export type ScoredBoard = { input: ScoreInput; scored: ScoredPlayers }

/** `suspicious`: players with a cumulative metric of the scan below their start. `fallen`: the counters of those who are in the baseline. */
type ScoredNewBoard = { suspicious: number; fallen: FallenCounters; board: ScoredBoard }

/** Scores such a board, and compares cumulative metrics with the start in the same pass. */
export async function scoreNewBoard(
  scores: Database,
  players: Players,
  input: ScoreInput,
  work: PausableWork,
): Promise<ScoredNewBoard> {
  const { snapshot } = players
  const starts = await baselineRowsOf(scores, players, input.selection, work)
  const isFirst = input.selection.baseline === input.selection.scan
  const ofScan = snapshot.metrics.filter(({ cumulative, extra }) => cumulative && !extra)
  const rising = isFirst ? [] : ofScan.map(({ name }) => name)
  const sum = scoreSums(snapshot, input, rising)
  let suspicious = 0
  const fallen: FallenCounters = { fallen: 0, counters: 0 }
  const fallenOfOthers = { ...fallen }
  await eachBatch(scores, players, starts, sum.metrics, work, (batch, isOfBaseline) => {
    sum.add(batch)
    const isFallen = new Uint8Array(batch.length)
    countFallen(batch, rising.length, isFallen, isOfBaseline ? fallen : fallenOfOthers)
    for (let i = 0; i < isFallen.length; i++) suspicious += isFallen[i]!
  })
  return { suspicious, fallen, board: { input, scored: sum.scored(starts) } }
}

type GainInput = { selection: SnapshotSelection; metric: string; order: RankOrder }

/** Everyone's gain in one metric, ranked. */
export async function rankedGains(scores: Database, input: GainInput, work: PausableWork): Promise<Ranking> {
  const { selection, metric, order } = input
  const players = storedPlayers(scores, snapshotOf(scores, selection.current))
  const starts = await baselineRowsOf(scores, players, selection, work)
  const { cumulative = false } = players.snapshot.metrics.find(({ name }) => name === metric) ?? {}
  const gains = new Float64Array(allocateShared(players.snapshot.players * 8))
  await eachPlayer(scores, players, starts, [metric], work, (row, now, nowIndex, start, startIndex) => {
    gains[row] = gainOf(now[0]![nowIndex]!, start[0]![startIndex]!, cumulative)
  })
  return sharedRanking(rankingOf(gains, order))
}

/** How much of their target everyone has reached in one metric, or in `score`: ranked. */
export async function rankedGoal(
  scores: Database,
  { input, column, order }: { input: ScoreInput; column: string; order: RankOrder },
  work: PausableWork,
): Promise<Ranking> {
  const players = storedPlayers(scores, snapshotOf(scores, input.selection.current))
  const starts = await baselineRowsOf(scores, players, input.selection, work)
  const rules = goalRulesOf(input.config)
  const sum = scoreSums(players.snapshot, input, [], rules && { ...rules, columns: [column] })
  await eachBatch(scores, players, starts, sum.metrics, work, sum.add)
  const { goalPct = new Float64Array(players.snapshot.players).fill(Number.NaN) } = sum.scored(starts)
  return sharedRanking(rankingOf(goalPct, order))
}

/** Sums up the scores of players batch by batch, with `first` as the first columns of a batch. */
function scoreSums(snapshot: Snapshot, { config }: ScoreInput, first: readonly string[], rules = goalRulesOf(config)) {
  const { on, weights } = scoringOf(
    snapshot.metrics.map(({ name }) => name),
    config,
  )
  const metrics = [...first]
  const columnOf = (metric: string) => {
    const column = metrics.indexOf(metric)
    return column < 0 ? metrics.push(metric) - 1 : column
  }
  const termOf = (metric: string) => ({
    column: columnOf(metric),
    cumulative: snapshot.metrics.find(({ name }) => name === metric)?.cumulative ?? false,
  })
  const terms = weights.map(({ metric, weight }) => ({ ...termOf(metric), weight }))
  const targets = rules?.columns.map(metric => (metric === 'score' ? undefined : termOf(metric))) ?? []
  const power = rules?.byPower ? termOf('power').column : undefined
  const score = new Float64Array(allocateShared(snapshot.players * 8)).fill(Number.NaN)
  const goalPct = rules && new Float64Array(allocateShared(snapshot.players * 8))
  const isOfGains = on === 'gains'
  function add({ length, rows, nowIndexes, startIndexes, now, start }: PlayerBatch) {
    for (const { column, weight, cumulative } of terms) {
      const values = now[column]!
      const starts = start[column]!
      for (let i = 0; i < length; i++) {
        const value = values[nowIndexes[i]!]!
        const term = isOfGains ? gainOf(value, starts[startIndexes[i]!]!, cumulative) : value
        score[rows[i]!] = addTerm(score[rows[i]!]!, term, weight)
      }
    }
    if (!goalPct) return
    for (let i = 0; i < length; i++) {
      const row = rows[i]!
      goalPct[row] = goalOf(score[row]!, now, nowIndexes[i]!, start, startIndexes[i]!)
    }
  }
  function goalOf(
    sum: number,
    now: Float64Array[],
    nowIndex: number,
    start: Float64Array[],
    startIndex: number,
  ): number {
    if (!rules) return Number.NaN
    const baselinePower = power === undefined ? Number.NaN : start[power]![startIndex]!
    return leastReached(rules, baselinePower, i => {
      const target = targets[i]
      if (!target) return sum
      const value = now[target.column]![nowIndex]!
      return isOfGains ? gainOf(value, start[target.column]![startIndex]!, target.cumulative) : value
    })
  }
  return {
    metrics,
    add,
    scored: (starts: BaselineRows): ScoredPlayers => ({
      ranking: sharedRanking(rankingOf(score, 'desc')),
      starts,
      goalPct,
    }),
  }
}
