/** How much waits, runs and fails: a row of numbers that link to their sections. */
import { type Content, type Html, html } from '../../platform/html.ts'
import type { Run } from '../../platform/jobs/runs.ts'
import { jobPath, jobsPath, jobTitle, tasksPath } from '../../runs/job-titles.ts'
import { address } from '../../ui/parts/address.ts'
import { badge, type Tone } from '../../ui/parts/badges.ts'
import { progress, stats } from '../../ui/parts/figures.ts'
import { action } from '../../ui/parts/form.ts'
import { denseTable } from '../../ui/parts/table.ts'
import { countdown, duration, elapsed, number, time } from '../../ui/parts/values.ts'
import { exportLinks } from '../pages/monitor-layout.ts'
import { jobAction, runLink } from './job-list-page.ts'
import type { ShownRun } from './job-views.ts'
import { type FailureGroup, failureSurge } from './task-queries.ts'
import { section, usuallyEmpty } from './task-sections.ts'
import type { Lock, LockState, TasksNow } from './task-state.ts'

const sectionLink = (part: string, value: Content): Html => html`<a href="#${part}">${value}</a>`

export function queueTiles({ queue, states, rate, waiting: { since: waitingSince }, at, locks }: TasksNow): Html {
  const sum = (part: 'waiting' | 'active' | 'delayed' | 'workers') =>
    queue.error === null ? queue.queues.reduce((total, queue) => total + queue[part], 0) : null
  const byQueue = (part: 'waiting' | 'active' | 'delayed' | 'workers') =>
    queue.queues.map(queue => `${queue.name} ${queue[part]}`).join(', ') || undefined
  const held = locks.filter(({ state }) => state === 'held').length
  const isSurge = failureSurge(rate) !== null
  return stats([
    {
      label: 'Waiting',
      value: number(sum('waiting') ?? states.PENDING),
      note: waitingSince ? html`longest ${duration(at - waitingSince)}` : byQueue('waiting'),
    },
    { label: 'Running', value: sectionLink('running', number(states.PROGRESS)), note: byQueue('active') },
    { label: 'Booked', value: number(sum('delayed')), note: byQueue('delayed') },
    {
      label: 'Failed, last hour',
      value: sectionLink('failures', html`<span class="${isSurge ? 'loss' : ''}">${number(rate.lastHour)}</span>`),
      note:
        rate.usualPerHour === null
          ? 'too new to know the usual'
          : html`usual ${number(rate.usualPerHour, { digits: 1 })}`,
    },
    {
      label: 'Locks',
      value: sectionLink('locks', number(held)),
      note: locks.length > held ? `${locks.length - held} free for the taking` : 'held',
    },
    {
      label: 'Workers',
      value: sectionLink('processes', number(sum('workers'))),
      note: queue.backend === 'redis' ? 'on Redis' : 'on SQLite',
    },
  ])
}

/** What runs at this moment. */

export function runningSection({ running, usual: usualMs }: TasksNow): Html {
  return section(
    'Running now',
    'running',
    denseTable<ShownRun>({
      caption: 'Running jobs',
      rows: running,
      key: ({ id }) => `run-${id}`,
      empty: usuallyEmpty('Nothing runs at this moment. That is usual: most work takes less than a second.'),
      columns: [
        { head: 'Job', names: true, cell: run => html`${runLink(run)} <code class="quiet">${run.name}</code>` },
        { head: 'Progress', class: 'wide', cell: progressCell },
        { head: 'For', numeric: true, cell: ({ startedAt }) => elapsed(startedAt) },
        { head: 'Usual', numeric: true, cell: ({ name }) => duration(usualMs[name] ?? null) },
        { head: 'Attempt', numeric: true, cell: ({ attempts, maxAttempts }) => `${attempts} of ${maxAttempts}` },
      ],
      actions: run =>
        run.cancelRequestedAt === null
          ? jobAction('cancel', run, `Cancel this run of ${run.name}?`)
          : badge('stopping', 'warn'),
    }),
    html`<a href="${jobsPath}">All jobs</a>`,
  )
}

const progressCell = ({ progress: percent, stage, message }: Run): Html =>
  html`${progress(percent, 'Progress')}<small class="quiet">${percent} %${stage && `, ${stage}`}${message && `: ${message}`}</small>`

/** Identical failures as one row, to be retried together. */

