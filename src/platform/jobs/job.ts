import type { Static, TSchema } from 'elysia'
import type { Db } from '../../../db/open.ts'
import type { Role } from '../../../db/schema.ts'
import type { Duration } from '../clock.ts'
import { ms } from '../clock.ts'
import type { Log } from '../process/log.ts'
import type { Run } from './runs.ts'
import type { Lease, LockRequest } from './task-locks.ts'

/** What a run is handed beside the app: who asked, how to tell its progress, and when to stop. */
export type JobContext = {
  readonly jobId: string
  /** The user who started it; null for Fieldhouse itself and the operator. */
  readonly by: number | null
  readonly attempt: number
  /** Aborted by a cancel, a lost lease or the end of the process. */
  readonly signal: AbortSignal
  /** The task lock it runs under; pass it to `fenced` in the transactions that write. */
  readonly lease: Lease | undefined
  readonly log: Log
  progress(percent: number, stage?: string, message?: string): void
  /**
   * Ends the run as part of the transaction that writes what it was for, which saves one of its own; nothing in it may be refused
   * after this. What `run` still does is not part of the run, and its answer is not kept.
   */
  succeed(tx: Db, result: unknown): void
}

export const queueNames = ['quick', 'heavy', 'rosters', 'mail'] as const
export type QueueName = (typeof queueNames)[number]

export type JobDefinition<App, Input extends TSchema = TSchema, Result = unknown> = {
  readonly name: string
  /** quick: 10 at once. heavy: 1 at once, for imports and exports. rosters: 2 at once, in threads of their own. mail: 2 at once, as a mail server may answer late. */
  readonly queue: QueueName
  readonly input: Input
  readonly attempts: number
  readonly backoffMs: number
  /** A run that starts later than this after it was asked for is dropped. */
  readonly expiresMs: number | undefined
  /** Only one unfinished run per answer; a second start gets the first one's id. */
  once?(input: Static<Input>): string
  lock?(input: Static<Input>): LockRequest
  /** Besides whoever started it, everybody of this role sees it, stops it and tries it again. Else admins only. */
  readonly sharedWith?: Role
  /** What a run that has not begun waits for, as a sentence; null where it is its turn. */
  waitsFor?(run: Run, app: App): string | null
  /** As part of the transaction in which it begins. What may be refused is refused in `run`. */
  begin?(input: Static<Input>, tx: Db): void
  /** Why a finished run need not be tried again, as a sentence; null where it may help. What was refused never is. */
  whyNoRetry?(input: Static<Input>, app: App): string | null
  /** After the run has failed for good or was cancelled, also before it ever began: what it leaves is put right here. */
  ended?(input: Static<Input>, app: App, how: { status: 'FAILURE' | 'CANCELLED'; error: string | null }): Promise<void>
  /** Twice must equal once: a process may die at any point of it. */
  run(input: Static<Input>, app: App, work: JobContext): Promise<Result>
}

type Wishes<App, Input extends TSchema, Result> = Pick<
  JobDefinition<App, Input, Result>,
  'input' | 'once' | 'lock' | 'begin' | 'run' | 'ended' | 'sharedWith' | 'waitsFor' | 'whyNoRetry'
> & {
  queue?: QueueName
  attempts?: number
  backoff?: Duration
  expires?: Duration
}

/** `const job = jobsOf<App>()`, then `job('sheets.import', { input, lock, run })`. */
export const jobsOf =
  <App>() =>
  <Input extends TSchema, Result>(
    name: string,
    wishes: Wishes<App, Input, Result>,
  ): JobDefinition<App, Input, Result> => ({
    ...wishes,
    name,
    queue: wishes.queue ?? 'quick',
    attempts: wishes.attempts ?? 3,
    backoffMs: ms(wishes.backoff ?? '2s'),
    expiresMs: wishes.expires && ms(wishes.expires),
  })

/** A failure that the job has already made known in its own way: the run fails for good, and no other alert is raised. */
export class AlertedFailure extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'ToldFailure'
  }
}

/** Why a run's signal was aborted. */
export class Cancelled extends Error {
  constructor() {
    super('Cancelled on request')
    this.name = 'Cancelled'
  }
}
export class ShuttingDown extends Error {
  constructor() {
    super('The process is stopping')
    this.name = 'ShuttingDown'
  }
}
