/** What players should reach, and how much of it they have, in percent. */

/** For everyone whose baseline power is from `from` to below `to`: what to reach in each metric, or in `score`. */
export type Goal = { from?: number; to?: number; targets: Record<string, number> }

/** As a config says it. `goal` is one goal for the score: of everyone, or for each point of baseline power. */
export type GoalConfig = { goal?: number | { per_power: number }; goals?: readonly Goal[] }

export type GoalRules = {
  /** What has a target for somebody: metrics, or `score`. */
  columns: readonly string[]
  /** Whose goals these are depends on the baseline power. */
  byPower: boolean
  /** What to reach in a column with this power; NaN where there is no goal. */
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

/** Unknown where the value or the target is; a target of nothing is none. */
export const percentReached = (value: number, target: number): number =>
  target > 0 ? (value * 100) / target : Number.NaN

/** The least of what was reached: whoever lacks one target has not reached the goal. Unknown where one of them is. */
export function leastReached({ columns, target }: GoalRules, power: number, countedIn: (i: number) => number): number {
  let least = Number.NaN
  for (let i = 0; i < columns.length; i++) {
    const wanted = target(columns[i]!, power)
    if (!(wanted > 0)) continue
    const reached = percentReached(countedIn(i), wanted)
    if (Number.isNaN(reached)) return Number.NaN
    if (!(reached >= least)) least = reached
  }
  return least
}

/** Two goals that would both hold for somebody, by place. */
export function overlapOf(goals: readonly Goal[]): [number, number] | undefined {
  const ends = ({ from = Number.NEGATIVE_INFINITY, to = Number.POSITIVE_INFINITY }: Goal) => [from, to] as const
  for (const [later, goal] of goals.entries()) {
    const [from, to] = ends(goal)
    const earlier = goals.slice(0, later).findIndex(other => from < ends(other)[1] && ends(other)[0] < to)
    if (earlier >= 0) return [earlier, later]
  }
  return undefined
}