export function failuresSection({ failures: groups, rate }: TasksNow): Html {
  return section(
    'Failures, last 24 hours',
    'failures',
    denseTable({
      caption: 'Failures that are the same, grouped',
      rows: groups,
      key: ({ fingerprint, name }) => `failure-${name.replaceAll(/\W/g, '-')}-${fingerprint}`,
      empty: usuallyEmpty('Nothing failed in the last 24 hours. That is usual.'),
      columns: [
        { head: 'What failed', names: true, class: 'errors', cell: whatFailed },
        { head: 'Times', numeric: true, cell: ({ runs }) => html`${number(runs)} ×` },
        { head: 'First', cell: ({ first }) => time(first) },
        { head: 'Last', cell: ({ last }) => time(last) },
      ],
      actions: retryGroup,
    }),
    html`${
      rate.usualPerHour !== null &&
      html`<span class="quiet">usually ${number(rate.usualPerHour * 24, { digits: 0 })} a day</span>`
    } ${groups.length > 0 && exportLinks(`${tasksPath}/failures`, {})}`,
  )
}

const groupHref = ({ fingerprint, name }: FailureGroup) => address(jobsPath, { status: 'FAILURE', name, fingerprint })
const whatFailed = (group: FailureGroup): Html =>
  html`<a href="${groupHref(group)}">${jobTitle(group.name)}</a> <code class="quiet">${group.name}</code><p class="loss">${group.error.slice(0, 300)}</p>`

const retryGroup = ({ fingerprint, name, error, runs, refused }: FailureGroup): Content => {
  if (refused) return html`<small class="quiet">refused: a retry would be refused again</small>`
  return action({
    action: `${jobsPath}/bulk`,
    label: runs === 1 ? 'Retry' : `Retry all ${runs}`,
    of: `${jobTitle(name)}: ${error.slice(0, 80)}`,
    look: 'quiet small',
    confirm: `Try every failed run of ${name} with this failure again (${runs} in the last 24 hours)?`,
    body: { action: 'retry', status: 'FAILURE', name, fingerprint },
    goTo: 'stay',
    done: 'They are tried again',
  })
}

/** Held locks and for how long, including those of dead owners. */

const lockTones: Record<LockState, Tone> = { held: 'good', expired: 'quiet', orphaned: 'bad' }

export function locksSection({ locks }: TasksNow): Html {
  return section(
    'Locks',
    'locks',
    denseTable({
      caption: 'Task locks',
      rows: locks,
      key: ({ key }) => `lock-${key.replaceAll(/\W/g, '-')}`,
      empty: usuallyEmpty('No lock is held. That is usual between runs.'),
      columns: [
        {
          head: 'Task',
          names: true,
          cell: ({ task, arguments: of, key }) =>
            html`<span title="${key}">${task}</span>${of && html` <code>${of}</code>`}`,
        },
        { head: 'Owner', cell: ownerCell },
        { head: 'Age', numeric: true, cell: ({ acquiredAt }) => elapsed(acquiredAt) },
        {
          head: 'TTL',
          numeric: true,
          cell: lock => (lock.state === 'held' ? countdown(lock.expiresAt) : badge(lock.state, lockTones[lock.state])),
        },
      ],
      actions: releaseButton,
    }),
    locks.length > 0 && exportLinks(`${tasksPath}/locks`, {}),
  )
}

const ownerCell = ({ process, owner: id, state, jobId }: Lock): Html =>
  html`${state === 'orphaned' && html`${badge('dead', 'bad')} `}${process ? `${process.role}, pid ${process.pid}` : html`<code>${id.slice(-12)}</code>`}${jobId && html` <a href="${jobPath(jobId)}">run</a>`}`

const releaseButton = ({ key, task, state }: Lock): Html =>
  action({
    action: `${tasksPath}/locks/release`,
    label: 'Release',
    of: key,
    look: 'danger small',
    confirm:
      state === 'held'
        ? `Take the lock ${task} from its owner? Its writes will be refused, and another run can start.`
        : `Release ${task}?`,
    body: { key },
    goTo: 'stay',
    done: 'The lock has been released',
  })

/** The processes that share the folder. */

export function processesSection({ processes }: TasksNow): Html {
  return section(
    'Processes',
    'processes',
    denseTable({
      caption: 'Processes of this installation',
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
