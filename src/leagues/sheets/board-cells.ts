/** The cells in the rows of a sheet board, read from its snapshot. */
import type { Database } from 'bun:sqlite'
import { gainOf } from '../../leaderboard/gains.ts'
import { type BoardCells, type ColumnValues, nullIfNaN, type PlayerMarkView } from '../../leaderboard/page.ts'
import type { Ranking } from '../../leaderboard/ranking.ts'
import type { Classification } from '../../leaderboard/tiers.ts'
import { type BaselineRows, baselineValues } from './baseline-rows.ts'
import { type GoalConfig, type GoalRules, goalRulesOf, leastReached, percentReached } from './goals.ts'
import type { Marks } from './marks.ts'
import { readRows, rowOfPlayer } from './snapshots/read.ts'
import type { Snapshot } from './snapshots/snapshot.ts'

/** Everything a board depends on besides the snapshots: plain data, with large parts in shared memory, so it works in any thread. */
export type BoardParts = {
  now: Ranked
  /** The board before the newest scan. */
  before: Ranked | undefined
  classification: Classification
  goals: GoalConfig
  /** Scores and goals are about gains, not about current values. */
  isOfGains: boolean
  starts: BaselineRows
  hits: Uint8Array
  marks: Marks | undefined
}
export type Ranked = { snapshot: number; rankings: Map<string, Ranking> }

export function cellsOf(
  scores: Database,
  snapshot: Snapshot,
  { starts, now, ...parts }: BoardParts,
  rows: Uint32Array,
): BoardCells[] {
  const { metrics } = snapshot
  const { ids, names, labels, values } = readRows(scores, snapshot, rows)
  const start = baselineValues(scores, snapshot, starts, rows, values)
  const rules = goalRulesOf(parts.goals)
  const score = now.rankings.get('desc:score')?.values
  const columnNamed = (metric: string) => metrics.findIndex(({ name }) => name === metric)
  const goalColumns = rules?.columns.map(columnNamed) ?? []
  const power = columnNamed('power')

  function reachedOf(rules: GoalRules, i: number): Pick<BoardCells, 'goal_pct' | 'goals'> {
    const baselinePower = power < 0 ? Number.NaN : start[i * metrics.length + power]!
    const valueFor = (place: number) => {
      if (rules.columns[place] === 'score') return score?.[rows[i]!] ?? Number.NaN
      const column = goalColumns[place]!
      if (column < 0) return Number.NaN
      const at = i * metrics.length + column
      return parts.isOfGains ? gainOf(values[at]!, start[at]!, metrics[column]!.cumulative) : values[at]!
    }
    const reached = (column: string, place: number) =>
      percentReached(valueFor(place), rules.target(column, baselinePower))
    return {
      goal_pct: nullIfNaN(leastReached(rules, baselinePower, valueFor)),
      goals: Object.fromEntries(rules.columns.map((column, place) => [column, nullIfNaN(reached(column, place))])),
    }
  }

  return ids.map((player_id, i) => {
    const byMetric = (valueAt: (at: number, cumulative: boolean) => number): ColumnValues =>
      Object.fromEntries(
        metrics.map(({ name, cumulative }, c) => [name, nullIfNaN(valueAt(i * metrics.length + c, cumulative))]),
      )
    return {
      player_id,
      name: names[i]!,
      ...(snapshot.labels.length > 0 && { labels: labels[i]! }),
      ...(parts.marks && parts.marks.size > 0 && { mark: markView(scores, snapshot, parts.marks, player_id) }),
      metrics: byMetric(at => values[at]!),
      gains: byMetric((at, cumulative) => gainOf(values[at]!, start[at]!, cumulative)),
      ...(rules && reachedOf(rules, i)),
    }
  })
}

/** A player's mark as rows show it. */
export function markView(scores: Database, snapshot: Snapshot, marks: Marks, player_id: string): PlayerMarkView | null {
  const mark = marks.get(player_id)
  if (!mark) return null
  const { reason, farmOf, note, counted } = mark
  const row = farmOf === null ? -1 : rowOfPlayer(scores, snapshot, farmOf)
  const name = row < 0 ? '' : readRows(scores, snapshot, [row]).names[0]!
  return { reason, farm_of: farmOf === null ? null : { player_id: farmOf, name: name || farmOf }, note, counted }
}
