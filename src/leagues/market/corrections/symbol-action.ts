/** A correction of a symbol that changed ledgers, as stored and shown. */
import { and, desc, eq, sql } from 'drizzle-orm'
import { type Static, t } from 'elysia'
import { countRows } from '../../../../db/count-rows.ts'
import type { Db } from '../../../../db/open.ts'
import { symbolActionKinds, symbolActions, users } from '../../../../db/schema.ts'
import type { PageSlice } from '../../../platform/http/pagination.ts'
import type { Who } from '../../../platform/http/request-context.ts'
import { rowView } from '../../../platform/http/row-view.ts'
import { dateTimeSchema, idSchema, oneOfWords } from '../../../platform/http/shared-schemas.ts'

export type SymbolAction = typeof symbolActions.$inferSelect
/** When, by whom and why it is done. */
export type OfficerAction = Pick<SymbolAction, 'at' | 'by' | 'reason'>

export const symbolActionSchema = t.Object(
  {
    id: idSchema,
    symbol: t.String(),
    kind: oneOfWords(symbolActionKinds),
    at: dateTimeSchema,
    username: t.Nullable(t.String({ description: 'Who did it, shown to signed-in users; null: the operator' })),
    reason: t.Nullable(t.String()),
    price_cents: t.Integer({
      description: 'The wrong price, the price that was split, or the amount paid or taken back per share',
    }),
    split_to: t.Nullable(t.Integer({ description: 'Shares after the split' })),
    split_from: t.Nullable(t.Integer({ description: 'Shares before the split' })),
    lines: t.Integer({ description: 'Lines written to ledgers: trades undone or portfolios changed' }),
    kept: t.Integer({ description: 'Lines that stay although they were wrong, while their league is final' }),
    undone: t.Boolean({ description: 'Whether the dividend was taken back' }),
  },
  {
    description: 'A wrong price taken back, a split, a dividend, or one taken back (`undo`)',
    examples: [
      {
        id: 4,
        symbol: 'ACME',
        kind: 'void',
        at: '2026-03-01T12:30:00.000Z',
        username: 'olga',
        reason: 'The decimal point was in the wrong place',
        price_cents: 213_500,
        split_to: null,
        split_from: null,
        lines: 3,
        kept: 0,
        undone: false,
      },
    ],
  },
)
export type SymbolActionView = Static<typeof symbolActionSchema>

export const insertAction = (tx: Db, action: typeof symbolActions.$inferInsert): SymbolAction =>
  tx.insert(symbolActions).values(action).returning().get()

/** Lines that an action has written, and wrong ones that it has kept. */
export type Written = Pick<SymbolAction, 'lines' | 'kept'>

/** Stores how much an action has changed, which is only known afterwards. */
export function storeCounts(tx: Db, action: SymbolAction, counts: Partial<Written>): SymbolAction {
  tx.update(symbolActions).set(counts).where(eq(symbolActions.id, action.id)).run()
  return { ...action, ...counts }
}

const actionView = rowView(symbolActionSchema)
type ActionState = {
  /** Who did it; null for the operator, and for strangers, who do not see it. */
  username: string | null
  undone: boolean
}
export function symbolActionView(action: SymbolAction, state: ActionState): SymbolActionView {
  const { cents: priceCents, sharesTo: splitTo, sharesFrom: splitFrom } = action
  return actionView({ ...action, ...state, priceCents, splitTo, splitFrom })
}

/** Whether a dividend was taken back; `symbol` finds it by the index. */
export const isUndone = sql<number>`exists (
  select 1 from symbol_actions back where back.symbol = symbol_actions.symbol and back.undoes = symbol_actions.id)`

/** Prices from before it can no longer be taken back. */
export const lastSplitAt = (db: Db, symbol: string): number | undefined =>
  db
    .select({ at: symbolActions.at })
    .from(symbolActions)
    .where(and(eq(symbolActions.symbol, symbol), eq(symbolActions.kind, 'split')))
    .orderBy(desc(symbolActions.id))
    .limit(1)
    .get()?.at

/** Newest first. */
export function listActions(db: Db, symbol: string, { limit, offset }: PageSlice, who: Who | undefined) {
  const rows = db
    .select({ action: symbolActions, username: users.username, undone: isUndone })
    .from(symbolActions)
    .leftJoin(users, eq(users.id, symbolActions.by))
    .where(eq(symbolActions.symbol, symbol))
    .orderBy(desc(symbolActions.id))
    .limit(limit)
    .offset(offset)
    .all()
  return {
    actions: rows.map(({ action, username, undone }) =>
      symbolActionView(action, { username: who ? username : null, undone: undone === 1 }),
    ),
    total: countRows(db, symbolActions, eq(symbolActions.symbol, symbol)),
  }
}
