/** A run as its owner and admins see it, with remarks: whether its worker lives, what a cancel waits for, what a retry would do. */
import { type Static, t } from 'elysia'
import { runStates } from '../../../db/schema.ts'
import { usernamesOf } from '../../accounts/queries.ts'
import type { App } from '../../context.ts'
import { rowView } from '../../platform/http/row-view.ts'
import { nullableDateTime, oneOfWords } from '../../platform/http/shared-schemas.ts'
import { type Run, runById, runView } from '../../platform/jobs/runs.ts'
import { masked } from '../../platform/process/log.ts'
import { isProcessDead } from '../../platform/process/process-lock.ts'
import { hasWorker, processesOf } from '../processes.ts'
import { type Subject, subjectSchema, subjectsOf } from './run-subjects.ts'

export const jobSchema = t.Object(
  {
    job_id: t.String(),
    name: t.String(),
    status: oneOfWords(runStates),
    progress: t.Integer({ minimum: 0, maximum: 100 }),
    stage: t.Nullable(t.String()),
    status_message: t.Nullable(t.String()),
    result: t.Unknown(),
    error: t.Nullable(t.String()),
    attempts: t.Integer(),
    created_at: nullableDateTime,
    started_at: nullableDateTime,
    completed_at: nullableDateTime,
    can_retry: t.Boolean({ description: 'It failed or was cancelled, and trying it again may help' }),
    no_retry_reason: t.Nullable(
      t.String({
        description: 'Why not, of one that failed or was cancelled',
        examples: ['The same work is already under way'],
      }),
    ),
  },
  { $id: 'Job', description: 'A run of a job' },
)

const adminFields = t.Object({
  queue: t.String(),
  input: t.Unknown(),
  fingerprint: t.Nullable(t.String()),
  max_attempts: t.Integer(),
  worker_deaths: t.Integer({ description: 'Attempts that ended because their process died' }),
  started_by: t.Nullable(t.Integer()),
  started_by_name: t.Nullable(t.String({ description: 'null: Fieldhouse itself, or the operator' })),
  about: t.Array(subjectSchema, { description: 'What its input refers to' }),
  not_before: nullableDateTime,
  cancel_requested_at: nullableDateTime,
})
/** Values whose names sound secret are left out. */
export const adminJobSchema = t.Composite([jobSchema, adminFields], {
  $id: 'AdminJob',
  description: 'A run of a job, as admins see it',
})
type AdminJob = Static<typeof adminJobSchema>

/** A run with what its row does not contain. */
export type ShownRun = Run & { about: Subject[]; startedByName: string | null; noRetry: string | null }

const jobView = (run: Run & Pick<ShownRun, 'noRetry'>) => ({
  ...runView(run),
  can_retry: isRetriable(run) && run.noRetry === null,
  no_retry_reason: run.noRetry,
})
const isRetriable = ({ status }: Pick<Run, 'status'>) => status === 'FAILURE' || status === 'CANCELLED'

const forAdmins = rowView(adminFields)
export const adminJobView = (run: ShownRun): AdminJob => ({
  ...jobView(run),
  result: masked(run.result) ?? null,
  ...forAdmins({ ...run, input: masked(run.input), workerDeaths: run.deaths }),
})

type ViewContext = Pick<App, 'db' | 'processId' | 'config' | 'jobs'>

/** With their subjects, users, and whether a retry may help. */
export function shownRuns(context: ViewContext, runs: readonly Run[]): ShownRun[] {
  const subjects = subjectsOf(context.db, runs)
  const starters = runs.map(({ startedBy }) => startedBy)
  const people = usernamesOf(context.db, starters)
  const isDead = openDeathChecks(context)
  return runs.map(run => ({
    ...withRemarks(context, run, isDead),
    about: subjects.get(run.id) ?? [],
    startedByName: run.startedBy === null ? null : (people.get(run.startedBy) ?? null),
  }))
}

export const jobViewNow = (context: ViewContext, run: Run) =>
  jobView(withRemarks(context, run, openDeathChecks(context)))

function withRemarks(
  context: ViewContext,
  run: Run,
  isDead: (process: string) => boolean,
): Run & Pick<ShownRun, 'noRetry'> {
  const noRetry = isRetriable(run) ? context.jobs.whyNoRetry(run) : null
  const { status, process, cancelRequestedAt } = run
  if (status !== 'PROGRESS') return { ...run, noRetry }
  if (process !== null && isDead(process)) return { ...run, noRetry, message: workerDeathMessage(context, process) }
  return cancelRequestedAt === null
    ? { ...run, noRetry }
    : { ...run, noRetry, message: 'It was asked to stop and will within 2 s' }
}

function openDeathChecks({ processId, config }: ViewContext): (process: string) => boolean {
  const dead = new Map<string, boolean>()
  return id => {
    const isDead = dead.get(id) ?? (id !== processId && isProcessDead(config.dataDir, id))
    dead.set(id, isDead)
    return isDead
  }
}

/** After a retry that was not possible. */
export function whyNotRetried({ db, jobs }: ViewContext, id: string): string {
  const run = runById(db).get({ id })
  const reason = run && isRetriable(run) ? jobs.whyNoRetry(run) : null
  return reason ?? 'Only a failed or cancelled job can be tried again'
}

function workerDeathMessage(context: ViewContext, id: string): string {
  const all = processesOf(context)
  const process = all.find(other => other.id === id)
  const which = process ? ` (${process.role}, pid ${process.pid} on ${process.host})` : ''
  const again = hasWorker(all) ? 'by another worker within 20 s' : 'as soon as a worker runs'
  return `Its worker${which} died; it is run again ${again}`
}
