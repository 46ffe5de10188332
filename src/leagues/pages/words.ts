import type { Mark } from '../../leaderboard/page.ts'

/** The heading of a column: `Kill points` for `kill_points`. */
export const metricName = (metric: string): string => {
  const words = metric.replace(/_(pct|cents)$/, '').replaceAll('_', ' ')
  return words.charAt(0).toUpperCase() + words.slice(1)
}

/** `farm account`, `on vacation`, `left out`: a mark in a word or two. */
export const markName = ({ reason, counted }: Pick<Mark, 'reason' | 'counted'>): string =>
  reason === 'farm' ? 'farm account' : reason === 'vacation' ? 'on vacation' : counted ? 'marked' : 'left out'
