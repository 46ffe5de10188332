/** The task monitor: its page, its lists as files, and its actions. */

import { inArray } from 'drizzle-orm'
import { Elysia, t } from 'elysia'
import { runs } from '../../../db/schema.ts'
import { csrfInput } from '../../accounts/csrf.ts'
import type { App } from '../../context.ts'
import { invalid } from '../../errors.ts'
import { type Html, html } from '../../platform/html.ts'
import { access, apiRouter, signedIn } from '../../platform/http/access.ts'
import type { Who } from '../../platform/http/request-context.ts'
import { seeOther } from '../../platform/http/responses.ts'
import { describe } from '../../platform/http/route-docs.ts'
import { jobIdSchema, oneOfWords } from '../../platform/http/shared-schemas.ts'
import { queueNames } from '../../platform/jobs/job.ts'
import { startedAnswer, startRoute } from '../../platform/jobs/started-answer.ts'
import { counted } from '../../platform/number-text.ts'
import { jobPath, jobsPath, jobTitle, selectedPath, tasksPath } from '../../runs/job-titles.ts'
import { hidden } from '../../ui/layout.ts'
import { status } from '../../ui/parts/badges.ts'
import { emptyState, notice } from '../../ui/parts/notices.ts'
import { denseTable } from '../../ui/parts/table.ts'
import { time } from '../../ui/parts/values.ts'
import { redisPath } from '../overview/redis-page.ts'
import { emptyQuery, listFiles, livePage, slicesOf, twiceASecond } from '../pages/live-page.ts'
import { monitorPage } from '../pages/monitor-layout.ts'
import { machineTable } from '../queue-inspect.ts'
import { bulkBody, maxTicked, startBulk } from './bulk-action.ts'
import { actionWords, jobsPage, subjectLinks, verbsFor } from './job-list-page.ts'
import { jobPage } from './job-page.ts'
import { type ShownRun, shownRuns } from './job-views.ts'
import { failuresSection, locksSection, processesSection, queueTiles, runningSection } from './queue-sections.ts'
import {
  actOnJob,
  pauseQueue,
  pauseTask,
  releaseLock,
  resumeQueue,
  resumeTask,
  runTask,
  type Verb,
  verbs,
} from './task-actions.ts'
import { expectedSection, supervisorSection } from './task-sections.ts'
import { type TasksNow, tasksNow } from './task-state.ts'
import { failureSchema, lockSchema, scheduledSchema, type TasksView, tasksSchema, tasksView } from './tasks-json.ts'

const jobIdBody = t.Object({ job_id: jobIdSchema })
const doneSchema = t.Object({ job_id: t.String(), done: t.String() })
const queueBody = t.Object({ name: oneOfWords(queueNames) })
const nameBody = t.Object({ name: t.String({ maxLength: 100 }) })
const reason = t.String({ minLength: 1, maxLength: 500 })
const pausedSchema = t.Object({ paused: t.String(), reason: t.String() })
const resumedSchema = t.Object({ resumed: t.String() })

export const taskRoutes = (app: App) => [
  ...tasksPage(app),
  jobsPage(app),
  actionRoutes(app),
  tickedJobs(app),
  jobPage(app),
]

const actionRoutes = (app: App) => {
  const actOn =
    (verb: Verb) =>
    ({ body, who }: { body: typeof jobIdBody.static; who: Who | undefined }) =>
      actOnJob(app, signedIn(who), verb, body.job_id)
  const ofJob = (summary: string) => ({ body: jobIdBody, may: 'admin', detail: describe(summary, doneSchema) }) as const

  return apiRouter(app, tasksPath, 'admin')
    .post('/locks/release', ({ body: { key }, who }) => releaseLock(app, signedIn(who), key), {
      body: t.Object({ key: t.String({ maxLength: 300 }) }),
      may: 'admin',
      detail: describe(
        'Take a task lock from its holder',
        t.Object({ released: t.String(), task: t.String(), owner: t.String() }),
      ),
    })
    .post('/schedule/run', async ({ body: { name }, who }) => startedAnswer(await runTask(app, signedIn(who), name)), {
      body: nameBody,
      may: 'admin',
      ...startRoute('Run a task of the schedule now'),
    })
    .post('/schedule/pause', ({ body: { name, reason }, who }) => pauseTask(app, signedIn(who), name, reason), {
      body: t.Object({ ...nameBody.properties, reason }),
      may: 'admin',
      detail: describe('Pause a scheduled task', pausedSchema),
    })
    .post('/schedule/resume', ({ body: { name }, who }) => resumeTask(app, signedIn(who), name), {
      body: nameBody,
      may: 'admin',
      detail: describe('Resume a paused task', resumedSchema),
    })
    .post('/queues/pause', ({ body: { name, reason }, who }) => pauseQueue(app, signedIn(who), name, reason), {
      body: t.Object({ ...queueBody.properties, reason }),
      may: 'admin',
      detail: describe('Pause a queue: none of its jobs is begun until it is resumed; what runs goes on', pausedSchema),
    })
    .post('/queues/resume', ({ body: { name }, who }) => resumeQueue(app, signedIn(who), name), {
      body: queueBody,
      may: 'admin',
      detail: describe('Resume a paused queue', resumedSchema),
    })
    .post('/jobs/bulk', async ({ body, who }) => startedAnswer(await startBulk(app, signedIn(who), body)), {
      body: bulkBody,
      may: 'admin',
      ...startRoute('Retry, cancel or remove all jobs that match; the result of the job is the report'),
    })
    .post('/jobs/retry', actOn('retry'), ofJob('Retry a failed or cancelled job'))
    .post('/jobs/cancel', actOn('cancel'), ofJob('Cancel a job that is not finished'))
    .post('/jobs/remove', actOn('remove'), ofJob('Remove a finished job and its log'))
}

