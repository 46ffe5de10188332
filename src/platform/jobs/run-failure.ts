import { Refusal, type RefusalCode } from '../../errors.ts'
import { AlertedFailure } from './job.ts'
import type { Run } from './runs.ts'

/** A refusal is an answer to whoever started the run, not an accident that others should hear of. */
export const isAnswer = (error: unknown): boolean =>
  error instanceof AlertedFailure || (error instanceof Error && error.name === 'Refusal')

/** A refusal of what the run was given: the same input is refused again. Others are so for now, as a full disk is. */
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

/** Trying again would be refused again. */
export const isFinal = (run: Pick<Run, 'attempts' | 'maxAttempts'>, error: unknown): boolean =>
  run.attempts >= run.maxAttempts || isAnswer(error)

/** How often the process of a run may die under it before the run is held to be the cause. */
export const mostDeaths = ({ maxAttempts }: Pick<Run, 'maxAttempts'>): number => Math.max(3, maxAttempts)

export class WorkerDied extends Error {
  override readonly name = 'WorkerDied'
  constructor(deaths: number) {
    super(`Its worker died under it ${deaths} times, so it is not run again by itself`)
    this.stack = this.message // where it was noticed says nothing of why
  }
}

/** The same for failures that are the same: numbers and quoted names left out of the message, and where it was thrown. */
export function fingerprintOf(name: string, { name: kind, message, stack = '' }: Error): string {
  const place = stack.split('\n').find(line => /^\s+at /.test(line)) ?? ''
  const essence = `${name}|${kind}|${message.replace(/\d+|"[^"]*"|'[^']*'/g, '…')}|${place.replace(/:\d+:\d+/, '').trim()}`
  return Bun.hash(essence).toString(36)
}
