/** The task monitor, and what may be done there. */
import { Elysia, t } from 'elysia'
import type { App } from '../../context.ts'
import { invalid } from '../../errors.ts'
import { access, signedIn } from '../../platform/http/access.ts'
import { describe } from '../../platform/http/route-docs.ts'
import { started, startedSchema } from '../../platform/jobs/started.ts'
import { tasksPath } from './admin-job.ts'
import { jobPage } from './job-page.ts'
import { jobsPage } from './jobs-page.ts'
import {
  actOnJob,
  auditedAction,
  bulkAction,
  bulkBody,
  insistConfirmed,
  pauseTask,
  releaseLock,
  resumeTask,
  runTask,
  statesFor,
} from './task-actions.ts'
import { forgetTasks } from './task-state.ts'
import { tasksPage } from './tasks-page.ts'

const one = t.Object({ job_id: t.String({ maxLength: 64 }) })
const doneSchema = t.Object({ job_id: t.String(), done: t.String() })
const named = t.Object({ name: t.String({ maxLength: 100 }) })

export const taskRoutes = (app: App) =>
  new Elysia().use(tasksPage(app)).use(jobsPage(app)).use(actionRoutes(app)).use(jobPage(app))

const actionRoutes = (app: App) => {
  const { jobs } = app
  const done = <T>(answer: T): T => {
    forgetTasks(app)
    return answer
  }

  return new Elysia({ prefix: tasksPath, tags: ['admin'] })
    .use(access(app))
    .post('/locks/release', async ({ body: { key }, who }) => done(await releaseLock(app, signedIn(who), key)), {
      body: t.Object({ key: t.String({ maxLength: 300 }) }),
      may: 'admin',
      detail: describe(
        'Take a task lock from whoever holds it',
        t.Object({ released: t.String(), task: t.String(), owner: t.String() }),
      ),
    })
    .post(
      '/schedule/run',
      async ({ body: { name }, who, set }) => {
        set.status = 202
        return done(started(await runTask(app, signedIn(who), name)))
      },
      { body: named, may: 'admin', detail: describe('Run a task of the schedule now', startedSchema, { status: 202 }) },
    )
    .post(
      '/schedule/pause',
      async ({ body: { name, reason }, who }) => done(await pauseTask(app, signedIn(who), name, reason)),
      {
        body: t.Object({ ...named.properties, reason: t.String({ minLength: 1, maxLength: 500 }) }),
        may: 'admin',
        detail: describe('Pause a task of the schedule', t.Object({ paused: t.String(), reason: t.String() })),
      },
    )
    .post('/schedule/resume', async ({ body: { name }, who }) => done(await resumeTask(app, signedIn(who), name)), {
      body: named,
      may: 'admin',
      detail: describe('Let a paused task run by its schedule again', t.Object({ resumed: t.String() })),
    })
    .post(
      '/jobs/bulk',
      async ({ body, who, set }) => {
        const me = signedIn(who)
        const { action, status } = body
        if (status && !statesFor[action].includes(status))
          invalid('status', `Choose one of: ${statesFor[action].join(', ')}.`)
        insistConfirmed(app.db, body)
        set.status = 202
        const { action: _, ...filter } = body
        const start = () => jobs.start(bulkAction, { ...body, by: me.username }, { by: me.id })
        return started(
          await auditedAction(app, { who: me, action: 'jobs.bulk', target: action, detail: filter }, start),
        )
      },
      {
        body: bulkBody,
        may: 'admin',
        detail: describe(
          'Retry, cancel or remove all jobs that match; the result of the job is the report',
          startedSchema,
          {
            status: 202,
          },
        ),
      },
    )
    .post('/jobs/retry', async ({ body, who }) => done(await actOnJob(app, signedIn(who), 'retry', body.job_id)), {
      body: one,
      may: 'admin',
      detail: describe('Try a failed or cancelled job again', doneSchema),
    })
    .post('/jobs/cancel', async ({ body, who }) => done(await actOnJob(app, signedIn(who), 'cancel', body.job_id)), {
      body: one,
      may: 'admin',
      detail: describe('Cancel a job that is not finished', doneSchema),
    })
    .post('/jobs/remove', async ({ body, who }) => done(await actOnJob(app, signedIn(who), 'remove', body.job_id)), {
      body: one,
      may: 'admin',
      detail: describe('Remove a finished job and its log', doneSchema),
    })
}
