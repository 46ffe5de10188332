/** A health score: what it is made of, and when it is one to worry about. */
import { type Static, t } from 'elysia'
import { dateTimeSchema } from '../platform/http/text-formats.ts'

const levels = ['good', 'watch', 'at_risk'] as const
const subjects = ['site', 'league'] as const

export const scoreSchema = t.Object(
  {
    subject: t.Union(subjects.map(each => t.Literal(each))),
    id: t.Integer(),
    name: t.String(),
    score: t.Integer({ minimum: 0, maximum: 100 }),
    level: t.Union(levels.map(each => t.Literal(each))),
    factors: t.Record(t.String(), t.Number(), { description: 'Each 0 to 1' }),
    recommendations: t.Array(t.String()),
    at: dateTimeSchema,
  },
  { $id: 'HealthScore' },
)
export type ScoreView = Static<typeof scoreSchema>

export type ScoredHealth = Omit<ScoreView, 'at'>

/** What counts how much; the shares of all factors add up to 1. */
export function healthScore(
  subject: ScoredHealth['subject'],
  { id, name }: { id: number; name: string },
  weighed: Record<string, [factor: number, share: number]>,
  recommendations: string[],
): ScoredHealth {
  const score = Math.round(100 * Object.values(weighed).reduce((all, [factor, share]) => all + factor * share, 0))
  const level = score < 60 ? 'at_risk' : score < 80 ? 'watch' : 'good'
  const factors = Object.fromEntries(
    Object.entries(weighed).map(([key, [factor]]) => [key, Math.round(factor * 100) / 100]),
  )
  return { subject, id, name, score, level, factors, recommendations }
}
