/** A run as admins see it. */
import { type Static, t } from 'elysia'
import { isoOrNull } from '../../platform/clock.ts'
import { dateTimeSchema } from '../../platform/http/text-formats.ts'
import { type Run, runView } from '../../platform/jobs/runs.ts'
import { masked } from '../../platform/process/log.ts'
import { jobSchema } from './job-routes.ts'

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
