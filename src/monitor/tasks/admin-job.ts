/** A run as admins see it. */
import { type Static, t } from 'elysia'
import { isoOrNull } from '../../platform/clock.ts'
import { dateTimeSchema } from '../../platform/http/text-formats.ts'
import { type Run, runView } from '../../platform/jobs/runs.ts'
import { masked } from '../../platform/process/log.ts'
import { jobSchema } from './job-routes.ts'

/** Values under names that sound secret are left out. */
export const adminJobSchema = t.Composite(
  [
    jobSchema,
    t.Object({
      queue: t.String(),
      input: t.Unknown(),
      fingerprint: t.Nullable(t.String()),
      max_attempts: t.Integer(),
      started_by: t.Nullable(t.Integer()),
      not_before: t.Nullable(dateTimeSchema),
      cancel_requested_at: t.Nullable(dateTimeSchema),
    }),
  ],
  { $id: 'AdminJob', description: 'A run of a job, as admins see it' },
)
export type AdminJob = Static<typeof adminJobSchema>

export const adminJobView = (run: Run): AdminJob => ({
  ...runView(run),
  result: masked(run.result) ?? null,
  queue: run.queue,
  input: masked(run.input),
  fingerprint: run.fingerprint,
  max_attempts: run.maxAttempts,
  started_by: run.startedBy,
  not_before: isoOrNull(run.notBefore),
  cancel_requested_at: isoOrNull(run.cancelRequestedAt),
})
