/** The task monitor: its page, its lists as files, and its actions. */
import { Elysia, t } from 'elysia'
import type { App } from '../../context.ts'
import { type Html, html } from '../../platform/html.ts'
import { access, signedIn } from '../../platform/http/access.ts'
import { describe } from '../../platform/http/route-docs.ts'
import { started, startedSchema } from '../../platform/jobs/started.ts'
import { notice } from '../../ui/parts/notices.ts'
import { redisPath } from '../overview/cache-page.ts'
import { emptyQuery, listFiles, livePage, slicesOf, twiceASecond } from '../pages/live-page.ts'
import { machineTable } from '../queue-inspect.ts'
import { jobPage } from './job-page.ts'
import { tasksPath } from './job-views.ts'
import { jobsPage } from './jobs-page.ts'
import { failuresSection, locksSection, processesSection, queueTiles, runningSection } from './queue-sections.ts'
import { actOnJob, bulkBody, pauseTask, releaseLock, resumeTask, runTask, startBulk } from './task-actions.ts'
import { expectedSection, supervisorSection } from './task-sections.ts'
import { forgetTasks, type TasksNow, tasksNow } from './task-state.ts'
import { failureSchema, lockSchema, scheduledSchema, type TasksView, tasksSchema, tasksView } from './tasks-json.ts'

const one = t.Object({ job_id: t.String({ maxLength: 64 }) })
const doneSchema = t.Object({ job_id: t.String(), done: t.String() })
const named = t.Object({ name: t.String({ maxLength: 100 }) })

export const taskRoutes = (app: App) =>
  new Elysia().use(tasksPage(app)).use(jobsPage(app)).use(actionRoutes(app)).use(tickedJobs(app)).use(jobPage(app))

import { tickedJobs } from './ticked-jobs.ts'

const actionRoutes = (app: App) => {
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
        'Take a task lock from its holder',
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
        detail: describe('Pause a scheduled task', t.Object({ paused: t.String(), reason: t.String() })),
      },
    )
    .post('/schedule/resume', async ({ body: { name }, who }) => done(await resumeTask(app, signedIn(who), name)), {
      body: named,
      may: 'admin',
      detail: describe('Resume a paused task', t.Object({ resumed: t.String() })),
    })
    .post(
      '/jobs/bulk',
      async ({ body, who, set }) => {
        set.status = 202
        return done(started(await startBulk(app, signedIn(who), body)))
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
      detail: describe('Retry a failed or cancelled job', doneSchema),
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

/** The schedule, running jobs, locks, and failures. */

const tasksPage = (app: App) =>
  new Elysia()
    .use(
      livePage(app, {
        path: `${tasksPath}/`,
        title: 'Tasks',
        room: 'tasks',
        query: emptyQuery,
        read: () => tasksNow(app),
        body,
        json: {
          summary: 'Locks, supervisor, schedule, queue, running jobs and recent failures',
          schema: tasksSchema,
          of: tasksView,
        },
        live: twiceASecond,
      }),
    )
    .use(list(app, 'schedule', scheduledSchema, ({ schedule }) => schedule))
    .use(list(app, 'failures', failureSchema, ({ failures }) => failures.groups))
    .use(list(app, 'locks', lockSchema, ({ locks }) => locks.locks))

const list = (app: App, name: string, row: { properties: object }, of: (view: TasksView) => readonly object[]) =>
  listFiles(app, `${tasksPath}/${name}`, emptyQuery, {
    name,
    row,
    rows: slicesOf(async () => of(tasksView(await tasksNow(app)))),
  })

const body = (now: TasksNow): Html => html`<p class="lead ${now.sentence.tone}" id="sentence">${now.sentence.text}</p>
${now.queue.error !== null && notice(html`The queue (${now.queue.backend}) does not answer: ${now.queue.error}. Accepted jobs wait in the database until it is back; the numbers below come from there.`, 'bad')}
${queueTiles(now)}
<p class="quiet"><a href="/admin/queue-inspect">Inside the queues</a> · <a href="${redisPath}">${now.queue.backend === 'redis' ? 'Redis statistics' : 'The queue file'}</a></p>
${runningSection(now)}
${expectedSection(now)}
${failuresSection(now)}
${locksSection(now)}
<div class="halves">
${supervisorSection(now)}
${processesSection(now)}
</div>
${machineTable(now.machines)}`
