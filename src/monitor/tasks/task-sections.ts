import { minuteText } from '../../platform/clock.ts'
import { type Content, type Html, html } from '../../platform/html.ts'
import { jobPath, jobsPath, tasksPath } from '../../runs/job-titles.ts'
import { address } from '../../ui/parts/address.ts'
import { allWell, badge, type Tone } from '../../ui/parts/badges.ts'
import { action } from '../../ui/parts/form.ts'
import { denseTable } from '../../ui/parts/table.ts'
import { countdown, duration, noValue, time } from '../../ui/parts/values.ts'
import { exportLinks } from '../pages/monitor-layout.ts'
import type { TaskState } from './sentence.ts'
import type { RunOutcome } from './task-queries.ts'
import type { ScheduledTask, TasksNow, TourTask } from './task-state.ts'

/** A section of the board, with content next to its title. */
export const section = (title: string, id: string, content: Content, beside?: Content): Html =>
  html`<section class="part" id="${id}"><div class="head"><h2>${title}</h2>${beside && html`<div class="beside">${beside}</div>`}</div>${content}</section>`

/** In place of rows: says that having none is usual. */
export const usuallyEmpty = (text: Content): Html => html`<p class="usual">${text}</p>`

const stateTones: Record<TaskState, Tone> = {
  'on time': 'plain',
  late: 'warn',
  missed: 'bad',
  'too long': 'warn',
  failing: 'bad',
  paused: 'quiet',
}

/** A task on time is quiet; others say how late they are. */
const stateBadge = ({ state, lateMs }: Pick<ScheduledTask | TourTask, 'state' | 'lateMs'>): Html =>
  html`${state === 'on time' ? allWell(state) : badge(state, stateTones[state])}${(state === 'late' || state === 'missed') && html`<small class="${state === 'missed' ? 'loss' : ''}">${duration(lateMs)} late</small>`}${state === 'failing' && html`<small class="loss">for ${duration(lateMs)}</small>`}`

/** Scheduled work: whether it runs, when it is next, and how it went the last times. */

export function expectedSection({ scheduled, tours }: TasksNow): Html {
  return section(
    'Scheduled tasks',
    'expected',
    html`${denseTable<ScheduledTask>({
      caption: 'The schedule',
      class: 'tasks',
      rows: scheduled,
      key: ({ name }) => `task-${name.replaceAll(/\W/g, '-')}`,
      columns: [
        {
          head: 'Task',
          names: true,
          cell: task =>
            html`<a href="${address(jobsPath, { name: task.name })}">${task.title}</a><small class="quiet"><code>${task.name}</code> <code>${task.pattern}</code></small>`,
        },
        { head: 'State', cell: stateCell },
        { head: 'Last 20', class: 'outcomes', cell: ({ outcomes }) => outcomeStrip(outcomes) },
        { head: 'Usual', numeric: true, cell: ({ usualMs }) => duration(usualMs) },
        { head: 'Last', cell: lastRunCell },
        { head: 'Next', cell: ({ next, pause }) => (pause ? noValue : countdown(next, 'due')) },
      ],
      actions: scheduleActions,
    })}
${tours.length > 0 && tourTable(tours)}`,
    exportLinks(`${tasksPath}/schedule`, {}),
  )
}

const stateCell = (task: ScheduledTask): Html =>
  html`${stateBadge(task)}${task.runningSince !== null && task.state !== 'too long' && html` <a href="${jobPath(task.runningJobId ?? '')}">running</a>`}${
    task.pause && html`<small class="quiet">${task.pause.by}, ${time(task.pause.at)}: “${task.pause.reason}”</small>`
  }`

const lastRunCell = ({ lastSlot, outcomes }: ScheduledTask): Content => {
  const newest = outcomes.at(-1)
  if (lastSlot === null || !newest) return noValue
  return newest.jobId && newest.status !== 'GONE'
    ? html`<a href="${jobPath(newest.jobId)}">${time(lastSlot)}</a>`
    : time(lastSlot)
}

