/** A league that is live again: what was split, paid and taken back elsewhere while it was final is done in it as well. */
import { and, asc, gte, not } from 'drizzle-orm'
import type { Db } from '../../../../db/open.ts'
import { symbolActions } from '../../../../db/schema.ts'
import type { League } from '../../league.ts'
import { payHolders, splitHoldings, undoPayments } from './splits-and-dividends.ts'
import { isUndone, type SymbolAction, storeCounts, type Written } from './symbol-action.ts'
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
    void: undoTrades,
    undo: undoPayments,
    dividend: (tx, action, leagueId) => ({ lines: payHolders(tx, action, leagueId) }),
  }
