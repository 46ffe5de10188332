/** The sentence at the top of the monitor: what is wrong now. */
import type { Severity } from '../../../db/schema.ts'
import { minute } from '../../platform/clock.ts'
import { counted, firstOfText } from '../../platform/number-text.ts'
import { type FailureRate, failureSurge } from './task-queries.ts'

/** failing: a tour whose feed does not answer. */
export type TaskState = 'on time' | 'late' | 'missed' | 'too long' | 'failing' | 'paused'

type SentenceTone = 'good' | 'warn' | 'bad'
export type Sentence = { text: string; tone: SentenceTone }

type SentenceInput = {
  tasks: readonly { title: string; state: TaskState; lateMs: number }[]
  rate: FailureRate
  hasWorker: boolean
  /** Whether the queue and, if used, Redis answer. */
  queueWorks: boolean
  redisWorks: boolean
  pausedQueues: readonly string[]
  /** Runs that are due, and how long the first of them has waited. */
  waiting: { runs: number; longestMs: number }
  /** Open and not acknowledged, the worst first; not those that only inform. */
  alerts: readonly { title: string; severity: Severity }[]
  orphanedLocks: number
}

const maxNamed = 2
const longWait = 5 * minute

/** What is wrong now, the worst first. */
export function sentenceOf(input: SentenceInput): Sentence {
  const { tasks, rate, hasWorker, queueWorks, redisWorks, pausedQueues, waiting, alerts, orphanedLocks } = input
  const unpaused = tasks.filter(({ state }) => state !== 'paused')
  const late = unpaused
    .filter(({ state }) => state === 'late' || state === 'missed')
    .sort((a, b) => b.lateMs - a.lateMs)
  const long = unpaused.filter(({ state }) => state === 'too long')
  const failing = unpaused.filter(({ state }) => state === 'failing')
  const paused = tasks.length - unpaused.length
  const onTime = unpaused.length - late.length - failing.length
  const parts = [
    !hasWorker && 'no worker runs',
    !queueWorks && 'the queue cannot be reached',
    queueWorks && !redisWorks && 'Redis cannot be reached',
    ...pausedQueues.map(name => `the queue ${name} is paused`),
    waiting.runs > 0 &&
      waiting.longestMs > minute &&
      `${counted(waiting.runs, 'run waits', 'runs wait')}, the longest for ${inMinutes(waiting.longestMs)}`,
    openAlertsText(alerts),
    onTime === unpaused.length
      ? `all ${counted(unpaused.length, 'task')} on time`
      : `${onTime} of ${counted(unpaused.length, 'task')} on time`,
    ...late.slice(0, maxNamed).map(({ title, lateMs }) => `${title} ${inMinutes(lateMs)} late`),
    late.length > maxNamed && `${late.length - maxNamed} more late`,
    ...failing.slice(0, maxNamed).map(({ title, lateMs }) => `${title} have failed for ${inMinutes(lateMs)}`),
    failing.length > maxNamed && `${failing.length - maxNamed} more tours fail`,
    ...long.slice(0, maxNamed).map(({ title }) => `${title} takes longer than usual`),
    orphanedLocks > 0 && (orphanedLocks === 1 ? 'a lock of a dead owner' : `${orphanedLocks} locks of dead owners`),
    failureRateText(rate),
    paused > 0 && `${paused} paused`,
  ]
  const text = parts.filter(part => part !== false).join('; ')
  const hasSevereAlert = alerts.some(({ severity }) => severity === 'error' || severity === 'critical')
  const isBad = !hasWorker || !queueWorks || hasSevereAlert || late.some(({ state }) => state === 'missed')
  const isSlow = late.length > 0 || long.length > 0 || waiting.longestMs > longWait
  const hasWarning = alerts.some(({ severity }) => severity === 'warning')
  const needsAttention =
    isSlow ||
    pausedQueues.length > 0 ||
    hasWarning ||
    failing.length > 0 ||
    !redisWorks ||
    failureSurge(rate) !== null ||
    orphanedLocks > 0
  return {
    text: `${text.charAt(0).toUpperCase()}${text.slice(1)}.`,
    tone: isBad ? 'bad' : needsAttention ? 'warn' : 'good',
  }
}

function openAlertsText(alerts: SentenceInput['alerts']): string | false {
  if (!alerts.length) return false
  const named = alerts.slice(0, maxNamed).map(({ title }) => title)
  const warnings = alerts.filter(({ severity }) => severity === 'warning').length
  const what =
    warnings === 0
      ? counted(alerts.length, 'open error')
      : warnings === alerts.length
        ? counted(alerts.length, 'open warning')
        : `${alerts.length} open errors and warnings`
  return `${what}: ${firstOfText(named, alerts.length)}`
}

const inMinutes = (ms: number) => `${Math.round(ms / minute)} min`

function failureRateText(rate: FailureRate): string {
  const times = failureSurge(rate)
  if (times !== null) return `failures ${Math.round(times)} × usual`
  return rate.lastHour ? `${counted(rate.lastHour, 'failure')} in the last hour` : 'nothing failed in the last hour'
}
