import type { App } from '../../context.ts'
import { pageOf } from '../../platform/http/pagination.ts'
import { listLeagues } from '../queries.ts'
import { currentQuote } from './quote-queries.ts'

const maxSymbols = 50 // symbols

/** Loads the quotes of the most held symbols in active leagues; their portfolios are then in memory too. */
export async function warmQuotes(app: App): Promise<void> {
  const { db, clock, livePortfolios } = app
  const holders = new Map<string, number>()
  const active = listLeagues(db, { kind: 'market', status: 'active' }, pageOf({ limit: 100 }), clock.now())
  for (const { id } of active)
    for (const held of (await livePortfolios.portfolios(id)).mostHeld(maxSymbols))
      holders.set(held.symbol, (holders.get(held.symbol) ?? 0) + held.holders)
  const most = [...holders].sort(([, a], [, b]) => b - a).slice(0, maxSymbols)
  for (const [symbol] of most) await currentQuote(app, symbol)
}
