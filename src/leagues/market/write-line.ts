/** Writes a line of the ledger and what follows from it: cash, holding and sums. Part of the caller's transaction. */
import { sql } from 'drizzle-orm'
import type { Db } from '../../../db/open.ts'
import { equalsGiven, excluded, type Given, preparedFor } from '../../../db/prepared-writes.ts'
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
  const { symbol, price, fee, cash, realised, ...facts } = line
  const trades = isTrade(line.kind) ? 1 : 0
  const volume = trades * Math.abs(line.quantity) * price
  updateCash(tx).run({ leagueId, userId, cash, realised, fee, volume, trades, corrections: 1 - trades })
  const { quantity, cost: costCents, realised: realisedCents } = after
  const holding = { leagueId, userId, symbol, quantity, costCents, realisedCents }
  upsertHolding(tx, holding).run(holding)
  touch(tx, 'portfolio', portfolioKey(leagueId, userId))
  touch(tx, 'scores', leagueId) // the league's board, players and statistics
  touch(tx, 'user', userId)
  touch(tx, 'activity', leagueId)
  const moved = { priceCents: price, feeCents: fee, cashCents: cash, realisedCents: realised }
  const balance = { cashAfterCents: cashCents + cash, quantityAfter: quantity }
  const values = { leagueId, userId, symbol, ...facts, ...moved, ...balance }
  return appendLedger(tx, values).get(values)
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
    .where(equalsGiven(portfolios.leagueId, portfolios.userId))
    .prepare(),
)

const upsertHolding = preparedFor(holdings, (db, holding: Given<typeof holdings.$inferInsert>) =>
  db
    .insert(holdings)
    .values(holding)
    .onConflictDoUpdate({
      target: [holdings.leagueId, holdings.userId, holdings.symbol],
      set: excluded(holdings.quantity, holdings.costCents, holdings.realisedCents),
    })
    .prepare(),
)

const appendLedger = preparedFor(ledger, (db, line: Given<typeof ledger.$inferInsert>) =>
  db.insert(ledger).values(line).returning().prepare(),
)
