import { cached } from '../../cached.ts'
import type { App } from '../../context.ts'
import { refuse } from '../../errors.ts'
import type { CacheResult } from '../../platform/cache/cache.ts'
import type { League } from '../league.ts'
import { marketConfigOf } from './config.ts'
import { type PortfolioView, type ValuedPortfolio, valuePortfolio, withQuoteAge } from './portfolio.ts'
import { findPortfolio, heldSymbols, portfolioKey, quotedHoldings, usernameById, valueAtOpen } from './queries.ts'
import { endOfDay } from './quote.ts'

/**
 * The current portfolio. The cached value depends on the stamps of the portfolio, its league, its members' names and the symbols it
 * holds, so a quote drops exactly the portfolios that hold it; the age of the quotes is computed for each answer.
 */
export async function readPortfolio(app: App, league: League, userId: number): Promise<CacheResult<PortfolioView>> {
  const now = app.clock.now()
  const found = await app.cache.read(
    cached.portfolio,
    portfolioScope(app, league, userId),
    () => loadPortfolio(app, league, userId, now),
    endOfDay(now),
  )
  const seen = league.finalizedAt ?? now
  return found.at(Math.floor(seen / 1000), withQuoteAge(found.value, seen, marketConfigOf(league).quote_max_age_s))
}

export function portfolioScope(
  { db, stamps }: Pick<App, 'db' | 'stamps'>,
  league: League,
  userId: number,
): [string, string] {
  const quotes = heldSymbols(db, league.id, userId).map(symbol => ['quote', symbol] as const)
  const id = String(league.id)
  const version = stamps.versionOf([['league', id], ['members', id], ...(league.finalizedAt === null ? quotes : [])])
  return [portfolioKey(league.id, userId), Bun.hash(version).toString(36)]
}

function loadPortfolio({ db }: App, league: League, userId: number, now: number): ValuedPortfolio {
  const portfolio =
    findPortfolio(db, league.id, userId) ??
    refuse('not_found', `User ${userId} has no portfolio here and has not joined this league`)
  const atOpen = league.finalizedAt === null ? valueAtOpen(db, portfolio, now) : null
  return valuePortfolio(portfolio, usernameById(db, userId), quotedHoldings(db, league, userId), atOpen)
}
