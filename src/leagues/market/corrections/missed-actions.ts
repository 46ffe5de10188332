/** A league that is live again: what was split, paid and taken back elsewhere while it was final is done in it as well. */
import { and, asc, eq, gte, not } from 'drizzle-orm'
import type { Db } from '../../../../db/open.ts'
import { prices, symbolActions } from '../../../../db/schema.ts'
import type { League } from '../../league.ts'
import { correctPastValues } from './past-values.ts'
import { payHolders, splitHoldings, undoPayments } from './splits-and-dividends.ts'
import { isUndone, lastSplitAt, type SymbolAction, storeCounts, type Written } from './symbol-action.ts'
import { undoTrades } from './void-price.ts'

export function applyMissedActions(tx: Db, { id, finalizedAt }: League, at: number): void {
  const missed = tx
    .select()
    .from(symbolActions)
    .where(and(gte(symbolActions.at, finalizedAt ?? at), not(isUndone)))
    .orderBy(asc(symbolActions.id))
    .all()
  for (const action of missed) {
    const { lines } = apply[action.kind](tx, { ...action, at }, id)
    const isKept = action.kind === 'void' || action.kind === 'undo'
    if (lines > 0) storeCounts(tx, action, { lines: action.lines + lines, kept: action.kept - (isKept ? lines : 0) })
  }
}

const apply: Record<SymbolAction['kind'], (tx: Db, action: SymbolAction, leagueId: number) => Pick<Written, 'lines'>> =
  {
    split: (tx, action, leagueId) => ({ lines: splitHoldings(tx, action, leagueId) }),
    void: undoTradesAndValues,
    undo: undoPayments,
    dividend: (tx, action, leagueId) => ({ lines: payHolders(tx, action, leagueId) }),
  }

/** Past values stay if the price is not known any more, or the symbol was split since: it is known in new shares only. */
function undoTradesAndValues(tx: Db, action: SymbolAction, leagueId: number): Written {
  const written = undoTrades(tx, action, leagueId)
  const price = tx
    .select()
    .from(prices)
    .where(eq(prices.id, action.priceId ?? 0))
    .get()
  if (price && (lastSplitAt(tx, price.symbol) ?? 0) < price.receivedAt)
    correctPastValues(tx, price, action.at, leagueId)
  return written
}
