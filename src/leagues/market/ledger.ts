/** A line of the ledger as it is told. */
import { type Static, t } from 'elysia'
import type { ledger } from '../../../db/schema.ts'
import { iso } from '../../platform/clock.ts'
import { dateTimeSchema } from '../../platform/http/text-formats.ts'

export type LedgerLine = typeof ledger.$inferSelect

const side = t.Union([t.Literal('buy'), t.Literal('sell')])
export const tradeSchema = t.Object(
  {
    id: t.Integer(),
    league_id: t.Integer(),
    user_id: t.Integer(),
    symbol: t.String(),
    side,
    quantity: t.Integer(),
    price_cents: t.Integer(),
    amount_cents: t.Integer({ description: 'Quantity times price' }),
    fee_cents: t.Integer(),
    cash_cents: t.Integer({ description: 'In cash after it' }),
    holding: t.Integer({ description: 'Held of the symbol after it' }),
    realised_cents: t.Integer({ description: 'Gained by it, before the fee' }),
    at: dateTimeSchema,
  },
  { description: 'A trade' },
)
export type TradeView = Static<typeof tradeSchema>

export const tradeView = (line: LedgerLine): TradeView => ({
  id: line.id,
  league_id: line.leagueId,
  user_id: line.userId,
  symbol: line.symbol ?? '',
  side: line.quantity > 0 ? 'buy' : 'sell',
  quantity: Math.abs(line.quantity),
  price_cents: line.priceCents ?? 0,
  amount_cents: Math.abs(line.quantity) * (line.priceCents ?? 0),
  fee_cents: line.feeCents,
  cash_cents: line.cashAfterCents,
  holding: line.quantityAfter,
  realised_cents: line.realisedCents,
  at: iso(line.at),
})

export const activitySchema = t.Object(
  {
    id: t.Integer(),
    at: dateTimeSchema,
    kind: t.Union([t.Literal('joined'), t.Literal('trade')]),
    user_id: t.Integer(),
    username: t.String(),
    symbol: t.Nullable(t.String()),
    side: t.Nullable(side),
    quantity: t.Nullable(t.Integer()),
    price_cents: t.Nullable(t.Integer()),
  },
  { description: 'What somebody did in a league' },
)
export type ActivityView = Static<typeof activitySchema>

export function activityView({
  id,
  at,
  kind,
  userId,
  username,
  ...line
}: LedgerLine & { username: string }): ActivityView {
  const isTrade = kind === 'buy' || kind === 'sell'
  return {
    id,
    at: iso(at),
    kind: isTrade ? 'trade' : 'joined',
    user_id: userId,
    username,
    symbol: line.symbol,
    side: isTrade ? kind : null,
    quantity: isTrade ? Math.abs(line.quantity) : null,
    price_cents: line.priceCents,
  }
}
