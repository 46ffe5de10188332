import { cached } from '../cached.ts'
import type { App } from '../context.ts'
import { refuse } from '../errors.ts'
import type { League } from '../leagues/league.ts'
import type { Cached } from '../runtime/cache.ts'
import { day } from '../runtime/clock.ts'
import { configOf } from './config.ts'
import { aged, type PortfolioView, type Valued, valued } from './portfolio.ts'
import { findPortfolio, heldSymbols, portfolioKey, quotedHoldings, usernameOf, worthAtOpen } from './queries.ts'
import { quoteView, startOfDay } from './quote.ts'
import { findQuote } from './quote-queries.ts'

export function currentQuote({ db, cache, clock }: Pick<App, 'db' | 'cache' | 'clock'>, symbol: string) {
  const now = clock.now()
  const load = () => quoteView(findQuote(db, symbol) ?? refuse('not_found', `There is no quote of ${symbol}`), now)
  return cache.read(cached.quote, [symbol], load, startOfDay(now) + day)
}

/**
 * A portfolio as it stands. What is kept depends on the portfolio's own stamp, its league's and those of the symbols it
 * holds, so a quote drops exactly the portfolios that hold it; how old the quotes are is told anew each time.
 */
export async function readPortfolio(app: App, league: League, userId: number): Promise<Cached<PortfolioView>> {
  const now = app.clock.now()
  const found = await app.cache.read(
    cached.portfolio,
    scopeOf(app, league, userId),
    () => value(app, league, userId, now),
    startOfDay(now) + day,
  )
  const seen = league.finalizedAt ?? now
  return found.at(Math.floor(seen / 1000), aged(found.value, seen, configOf(league).quote_max_age_s))
}

export function scopeOf({ db, stamps }: Pick<App, 'db' | 'stamps'>, league: League, userId: number): [string, string] {
  const quotes = heldSymbols(db, league.id, userId).map(symbol => ['quote', symbol] as const)
  const version = stamps.of([['league', String(league.id)], ...(league.finalizedAt === null ? quotes : [])])
  return [portfolioKey(league.id, userId), Bun.hash(version).toString(36)]
}

function value({ db }: App, league: League, userId: number, now: number): Valued {
  const portfolio =
    findPortfolio(db, league.id, userId) ??
    refuse('not_found', `User ${userId} has no portfolio here: he has not joined this league`)
  const atOpen = league.finalizedAt === null ? worthAtOpen(db, portfolio, now) : null
  return valued(portfolio, usernameOf(db, userId), quotedHoldings(db, league, userId), atOpen)
}
