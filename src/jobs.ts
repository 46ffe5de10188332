/** Every job. */

import { sendAccountNotice } from './accounts/account-notice.ts'
import { sendPasswordLink } from './accounts/forgotten-password.ts'
import { sendInvitation } from './accounts/invitation.ts'
import type { App } from './context.ts'
import { recordDailyMetrics } from './dashboard/daily-metrics.ts'
import { recordLeagueHealth } from './dashboard/record-league-health.ts'
import { announce, announceLeaders, announceWeek } from './leagues/announce.ts'
import { mailFinal } from './leagues/final-mail.ts'
import { finalizeDue } from './leagues/finalize.ts'
import { recordDailyValues } from './leagues/market/daily-values.ts'
import { auditLedgers } from './leagues/market/ledger-audit-job.ts'
import { updateQuotes } from './leagues/market/quote-feeds/update-quotes.ts'
import { importUpload } from './leagues/sheets/import-job.ts'
import { mailPicksDue } from './leagues/tours/picks-mail.ts'
import { ensureUpdates } from './leagues/tours/supervisor.ts'
import { updatePlayerScores } from './leagues/tours/update-player-scores.ts'
import { testWebhook } from './leagues/webhook.ts'
import { sendMail } from './mail/send.ts'
import { checkAlerts } from './monitor/alerts/check-conditions.ts'
import { testAlerts } from './monitor/alerts/send-alerts.ts'
import { backUp, sendBackupAway } from './monitor/backups/backup-jobs.ts'
import {
  refreshAllStats,
  refreshDashboardStats,
  refreshExecutionStats,
  refreshUserStats,
} from './monitor/statistics/warm-statistics.ts'
import { bulkAction } from './monitor/tasks/bulk-action.ts'
import { sweepJobs } from './monitor/tasks/sweep-jobs.ts'
import type { JobDefinition } from './platform/jobs/job.ts'
import { deleteOld } from './retention.ts'
import { alertExpiringCertificates } from './rota/certificate-alerts.ts'
import { generateRoster } from './rota/generate.ts'
import { mailNotices } from './rota/notice-mail.ts'
import { indexRuns } from './runs/index-runs.ts'

export const jobs: readonly JobDefinition<App>[] = [
  sendMail,
  sendPasswordLink,
  sendAccountNotice,
  sendInvitation,
  importUpload,
  announce,
  announceLeaders,
  announceWeek,
  testWebhook,
  updatePlayerScores,
  ensureUpdates,
  finalizeDue,
  mailFinal,
  mailPicksDue,
  sweepJobs,
  checkAlerts,
  testAlerts,
  indexRuns,
  bulkAction,
  backUp,
  sendBackupAway,
  deleteOld,
  refreshDashboardStats,
  refreshExecutionStats,
  refreshUserStats,
  refreshAllStats,
  auditLedgers,
  recordDailyValues,
  updateQuotes,
  generateRoster,
  mailNotices,
  recordDailyMetrics,
  recordLeagueHealth,
  alertExpiringCertificates,
]
