/** The task monitor: what is expected, what runs, who holds what, and what fails. */
import { type Content, type Html, html } from '../../runtime/html.ts'
import type { Run } from '../../runtime/runs.ts'
import { address } from '../../web/parts/address.ts'
import { progress, stats } from '../../web/parts/figures.ts'
import { action } from '../../web/parts/form.ts'
import { badge, calm, type Tone } from '../../web/parts/marks.ts'
import { notice } from '../../web/parts/notices.ts'
import { table } from '../../web/parts/table.ts'
import { countdown, duration, elapsed, none, number, time } from '../../web/parts/values.ts'
import type { ScheduledTask, TaskState, TourTask } from './expected.ts'
import { type FailureGroup, surge } from './reading.ts'
import type { Lock, LockState, TasksNow } from './state.ts'
import { outcomeStrip } from './strip.ts'
import { titleOf } from './words.ts'

export const tasksPath = '/admin/task-monitor'
export const jobsPath = `${tasksPath}/jobs`
export const jobPath = (id: string) => `${jobsPath}/${id}`

export const tasksBody = (
  now: TasksNow,
): Html => html`<p class="lead ${now.sentence.tone}" id="sentence">${now.sentence.text}</p>
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

function numbers({ queue, states, rate, waitingSince, at, locks }: TasksNow): Html {
  const sum = (part: 'waiting' | 'active' | 'delayed' | 'workers') =>
    queue.error === null ? queue.queues.reduce((total, queue) => total + queue[part], 0) : null
  const each = (part: 'waiting' | 'active' | 'delayed' | 'workers') =>
    queue.queues.map(queue => `${queue.name} ${queue[part]}`).join(', ') || undefined
  const held = locks.filter(({ state }) => state === 'held').length
  const isSurge = surge(rate) !== null
  return stats([
    {
      label: 'Waiting',
      value: number(sum('waiting') ?? states.PENDING),
      note: waitingSince ? html`longest ${duration(at - waitingSince)}` : each('waiting'),
    },
    { label: 'Running', value: number(states.PROGRESS), note: each('active') },
    { label: 'Booked', value: number(sum('delayed')), note: each('delayed') },
    {
      label: 'Failed, last hour',
      value: html`<span class="${isSurge ? 'loss' : ''}">${number(rate.lastHour)}</span>`,
      note:
        rate.usualPerHour === null
          ? 'too new to know the usual'
          : html`usual ${number(rate.usualPerHour, { digits: 1 })}`,
    },
    {
      label: 'Locks',
      value: number(held),
      note: locks.length > held ? `${locks.length - held} free for the taking` : 'held',
    },
    { label: 'Workers', value: number(sum('workers')), note: queue.backend === 'redis' ? 'on Redis' : 'on SQLite' },
  ])
}

const section = (title: string, id: string, content: Content, beside?: Content): Html =>
  html`<section class="part" id="${id}"><div class="head"><h2>${title}</h2>${beside}</div>${content}</section>`
const usual = (text: Content): Html => html`<p class="usual">${text}</p>`

function running({ running, usual: usualMs }: TasksNow): Html {
  return section(
    'Running now',
    'running',
    table<Run>({
      caption: 'Running jobs',
      dense: true,
      stack: true,
      rows: running,
      key: ({ id }) => `run-${id}`,
      empty: usual('Nothing runs at this moment. That is usual: most work takes less than a second.'),
      columns: [
        { head: 'Job', names: true, cell: jobLink },
        { head: 'Progress', class: 'wide', cell: howFar },
        { head: 'For', numeric: true, cell: ({ startedAt }) => elapsed(startedAt) },
        { head: 'Usual', numeric: true, cell: ({ name }) => duration(usualMs[name] ?? null) },
        { head: 'Attempt', numeric: true, cell: ({ attempts, maxAttempts }) => `${attempts} of ${maxAttempts}` },
        {
          head: html`<span class="sr">Actions</span>`,
          class: 'doing',
          cell: run =>
            run.cancelRequestedAt === null
              ? jobAction('cancel', run.id, `Cancel this run of ${run.name}?`)
              : badge('stopping', 'warn'),
        },
      ],
    }),
    html`<a href="${jobsPath}">All jobs</a>`,
  )
}

const jobLink = ({ id, name }: Pick<Run, 'id' | 'name'>): Html =>
  html`<a href="${jobPath(id)}">${titleOf(name)}</a> <code class="quiet">${name}</code>`

const howFar = ({ progress: percent, stage, message }: Run): Html =>
  html`${progress(percent, 'Progress')}<small class="quiet">${percent} %${stage && `, ${stage}`}${message && `: ${message}`}</small>`

const verbs = {
  cancel: ['Cancel', 'It is being cancelled'],
  retry: ['Retry', 'It is tried again'],
  remove: ['Remove', 'It is removed'],
} as const
export const jobAction = (verb: keyof typeof verbs, id: string, confirm: string, goTo = 'stay'): Html =>
  action({
    action: `${jobsPath}/${verb}`,
    label: verbs[verb][0],
    done: verbs[verb][1],
    small: true,
    quiet: verb !== 'remove',
    danger: verb === 'remove',
    confirm,
    body: { job_id: id },
    goTo,
  })

const stateTones: Record<TaskState, Tone> = {
  'on time': 'plain',
  late: 'warn',
  missed: 'bad',
  'too long': 'warn',
  paused: 'quiet',
}
const stateOf = ({ state, lateMs }: Pick<ScheduledTask | TourTask, 'state' | 'lateMs'>): Html =>
  html`${state === 'on time' ? calm(state) : badge(state, stateTones[state])}${(state === 'late' || state === 'missed') && html`<small class="${state === 'missed' ? 'loss' : ''}">${duration(lateMs)} late</small>`}`

function expected({ scheduled, tours }: TasksNow): Html {
  return section(
    'Expected work',
    'expected',
    html`${table<ScheduledTask>({
      caption: 'The schedule',
      dense: true,
      class: 'tasks',
      stack: true,
      rows: scheduled,
      key: ({ name }) => `task-${name.replaceAll(/\W/g, '-')}`,
      columns: [
        {
          head: 'Task',
          names: true,
          cell: task =>
            html`<a href="${address(jobsPath, { name: task.name })}">${task.title}</a><small class="quiet"><code>${task.name}</code> <code>${task.pattern}</code></small>`,
        },
        { head: 'State', cell: state },
        { head: 'Last 20', class: 'outcomes', cell: ({ outcomes }) => outcomeStrip(outcomes) },
        { head: 'Usual', numeric: true, cell: ({ usualMs }) => duration(usualMs) },
        { head: 'Last', cell: last },
        { head: 'Next', cell: ({ next, pause }) => (pause ? none : countdown(next)) },
        { head: html`<span class="sr">Actions</span>`, class: 'doing', cell: scheduleActions },
      ],
    })}
    ${
      tours.length > 0 &&
      table<TourTask>({
        caption: 'Score updates of tours',
        dense: true,
        class: 'tasks',
        stack: true,
        rows: tours,
        key: ({ tour }) => `tour-${tour}`,
        columns: [
          { head: 'Score updates', names: true, cell: ({ title }) => title },
          { head: 'State', cell: stateOf },
          {
            head: 'Next',
            cell: ({ next, jobId }) => (next === null ? jobId && badge('under way', 'live') : countdown(next)),
          },
          { head: 'Run', cell: ({ jobId }) => (jobId ? html`<a href="${jobPath(jobId)}">the run</a>` : none) },
          {
            head: html`<span class="sr">Actions</span>`,
            class: 'doing',
            cell: ({ tour }) =>
              action({
                action: `/api/v1/tours/${tour}/update`,
                label: 'Update now',
                small: true,
                quiet: true,
                confirm: `Ask the feed of ${tour} now?`,
                goTo: 'stay',
                done: 'The feed is asked',
              }),
          },
        ],
      })
    }`,
  )
}

const state = (task: ScheduledTask): Html =>
  html`${stateOf(task)}${task.runningSince !== null && task.state !== 'too long' && html` <a href="${jobPath(task.runningJobId ?? '')}">running</a>`}${
    task.pause && html`<small class="quiet">${task.pause.by}, ${time(task.pause.at)}: “${task.pause.reason}”</small>`
  }`

const last = ({ lastSlot, outcomes }: ScheduledTask): Content => {
  const newest = outcomes.at(-1)
  if (lastSlot === null || !newest) return none
  return newest.jobId && newest.status !== 'GONE'
    ? html`<a href="${jobPath(newest.jobId)}">${time(lastSlot)}</a>`
    : time(lastSlot)
}

const scheduleActions = ({ name, title, pause }: ScheduledTask): Html => {
  const to = { small: true, quiet: true, goTo: 'stay', body: { name } }
  return html`<div class="actions">${action({
    ...to,
    action: `${tasksPath}/schedule/run`,
    label: 'Run now',
    confirm: `Run “${title}” now, beside its schedule?`,
    done: 'It is started',
  })}${
    pause
      ? action({
          ...to,
          action: `${tasksPath}/schedule/resume`,
          label: 'Resume',
          confirm: `Let “${title}” run by its schedule again?`,
          done: 'It runs by its schedule again',
        })
      : action({
          ...to,
          action: `${tasksPath}/schedule/pause`,
          label: 'Pause',
          confirm: `Pause “${title}”? It does not run by its schedule until it is resumed.`,
          ask: { name: 'reason', label: 'Why?' },
          done: 'It is paused',
        })
  }</div>`
}

function failures({ failures: groups, rate }: TasksNow): Html {
  return section(
    'Failures, last 24 hours',
    'failures',
    table({
      caption: 'Failures that are the same, grouped',
      dense: true,
      stack: true,
      rows: groups,
      key: ({ fingerprint, name }) => `failure-${name.replaceAll(/\W/g, '-')}-${fingerprint}`,
      empty: usual('Nothing failed in the last 24 hours. That is usual.'),
      columns: [
        { head: 'What failed', names: true, class: 'errors', cell: whatFailed },
        { head: 'Times', numeric: true, cell: ({ runs }) => html`${number(runs)} ×` },
        { head: 'First', cell: ({ first }) => time(first) },
        { head: 'Last', cell: ({ last }) => time(last) },
        { head: html`<span class="sr">Actions</span>`, class: 'doing', cell: retryGroup },
      ],
    }),
    rate.usualPerHour !== null &&
      html`<span class="quiet">usually ${number(rate.usualPerHour * 24, { digits: 0 })} a day</span>`,
  )
}

const groupHref = ({ fingerprint, name }: FailureGroup) => address(jobsPath, { status: 'FAILURE', name, fingerprint })
const whatFailed = (group: FailureGroup): Html =>
  html`<a href="${groupHref(group)}">${titleOf(group.name)}</a> <code class="quiet">${group.name}</code><p class="loss">${group.error.slice(0, 300)}</p>`

const retryGroup = ({ fingerprint, name, runs }: FailureGroup): Html =>
  action({
    action: `${jobsPath}/bulk`,
    label: runs === 1 ? 'Retry' : `Retry all ${runs}`,
    small: true,
    quiet: true,
    confirm: `Try every failed run of ${name} with this failure again (${runs} in the last 24 hours)?`,
    body: { action: 'retry', status: 'FAILURE', name, fingerprint },
    goTo: 'stay',
    done: 'They are tried again',
  })

const lockTones: Record<LockState, Tone> = { held: 'good', expired: 'quiet', orphaned: 'bad' }

function locks({ locks }: TasksNow): Html {
  return section(
    'Locks',
    'locks',
    table({
      caption: 'Task locks',
      dense: true,
      stack: true,
      rows: locks,
      key: ({ key }) => `lock-${key.replaceAll(/\W/g, '-')}`,
      empty: usual('No lock is held. That is usual between runs.'),
      columns: [
        {
          head: 'Task',
          names: true,
          cell: ({ task, arguments: of, key }) =>
            html`<span title="${key}">${task}</span>${of && html` <code>${of}</code>`}`,
        },
        { head: 'Owner', cell: owner },
        { head: 'Age', numeric: true, cell: ({ acquiredAt }) => elapsed(acquiredAt) },
        {
          head: 'TTL',
          numeric: true,
          cell: lock => (lock.state === 'held' ? countdown(lock.expiresAt) : badge(lock.state, lockTones[lock.state])),
        },
        { head: html`<span class="sr">Actions</span>`, class: 'doing', cell: release },
      ],
    }),
  )
}

const owner = ({ process, owner: id, state, jobId }: Lock): Html =>
  html`${state === 'orphaned' && html`${badge('dead', 'bad')} `}${process ? `${process.role}, pid ${process.pid}` : html`<code>${id.slice(-12)}</code>`}${jobId && html` <a href="${jobPath(jobId)}">run</a>`}`

const release = ({ key, task, state }: Lock): Html =>
  action({
    action: `${tasksPath}/locks/release`,
    label: 'Release',
    small: true,
    danger: true,
    confirm:
      state === 'held'
        ? `Take the lock ${task} from its owner? What it still tries to write is refused, and another run may begin.`
        : `Release ${task}?`,
    body: { key },
    goTo: 'stay',
    done: 'The lock is released',
  })

const findingTones: Record<string, Tone> = {
  running: 'live',
  booked: 'good',
  idle: 'quiet',
  late: 'warn',
  missing: 'bad',
  unknown: 'warn',
}

function supervisor({ supervisor: found }: TasksNow): Html {
  return section(
    'Supervisor',
    'supervisor',
    table({
      caption: 'What the supervisor last found',
      dense: true,
      stack: true,
      rows: found?.findings ?? [],
      key: ({ tour }) => `finding-${tour}`,
      empty: usual(
        found ? 'It looked and found no tours to follow.' : 'It has not looked yet; it does every two minutes.',
      ),
      columns: [
        { head: 'Tour', names: true, cell: ({ tour }) => tour },
        {
          head: 'Found',
          cell: ({ state, restarted }) =>
            html`${badge(state, findingTones[state])}${restarted && html` <small class="quiet">restarted it</small>`}`,
        },
        { head: 'Next update', cell: ({ next_update_at: next }) => countdown(next) },
      ],
    }),
    found && html`<span class="quiet">looked ${time(found.at)}</span>`,
  )
}

function processes({ processes }: TasksNow): Html {
  return section(
    'Processes',
    'processes',
    table({
      caption: 'Processes of this installation',
      dense: true,
      stack: true,
      rows: processes,
      key: ({ id }) => `process-${id}`,
      columns: [
        { head: 'Role', names: true, cell: ({ role, alive }) => html`${role} ${alive ? '' : badge('dead', 'bad')}` },
        { head: 'Pid', numeric: true, cell: ({ pid }) => String(pid) },
        { head: 'Host', cell: ({ host }) => host },
        { head: 'Version', cell: ({ version }) => version },
        { head: 'Since', cell: ({ startedAt }) => time(startedAt) },
      ],
    }),
  )
}
