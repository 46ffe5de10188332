/** A line of the ledger as the API shows it. */
import { type Static, t } from 'elysia'
import { type LedgerKind, type ledger, ledgerKinds } from '../../../db/schema.ts'
import { rowView } from '../../platform/http/row-view.ts'
import { dateTimeSchema, idSchema, oneOfWords } from '../../platform/http/shared-schemas.ts'
import type { Side } from './order.ts'

export type LedgerLine = typeof ledger.$inferSelect
/** With columns from other rows. */
export type ListedLine = LedgerLine & { username: string; undoneAt: number | null; reason: string | null }

export const isTrade = (kind: LedgerKind): kind is Side => kind === 'buy' || kind === 'sell'

export const sideSchema = oneOfWords(['buy', 'sell'])
const undoneAt = t.Nullable(dateTimeSchema, { description: 'When it was undone because the price was wrong' })
const text = t.Nullable(t.String())
const cents = t.Nullable(t.Integer())

export const tradeSchema = t.Object(
  {
    id: idSchema,
    league_id: idSchema,
    user_id: idSchema,
    symbol: t.String(),
    side: sideSchema,
    quantity: t.Integer(),
    price_cents: t.Integer(),
    amount_cents: t.Integer({ description: 'Quantity times price' }),
    fee_cents: t.Integer(),
    cash_cents: t.Integer({ description: 'Cash after the trade' }),
    holding: t.Integer({ description: 'Shares of the symbol held after the trade' }),
    realised_cents: t.Integer({ description: 'Gain of the trade, before the fee' }),
    at: dateTimeSchema,
    undone_at: undoneAt,
  },
  { description: 'A trade' },
)
type TradeView = Static<typeof tradeSchema>

const tradeRow = rowView(tradeSchema)
export function tradeView(line: LedgerLine & { undoneAt?: number | null }): TradeView {
  const quantity = Math.abs(line.quantity)
  const priceCents = line.priceCents ?? 0
  return tradeRow({
    ...line,
    symbol: line.symbol ?? '',
    side: line.quantity > 0 ? 'buy' : 'sell',
    quantity,
    priceCents,
    amountCents: quantity * priceCents,
    cashCents: line.cashAfterCents,
    holding: line.quantityAfter,
    undoneAt: line.undoneAt ?? null,
  })
}

export const ledgerLineSchema = t.Object(
  {
    id: idSchema,
    at: dateTimeSchema,
    user_id: idSchema,
    username: t.String(),
    kind: oneOfWords(ledgerKinds),
    symbol: text,
    quantity: t.Integer({ description: 'Shares received; below 0: given' }),
    price_cents: t.Nullable(t.Integer({ description: 'The price of the trade, or the dividend per share' })),
    fee_cents: t.Integer({ description: 'Below 0: given back' }),
    cash_cents: t.Integer({ description: 'Cash received, fee included; below 0: paid' }),
    cash_after_cents: t.Integer(),
    holding: t.Integer({ description: 'Shares of the symbol held after the line' }),
    realised_cents: t.Integer(),
    undoes: t.Nullable(t.Integer({ description: 'The line that this one undoes' })),
    undone_at: undoneAt,
    reason: text,
  },
  { description: 'A change of cash or holdings: a grant, trade, correction, split or dividend' },
)
export type LedgerLineView = Static<typeof ledgerLineSchema>

const lineView = rowView(ledgerLineSchema)
export const ledgerLineView = (line: ListedLine): LedgerLineView => lineView({ ...line, holding: line.quantityAfter })

const activityKinds = ['joined', 'trade', 'undone', 'split', 'dividend'] as const
type ActivityKind = (typeof activityKinds)[number]
export const activitySchema = t.Object(
  {
    id: idSchema,
    at: dateTimeSchema,
    kind: oneOfWords(activityKinds),
    user_id: idSchema,
    username: t.String(),
    symbol: text,
    side: t.Nullable(sideSchema, { description: 'The side of a trade, also of one that was undone' }),
    quantity: t.Nullable(
      t.Integer({ description: 'Shares traded or undone; for a split or dividend, the shares then held' }),
    ),
    price_cents: cents,
    reason: text,
  },
  { description: 'What happened to a portfolio of a league' },
)
export type ActivityView = Static<typeof activitySchema>

const activityKind: Record<LedgerKind, ActivityKind> = {
  grant: 'joined',
  buy: 'trade',
  sell: 'trade',
  undo: 'undone',
  split: 'split',
  dividend: 'dividend',
}

/** The line that undoes a trade has the opposite quantity. */
function sideOf({ kind, quantity }: LedgerLine): Side | null {
  if (isTrade(kind)) return kind
  if (kind !== 'undo' || quantity === 0) return null
  return quantity < 0 ? 'buy' : 'sell'
}

const lineActivity = rowView(activitySchema)
export function activityView(line: ListedLine): ActivityView {
  const side = sideOf(line)
  const quantity = side ? Math.abs(line.quantity) : line.symbol === null ? null : line.quantityAfter
  return lineActivity({ ...line, kind: activityKind[line.kind], side, quantity })
}
