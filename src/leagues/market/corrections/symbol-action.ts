/** What officers did to a symbol that changed ledgers, as it is kept and told. */
import { count, desc, eq } from 'drizzle-orm'
import { type Static, t } from 'elysia'
import type { Db } from '../../../../db/open.ts'
import { symbolActionKinds, symbolActions, users } from '../../../../db/schema.ts'
import { iso } from '../../../platform/clock.ts'
import type { PageSlice } from '../../../platform/http/pagination.ts'
import { dateTimeSchema } from '../../../platform/http/text-formats.ts'

export type SymbolAction = typeof symbolActions.$inferSelect

export const symbolActionSchema = t.Object(
  {
    id: t.Integer(),
    symbol: t.String(),
    kind: t.Union(symbolActionKinds.map(kind => t.Literal(kind))),
    at: dateTimeSchema,
    username: t.Nullable(t.String({ description: 'Who did it; null: the operator' })),
    reason: t.Nullable(t.String()),
    price_cents: t.Integer({ description: 'The wrong price; the price that was split; paid per share' }),
    split_to: t.Nullable(t.Integer({ description: 'So many shares …' })),
    split_from: t.Nullable(t.Integer({ description: '… for so many' })),
    lines: t.Integer({ description: 'Written to ledgers: trades taken back, portfolios changed' }),
    kept: t.Integer({ description: 'Trades at a wrong price that stay, because their league is final' }),
  },
  {
    description: 'A wrong price taken back, a split or a dividend',
    examples: [
      {
        id: 4,
        symbol: 'ACME',
        kind: 'void',
        at: '2026-03-01T12:30:00.000Z',
        username: 'olga',
        reason: 'A slip of the decimal point',
        price_cents: 213_500,
        split_to: null,
        split_from: null,
        lines: 3,
        kept: 0,
      },
    ],
  },
)
export type SymbolActionView = Static<typeof symbolActionSchema>

export const insertAction = (tx: Db, action: typeof symbolActions.$inferInsert): SymbolAction =>
  tx.insert(symbolActions).values(action).returning().get()

/** How much an action has changed, known once it has. */
export function countLines(tx: Db, action: SymbolAction, counts: { lines: number; kept?: number }): SymbolAction {
  tx.update(symbolActions).set(counts).where(eq(symbolActions.id, action.id)).run()
  return { ...action, ...counts }
}

export const symbolActionView = (action: SymbolAction, username: string | null): SymbolActionView => ({
  id: action.id,
  symbol: action.symbol,
  kind: action.kind,
  at: iso(action.at),
  username,
  reason: action.reason,
  price_cents: action.cents,
  split_to: action.sharesTo,
  split_from: action.sharesFrom,
  lines: action.lines,
  kept: action.kept,
})

/** The newest first. */
export function listActions(db: Db, symbol: string, { limit, offset }: PageSlice) {
  const rows = db
    .select({ action: symbolActions, username: users.username })
    .from(symbolActions)
    .leftJoin(users, eq(users.id, symbolActions.by))
    .where(eq(symbolActions.symbol, symbol))
    .orderBy(desc(symbolActions.id))
    .limit(limit)
    .offset(offset)
    .all()
  const ofSymbol = db.select({ total: count() }).from(symbolActions).where(eq(symbolActions.symbol, symbol))
  return {
    actions: rows.map(({ action, username }) => symbolActionView(action, username)),
    total: ofSymbol.get()?.total ?? 0,
  }
}
