import type { Kind } from '../../../db/schema.ts'

/** Kinds of league, as a reader calls them. */
export const kindNames: Record<Kind, string> = { sheet: 'Sheets', tour: 'Tour picks', market: 'Paper trading' }

/** `kill_points` as it stands over a column: `Kill points`. */
export const metricName = (metric: string): string => {
  const words = metric.replace(/_(pct|cents)$/, '').replaceAll('_', ' ')
  return words.charAt(0).toUpperCase() + words.slice(1)
}
