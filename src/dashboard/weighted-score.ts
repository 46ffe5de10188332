/** A health score: its factors, and when it is a reason to worry. */
import { type Static, t } from 'elysia'
import { dateTimeSchema, idSchema, oneOfWords } from '../platform/http/shared-schemas.ts'

const scoreLevels = ['good', 'watch', 'at_risk', 'no_data'] as const
const subjects = ['site', 'league'] as const

export const scoreSchema = t.Object(
  {
    subject: oneOfWords(subjects),
    id: idSchema,
    name: t.String(),
    score: t.Nullable(t.Integer({ minimum: 0, maximum: 100, description: 'null if there is no data' })),
    level: oneOfWords(scoreLevels),
    factors: t.Record(t.String(), t.Number(), { description: 'Each 0 to 1' }),
    recommendations: t.Array(t.String()),
    at: dateTimeSchema,
  },
  { $id: 'HealthScore' },
)
export type ScoreView = Static<typeof scoreSchema>

export type ScoredHealth = Omit<ScoreView, 'at'>

/** The weight of each factor. A factor without data is null and does not count; if all are null, there is no score. */
export function weightedScore(
  subject: ScoredHealth['subject'],
  { id, name }: { id: number; name: string },
  weighed: Record<string, [factor: number | null, share: number]>,
  advice: (string | false)[],
): ScoredHealth {
  const known = Object.entries(weighed).flatMap(([key, [factor, share]]) =>
    factor === null ? [] : [{ key, factor, share }],
  )
  const shares = known.reduce((all, { share }) => all + share, 0)
  const sum = known.reduce((all, { factor, share }) => all + factor * share, 0)
  const score = shares ? Math.round((100 * sum) / shares) : null
  const level = score === null ? 'no_data' : score < 60 ? 'at_risk' : score < 80 ? 'watch' : 'good'
  const factors = Object.fromEntries(known.map(({ key, factor }) => [key, Math.round(factor * 100) / 100]))
  const recommendations = advice.filter(each => typeof each === 'string')
  return { subject, id, name, score, level, factors, recommendations }
}
