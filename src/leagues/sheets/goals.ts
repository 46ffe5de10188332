/** What players should reach, and how much of it they have reached, in percent. */
import type { SheetConfig } from './config-schema.ts'

/** For everyone with a baseline power of at least `from` and below `to`: the target in each metric, or in `score`. */
export type Goal = NonNullable<SheetConfig['goals']>[number]

/** As in a config. `goal` is one goal for the score: the same for everyone, or per point of baseline power. */
export type GoalConfig = Pick<SheetConfig, 'goal' | 'goals'>

export type GoalRules = {
  /** The columns that have a target for somebody: metrics, or `score`. */
  columns: readonly string[]
  /** Whether the goals depend on baseline power. */
  byPower: boolean
  /** The target of a column at this power; NaN if there is none. */
  target(column: string, power: number): number
}

export function goalRulesOf({ goal, goals }: GoalConfig): GoalRules | undefined {
  if (goals?.length) return rulesOfRows(goals)
  if (goal === undefined) return undefined
  const perPower = typeof goal === 'object' ? goal.per_power : undefined
  return {
    columns: ['score'],
    byPower: perPower !== undefined,
    target: (_, power) => (typeof goal === 'object' ? power * goal.per_power : goal),
  }
}

function rulesOfRows(goals: readonly Goal[]): GoalRules {
  const isForAll = ({ from, to }: Goal) => from === undefined && to === undefined
  const covers = (goal: Goal, power: number) =>
    isForAll(goal) ||
    (power >= (goal.from ?? Number.NEGATIVE_INFINITY) && power < (goal.to ?? Number.POSITIVE_INFINITY))
  return {
    columns: [...new Set(goals.flatMap(({ targets }) => Object.keys(targets)))],
    byPower: !goals.every(isForAll),
    target: (column, power) => goals.find(goal => covers(goal, power))?.targets[column] ?? Number.NaN,
  }
}

/** NaN if the value or the target is unknown; a target of 0, or of nearly 0, counts as none. */
export function percentReached(value: number, target: number): number {
  const percent = target > 0 ? (value * 100) / target : Number.NaN
  return Number.isFinite(percent) ? percent : Number.NaN
}

/** The lowest percentage of all targets, as the goal is only reached when all of them are. NaN if one of them is unknown. */
export function leastReached({ columns, target }: GoalRules, power: number, valueFor: (i: number) => number): number {
  let least = Number.NaN
  for (let i = 0; i < columns.length; i++) {
    const wanted = target(columns[i]!, power)
    if (!(wanted > 0)) continue
    const reached = percentReached(valueFor(i), wanted)
    if (Number.isNaN(reached)) return Number.NaN
    if (!(reached >= least)) least = reached
  }
  return least
}

/** The indexes of two goals that overlap. */
export function overlapOf(goals: readonly Goal[]): [number, number] | undefined {
  const ends = ({ from = Number.NEGATIVE_INFINITY, to = Number.POSITIVE_INFINITY }: Goal) => [from, to] as const
  for (const [later, goal] of goals.entries()) {
    const [from, to] = ends(goal)
    const earlier = goals.slice(0, later).findIndex(other => from < ends(other)[1] && ends(other)[0] < to)
    if (earlier >= 0) return [earlier, later]
  }
  return undefined
}
