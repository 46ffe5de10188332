/** How a league's config becomes a score for every player of a lineup. */
import type { Database } from 'bun:sqlite'
import { gainOf, hasFallen } from '../../leaderboard/gains.ts'
import { type Ranking, type RankOrder, rankingOf } from '../../leaderboard/ranking.ts'
import { scoringOf, withTerm } from '../../leaderboard/score.ts'
import type { Tier } from '../../leaderboard/tiers.ts'
import {
  type BaselineRows,
  baselineRowsOf,
  type EachPlayer,
  eachPlayer,
  type Players,
  storedPlayers,
} from './baseline-rows.ts'
import { sharedRanking } from './board-parts.ts'
import type { LatecomersWork } from './latecomers.ts'
import { type SnapshotSelection, startsKey } from './snapshot-selection.ts'
import { sharedMemory } from './snapshots/read.ts'
import { type Snapshot, snapshotOf } from './snapshots/snapshot.ts'

/** What of a league's config decides its board; the names are those of the config. */
export type BoardConfig = {
  weights?: Record<string, number>
  score_on?: 'gains' | 'current'
  classify_by?: 'percentile' | 'score' | 'goal'
  tiers?: readonly Tier[]
  goal?: number | { per_power: number }
}

/** All that a score depends on; `perPower` asks for goals that go by baseline power. */
export type ScoreInput = {
  lineup: SnapshotSelection
  config: Pick<BoardConfig, 'weights' | 'score_on'>
  perPower?: number
}

export const scoreInput = (lineup: SnapshotSelection, { weights, score_on, goal }: BoardConfig): ScoreInput => ({
  lineup,
  config: { weights, score_on },
  perPower: typeof goal === 'object' ? goal.per_power : undefined,
})

export const scoreKey = ({ lineup, config: { weights, score_on }, perPower }: ScoreInput): string =>
  JSON.stringify([lineup.current, startsKey(lineup), weights, score_on, perPower])

/** A board's score and its ranking, best first. `goals`: what each player should reach, if that goes by baseline power. */
export type ScoredPlayers = { ranking: Ranking; starts: BaselineRows; goals?: Float64Array }

/** The board an import made ready, until it is asked for. */
let prepared: { key: string; scored: ScoredPlayers } | undefined

export async function scorePlayers(
  scores: Database,
  input: ScoreInput,
  working: LatecomersWork,
): Promise<ScoredPlayers> {
  if (prepared?.key === scoreKey(input)) {
    const { scored } = prepared
    prepared = undefined
    return scored
  }
  const players = storedPlayers(scores, snapshotOf(scores, input.lineup.current))
  const starts = await baselineRowsOf(scores, players, input.lineup, working)
  const sum = summing(players.snapshot, input, 0)
  await eachPlayer(scores, players, starts, sum.metrics, working, sum.each)
  return sum.scored(starts)
}

/**
 * Scores a board that is about to be published, so that its first reader finds it ready, and in the same walk counts the
 * players who have a cumulative metric that went down since their start.
 */
export async function prepareScoring(
  scores: Database,
  players: Players,
  input: ScoreInput,
  working: LatecomersWork,
): Promise<{ suspicious: number }> {
  const { snapshot } = players
  const starts = await baselineRowsOf(scores, players, input.lineup, working)
  const isFirst = input.lineup.baseline === input.lineup.scan
  const rising = isFirst ? [] : snapshot.metrics.filter(({ cumulative }) => cumulative).map(({ name }) => name)
  const sum = summing(snapshot, input, rising.length)
  let suspicious = 0
  await eachPlayer(scores, players, starts, [...rising, ...sum.metrics], working, (row, now, then) => {
    sum.each(row, now, then)
    for (let m = 0; m < rising.length; m++) {
      if (!hasFallen(now[m]!, then[m]!, true)) continue
      suspicious++
      return
    }
  })
  prepared = { key: scoreKey(input), scored: sum.scored(starts) }
  return { suspicious }
}

export type GainInput = { lineup: SnapshotSelection; metric: string; order: RankOrder }

/** What everyone gained in one metric, ranked. */
export async function rankedGains(scores: Database, input: GainInput, working: LatecomersWork): Promise<Ranking> {
  const { lineup, metric, order } = input
  const players = storedPlayers(scores, snapshotOf(scores, lineup.current))
  const starts = await baselineRowsOf(scores, players, lineup, working)
  const { cumulative = false } = players.snapshot.metrics.find(({ name }) => name === metric) ?? {}
  const gains = new Float64Array(sharedMemory(players.snapshot.players * 8))
  await eachPlayer(scores, players, starts, [metric], working, (row, now, then) => {
    gains[row] = gainOf(now[0]!, then[0]!, cumulative)
  })
  return sharedRanking(rankingOf(gains, order))
}

/** Sums up scores as a walk goes by the players; its own metrics begin at `first` among those walked. */
function summing(snapshot: Snapshot, { config, perPower }: ScoreInput, first: number) {
  const names = snapshot.metrics.map(({ name }) => name)
  const { on, weights } = scoringOf(names, config)
  const terms = weights.map(({ metric, weight }, i) => {
    const { cumulative } = snapshot.metrics.find(({ name }) => name === metric)!
    return { m: first + i, weight, cumulative }
  })
  const power = first + terms.length
  const score = new Float64Array(sharedMemory(snapshot.players * 8))
  const goals = perPower === undefined ? undefined : new Float64Array(sharedMemory(snapshot.players * 8))
  const each: EachPlayer = (row, now, then) => {
    let sum = Number.NaN
    for (const { m, weight, cumulative } of terms) {
      const value = now[m]!
      sum = withTerm(sum, on === 'gains' ? gainOf(value, then[m]!, cumulative) : value, weight)
    }
    score[row] = sum
    if (goals && perPower) goals[row] = then[power]! * perPower
  }
  return {
    metrics: [...weights.map(({ metric }) => metric), ...(goals ? ['power'] : [])],
    each,
    scored: (starts: BaselineRows): ScoredPlayers => ({
      ranking: sharedRanking(rankingOf(score, 'desc')),
      starts,
      goals,
    }),
  }
}
