type Weight = { metric: string; weight: number }

/** The terms of a score according to a league's config. `absent` are weighted metrics that the board does not have: warnings. */
type Scoring = { on: 'gains' | 'current'; weights: Weight[]; absent: string[] }

const defaultMetrics = ['kill_points', 'power']

/** Without weights the score is one metric: the first of kill_points and power that exists, or else the first metric. */
export function scoringOf(
  metrics: readonly string[],
  config: { weights?: Record<string, number>; score_on?: 'gains' | 'current' },
): Scoring {
  const on = config.score_on ?? 'gains'
  const weights = Object.entries(config.weights ?? {}).map(([metric, weight]) => ({ metric, weight }))
  if (weights.length > 0) {
    const present = weights.filter(({ metric }) => metrics.includes(metric))
    const absent = weights.filter(({ metric }) => !metrics.includes(metric)).map(({ metric }) => metric)
    return { on, weights: present, absent }
  }
  const only = defaultMetrics.find(metric => metrics.includes(metric)) ?? metrics[0]
  return { on, weights: only === undefined ? [] : [{ metric: only, weight: 1 }], absent: [] }
}

/** Adds `weight × value` to a score. An unknown value adds nothing: a score without a known term stays unknown. */
export const addTerm = (score: number, value: number, weight: number): number =>
  Number.isNaN(value) ? score : (Number.isNaN(score) ? 0 : score) + value * weight
