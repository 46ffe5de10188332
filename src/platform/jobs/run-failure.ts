import { Refusal, type RefusalCode } from '../../errors.ts'
import { AlertedFailure } from './job.ts'
import type { Run } from './runs.ts'

/** The job ended itself, with a refusal or after an alert of its own: it is not tried again, and nobody else is alerted. */
export const isDeliberate = (error: unknown): boolean => error instanceof AlertedFailure || error instanceof Refusal

/** Refusals of the run's input: the same input would be refused again. The other codes are temporary, such as a full disk. */
const lastingCodes: readonly RefusalCode[] = [
  'bad_request',
  'forbidden',
  'not_found',
  'gone',
  'too_large',
  'unsupported',
  'invalid',
]
export const isLastingRefusal = (error: unknown): boolean =>
  error instanceof Refusal && lastingCodes.includes(error.code)

/** Whether no other attempt follows. */
export const isFinal = (run: Pick<Run, 'attempts' | 'maxAttempts'>, error: unknown): boolean =>
  run.attempts >= run.maxAttempts || isDeliberate(error)

/** How often the process may die during a run before the run counts as the cause. */
export const maxDeaths = ({ maxAttempts }: Pick<Run, 'maxAttempts'>): number => Math.max(3, maxAttempts)

export class WorkerDied extends Error {
  override readonly name = 'WorkerDied'
  constructor(deaths: number) {
    super(`Its process died ${deaths} times while it ran, so it is not retried automatically`)
    this.stack = this.message // the place where it was noticed does not explain it
  }
}

/** The same text for the same failure: its message without numbers and quoted names, and where it was thrown. */
export function fingerprintOf(name: string, { name: kind, message, stack = '' }: Error): string {
  const thrownAt = stack.split('\n').find(line => /^\s+at /.test(line)) ?? ''
  const text = `${name}|${kind}|${message.replace(/\d+|"[^"]*"|'[^']*'/g, '…')}|${thrownAt.replace(/:\d+:\d+/, '').trim()}`
  return Bun.hash(text).toString(36)
}
