import type { Kind } from '../../../db/schema.ts'
import type { Content } from '../../platform/html.ts'
import type { SortOrder } from '../../ui/parts/table.ts'
import { money, number, percent, toPar } from '../../ui/parts/values.ts'

type Scoring = {
  score(value: number | null): Content
  scoreWord: string
  metric(metric: string, value: number | null): Content
  /** The order in which the best comes first. */
  first: SortOrder
}

/** How each kind of league writes its scores. */
export const scoring: Record<Kind, Scoring> = {
  sheet: { score: value => number(value), scoreWord: 'Score', metric: (_, value) => number(value), first: 'desc' },
  tour: { score: toPar, scoreWord: 'To par', metric: tourMetric, first: 'asc' },
  market: { score: value => money(value), scoreWord: 'Total value', metric: marketMetric, first: 'desc' },
}

function tourMetric(metric: string, value: number | null): Content {
  return metric === 'today' ? toPar(value) : number(value)
}

function marketMetric(metric: string, value: number | null): Content {
  if (metric.endsWith('_cents')) return money(value)
  return metric.endsWith('_pct') ? percent(value, { signed: true, digits: 2 }) : number(value)
}
