/** Every cron line, in UTC. A slot fires once however many processes run. */

import type { Config } from './config.ts'
import type { App } from './context.ts'
import { recordDailyMetrics } from './dashboard/daily-metrics.ts'
import { recordLeagueHealth } from './dashboard/record-league-health.ts'
import { announceLeaders, announceWeek } from './leagues/announce.ts'
import { finalizeDue } from './leagues/finalize.ts'
import { recordDailyValues } from './leagues/market/daily-values.ts'
import { auditLedgers } from './leagues/market/ledger-audit-job.ts'
import { mailPicksDue } from './leagues/tours/picks-mail.ts'
import { ensureUpdates } from './leagues/tours/supervisor.ts'
import { checkAlerts } from './monitor/alerts/check-conditions.ts'
import { backUp, sendBackupAway } from './monitor/backups/backup-jobs.ts'
import { refreshDashboardStats, refreshExecutionStats, refreshUserStats } from './monitor/statistics/warm-statistics.ts'
import { sweepJobs } from './monitor/tasks/sweep-jobs.ts'
import { every, type ScheduleEntry } from './platform/jobs/scheduler.ts'
import { deleteOld } from './retention.ts'
import { alertExpiringCertificates } from './rota/certificate-alerts.ts'
import { mailNotices } from './rota/notice-mail.ts'
import { indexRuns } from './runs/index-runs.ts'

export const scheduleOf = (config: Config): readonly ScheduleEntry<App>[] => [
  every('*/2 * * * *', ensureUpdates),
  every('* * * * *', finalizeDue),
  every('*/5 * * * *', announceLeaders),
  every('0 8 * * 1', announceWeek),
  every('7 * * * *', mailPicksDue),
  every('* * * * *', sweepJobs),
  every('* * * * *', checkAlerts),
  every('*/5 * * * *', indexRuns),
  every('1-59/4 * * * *', refreshDashboardStats), // staggered, so that no minute counts everything
  every('2-59/5 * * * *', refreshExecutionStats),
  every('3-59/6 * * * *', refreshUserStats),
  every('2 0 * * *', recordDailyValues),
  every('0 0 * * *', recordDailyMetrics),
  every('0 */12 * * *', recordLeagueHealth),
  every('* * * * *', mailNotices),
  every('0 6 * * *', alertExpiringCertificates),
  every('0 3 * * *', backUp),
  ...(config.backupS3Url ? [every(config.backupS3Schedule, sendBackupAway)] : []),
  every('30 3 * * *', auditLedgers),
  every('0 4 * * *', deleteOld),
]
