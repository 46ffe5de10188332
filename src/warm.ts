/** What is warmed before `/readyz` says ready, for at most two seconds; the rest goes on in the background. */
import { warmUsers } from './accounts/warm.ts'
import { watchForDamage } from './admin/damage.ts'
import type { App } from './context.ts'
import { warmBoards } from './leagues/warm.ts'
import { followFeeds, warmQuotes } from './market/warm.ts'
import { refreshStatistics } from './stats/warmth.ts'

const warmers: Record<string, (app: App) => Promise<unknown>> = {
  boards: warmBoards,
  quotes: warmQuotes,
  feeds: followFeeds,
  users: warmUsers,
  statistics: app => refreshStatistics(app, ['dashboard', 'executions', 'users']),
}

export async function warmUp(app: App, signal: AbortSignal): Promise<void> {
  const warm = async ([name, warmer]: [string, (app: App) => Promise<unknown>]) => {
    await warmer(app).catch(error => {
      if (signal.aborted) return
      app.log.warn('Could not warm', { name, error })
      return watchForDamage(app, error)
    })
  }
  await Promise.race([Promise.all(Object.entries(warmers).map(warm)), Bun.sleep(2_000)])
}
