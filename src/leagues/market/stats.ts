import type { App } from '../../context.ts'
import type { League } from '../league.ts'
import { ledgerTotals } from './queries.ts'
import { percentOf } from './quote.ts'

/** Statistics of a market league. */
export async function marketStats(app: App, league: League): Promise<Record<string, unknown>> {
  const { db, livePortfolios } = app
  const { columns } = await livePortfolios.board(league)
  const portfolios = await livePortfolios.portfolios(league.id)
  const sums = ledgerTotals(db, { leagueId: league.id })
  const total = columns.total.reduce((sum, value) => sum + value, 0)
  const returns = (columns.metrics.find(({ name }) => name === 'return_pct')?.values ?? new Float64Array()).toSorted()
  const returnAt = (share: number) => returns[Math.round(share * (returns.length - 1))] ?? null
  return {
    portfolios: sums.portfolios,
    trades: sums.trades,
    volume_cents: sums.volume,
    fees_cents: sums.fees,
    cash_cents: sums.cash,
    total_cents: total,
    invested_pct: percentOf(total - sums.cash, total),
    return_pct: { best: returnAt(1), median: returnAt(0.5), worst: returnAt(0) },
    most_held: portfolios.mostHeld(10),
  }
}
