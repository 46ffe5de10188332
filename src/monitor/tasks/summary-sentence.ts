/** How the tasks are, in one sentence: what is wrong first by its number, then by its name. */
import { minute } from '../../platform/clock.ts'
import type { ScheduledTask, TourTask } from './expected-tasks.ts'
import { type FailureRate, failureSurge } from './task-queries.ts'

export type SentenceTone = 'good' | 'warn' | 'bad'
export type Sentence = { text: string; tone: SentenceTone }

export type TasksSeen = {
  tasks: readonly Pick<ScheduledTask | TourTask, 'title' | 'state' | 'lateMs'>[]
  rate: FailureRate
  hasWorker: boolean
  /** Whether the queue answers. */
  queueWorks: boolean
  orphanedLocks: number
}

const mostNamed = 2

export function sentenceOf({ tasks, rate, hasWorker, queueWorks, orphanedLocks }: TasksSeen): Sentence {
  const awake = tasks.filter(({ state }) => state !== 'paused')
  const late = awake.filter(({ state }) => state === 'late' || state === 'missed').sort((a, b) => b.lateMs - a.lateMs)
  const long = awake.filter(({ state }) => state === 'too long')
  const paused = tasks.length - awake.length
  const onTime = awake.length - late.length
  const parts = [
    !hasWorker && 'no worker runs',
    !queueWorks && 'the queue cannot be reached',
    onTime === awake.length
      ? `all ${counted(awake.length, 'task')} on time`
      : `${onTime} of ${counted(awake.length, 'task')} on time`,
    ...late.slice(0, mostNamed).map(({ title, lateMs }) => `${title} ${Math.round(lateMs / minute)} min late`),
    late.length > mostNamed && `${late.length - mostNamed} more late`,
    ...long.slice(0, mostNamed).map(({ title }) => `${title} takes longer than usual`),
    orphanedLocks > 0 && (orphanedLocks === 1 ? 'a lock of a dead owner' : `${orphanedLocks} locks of dead owners`),
    failures(rate),
    paused > 0 && `${paused} paused`,
  ]
  const text = parts.filter(part => part !== false).join('; ')
  const isBad = !hasWorker || !queueWorks || late.some(({ state }) => state === 'missed')
  const isOdd = late.length > 0 || long.length > 0 || failureSurge(rate) !== null || orphanedLocks > 0
  return { text: `${text.charAt(0).toUpperCase()}${text.slice(1)}.`, tone: isBad ? 'bad' : isOdd ? 'warn' : 'good' }
}

function failures(rate: FailureRate): string {
  const times = failureSurge(rate)
  if (times !== null) return `failures ${Math.round(times)} × usual`
  return rate.lastHour ? `${counted(rate.lastHour, 'failure')} in the last hour` : 'nothing failed in the last hour'
}

const counted = (count: number, what: string) => `${count} ${what}${count === 1 ? '' : 's'}`