const scheduleActions = ({ name, title, pause }: ScheduledTask): Html => {
  const to = { of: title, look: 'quiet small', goTo: 'stay', body: { name } } as const
  return html`<div class="actions">${action({
    ...to,
    action: `${tasksPath}/schedule/run`,
    label: 'Run now',
    confirm: `Run “${title}” now, in addition to its schedule?`,
    done: 'It is started',
  })}${
    pause
      ? action({
          ...to,
          action: `${tasksPath}/schedule/resume`,
          label: 'Resume',
          confirm: `Resume “${title}”?`,
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

/** The supervisor's last findings about the tours' score updates. */

const findingTones: Record<string, Tone> = {
  running: 'live',
  booked: 'good',
  idle: 'quiet',
  late: 'warn',
  missing: 'bad',
  unknown: 'warn',
}

export function supervisorSection({ supervisor: found }: TasksNow): Html {
  return section(
    'Supervisor',
    'supervisor',
    denseTable({
      caption: 'The supervisor’s last findings',
      rows: found?.findings ?? [],
      key: ({ tour }) => `finding-${tour}`,
      empty: usuallyEmpty(found ? 'It found no tours to follow.' : 'It has not run yet; it runs every two minutes.'),
      columns: [
        { head: 'Tour', names: true, cell: ({ tour }) => tour },
        {
          head: 'Found',
          cell: ({ state, restarted }) =>
            html`${badge(state, findingTones[state])}${restarted ? html` <small class="quiet">restarted it</small>` : (state === 'missing' || state === 'late') && html` <small class="quiet">warned only</small>`}`,
        },
        { head: 'Booked for', cell: ({ next_update_at: next }) => time(next) },
      ],
    }),
    found && html`<span class="quiet">checked ${time(found.at)}</span>`,
  )
}

/** The score updates of tours that leagues need. */

const tourTable = (tours: readonly TourTask[]): Content =>
  denseTable<TourTask>({
    caption: 'Score updates of tours',
    class: 'tasks',
    rows: tours,
    key: ({ tour }) => `tour-${tour}`,
    columns: [
      { head: 'Score updates', names: true, cell: ({ title }) => title },
      { head: 'State', cell: stateBadge },
      {
        head: 'Next',
        cell: ({ next, jobId }) => (next === null ? jobId && badge('under way', 'live') : countdown(next, 'due')),
      },
      { head: 'Run', cell: ({ jobId }) => (jobId ? html`<a href="${jobPath(jobId)}">the run</a>` : noValue) },
    ],
    actions: updateNowButton,
  })

const updateNowButton = ({ tour, title }: TourTask) =>
  action({
    action: `/api/v1/tours/${tour}/update`,
    label: 'Update now',
    of: title,
    look: 'quiet small',
    confirm: `Poll the feed of ${tour} now?`,
    goTo: 'stay',
    done: 'The feed is being polled',
  })

const shownOutcomes = 20
const [barStep, barWidth, barHeight] = [7, 5, 20]

const statusWords: Record<RunOutcome['status'], string> = {
  SUCCESS: 'done',
  FAILURE: 'failed',
  CANCELLED: 'cancelled',
  SKIPPED: 'skipped',
  PENDING: 'waiting',
  PROGRESS: 'under way',
  GONE: 'forgotten',
}

/** The last outcomes of a task, newest at the right: the height is the duration, and failures have full height. */
function outcomeStrip(outcomes: readonly RunOutcome[]): Html {
  const shown = outcomes.slice(-shownOutcomes)
  const longest = Math.max(1, ...shown.map(({ ms }) => ms ?? 0))
  const count = (status: RunOutcome['status']) => shown.filter(outcome => outcome.status === status).length
  const failed = count('FAILURE')
  const label = shown.length
    ? `Last ${shown.length}: ${count('SUCCESS') + count('SKIPPED')} done${failed ? `, ${failed} failed` : ''}`
    : 'Nothing yet'
  const offset = shownOutcomes - shown.length
  return html`<svg class="strip" viewBox="0 0 ${shownOutcomes * barStep} ${barHeight}" width="${shownOutcomes * barStep}" height="${barHeight}" role="img" aria-label="${label}">${shown.map(
    (outcome, i) => bar(outcome, (offset + i) * barStep, longest),
  )}</svg>`
}

function bar({ status, ms, slot }: RunOutcome, x: number, longest: number): Html {
  const isFullHeight = status === 'FAILURE'
  const size = isFullHeight ? barHeight : ms === null ? 4 : 4 + Math.round((barHeight - 6) * Math.sqrt(ms / longest))
  const title = html`<title>${minuteText(slot)}: ${statusWords[status]}${ms !== null && html`, ${duration(ms)}`}</title>`
  return html`<g class="${status.toLowerCase()}"><rect x="${x}" y="${barHeight - size}" width="${barWidth}" height="${size}" rx="1" />${isFullHeight && html`<path d="M${x} ${barHeight / 2 - 3}l${barWidth} 6m0 -6l-${barWidth} 6" />`}${title}</g>`
}
