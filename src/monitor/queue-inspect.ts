/** Inside the queues: workers, running, waiting and scheduled jobs. */
import { type Static, t } from 'elysia'
import type { App } from '../context.ts'
import { messageOf, refuse } from '../errors.ts'
import { iso } from '../platform/clock.ts'
import { type Content, type Html, html } from '../platform/html.ts'
import { dateTimeSchema } from '../platform/http/shared-schemas.ts'
import { type QueueName, queueNames } from '../platform/jobs/job.ts'
import type { QueueJob } from '../platform/jobs/queues.ts'
import { withTimeout } from '../platform/process/with-timeout.ts'
import { jobPath, jobTitle, tasksPath } from '../runs/job-titles.ts'
import { pageRouter } from '../ui/layout.ts'
import { badge } from '../ui/parts/badges.ts'
import { stats } from '../ui/parts/figures.ts'
import { action } from '../ui/parts/form.ts'
import { notice } from '../ui/parts/notices.ts'
import { denseTable } from '../ui/parts/table.ts'
import { number, time } from '../ui/parts/values.ts'
import { emptyQuery, everySecondAndAHalf, livePage } from './pages/live-page.ts'
import { type MachineView, machineSchema, machinesNow } from './processes.ts'

const maxListed = 100 // jobs of each state, per queue
const queued = t.Object({
  id: t.String(),
  name: t.String(),
  queue: t.String(),
  attempts: t.Integer(),
  since: t.Nullable({ ...dateTimeSchema, description: 'When it was started, or put into the queue' }),
})
/** A job that ends leaves the queue; its run stays. */
const states = ['waiting', 'active', 'delayed', 'prioritized'] as const
const inspection = t.Object({
  backend: t.String(),
  workers: t.Array(t.Object({ name: t.String(), queue: t.String() })),
  machines: t.Array(machineSchema, { description: 'Processes of ROLE=compute, and their work' }),
  active: t.Array(queued),
  reserved: t.Array(queued, { description: 'Waiting for their turn, next first' }),
  scheduled: t.Array(t.Composite([queued, t.Object({ eta: dateTimeSchema })]), {
    description: 'Waiting for their time',
  }),
  registered: t.Array(t.String(), { description: 'Jobs this program knows' }),
  paused: t.Array(t.String(), { description: 'Queues whose jobs are not begun until they are resumed' }),
  counts: t.Record(t.String(), t.Record(t.String(), t.Integer())),
})

type Inspection = Static<typeof inspection>
type Queued = Static<typeof queued>

const path = '/admin/queue-inspect'

export const queueInspectRoutes = (app: App) => [
  livePage(app, {
    path,
    title: 'Queues',
    navItem: 'queue',
    query: emptyQuery,
    read: () => inspect(app).catch(error => ({ noAnswer: noAnswerText(app, error) })),
    body: inspected => ('noAnswer' in inspected ? notice(inspected.noAnswer, 'bad') : body(inspected)),
    json: {
      summary: 'The queues: workers, active, reserved, scheduled and registered jobs, counts',
      description: `At most ${maxListed} jobs per state and queue are listed; the counts are complete.`,
      schema: inspection,
      of: inspected => ('noAnswer' in inspected ? refuse('unavailable', inspected.noAnswer) : inspected),
      isAtPage: true,
    },
    live: everySecondAndAHalf,
  }),
  olderPath(app),
]

const olderPath = (app: App) =>
  pageRouter(app).get('/admin/celery-inspect', ({ redirect }) => redirect(path, 308), { may: 'admin' })

const noAnswerText = ({ queues }: App, error: unknown) =>
  `The queue (${queues.backend}) does not answer: ${messageOf(error)}`

async function inspect(app: App): Promise<Inspection> {
  const { queues, jobs } = app
  const inspectQueue = async (queue: QueueName) => {
    const [workers, active, waiting, delayed, counts, paused] = await Promise.all([
      queues.workers(queue),
      queues.list(queue, 'active', maxListed),
      queues.list(queue, 'waiting', maxListed),
      queues.list(queue, 'delayed', maxListed),
      queues.counts(queue),
      queues.isPaused(queue),
    ])
    return {
      queue,
      workers: workers.map(({ name }) => ({ name, queue })),
      active: active.map(job => view(queue, job)),
      reserved: waiting.map(job => view(queue, job)),
      scheduled: delayed.map(job => ({ ...view(queue, job), eta: iso(sinceOf(job) + job.delay) })),
      counts,
      paused,
    }
  }
  const all = await withTimeout(Promise.all(queueNames.map(inspectQueue)))
  return {
    backend: queues.backend,
    workers: all.flatMap(({ workers }) => workers),
    machines: await machinesNow(app),
    active: all.flatMap(({ active }) => active),
    reserved: all.flatMap(({ reserved }) => reserved),
    scheduled: all.flatMap(({ scheduled }) => scheduled),
    registered: jobs
      .definitions()
      .map(({ name }) => name)
      .sort(),
    paused: all.filter(({ paused }) => paused).map(({ queue }) => queue),
    counts: Object.fromEntries(
      all.map(({ queue, counts }) => [queue, Object.fromEntries(states.map(state => [state, counts[state]]))]),
    ),
  }
}

/** When it was last started, or put into the queue: a delay counts from then. */
const sinceOf = ({ processedOn, timestamp }: QueueJob) => processedOn ?? timestamp

const view = (queue: QueueName, job: QueueJob) => ({
  id: job.id ?? '',
  name: job.name,
  queue,
  attempts: job.attemptsMade,
  since: iso(sinceOf(job)),
})

