/** How often each job ran and how long it took, by whole days. For the reader thread. */
import { type Static, t } from 'elysia'
import type { Db } from '../../../db/open.ts'
import { iso, startOf } from '../../platform/clock.ts'
import { dateTimeSchema } from '../../platform/http/text-formats.ts'
import { taskStats } from '../statistics/executions.ts'
import { lengthOf, type ShortPeriod } from './period.ts'

const ms = t.Nullable(t.Number())
export const jobTimeSchema = t.Object({
  name: t.String(),
  runs: t.Integer(),
  failed: t.Integer(),
  avg_ms: ms,
  p95_ms: t.Nullable(t.Number({ description: 'Nineteen of twenty took less' })),
})
export const jobTimesSchema = t.Object({ since: dateTimeSchema, by_name: t.Array(jobTimeSchema) })
export type JobTimes = Static<typeof jobTimesSchema>

export function jobTimesReading(db: Db, { period, now }: { period: ShortPeriod; now: number }): JobTimes {
  const begin = startOf('day', now - lengthOf(period))
  return { since: iso(begin), by_name: taskStats(db, begin) }
}
