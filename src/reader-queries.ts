/** Every query that runs in the reader thread, because it may take more than 10 ms: plain data in, plain data out. */

import type { Db } from '../db/open.ts'
import { usersReading } from './accounts/queries.ts'
import { countsOfDay } from './dashboard/daily-metrics.ts'
import { leagueScores } from './dashboard/league-health.ts'
import { siteScores } from './dashboard/site-health.ts'
import { tradeCounts, tradingSuspects } from './leagues/market/risk.ts'
import { auditCount, auditEntries } from './monitor/audit-log.ts'
import { damageReading } from './monitor/database-files.ts'
import {
  activeUsersReading,
  engagementReading,
  leagueActivityReading,
  tradedSymbols,
  tradingReading,
} from './monitor/overview/community.ts'
import { mainReading, overviewReading } from './monitor/overview/installation.ts'
import { jobTimesReading, performanceReading, statementReading } from './monitor/overview/performance.ts'
import { dashboardStats, userStats } from './monitor/statistics/dashboard.ts'
import { executionStats } from './monitor/statistics/executions.ts'
import { depthReading, jobsOverTime, taskReading } from './monitor/tasks/task-queries.ts'
import { copyMainLog } from './platform/files/wal-checkpoints.ts'
import { brokenDuties } from './rota/broken-duties.ts'
import { draftPart } from './rota/draft-page.ts'
import { rosterCsv } from './rota/exports.ts'
import { checkAssignments, loadProblemOfRange } from './rota/load-problem.ts'
import { calendarOf } from './rota/own/calendar.ts'
import { ownDuties } from './rota/own/own-duties.ts'
import { swapsFor } from './rota/own/swaps.ts'
import { checkDraft, draftTargets } from './rota/planner/check-draft.ts'
import { planMarkup, planPart } from './rota/planner/plan-week.ts'
import { candidatesFor } from './rota/replacements.ts'
import { rosterMetrics } from './rota/roster-metrics.ts'
import { rosterView, upcomingShifts } from './rota/roster-view.ts'
import { rotaPart } from './rota/rota-page.ts'
import { findRuns, idsOfRuns } from './runs/find-runs.ts'

export const readerQueries: readonly ((db: Db, input: never) => unknown)[] = [
  usersReading,
  auditCount,
  auditEntries,
  findRuns,
  idsOfRuns,
  taskReading,
  depthReading,
  jobsOverTime,
  mainReading,
  overviewReading,
  activeUsersReading,
  engagementReading,
  leagueActivityReading,
  tradingReading,
  tradedSymbols,
  performanceReading,
  jobTimesReading,
  statementReading,
  dashboardStats,
  executionStats,
  userStats,
  tradingSuspects,
  tradeCounts,
  loadProblemOfRange,
  checkAssignments,
  checkDraft,
  draftTargets,
  candidatesFor,
  brokenDuties,
  calendarOf,
  ownDuties,
  swapsFor,
  rosterView,
  rotaPart,
  planMarkup,
  planPart,
  draftPart,
  rosterCsv,
  upcomingShifts,
  rosterMetrics,
  countsOfDay,
  leagueScores,
  siteScores,
  copyMainLog,
  damageReading,
]
