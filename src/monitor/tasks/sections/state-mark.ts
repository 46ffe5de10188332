import { type Html, html } from '../../../platform/html.ts'
import { badge, calm, type Tone } from '../../../ui/parts/badges.ts'
import { duration } from '../../../ui/parts/values.ts'
import type { ScheduledTask, TaskState, TourTask } from '../expected-tasks.ts'

const stateTones: Record<TaskState, Tone> = {
  'on time': 'plain',
  late: 'warn',
  missed: 'bad',
  'too long': 'warn',
  paused: 'quiet',
}

/** On time is calm; what is not says how late it is. */
export const stateMark = ({ state, lateMs }: Pick<ScheduledTask | TourTask, 'state' | 'lateMs'>): Html =>
  html`${state === 'on time' ? calm(state) : badge(state, stateTones[state])}${(state === 'late' || state === 'missed') && html`<small class="${state === 'missed' ? 'loss' : ''}">${duration(lateMs)} late</small>`}`
