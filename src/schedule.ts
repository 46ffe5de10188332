/** Every cron line, in UTC. A slot fires once however many processes run. */
import { checkAlerts } from './admin/alerting/checking.ts'
import { backUp } from './admin/backups/jobs.ts'
import { indexRuns } from './admin/runs/indexing.ts'
import { sweepJobs } from './admin/sweep.ts'
import type { App } from './context.ts'
import { finalizeDue } from './leagues/jobs.ts'
import { auditLedgers } from './market/jobs.ts'
import { markDay } from './market/marks.ts'
import { forgetOld } from './retention.ts'
import { countDay } from './rosters/daily.ts'
import { alertExpiry } from './rosters/expiry.ts'
import { scoreHealth } from './rosters/health.ts'
import { every, type ScheduleEntry } from './runtime/schedule.ts'
import { refreshDashboardStats, refreshExecutionStats, refreshUserStats } from './stats/jobs.ts'
import { ensureUpdates } from './tours/supervisor.ts'

export const schedule: readonly ScheduleEntry<App>[] = [
  every('*/2 * * * *', ensureUpdates),
  every('* * * * *', finalizeDue),
  every('* * * * *', sweepJobs),
  every('* * * * *', checkAlerts),
  every('*/5 * * * *', indexRuns),
  every('1-59/4 * * * *', refreshDashboardStats), // staggered, so that no minute counts everything
  every('2-59/5 * * * *', refreshExecutionStats),
  every('3-59/6 * * * *', refreshUserStats),
  every('2 0 * * *', markDay),
  every('0 0 * * *', countDay),
  every('0 */12 * * *', scoreHealth),
  every('0 6 * * *', alertExpiry),
  every('0 3 * * *', backUp),
  every('30 3 * * *', auditLedgers),
  every('0 4 * * *', forgetOld),
]
