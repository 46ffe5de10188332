/** Every query that runs in the reading thread, because it may take more than 10 ms: plain data in, plain data out. */

import { usersReading } from './accounts/queries.ts'
import { damageReading } from './admin/damage.ts'
import { activeUsersReading } from './admin/monitoring/active-users.ts'
import { engagementReading } from './admin/monitoring/engagement.ts'
import { jobTimesReading } from './admin/monitoring/job-times.ts'
import { leagueActivityReading } from './admin/monitoring/league-activity.ts'
import { mainReading } from './admin/monitoring/main.ts'
import { overviewReading } from './admin/monitoring/overview.ts'
import { performanceReading } from './admin/monitoring/performance.ts'
import { tradedSymbols, tradingReading } from './admin/monitoring/trading.ts'
import { findRuns, idsOfRuns } from './admin/runs/find.ts'
import { taskReading } from './admin/tasks/reading.ts'
import { tradeCounts, tradingSuspects } from './market/suspects.ts'
import { dayCounts } from './rosters/daily.ts'
import { healthOfAll } from './rosters/health.ts'
import { judgeRoster, rosterProblem } from './rosters/loading.ts'
import { rosterMetrics } from './rosters/metrics.ts'
import { rosterView } from './rosters/view.ts'
import { copyLog } from './runtime/checkpoints.ts'
import { dashboardStats } from './stats/dashboard.ts'
import { executionStats } from './stats/executions.ts'
import { userStats } from './stats/users.ts'

export const readings = {
  usersReading,
  findRuns,
  idsOfRuns,
  taskReading,
  mainReading,
  overviewReading,
  activeUsersReading,
  engagementReading,
  leagueActivityReading,
  tradingReading,
  tradedSymbols,
  performanceReading,
  jobTimesReading,
  dashboardStats,
  executionStats,
  userStats,
  tradingSuspects,
  tradeCounts,
  rosterProblem,
  judgeRoster,
  rosterView,
  rosterMetrics,
  dayCounts,
  healthOfAll,
  copyLog,
  damageReading,
}
export type Readings = typeof readings
