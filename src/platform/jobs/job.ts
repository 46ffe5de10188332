import { type Static, type TSchema, t } from 'elysia'
import type { Db } from '../../../db/open.ts'
import type { Role } from '../../../db/schema.ts'
import { type Duration, ms } from '../clock.ts'
import type { Log } from '../process/log.ts'
import type { Run } from './runs.ts'
import type { Lease, LockRequest } from './task-locks.ts'

/** What a run is given besides the app: who started it, how to report progress, and when to stop. */
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
   * Marks the run as succeeded in the transaction that writes its result, which saves a transaction. Nothing that follows in
   * it may be refused. What `run` does afterwards is not part of the run, and its return value is not kept.
   */
  succeed(tx: Db, result: unknown): void
}

export const queueNames = ['quick', 'heavy', 'rosters', 'mail'] as const
export type QueueName = (typeof queueNames)[number]

export type JobDefinition<App, Input extends TSchema = TSchema, Result = unknown> = {
  readonly name: string
  /** quick: 10 at once. heavy: 1 at once, for imports and exports. rosters: 2 at once, in threads of their own. mail: 2 at once, because a mail server may be slow. */
  readonly queue: QueueName
  readonly input: Input
  readonly attempts: number
  readonly backoffMs: number
  /** A run that has not started this long after it was requested is dropped. */
  readonly expiresMs: number | undefined
  /** Only one unfinished run for each key that this returns; a second start gets the first one's id. */
  once?(input: Static<Input>): string
  lock?(input: Static<Input>): LockRequest
  /** Everybody with this role may see, cancel and retry it, besides the one who started it. Without it only admins may. */
  readonly sharedWith?: Role
  /** What a run that has not started is waiting for, as a sentence; null if it waits for nothing. */
  waitsFor?(run: Run, app: App): string | null
  /** Called in the transaction in which the run starts. Refusals belong in `run`. */
  begin?(input: Static<Input>, tx: Db): void
  /** Why it would not help to retry a finished run, as a sentence; null if it might. A refused run is never retried. */
  whyNoRetry?(input: Static<Input>, app: App): string | null
  /** Cleans up after the run has failed for good or was cancelled, even before it started. */
  afterFailure?(
    input: Static<Input>,
    app: App,
    how: { status: 'FAILURE' | 'CANCELLED'; error: string | null },
  ): Promise<void>
  /** Must be safe to run twice: the process may die at any point. */
  run(input: Static<Input>, app: App, work: JobContext): Promise<Result>
}

const noInput = t.Object({})
export type NoInput = typeof noInput

type Options<App, Input extends TSchema, Result> = Pick<
  JobDefinition<App, Input, Result>,
  'once' | 'lock' | 'begin' | 'run' | 'afterFailure' | 'sharedWith' | 'waitsFor' | 'whyNoRetry'
> & {
  input?: Input
  queue?: QueueName
  attempts?: number
  backoff?: Duration
  expires?: Duration
}

/** `const job = jobsOf<App>()`, then `job('sheets.import', { input, lock, run })`, or without `input`. */
export const jobsOf =
  <App>() =>
  <Input extends TSchema = NoInput, Result = unknown>(
    name: string,
    { input = noInput as TSchema as Input, ...options }: Options<App, Input, Result>,
  ): JobDefinition<App, Input, Result> => ({
    ...options,
    name,
    input,
    queue: options.queue ?? 'quick',
    attempts: options.attempts ?? 3,
    backoffMs: ms(options.backoff ?? '2s'),
    expiresMs: options.expires && ms(options.expires),
  })

/** A failure that the job has already reported in its own way: the run fails for good, and no other alert is raised. */
export class AlertedFailure extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'AlertedFailure'
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
