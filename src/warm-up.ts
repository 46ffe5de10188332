/** What is loaded before `/readyz` reports ready, for at most two seconds; the rest goes on in the background. */
import { warmUsers } from './accounts/warm-up.ts'
import type { App } from './context.ts'
import { scheduleAllQuotePolls } from './leagues/market/quote-feeds/update-quotes.ts'
import { warmQuotes } from './leagues/market/warm-up.ts'
import { warmBoards } from './leagues/warm-up.ts'
import { reportDamage } from './monitor/database-files.ts'
import { refreshStatistics } from './monitor/statistics/warm-statistics.ts'
import { withTimeout } from './platform/process/with-timeout.ts'

export const warmers: App['warmers'] = {
  boards: warmBoards,
  quotes: warmQuotes,
  feeds: scheduleAllQuotePolls,
  users: warmUsers,
  statistics: (app, signal) => refreshStatistics(app, ['dashboard', 'executions', 'users'], signal),
}

export async function warmUp(app: App, signal: AbortSignal): Promise<void> {
  const warm = async ([name, warmer]: [string, (typeof warmers)[string]]) => {
    await warmer(app, signal).catch(error => {
      if (signal.aborted) return
      app.log.warn('What is loaded before the first request could not be loaded', { name, error })
      return reportDamage(app, error)
    })
  }
  await withTimeout(Promise.all(Object.entries(warmers).map(warm)), 2_000, () => {})
}
