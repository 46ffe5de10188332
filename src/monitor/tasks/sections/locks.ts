/** Who holds which lock and for how long; whose owner is dead. */
import { type Html, html } from '../../../platform/html.ts'
import { badge, type Tone } from '../../../ui/parts/badges.ts'
import { action } from '../../../ui/parts/form.ts'
import { table } from '../../../ui/parts/table.ts'
import { countdown, elapsed } from '../../../ui/parts/values.ts'
import { exportLinks } from '../../pages/monitor-layout.ts'
import { jobPath, tasksPath } from '../paths.ts'
import type { Lock, LockState, TasksNow } from '../task-state.ts'
import { section, whenOpen } from './section.ts'

const lockTones: Record<LockState, Tone> = { held: 'good', expired: 'quiet', orphaned: 'bad' }

export function locksSection({ locks }: TasksNow): Html {
  return section(
    'Locks',
    'locks',
    table({
      caption: 'Task locks',
      dense: true,
      stack: true,
      rows: locks,
      key: ({ key }) => `lock-${key.replaceAll(/\W/g, '-')}`,
      empty: whenOpen('No lock is held. That is usual between runs.'),
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
    locks.length > 0 && exportLinks(`${tasksPath}/locks`, {}),
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
