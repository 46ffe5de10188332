import { GOAL, type Mark, metricOfGain, metricOfGoal } from '../../leaderboard/page.ts'

/** `kill_points` as it stands over a column: `Kill points`. */
export const metricName = (metric: string): string => {
  const words = metric.replace(/_(pct|cents)$/, '').replaceAll('_', ' ')
  return words.charAt(0).toUpperCase() + words.slice(1)
}

/** What a board is ranked by, in words: `deads.gain` is `Deads: what was gained`. */
export function columnName(column: string): string {
  if (column === GOAL) return 'Percent of the goal'
  const [gained, reached] = [metricOfGain(column), metricOfGoal(column)]
  if (gained !== undefined) return `${metricName(gained)}: what was gained`
  return reached === undefined ? metricName(column) : `${metricName(reached)}: percent of its goal`
}

/** `farm account`, `on vacation`, `left out`: a mark in a word or two. */
export const markName = ({ reason, counted }: Pick<Mark, 'reason' | 'counted'>): string =>
  reason === 'farm' ? 'farm account' : reason === 'vacation' ? 'on vacation' : counted ? 'marked' : 'left out'
