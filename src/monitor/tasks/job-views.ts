/** A run as its people and admins see it, and what is to be said of it. */
import { type Static, t } from 'elysia'
import { runStates } from '../../../db/schema.ts'
import type { App } from '../../context.ts'
import { isoOrNull } from '../../platform/clock.ts'
import { dateTimeSchema } from '../../platform/http/shared-schemas.ts'
import { type Run, runView } from '../../platform/jobs/runs.ts'
import { masked } from '../../platform/process/log.ts'
import { isProcessDead } from '../../platform/process/process-lock.ts'
import { hasWorker, processesOf } from '../processes.ts'

const moment = t.Nullable(dateTimeSchema)
export const jobSchema = t.Object(
  {
    job_id: t.String(),
    name: t.String(),
    status: t.Union(runStates.map(state => t.Literal(state))),
    progress: t.Integer({ minimum: 0, maximum: 100 }),
    stage: t.Nullable(t.String()),
    status_message: t.Nullable(t.String()),
    result: t.Unknown(),
    error: t.Nullable(t.String()),
    attempts: t.Integer(),
    created_at: moment,
    started_at: moment,
    completed_at: moment,
  },
  { $id: 'Job', description: 'A run of a job' },
)

/** Values under names that sound secret are left out. */
export const adminJobSchema = t.Composite(
  [
    jobSchema,
    t.Object({
      queue: t.String(),
      input: t.Unknown(),
      fingerprint: t.Nullable(t.String()),
      max_attempts: t.Integer(),
      worker_deaths: t.Integer({ description: 'Attempts that ended because their process died' }),
      started_by: t.Nullable(t.Integer()),
      not_before: t.Nullable(dateTimeSchema),
      cancel_requested_at: t.Nullable(dateTimeSchema),
    }),
  ],
  { $id: 'AdminJob', description: 'A run of a job, as admins see it' },
)
export type AdminJob = Static<typeof adminJobSchema>

export const adminJobView = (run: Run): AdminJob => ({
  ...runView(run),
  result: masked(run.result) ?? null,
  queue: run.queue,
  input: masked(run.input),
  fingerprint: run.fingerprint,
  max_attempts: run.maxAttempts,
  worker_deaths: run.deaths,
  started_by: run.startedBy,
  not_before: isoOrNull(run.notBefore),
  cancel_requested_at: isoOrNull(run.cancelRequestedAt),
})

/** Where the monitor of tasks stands. */
export const tasksPath = '/admin/task-monitor'
export const jobsPath = `${tasksPath}/jobs`
export const jobPath = (id: string) => `${jobsPath}/${id}`

/** Jobs as one speaks of them. */
const titles: Record<string, string> = {
  update_player_scores: 'score updates',
  ensure_updates: 'supervisor',
  'alerts.check': 'alert checks',
  'backups.make': 'backup',
  'backups.send': 'backup to S3',
  'jobs.sweep': 'job sweep',
  'leagues.announce': 'announcement',
  'leagues.announce_leaders': 'looking for new leaders',
  'leagues.announce_week': 'weekly announcements',
  'leagues.finalize_due': 'finalising leagues',
  'leagues.mail_final': 'mails of a final board',
  'ledger.audit': 'ledger audit',
  'market.mark_day': 'day marks of portfolios',
  'retention.forget': 'retention',
  'runs.index': 'search index',
  'tours.mail_picks_due': 'mails of picks that close',
  'roster.mail_notices': 'mails of roster changes',
  send_mail: 'mail',
  send_invitation: 'mail of an invitation',
  send_password_link: 'mail of a password link',
  'sheets.import': 'sheet import',
  'stats.refresh_dashboard': 'dashboard statistics',
  'stats.refresh_executions': 'execution statistics',
  'stats.refresh_users': 'user statistics',
}

export const jobTitle = (name: string): string => titles[name] ?? name.replaceAll(/[._]/g, ' ')

/** What is to be said of a run that its row cannot say: whether its worker lives, and what a cancel waits for. */

type Here = Pick<App, 'db' | 'processId' | 'config'>

/** The runs with that as their message. */
export function withMessages(here: Here, runs: readonly Run[]): Run[] {
  const dead = new Map<string, boolean>()
  const isDead = (id: string) => {
    const known = dead.get(id) ?? (id !== here.processId && isProcessDead(here.config.dataDir, id))
    dead.set(id, known)
    return known
  }
  return runs.map(run => {
    if (run.status !== 'PROGRESS') return run
    if (run.process !== null && isDead(run.process)) return { ...run, message: diedUnder(here, run.process) }
    return run.cancelRequestedAt === null ? run : { ...run, message: 'It was asked to stop and does within 2 s' }
  })
}

export const withMessage = (here: Here, run: Run): Run => withMessages(here, [run])[0] ?? run

function diedUnder(here: Here, id: string): string {
  const all = processesOf(here)
  const process = all.find(one => one.id === id)
  const which = process ? ` (${process.role}, pid ${process.pid} on ${process.host})` : ''
  const again = hasWorker(all) ? 'by another worker within 20 s' : 'as soon as a worker runs'
  return `Its worker${which} died; it is run again ${again}`
}
