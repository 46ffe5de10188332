import { Refusal, type RefusalCode } from '../../errors.ts'
import { AlertedFailure } from './job.ts'
import type { Run } from './runs.ts'

/** A refusal is an answer to the one who started the run, not a failure that others should be alerted to. */
export const isAnswer = (error: unknown): boolean =>
  error instanceof AlertedFailure || (error instanceof Error && error.name === 'Refusal')

/** Refusals of the run's input: the same input would be refused again. The others pass, as a full disk does. */
const lasting: readonly RefusalCode[] = [
  'bad_request',
  'forbidden',
  'not_found',
  'gone',
  'too_large',
  'unsupported',
  'invalid',
]
export const isLastingRefusal = (error: unknown): boolean => error instanceof Refusal && lasting.includes(error.code)

/** Whether no other attempt follows. */
export const isFinal = (run: Pick<Run, 'attempts' | 'maxAttempts'>, error: unknown): boolean =>
  run.attempts >= run.maxAttempts || isAnswer(error)

/** How often the process may die during a run before the run counts as the cause. */
export const maxDeaths = ({ maxAttempts }: Pick<Run, 'maxAttempts'>): number => Math.max(3, maxAttempts)

export class WorkerDied extends Error {
  override readonly name = 'WorkerDied'
  constructor(deaths: number) {
    super(`Its worker died under it ${deaths} times, so it is not run again by itself`)
    this.stack = this.message // the place where it was noticed does not explain it
  }
}

/** The same text for the same failure: its message without numbers and quoted names, and where it was thrown. */
export function fingerprintOf(name: string, { name: kind, message, stack = '' }: Error): string {
  const place = stack.split('\n').find(line => /^\s+at /.test(line)) ?? ''
  const essence = `${name}|${kind}|${message.replace(/\d+|"[^"]*"|'[^']*'/g, '…')}|${place.replace(/:\d+:\d+/, '').trim()}`
  return Bun.hash(essence).toString(36)
}
