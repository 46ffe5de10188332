/** Computes a score for every player of a selection from a league's config. */
import type { Database } from 'bun:sqlite'
import { gainOf, hasFallen } from '../../leaderboard/gains.ts'
import { type Ranking, type RankOrder, rankingOf } from '../../leaderboard/ranking.ts'
import { addTerm, scoringOf } from '../../leaderboard/score.ts'
import type { Tier } from '../../leaderboard/tiers.ts'
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
import { type GoalConfig, goalRulesOf, leastReached } from './goals.ts'
import type { LatecomersWork } from './latecomers.ts'
import { type SnapshotSelection, startsKey } from './snapshot-selection.ts'
import { allocateShared } from './snapshots/read.ts'
import { type Snapshot, snapshotOf } from './snapshots/snapshot.ts'

/** The part of a league's config that decides its board, with the config's own names. */
export type BoardConfig = {
  weights?: Record<string, number>
  score_on?: 'gains' | 'current'
  classify_by?: 'percentile' | 'score' | 'goal'
  tiers?: readonly Tier[]
} & GoalConfig

/** `sort`: the default sort column. */
export type RankedConfig = BoardConfig & { sort?: string }

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

export async function scorePlayers(
  scores: Database,
  input: ScoreInput,
  working: LatecomersWork,
): Promise<ScoredPlayers> {
  const players = storedPlayers(scores, snapshotOf(scores, input.selection.current))
  const starts = await baselineRowsOf(scores, players, input.selection, working)
  const sum = summing(players.snapshot, input, 0)
  await eachBatch(scores, players, starts, sum.metrics, working, sum.add)
  return sum.scored(starts)
}

/** A board that is about to be published, scored before its first reader. */
export type ScoredBoard = { input: ScoreInput; scored: ScoredPlayers }

/** Scores such a board, and in the same walk counts players with a cumulative metric below their start. */
export async function scoreNewBoard(
  scores: Database,
  players: Players,
  input: ScoreInput,
  working: LatecomersWork,
): Promise<{ suspicious: number; board: ScoredBoard }> {
  const { snapshot } = players
  const starts = await baselineRowsOf(scores, players, input.selection, working)
  const isFirst = input.selection.baseline === input.selection.scan
  const rising = isFirst ? [] : snapshot.metrics.filter(({ cumulative }) => cumulative).map(({ name }) => name)
  const sum = summing(snapshot, input, rising.length)
  let suspicious = 0
  await eachBatch(scores, players, starts, [...rising, ...sum.metrics], working, batch => {
    sum.add(batch)
    suspicious += countFallen(batch, rising.length)
  })
  return { suspicious, board: { input, scored: sum.scored(starts) } }
}

/** Players with any of the first `metrics` lower than at their start. */
function countFallen({ length, ats, froms, now, then }: PlayerBatch, metrics: number): number {
  const isFallen = new Uint8Array(length)
  for (let m = 0; m < metrics; m++) {
    const values = now[m]!
    const starts = then[m]!
    for (let i = 0; i < length; i++) if (hasFallen(values[ats[i]!]!, starts[froms[i]!]!, true)) isFallen[i] = 1
  }
  return isFallen.reduce((sum, one) => sum + one, 0)
}

export type GainInput = { selection: SnapshotSelection; metric: string; order: RankOrder }

/** Everyone's gain in one metric, ranked. */
export async function rankedGains(scores: Database, input: GainInput, working: LatecomersWork): Promise<Ranking> {
  const { selection, metric, order } = input
  const players = storedPlayers(scores, snapshotOf(scores, selection.current))
  const starts = await baselineRowsOf(scores, players, selection, working)
  const { cumulative = false } = players.snapshot.metrics.find(({ name }) => name === metric) ?? {}
  const gains = new Float64Array(allocateShared(players.snapshot.players * 8))
  await eachPlayer(scores, players, starts, [metric], working, (row, now, at, then, from) => {
    gains[row] = gainOf(now[0]![at]!, then[0]![from]!, cumulative)
  })
  return sharedRanking(rankingOf(gains, order))
}

/** How much of their target everyone has reached in one metric, or in `score`: ranked. */
export async function rankedGoal(
  scores: Database,
  { input, column, order }: { input: ScoreInput; column: string; order: RankOrder },
  working: LatecomersWork,
): Promise<Ranking> {
  const players = storedPlayers(scores, snapshotOf(scores, input.selection.current))
  const starts = await baselineRowsOf(scores, players, input.selection, working)
  const rules = goalRulesOf(input.config)
  const sum = summing(players.snapshot, input, 0, rules && { ...rules, columns: [column] })
  await eachBatch(scores, players, starts, sum.metrics, working, sum.add)
  const { goalPct = new Float64Array(players.snapshot.players).fill(Number.NaN) } = sum.scored(starts)
  return sharedRanking(rankingOf(goalPct, order))
}

/** Sums up scores during a walk over the players; its own metrics start at `first` among the columns of the walk. */
function summing(snapshot: Snapshot, { config }: ScoreInput, first: number, rules = goalRulesOf(config)) {
  const { on, weights } = scoringOf(
    snapshot.metrics.map(({ name }) => name),
    config,
  )
  const walked: string[] = []
  const termOf = (metric: string) => ({
    m: first + walked.push(metric) - 1,
    cumulative: snapshot.metrics.find(({ name }) => name === metric)?.cumulative ?? false,
  })
  const terms = weights.map(({ metric, weight }) => ({ ...termOf(metric), weight }))
  const targets = rules?.columns.map(metric => (metric === 'score' ? undefined : termOf(metric))) ?? []
  const power = rules?.byPower ? termOf('power').m : undefined
  const score = new Float64Array(allocateShared(snapshot.players * 8)).fill(Number.NaN)
  const goalPct = rules && new Float64Array(allocateShared(snapshot.players * 8))
  const isOfGains = on === 'gains'
  function add({ length, rows, ats, froms, now, then }: PlayerBatch) {
    for (const { m, weight, cumulative } of terms) {
      const values = now[m]!
      const starts = then[m]!
      for (let i = 0; i < length; i++) {
        const value = values[ats[i]!]!
        const term = isOfGains ? gainOf(value, starts[froms[i]!]!, cumulative) : value
        score[rows[i]!] = addTerm(score[rows[i]!]!, term, weight)
      }
    }
    if (!goalPct) return
    for (let i = 0; i < length; i++) {
      const row = rows[i]!
      goalPct[row] = goalOf(score[row]!, now, ats[i]!, then, froms[i]!)
    }
  }
  function goalOf(sum: number, now: Float64Array[], at: number, then: Float64Array[], from: number): number {
    if (!rules) return Number.NaN
    const own = power === undefined ? Number.NaN : then[power]![from]!
    return leastReached(rules, own, i => {
      const target = targets[i]
      if (!target) return sum
      const value = now[target.m]![at]!
      return isOfGains ? gainOf(value, then[target.m]![from]!, target.cumulative) : value
    })
  }
  return {
    metrics: walked,
    add,
    scored: (starts: BaselineRows): ScoredPlayers => ({
      ranking: sharedRanking(rankingOf(score, 'desc')),
      starts,
      goalPct,
    }),
  }
}
