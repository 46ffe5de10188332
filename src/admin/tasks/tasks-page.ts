/** The task monitor: what is expected, what runs, who holds what, and what fails; lists of it as files. */
import { Elysia } from 'elysia'
import type { App } from '../../context.ts'
import { type Html, html } from '../../runtime/html.ts'
import { notice } from '../../web/parts/notices.ts'
import { atOnce, briskly, files, nothingAsked, room } from '../monitor/room.ts'
import { expected } from './board/expected.ts'
import { failures } from './board/failures.ts'
import { locks } from './board/locks.ts'
import { numbers } from './board/numbers.ts'
import { processes } from './board/processes.ts'
import { running } from './board/running.ts'
import { supervisor } from './board/supervisor.ts'
import { tasksPath } from './paths.ts'
import { type TasksNow, tasksNow } from './state.ts'
import { failureSchema, lockSchema, scheduledSchema, type TasksView, tasksSchema, tasksView } from './view.ts'

export const tasksPage = (app: App) =>
  new Elysia()
    .use(
      room(app, {
        path: `${tasksPath}/`,
        title: 'Tasks',
        room: 'tasks',
        query: nothingAsked,
        read: () => tasksNow(app),
        body,
        json: {
          says: 'Locks, supervisor, schedule, queue, running jobs and recent failures',
          schema: tasksSchema,
          of: tasksView,
        },
        live: briskly,
      }),
    )
    .use(list(app, 'schedule', scheduledSchema, ({ schedule }) => schedule))
    .use(list(app, 'failures', failureSchema, ({ failures }) => failures.groups))
    .use(list(app, 'locks', lockSchema, ({ locks }) => locks.locks))

const list = (app: App, name: string, row: { properties: object }, of: (view: TasksView) => readonly object[]) =>
  files(app, `${tasksPath}/${name}`, nothingAsked, {
    name,
    row,
    rows: atOnce(async () => of(tasksView(await tasksNow(app)))),
  })

const body = (now: TasksNow): Html => html`<p class="lead ${now.sentence.tone}" id="sentence">${now.sentence.text}</p>
${now.queue.error !== null && notice(html`The queue (${now.queue.backend}) does not answer: ${now.queue.error}. What was accepted waits in the database and goes on when it is back; the numbers below come from there.`, 'bad')}
${numbers(now)}
${running(now)}
${expected(now)}
${failures(now)}
${locks(now)}
<div class="halves">
${supervisor(now)}
${processes(now)}
</div>`