/** The schedule, running jobs, locks, and failures. */

const tasksPage = (app: App) => [
  livePage(app, {
    path: `${tasksPath}/`,
    title: 'Tasks',
    navItem: 'tasks',
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
  listRoutes(app, 'schedule', scheduledSchema, ({ schedule }) => schedule),
  listRoutes(app, 'failures', failureSchema, ({ failures }) => failures.groups),
  listRoutes(app, 'locks', lockSchema, ({ locks }) => locks.locks),
]

const listRoutes = (app: App, name: string, row: { properties: object }, of: (view: TasksView) => readonly object[]) =>
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

/** Bulk actions on ticked jobs: a page lists them and asks, and a plain form sends the same. */
const tickedJobs = (app: App) =>
  new Elysia({ prefix: selectedPath })
    .use(access(app))
    .get('', () => seeOther(jobsPath), { may: 'admin', detail: hidden }) // after signing in again
    .post(
      '',
      async ({ request, who }) => {
        const form = new URLSearchParams(await request.text())
        const action = verbs.find(verb => verb === form.get('action')) ?? invalid('action', 'Choose what to do.')
        const ids = form.getAll('id').slice(0, maxTicked)
        if (form.has('confirmed')) {
          if (!ids.length) invalid('id', 'Tick at least one job.')
          const { jobId } = await startBulk(app, signedIn(who), { action, ids })
          return seeOther(jobPath(jobId))
        }
        const found = ticked(app, ids)
        const title = `${actionWords[action][0]} ${counted(found.length, 'job')}?`
        return monitorPage(app, { title, who, navItem: 'jobs', body: confirmation(action, found, who) })
      },
      { parse: 'none', may: 'admin', detail: hidden },
    )

const ticked = (app: App, ids: readonly string[]): ShownRun[] =>
  shownRuns(app, app.db.select().from(runs).where(inArray(runs.id, ids)).orderBy(runs.createdAt).all())

function confirmation(action: Verb, found: readonly ShownRun[], who: Who | undefined): Html {
  const applicable = found.filter(run => verbsFor(run).includes(action))
  const leftOut = found.filter(run => !applicable.includes(run))
  const back = html`<a href="${jobsPath}">Back to the jobs</a>`
  if (!applicable.length)
    return emptyState(
      `Nothing to ${action}`,
      found.length ? 'The action fits none of the ticked jobs.' : 'No job was ticked.',
      html`${back}`,
    )
  return html`<p>${action === 'remove' && 'They are removed with their logs; this cannot be undone. '}It runs in the background; its report is a job too, and it is recorded in the audit log.</p>
<form class="form" method="post" action="${selectedPath}">
${csrfInput(who)}<input type="hidden" name="action" value="${action}" /><input type="hidden" name="confirmed" value="yes" />
${applicable.map(({ id }) => html`<input type="hidden" name="id" value="${id}" />`)}
<div class="submit"><button type="submit" class="${action === 'remove' ? 'danger' : ''}">${actionWords[action][0]} ${counted(applicable.length, 'job')}</button> ${back}</div>
</form>
${jobTable('These', applicable)}
${leftOut.length > 0 && html`<h2>Left out</h2>${jobTable('Left out: in no state for it, or it would not help', leftOut)}`}`
}

const jobTable = (caption: string, all: readonly ShownRun[]) =>
  denseTable<ShownRun>({
    caption,
    rows: all,
    columns: [
      { head: 'State', cell: run => status(run.status) },
      {
        head: 'Job',
        names: true,
        cell: run =>
          html`<a href="${jobPath(run.id)}">${jobTitle(run.name)}</a> ${subjectLinks(run)}${run.noRetry !== null && html`<p class="quiet">${run.noRetry}</p>`}`,
      },
      { head: 'Accepted', cell: run => time(run.createdAt) },
    ],
  })
