/** How much waits, runs and fails, in a row of numbers that lead to their parts. */
import { type Content, type Html, html } from '../../../platform/html.ts'
import { stats } from '../../../ui/parts/figures.ts'
import { duration, number } from '../../../ui/parts/values.ts'
import { failureSurge } from '../task-queries.ts'
import type { TasksNow } from '../task-state.ts'

const to = (part: string, value: Content): Html => html`<a href="#${part}">${value}</a>`

export function queueTiles({ queue, states, rate, waitingSince, at, locks }: TasksNow): Html {
  const sum = (part: 'waiting' | 'active' | 'delayed' | 'workers') =>
    queue.error === null ? queue.queues.reduce((total, queue) => total + queue[part], 0) : null
  const each = (part: 'waiting' | 'active' | 'delayed' | 'workers') =>
    queue.queues.map(queue => `${queue.name} ${queue[part]}`).join(', ') || undefined
  const held = locks.filter(({ state }) => state === 'held').length
  const isSurge = failureSurge(rate) !== null
  return stats([
    {
      label: 'Waiting',
      value: number(sum('waiting') ?? states.PENDING),
      note: waitingSince ? html`longest ${duration(at - waitingSince)}` : each('waiting'),
    },
    { label: 'Running', value: to('running', number(states.PROGRESS)), note: each('active') },
    { label: 'Booked', value: number(sum('delayed')), note: each('delayed') },
    {
      label: 'Failed, last hour',
      value: to('failures', html`<span class="${isSurge ? 'loss' : ''}">${number(rate.lastHour)}</span>`),
      note:
        rate.usualPerHour === null
          ? 'too new to know the usual'
          : html`usual ${number(rate.usualPerHour, { digits: 1 })}`,
    },
    {
      label: 'Locks',
      value: to('locks', number(held)),
      note: locks.length > held ? `${locks.length - held} free for the taking` : 'held',
    },
    {
      label: 'Workers',
      value: to('processes', number(sum('workers'))),
      note: queue.backend === 'redis' ? 'on Redis' : 'on SQLite',
    },
  ])
}
