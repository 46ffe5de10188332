/** Writes into the rows of runs how they went. */
import { UnrecoverableError } from 'bullmq'
import type { Db } from '../../../db/open.ts'
import { atomically } from '../../../db/transactions.ts'
import type { Clock } from '../clock.ts'
import type { Log } from '../process/log.ts'
import type { Jobs } from './jobs.ts'
import { fingerprintOf, isDeliberate, isFinal, isLastingRefusal, WorkerDied } from './run-failure.ts'
import { changeRun, type NewRun, type Run, unfinished } from './runs.ts'

/** What running a job needs of the app that the job is passed. */
export type JobApp<App> = { readonly db: Db; readonly clock: Clock; readonly log: Log; readonly jobs: Jobs<App> }

export type RunOutcomes = ReturnType<typeof openRunOutcomes>

/** `failed` is called when a run has failed for good. */
export function openRunOutcomes<App>(
  { db, clock, log, jobs }: JobApp<App>,
  failed: (run: Run, error: unknown) => void,
) {
  /** Unsynced: if a power cut loses it the run is done again, which is safe. */
  async function change(id: string, from: Run['status'][], to: Partial<NewRun>): Promise<Run | undefined> {
    const run = await atomically(db, tx => changeRun(tx, id, from, to), 'unsynced')
    if (run) await jobs.callAfterFailure(run)
    jobs.changed(id)
    return run
  }

  /** What is thrown tells the queue whether to try again. */
  async function fail(
    run: Run,
    error: unknown,
    lastProgress: Partial<NewRun>,
    final = isFinal(run, error),
  ): Promise<never> {
    const failure = error instanceof Error ? error : new Error(String(error))
    const after = await change(run.id, unfinished, {
      ...lastProgress,
      status: final ? 'FAILURE' : 'PENDING',
      error: failure.message,
      stack: failure instanceof WorkerDied ? null : failure.stack,
      deaths: run.deaths,
      fingerprint: fingerprintOf(run.name, failure),
      refused: final && isLastingRefusal(error),
      message: final ? null : `Attempt ${run.attempts} of ${run.maxAttempts} failed; trying again`,
      completedAt: final ? clock.now() : null,
    })
    const isUnexpected = final && !isDeliberate(error)
    log[isUnexpected ? 'error' : 'warn']('Job failed', {
      job_id: run.id,
      job: run.name,
      attempt: run.attempts,
      error: failure,
    })
    if (after && isUnexpected) failed(after, error)
    throw final ? new UnrecoverableError(failure.message) : error
  }

  return {
    change,
    fail,
    /** Fails a run that is not tried again, whatever attempts it has left. */
    giveUp: (run: Run, error: Error): Promise<never> => fail(run, error, {}, true),
    async endUnstarted(id: string, end: Partial<NewRun>): Promise<undefined> {
      await change(id, unfinished, { ...end, completedAt: clock.now() })
    },
  }
}
