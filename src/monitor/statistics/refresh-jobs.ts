/** The jobs that refresh statistics ahead of their readers. */
import { job } from '../../context.ts'
import { locks } from '../../locks.ts'
import type { LockRequest } from '../../platform/jobs/task-locks.ts'
import { refreshStatistics, type StatisticsName } from './warm-statistics.ts'

const refresher = (name: string, lock: () => LockRequest, names: readonly StatisticsName[]) =>
  job(name, {
    attempts: 1, // the next slot comes soon enough
    expires: '3m',
    once: () => 'all',
    lock,
    run: (_input, app, { signal, progress, log }) =>
      refreshStatistics(app, names, signal, log, share => progress(share * 100, 'refreshing')),
  })

export const refreshDashboardStats = refresher('stats.refresh_dashboard', locks.refreshDashboard, ['dashboard'])
export const refreshExecutionStats = refresher('stats.refresh_executions', locks.refreshExecutions, ['executions'])
export const refreshUserStats = refresher('stats.refresh_users', locks.refreshUsers, ['users'])
/** By hand: all statistics. */
export const refreshAllStats = refresher('stats.refresh', locks.refreshAll, ['dashboard', 'executions', 'users'])