const body = (inspected: Inspection): Html => html`${stats(
  (['active', 'waiting', 'delayed'] as const).map(state => ({
    label: { active: 'Running', waiting: 'Waiting', delayed: 'Booked' }[state],
    value: number(Object.values(inspected.counts).reduce((sum, counts) => sum + (counts[state] ?? 0), 0)),
    note: `on ${inspected.backend === 'redis' ? 'Redis' : 'SQLite'}`,
  })),
)}
${denseTable<{ queue: QueueName; counts: Record<string, number> }>({
  caption: 'Each queue',
  rows: queueNames.map(queue => ({ queue, counts: inspected.counts[queue] ?? {} })),
  key: ({ queue }) => `queue-${queue}`,
  columns: [
    {
      head: 'Queue',
      names: true,
      cell: ({ queue }) => html`${queue} ${inspected.paused.includes(queue) && pausedBadge(queue)}`,
    },
    {
      head: 'Workers',
      numeric: true,
      cell: ({ queue }) => number(inspected.workers.filter(worker => worker.queue === queue).length),
    },
    ...states.map(state => ({
      head: stateWords[state],
      numeric: true,
      cell: ({ counts }: { counts: Record<string, number> }) => number(counts[state] ?? 0),
    })),
  ],
  actions: ({ queue }) => pauseOrResume(queue, inspected.paused.includes(queue)),
})}
${part('Running', 'active', inspected.active, 'Nothing runs at this moment.')}
${part('Waiting for their turn, next first', 'reserved', inspected.reserved, 'Nothing waits.')}
${part('Booked', 'scheduled', inspected.scheduled, 'Nothing is booked.')}
${machineTable(inspected.machines)}
<details><summary>Jobs this program knows: ${number(inspected.registered.length)}</summary><p>${inspected.registered.map((name, i) => html`${i > 0 && ', '}<code>${name}</code>`)}</p></details>
<p class="quiet">At most ${maxListed} jobs of a kind and queue are listed; those that have ended are under <a href="/admin/task-monitor/jobs">Jobs</a>. The same as JSON: <a href="${path}/json"><code>${path}/json</code></a></p>`

/** What an admin should know before they pause it. */
const pauseWarnings: Record<QueueName, string> = {
  quick: 'So do score updates, final boards, backups, alert checks, all else in the schedule, and bulk actions.',
  heavy: 'Uploaded sheets are not imported until then; who uploads one sees that it waits.',
  rosters: 'Rosters are not generated until then; who asks for one sees that it waits.',
  mail: 'Mails that have waited for 12 hours are not sent any more.',
}

/** Leads to who paused it, when and why. */
const pausedBadge = (queue: string): Html =>
  html`<a href="/admin/audit/logs?action=queue.pause&amp;q=${queue}">${badge('paused', 'warn')}</a>`

function pauseOrResume(queue: QueueName, isPaused: boolean): Html {
  const to = { look: 'quiet small', goTo: 'stay', body: { name: queue } } as const
  if (isPaused)
    return action({
      ...to,
      action: `${tasksPath}/queues/resume`,
      label: `Resume ${queue}`,
      confirm: `Resume the queue ${queue}? What waits in it is begun.`,
      done: 'The queue is resumed',
    })
  return action({
    ...to,
    action: `${tasksPath}/queues/pause`,
    label: `Pause ${queue}`,
    confirm: `Pause the queue ${queue}? What runs goes on; other jobs wait until it is resumed. ${pauseWarnings[queue]}`,
    ask: { name: 'reason', label: 'Why?' },
    done: 'The queue is paused',
  })
}

const stateWords: Record<(typeof states)[number], string> = {
  waiting: 'Waiting',
  active: 'Running',
  delayed: 'Booked',
  prioritized: 'First in line',
}

const part = (title: string, id: string, jobs: readonly (Queued & { eta?: string })[], empty: string): Content =>
  html`<section class="part" id="${id}"><div class="head"><h2>${title}</h2></div>${denseTable<
    Queued & { eta?: string }
  >({
    caption: title,
    rows: jobs,
    key: job => `${id}-${job.id}`,
    empty: html`<p class="usual">${empty}</p>`,
    columns: [
      {
        head: 'Job',
        names: true,
        cell: job =>
          html`<a href="${jobPath(job.id)}">${jobTitle(job.name)}</a> <code class="quiet">${job.name}</code>`,
      },
      { head: 'Queue', cell: ({ queue }) => queue },
      { head: 'Attempts before', numeric: true, cell: ({ attempts }) => number(attempts) },
      { head: 'Since', cell: ({ since }) => time(since) },
      id === 'scheduled' && { head: 'Due', cell: ({ eta }) => time(eta) },
    ],
  })}</section>`

export const machineTable = (machines: readonly MachineView[]): Content =>
  machines.length > 0 &&
  html`<section class="part" id="machines"><div class="head"><h2>Machines that compute</h2></div>${denseTable<MachineView>(
    {
      caption: 'Processes of ROLE=compute',
      rows: machines,
      key: ({ name }) => `machine-${name.replaceAll(/\W/g, '-')}`,
      columns: [
        { head: 'Machine', names: true, cell: ({ name }) => name },
        { head: 'Host', cell: ({ host }) => host },
        {
          head: 'Does',
          cell: ({ doing }) =>
            doing.length
              ? doing.map(({ task, since }, i) => html`${i > 0 && ', '}${jobTitle(task)}, begun ${time(since)}`)
              : 'waits for work',
        },
      ],
    },
  )}</section>`
