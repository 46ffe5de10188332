/** The queues from within: who works, what is being done, what waits, what is booked. */
import { Elysia, t } from 'elysia'
import type { App } from '../context.ts'
import { refuse } from '../errors.ts'
import { iso } from '../platform/clock.ts'
import { access } from '../platform/http/access.ts'
import { describe } from '../platform/http/route-docs.ts'
import { dateTimeSchema } from '../platform/http/shared-schemas.ts'
import { type QueueName, queueNames } from '../platform/jobs/job.ts'
import type { QueueJob } from '../platform/jobs/queues.ts'
import { withTimeout } from '../platform/process/with-timeout.ts'
import { hidden } from '../ui/layout.ts'

const most = 100 // jobs of a kind, by queue
const queued = t.Object({
  id: t.String(),
  name: t.String(),
  queue: t.String(),
  attempts: t.Integer(),
  since: t.Nullable({ ...dateTimeSchema, description: 'Taken up, or put into the queue' }),
})
const states = ['waiting', 'active', 'delayed', 'prioritized', 'failed', 'completed'] as const
const inspection = t.Object({
  backend: t.String(),
  workers: t.Array(t.Object({ name: t.String(), queue: t.String() })),
  active: t.Array(queued),
  reserved: t.Array(queued, { description: 'Waiting for their turn, the next first' }),
  scheduled: t.Array(t.Composite([queued, t.Object({ eta: dateTimeSchema })]), {
    description: 'Waiting for their time',
  }),
  registered: t.Array(t.String(), { description: 'Jobs this program knows' }),
  counts: t.Record(t.String(), t.Record(t.String(), t.Integer())),
})

export const queueInspectRoutes = (app: App) =>
  new Elysia({ prefix: '/admin', tags: ['admin'] })
    .use(access(app))
    .get('/queue-inspect', () => inspect(app), {
      may: 'admin',
      detail: describe('The queues: workers, active, reserved, scheduled and registered jobs, counts', inspection, {
        description: `At most ${most} jobs of a kind and queue are listed; the counts are whole.`,
      }),
    })
    .get('/celery-inspect', ({ redirect }) => redirect('/admin/queue-inspect', 308), { may: 'admin', detail: hidden })

async function inspect({ queues, jobs }: App) {
  const one = async (queue: QueueName) => {
    const list = async (state: 'active' | 'waiting' | 'delayed') =>
      (await queues.list(queue, state, most)).map(job => ({ ...view(queue, job), eta: iso(job.timestamp + job.delay) }))
    const [workers, active, reserved, scheduled, counts] = await Promise.all([
      queues.workers(queue),
      list('active'),
      list('waiting'),
      list('delayed'),
      queues.counts(queue),
    ])
    return { queue, workers: workers.map(({ name }) => ({ name, queue })), active, reserved, scheduled, counts }
  }
  const all = await withTimeout(Promise.all(queueNames.map(one))).catch(error =>
    refuse('unavailable', `The queue (${queues.backend}) does not answer: ${error.message}`),
  )
  const plain = ({ eta: _, ...job }: ReturnType<typeof view> & { eta: string }) => job
  return {
    backend: queues.backend,
    workers: all.flatMap(({ workers }) => workers),
    active: all.flatMap(({ active }) => active.map(plain)),
    reserved: all.flatMap(({ reserved }) => reserved.map(plain)),
    scheduled: all.flatMap(({ scheduled }) => scheduled),
    registered: jobs
      .definitions()
      .map(({ name }) => name)
      .sort(),
    counts: Object.fromEntries(
      all.map(({ queue, counts }) => [queue, Object.fromEntries(states.map(state => [state, counts[state]]))]),
    ),
  }
}

const view = (queue: QueueName, { id, name, attemptsMade, processedOn, timestamp }: QueueJob) => ({
  id: id ?? '',
  name,
  queue,
  attempts: attemptsMade,
  since: iso(processedOn ?? timestamp),
})
