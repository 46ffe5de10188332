import { t } from 'elysia'
import { routeOfStatus } from '../http/route-docs.ts'

/** The answer to every request that starts a job. */
const startedSchema = t.Object(
  {
    job_id: t.String(),
    status: t.String({ description: '`pending`, or `skipped` where there is nothing to do', examples: ['pending'] }),
    message: t.String({ description: 'For people', examples: ['Accepted'] }),
    poll_url: t.String(),
  },
  { $id: 'Started', description: 'A job that was started' },
)
export const startedAnswer = ({ jobId, deduplicated }: { jobId: string; deduplicated: boolean }) => ({
  job_id: jobId,
  status: 'pending',
  message: deduplicated ? 'Already under way' : 'Accepted',
  poll_url: `/api/v1/jobs/status/${jobId}`,
})

/** Of a route that starts a job: the status 202 and what the API page says of it. */
export const startRoute = (summary: string, docs: { description?: string } = {}) =>
  routeOfStatus(202, summary, startedSchema, docs)
