/** The value of a portfolio, holding by holding, at the newest quotes or the closing prices of a final league. */
import { type Static, t } from 'elysia'
import type { portfolios } from '../../../db/schema.ts'
import { isAhead, iso } from '../../platform/clock.ts'
import { dateTimeSchema, idSchema } from '../../platform/http/shared-schemas.ts'
import { percentOf } from './quote.ts'

export type Portfolio = typeof portfolios.$inferSelect

/** A holding with the quote it is valued at. */
export type QuotedHolding = {
  symbol: string
  quantity: number
  costCents: number
  realisedCents: number
  priceCents: number
  asOf: number
}
/** The value of a portfolio when the day began; null if it did not exist. */
type AtOpen = number | null

const holdingSchema = t.Object({
  symbol: t.String(),
  quantity: t.Integer({ description: 'Below 0: sold short' }),
  cost_cents: t.Integer(),
  value_cents: t.Integer(),
  price_cents: t.Integer(),
  share_pct: t.Number({ description: 'Share of the total value in percent' }),
  unrealised_cents: t.Integer(),
  unrealised_pct: t.Number(),
  realised_cents: t.Integer({ description: 'Gain of closed positions, before fees' }),
  quote_as_of: dateTimeSchema,
  quote_age_s: t.Integer(),
  stale: t.Boolean({ description: 'The quote is too old for the league to trade at' }),
})
export const portfolioSchema = t.Object(
  {
    league_id: idSchema,
    user_id: idSchema,
    username: t.String(),
    starting_cents: t.Integer(),
    cash_cents: t.Integer(),
    holdings_cents: t.Integer(),
    total_cents: t.Integer(),
    return_pct: t.Number(),
    today_cents: t.Nullable(t.Integer({ description: 'Gain since 00:00 UTC' })),
    today_pct: t.Nullable(t.Number()),
    realised_cents: t.Integer(),
    unrealised_cents: t.Integer(),
    fees_cents: t.Integer(),
    trades: t.Integer(),
    stale_quotes: t.Integer(),
    as_of: dateTimeSchema,
    holdings: t.Array(holdingSchema),
    closed: t.Array(t.Object({ symbol: t.String(), realised_cents: t.Integer() })),
  },
  { description: 'A portfolio. Its total is the starting cash plus realised and unrealised gains, minus fees' },
)
export type HoldingView = Static<typeof holdingSchema>
export type PortfolioView = Static<typeof portfolioSchema>

/** Everything except what changes with the time of day. */
export type ValuedPortfolio = Omit<PortfolioView, 'as_of' | 'stale_quotes' | 'holdings'> & {
  holdings: Omit<HoldingView, 'quote_age_s' | 'stale'>[]
}

export function valuePortfolio(
  portfolio: Portfolio,
  username: string,
  held: readonly QuotedHolding[],
  atOpen: AtOpen,
): ValuedPortfolio {
  const { cashCents, grantedCents } = portfolio
  const open = held.filter(({ quantity }) => quantity !== 0)
  const value = ({ quantity, priceCents }: QuotedHolding) => quantity * priceCents
  const invested = open.reduce((sum, holding) => sum + value(holding), 0)
  const cost = open.reduce((sum, { costCents }) => sum + costCents, 0)
  const total = cashCents + invested
  return {
    league_id: portfolio.leagueId,
    user_id: portfolio.userId,
    username,
    starting_cents: grantedCents,
    cash_cents: cashCents,
    holdings_cents: invested,
    total_cents: total,
    return_pct: percentOf(total - grantedCents, grantedCents),
    today_cents: atOpen === null ? null : total - atOpen,
    today_pct: atOpen === null || atOpen <= 0 ? null : percentOf(total - atOpen, atOpen),
    realised_cents: portfolio.realisedCents,
    unrealised_cents: invested - cost,
    fees_cents: portfolio.feesCents,
    trades: portfolio.trades,
    holdings: open
      .map(holding => ({
        symbol: holding.symbol,
        quantity: holding.quantity,
        cost_cents: holding.costCents,
        value_cents: value(holding),
        price_cents: holding.priceCents,
        share_pct: percentOf(value(holding), total),
        unrealised_cents: value(holding) - holding.costCents,
        unrealised_pct: percentOf(value(holding) - holding.costCents, Math.abs(holding.costCents)),
        realised_cents: holding.realisedCents,
        quote_as_of: iso(holding.asOf),
      }))
      .sort((a, b) => Math.abs(b.value_cents) - Math.abs(a.value_cents) || (a.symbol < b.symbol ? -1 : 1)),
    closed: held
      .filter(({ quantity }) => quantity === 0)
      .map(({ symbol, realisedCents }) => ({ symbol, realised_cents: realisedCents })),
  }
}

/** The portfolio as seen at `now`: the age of its quotes, and which are too old to trade at. */
export function withQuoteAge({ holdings, ...rest }: ValuedPortfolio, now: number, maxAgeS: number): PortfolioView {
  const seen = holdings.map(holding => {
    const asOf = Date.parse(holding.quote_as_of)
    const age = Math.max(0, Math.floor((now - asOf) / 1000))
    return { ...holding, quote_age_s: age, stale: age > maxAgeS || isAhead(asOf, now) }
  })
  return {
    ...rest,
    stale_quotes: seen.filter(({ stale }) => stale).length,
    as_of: iso(now),
    holdings: seen,
  }
}
