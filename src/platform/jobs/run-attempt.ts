/** One attempt at a run: its job at work, with a log, progress and a signal, and how that ended. */
import { Value } from '@sinclair/typebox/value'
import { atomically } from '../../../db/transactions.ts'
import { messageOf } from '../../errors.ts'
import { unlessAborted } from '../process/with-timeout.ts'
import { Cancelled, type JobContext, type JobDefinition, ShuttingDown } from './job.ts'
import { insertLines, openRunLog } from './run-log.ts'
import type { JobApp, RunOutcomes } from './run-outcomes.ts'
import { openRunProgress } from './run-progress.ts'
import { changeRun, type NewRun, type Run, runById } from './runs.ts'
import type { Lease } from './task-locks.ts'

const graceAfterCancel = 1_500 // ms a run has to stop by itself

type Attempt<App> = {
  definition: JobDefinition<App>
  run: Run
  lease: Lease | undefined
  /** Its reason says why the run has to stop: `Cancelled`, `ShuttingDown`, a lost lease or a stalled job. */
  signal: AbortSignal
}

/** Throws if it failed, and then what is thrown tells the queue whether to try again. An interrupted run waits to be queued again. */
export async function performRun<App extends JobApp<App>>(
  app: App,
  { change, fail }: RunOutcomes,
  { definition, run, lease, signal }: Attempt<App>,
): Promise<'ended' | 'interrupted'> {
  const { db, clock, jobs } = app
  const { id, attempts } = run
  const log = app.log.with({ job_id: id, job: run.name })
  const runLog = openRunLog(db, clock, id, attempts, log)
  const progress = openRunProgress(db, id, runLog, jobs.changed)
  let hasSucceeded = false // unless that transaction was rolled back
  const isCancelled = () => signal.reason instanceof Cancelled

  const work: JobContext = {
    jobId: id,
    by: run.startedBy,
    attempt: attempts,
    signal,
    lease,
    log: runLog.log,
    progress: progress.report,
    succeed(tx, result) {
      const end = { ...progress.stop(), progress: 100, result: result ?? null, completedAt: clock.now() }
      hasSucceeded = changeRun(tx, id, ['PROGRESS'], { ...end, status: 'SUCCESS' }) !== undefined
      insertLines(tx, runLog.takeLines())
      lease?.drop(tx)
    },
  }

  const cancel = (end: Partial<NewRun> = {}) =>
    change(id, ['PROGRESS'], { ...progress.stop(), ...end, status: 'CANCELLED', completedAt: clock.now() })

  async function finish(result: unknown): Promise<void> {
    if (isCancelled() && !hasSucceeded) await cancel({ result: result ?? null })
    else {
      if (!hasSucceeded) await atomically(db, tx => work.succeed(tx, result), 'unsynced')
      jobs.changed(id)
    }
    log.info('Job done', { duration_ms: clock.now() - (run.startedAt ?? 0), attempt: attempts })
  }

  async function endEarly(error: unknown): Promise<'ended' | 'interrupted'> {
    const isInterrupted = signal.reason instanceof ShuttingDown
    const lastProgress = progress.stop()
    if (!isCancelled() && !isInterrupted) runLog.note('error', messageOf(error))
    runLog.write()
    if (isCancelled()) {
      await cancel()
      return 'ended'
    }
    if (!isInterrupted) return fail(run, error, lastProgress)
    const message = 'Interrupted by a restart'
    await change(id, ['PROGRESS'], { ...lastProgress, status: 'PENDING', attempts: attempts - 1, message })
    return 'interrupted'
  }

  try {
    const input = Value.Parse(definition.input, run.input)
    await finish(await unlessAborted(definition.run(input, app, work), signal, graceAfterCancel))
    return 'ended'
  } catch (error) {
    if (!hasSucceeded || runById(db).get({ id })?.status !== 'SUCCESS') return await endEarly(error)
    jobs.changed(id)
    return 'ended'
  } finally {
    runLog.close()
  }
}
