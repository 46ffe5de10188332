/** A league that is live again: shares are split, and wrong prices and dividends taken back, as was done elsewhere while it was final. */
import { asc, gte } from 'drizzle-orm'
import type { Db } from '../../../../db/open.ts'
import { symbolActions } from '../../../../db/schema.ts'
import type { League } from '../../league.ts'
import { splitHoldings, undoPayments } from './splits-and-dividends.ts'
import { type SymbolAction, storeCounts, type Written } from './symbol-action.ts'
import { undoTrades } from './void-price.ts'

/** Dividends of that time are not paid. */
export function applyMissedActions(tx: Db, { id, finalizedAt }: League, at: number): void {
  const missed = tx
    .select()
    .from(symbolActions)
    .where(gte(symbolActions.at, finalizedAt ?? at))
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
    void: undoTrades,
    undo: undoPayments,
    dividend: () => ({ lines: 0 }),
  }
