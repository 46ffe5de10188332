/** `kill_points` as it stands over a column: `Kill points`. */
export const metricName = (metric: string): string => {
  const words = metric.replace(/_(pct|cents)$/, '').replaceAll('_', ' ')
  return words.charAt(0).toUpperCase() + words.slice(1)
}
