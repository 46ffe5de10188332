/** Every job. */
import { checkAlerts } from './admin/alerting/checking.ts'
import { backUp } from './admin/backups/jobs.ts'
import { indexRuns } from './admin/runs/indexing.ts'
import { sweepJobs } from './admin/sweep.ts'
import { doToMany } from './admin/tasks/bulk.ts'
import type { App } from './context.ts'
import { finalizeDue } from './leagues/jobs.ts'
import { updateQuotes } from './market/feeds/polling.ts'
import { auditLedgers } from './market/jobs.ts'
import { markDay } from './market/marks.ts'
import { forgetOld } from './retention.ts'
import { countDay } from './rosters/daily.ts'
import { alertExpiry } from './rosters/expiry.ts'
import { generateRoster } from './rosters/generate.ts'
import { scoreHealth } from './rosters/health.ts'
import type { JobDefinition } from './runtime/job.ts'
import { announce } from './sheets/announcing.ts'
import { importUpload } from './sheets/jobs.ts'
import { refreshAllStats, refreshDashboardStats, refreshExecutionStats, refreshUserStats } from './stats/jobs.ts'
import { ensureUpdates } from './tours/supervisor.ts'
import { updatePlayerScores } from './tours/update.ts'

export const jobs: readonly JobDefinition<App>[] = [
  importUpload,
  announce,
  updatePlayerScores,
  ensureUpdates,
  finalizeDue,
  sweepJobs,
  checkAlerts,
  indexRuns,
  doToMany,
  backUp,
  forgetOld,
  refreshDashboardStats,
  refreshExecutionStats,
  refreshUserStats,
  refreshAllStats,
  auditLedgers,
  markDay,
  updateQuotes,
  generateRoster,
  countDay,
  scoreHealth,
  alertExpiry,
]
