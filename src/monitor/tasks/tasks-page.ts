/** The task monitor: what is expected, what runs, who holds what, and what fails; lists of it as files. */
import { Elysia } from 'elysia'
import type { App } from '../../context.ts'
import { type Html, html } from '../../platform/html.ts'
import { notice } from '../../ui/parts/notices.ts'
import { emptyQuery, listFiles, livePage, slicesOf, twiceASecond } from '../pages/live-page.ts'
import { tasksPath } from './admin-job.ts'
import { failuresSection, locksSection, processesSection, queueTiles, runningSection } from './queue-sections.ts'
import { expectedSection, supervisorSection } from './task-sections.ts'
import { type TasksNow, tasksNow } from './task-state.ts'
import { failureSchema, lockSchema, scheduledSchema, type TasksView, tasksSchema, tasksView } from './tasks-json.ts'

export const tasksPage = (app: App) =>
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
${now.queue.error !== null && notice(html`The queue (${now.queue.backend}) does not answer: ${now.queue.error}. What was accepted waits in the database and goes on when it is back; the numbers below come from there.`, 'bad')}
${queueTiles(now)}
${runningSection(now)}
${expectedSection(now)}
${failuresSection(now)}
${locksSection(now)}
<div class="halves">
${supervisorSection(now)}
${processesSection(now)}
</div>`
