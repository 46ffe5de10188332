/** Work that is expected to come by itself: whether it does, when it comes next, and how it went the last times. */
import { type Content, type Html, html } from '../../../platform/html.ts'
import { address } from '../../../ui/parts/address.ts'
import { action } from '../../../ui/parts/form.ts'
import { table } from '../../../ui/parts/table.ts'
import { countdown, duration, none, time } from '../../../ui/parts/values.ts'
import { exportLinks } from '../../pages/monitor-layout.ts'
import type { ScheduledTask } from '../expected-tasks.ts'
import { outcomeStrip } from '../outcome-strip.ts'
import { jobPath, jobsPath, tasksPath } from '../paths.ts'
import type { TasksNow } from '../task-state.ts'
import { section } from './section.ts'
import { stateMark } from './state-mark.ts'
import { tourTable } from './tours.ts'

export function expectedSection({ scheduled, tours }: TasksNow): Html {
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
        { head: 'Next', cell: ({ next, pause }) => (pause ? none : countdown(next, 'due')) },
        { head: html`<span class="sr">Actions</span>`, class: 'doing', cell: scheduleActions },
      ],
    })}
${tours.length > 0 && tourTable(tours)}`,
    exportLinks(`${tasksPath}/schedule`, {}),
  )
}

const state = (task: ScheduledTask): Html =>
  html`${stateMark(task)}${task.runningSince !== null && task.state !== 'too long' && html` <a href="${jobPath(task.runningJobId ?? '')}">running</a>`}${
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
