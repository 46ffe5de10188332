/** The effect an order would have now: the form shows it before it is sent. */
import { type Static, t } from 'elysia'
import type { Db } from '../../../db/open.ts'
import type { League } from '../league.ts'
import { marketConfigOf } from './config.ts'
import type { Order } from './order.ts'
import { previewOrder } from './place-order.ts'
import { accountOf } from './queries.ts'
import { percentOf } from './quote.ts'
import { findQuote } from './quote-queries.ts'

const cents = t.Nullable(t.Integer())
export const orderPreviewSchema = t.Object(
  {
    allowed: t.Boolean(),
    refusal: t.Nullable(t.Object({ rule: t.String(), detail: t.String() })),
    price_cents: cents,
    quote_age_s: t.Nullable(t.Integer()),
    amount_cents: cents,
    fee_cents: t.Integer(),
    cash_cents: cents,
    cash_after_cents: cents,
    holding: t.Integer(),
    holding_after: t.Integer(),
    share_after_pct: t.Nullable(t.Number({ description: 'In percent of the total value after the order' })),
    most: t.Nullable(t.Integer({ description: 'The largest quantity that the broken rule would accept' })),
  },
  { description: 'The effect of an order' },
)
export type Preview = Static<typeof orderPreviewSchema>

export function orderPreview(db: Db, league: League, userId: number, order: Order, now: number): Preview {
  const decision = previewOrder(db, league.id, userId, order, now)
  const refusal = 'refusal' in decision ? decision.refusal : undefined
  const { symbol, side, quantity } = order
  const quote = findQuote(db, symbol)
  const { cash, position, others } = accountOf(db, decision.portfolio, symbol)
  const { fee_cents } = marketConfigOf(league)
  const held = position.quantity
  const after = held + (side === 'buy' ? quantity : -quantity)
  const amount = quote ? quantity * quote.priceCents : null
  const cashAfter = amount === null ? null : cash - fee_cents + (side === 'buy' ? -amount : amount)
  const value = quote ? after * quote.priceCents : 0
  const total = (cashAfter ?? cash) + others + value
  const { rule = '', most } = refusal?.facts ?? {}
  return {
    allowed: refusal === undefined,
    refusal: refusal ? { rule: String(rule), detail: refusal.detail } : null,
    price_cents: quote?.priceCents ?? null,
    quote_age_s: quote ? Math.max(0, Math.floor((now - quote.asOf) / 1000)) : null,
    amount_cents: amount,
    fee_cents,
    cash_cents: cash,
    cash_after_cents: cashAfter,
    holding: held,
    holding_after: after,
    share_after_pct: quote && total > 0 ? percentOf(value, total) : null,
    most: typeof most === 'number' ? most : null,
  }
}
