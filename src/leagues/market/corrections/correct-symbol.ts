/** A correction by an officer, in one transaction: the ledgers, the prices and the audit log change together. */
import type { Db } from '../../../../db/open.ts'
import { atomically } from '../../../../db/transactions.ts'
import { audit } from '../../../audit.ts'
import type { Actor } from '../../../platform/http/request-context.ts'
import { reviewHeldPrice } from '../accept-quotes.ts'
import type { SplitRatio } from '../position.ts'
import { payDividend, splitSymbol, undoDividend } from './splits-and-dividends.ts'
import type { OfficerAction, SymbolAction } from './symbol-action.ts'
import { voidPrice } from './void-price.ts'

export type SymbolCorrection =
  | { kind: 'void'; priceId: number }
  | ({ kind: 'split' } & SplitRatio)
  | { kind: 'dividend'; perShareCents: number }
  | { kind: 'undo'; actionId: number }

type Asked = {
  symbol: string
  correction: SymbolCorrection
  reason: string | undefined
  who: Actor
  at: number
  holdPct: number
}

/** As a bulk write, because thousands may hold the symbol. */
export const correctSymbol = (db: Db, { symbol, correction, reason, who, at, holdPct }: Asked): Promise<SymbolAction> =>
  atomically(db, tx => {
    const action = act(tx, symbol, correction, { at, by: who.id, reason: reason ?? null })
    const { id, kind, cents, sharesTo, sharesFrom, lines, kept } = action
    const split = sharesTo && { split: `${sharesTo} for ${sharesFrom}` }
    if (kind === 'void' || kind === 'split') reviewHeldPrice(tx, symbol, { now: at, holdPct })
    const detail = { id, cents, ...split, lines, kept, reason }
    audit(tx, { at, who, action: `price.${kind}`, target: `price of ${symbol}`, detail })
    return action
  })

function act(tx: Db, symbol: string, correction: SymbolCorrection, officer: OfficerAction): SymbolAction {
  switch (correction.kind) {
    case 'void':
      return voidPrice(tx, symbol, correction.priceId, officer)
    case 'split':
      return splitSymbol(tx, symbol, correction, officer)
    case 'dividend':
      return payDividend(tx, symbol, correction.perShareCents, officer)
    case 'undo':
      return undoDividend(tx, symbol, correction.actionId, officer)
  }
}
