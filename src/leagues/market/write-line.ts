/** Writes a line of the ledger and what follows from it: cash, holding and sums. Part of the caller's transaction. */
import { and, eq, sql } from 'drizzle-orm'
import type { Db } from '../../../db/open.ts'
import { holdings, type LedgerKind, ledger, portfolios } from '../../../db/schema.ts'
import { prepared } from '../../../db/transactions.ts'
import { touch } from '../../platform/cache/stamps.ts'
import { isTrade, type LedgerLine } from './ledger.ts'
import type { Portfolio } from './portfolio.ts'
import type { Position } from './position.ts'
import { portfolioKey } from './queries.ts'

type NewLine = {
  kind: Exclude<LedgerKind, 'grant'>
  at: number
  symbol: string
  quantity: number
  price: number
  fee: number
  cash: number
  realised: number
  priceId?: number
  undoes?: number
  actionId?: number
}

/** `before`: the current portfolio; `after`: the position in the symbol afterwards. */
export function writeLine(
  tx: Db,
  { leagueId, userId, cashCents }: Pick<Portfolio, 'leagueId' | 'userId' | 'cashCents'>,
  line: NewLine,
  after: Position,
): LedgerLine {
  const { symbol, fee, cash, realised } = line
  const trades = isTrade(line.kind) ? 1 : 0
  const volume = trades * Math.abs(line.quantity) * line.price
  updateCash(tx).run({ leagueId, userId, cash, realised, fee, volume, trades, corrections: 1 - trades })
  upsertHolding(tx).run({ leagueId, userId, symbol, ...after })
  touch(tx, 'portfolio', portfolioKey(leagueId, userId))
  touch(tx, 'scores', leagueId) // the league's board, players and statistics
  touch(tx, 'user', userId)
  touch(tx, 'activity', leagueId)
  return appendLedger(tx).get({
    leagueId,
    userId,
    ...{ priceId: null, undoes: null, actionId: null, ...line },
    cashAfter: cashCents + cash,
    quantityAfter: after.quantity,
  })
}

const updateCash = prepared(db =>
  db
    .update(portfolios)
    .set({
      cashCents: sql`${portfolios.cashCents} + ${sql.placeholder('cash')}`,
      realisedCents: sql`${portfolios.realisedCents} + ${sql.placeholder('realised')}`,
      feesCents: sql`${portfolios.feesCents} + ${sql.placeholder('fee')}`,
      volumeCents: sql`${portfolios.volumeCents} + ${sql.placeholder('volume')}`,
      trades: sql`${portfolios.trades} + ${sql.placeholder('trades')}`,
      corrections: sql`${portfolios.corrections} + ${sql.placeholder('corrections')}`,
    })
    .where(and(eq(portfolios.leagueId, sql.placeholder('leagueId')), eq(portfolios.userId, sql.placeholder('userId'))))
    .prepare(),
)

const upsertHolding = prepared(db =>
  db
    .insert(holdings)
    .values({
      leagueId: sql.placeholder('leagueId'),
      userId: sql.placeholder('userId'),
      symbol: sql.placeholder('symbol'),
      quantity: sql.placeholder('quantity'),
      costCents: sql.placeholder('cost'),
      realisedCents: sql.placeholder('realised'),
    })
    .onConflictDoUpdate({
      target: [holdings.leagueId, holdings.userId, holdings.symbol],
      set: {
        quantity: sql`excluded.quantity`,
        costCents: sql`excluded.cost_cents`,
        realisedCents: sql`excluded.realised_cents`,
      },
    })
    .prepare(),
)

const appendLedger = prepared(db =>
  db
    .insert(ledger)
    .values({
      leagueId: sql.placeholder('leagueId'),
      userId: sql.placeholder('userId'),
      at: sql.placeholder('at'),
      kind: sql.placeholder('kind'),
      symbol: sql.placeholder('symbol'),
      quantity: sql.placeholder('quantity'),
      priceCents: sql.placeholder('price'),
      feeCents: sql.placeholder('fee'),
      cashCents: sql.placeholder('cash'),
      cashAfterCents: sql.placeholder('cashAfter'),
      quantityAfter: sql.placeholder('quantityAfter'),
      realisedCents: sql.placeholder('realised'),
      priceId: sql.placeholder('priceId'),
      undoes: sql.placeholder('undoes'),
      actionId: sql.placeholder('actionId'),
    })
    .returning()
    .prepare(),
)
