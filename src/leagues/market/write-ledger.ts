/** Writes a line of the ledger and what follows from it: cash, holding and sums. Part of the caller's transaction. */
import { sql } from 'drizzle-orm'
import type { Db } from '../../../db/open.ts'
import { equalsGiven, excluded, type Given, preparedFor, preparedInsert } from '../../../db/prepared-writes.ts'
import { holdings, type LedgerKind, ledger, portfolios } from '../../../db/schema.ts'
import { prepared, preparedSql } from '../../../db/transactions.ts'
import { touch, touchEach } from '../../platform/cache/stamps.ts'
import type { LedgerLine } from './ledger.ts'
import type { Side } from './order.ts'
import type { Portfolio } from './portfolio.ts'
import type { Position } from './position.ts'
import { portfolioKey } from './queries.ts'

type NewLine = {
  at: number
  symbol: string
  quantity: number
  price: number
  fee: number
  cash: number
  realised: number
}

/** `after`: the position in the symbol afterwards. */
export function writeTrade(
  tx: Db,
  { leagueId, userId, cashCents }: Pick<Portfolio, 'leagueId' | 'userId' | 'cashCents'>,
  line: NewLine & { kind: Side; priceId: number },
  after: Position,
): LedgerLine {
  const { symbol, price, fee, cash, realised, ...facts } = line
  const volume = Math.abs(line.quantity) * price
  updateCash(tx).run({ leagueId, userId, cash, realised, fee, volume })
  const { quantity, cost: costCents, realised: realisedCents } = after
  const holding = { leagueId, userId, symbol, quantity, costCents, realisedCents }
  upsertHolding(tx, holding).run(holding)
  touch(tx, 'portfolio', portfolioKey(leagueId, userId))
  touch(tx, 'scores', leagueId) // the league's board, players and statistics
  touch(tx, 'user', userId)
  touch(tx, 'activity', leagueId)
  const moved = { priceCents: price, feeCents: fee, cashCents: cash, realisedCents: realised }
  const balance = { cashAfterCents: cashCents + cash, quantityAfter: quantity }
  return appendLedger(tx, { leagueId, userId, symbol, ...facts, ...moved, ...balance })
}

export type CorrectionLine = {
  leagueId: number
  userId: number
  /** Of the portfolio, after the line. */
  cashAfter: number
  line: NewLine & { kind: Exclude<LedgerKind, 'grant' | Side>; undoes?: number; actionId: number }
  after: Position
}

/** Many lines of corrections at once, in a statement for each table: thousands may hold a symbol. */
export function writeCorrections(tx: Db, lines: readonly CorrectionLine[]): void {
  const rows = lines.map(({ leagueId, userId, cashAfter, line, after }) => {
    const holding = { held: after.quantity, cost: after.cost, gained: after.realised }
    return { league: leagueId, user: userId, ...line, cashAfter, ...holding }
  })
  const json = JSON.stringify(rows)
  updatePortfolios(tx).run(json)
  upsertHoldings(tx).run(json)
  appendLines(tx).run(json)
  const leagues = lines.map(({ leagueId }) => leagueId)
  const users = lines.map(({ userId }) => userId)
  const owners = lines.map(({ leagueId, userId }) => portfolioKey(leagueId, userId))
  touchEach(tx, 'portfolio', owners)
  touchEach(tx, 'scores', leagues)
  touchEach(tx, 'user', users)
  touchEach(tx, 'activity', leagues)
}

/** The columns of a row in the JSON. */
const fields = (...names: string[]) => names.map(name => `value ->> '${name}'`).join(', ')
const updatePortfolios = preparedSql<unknown, [rows: string]>(
  `update portfolios set cash_cents = cash_cents + sums.cash, realised_cents = realised_cents + sums.realised,
     fees_cents = fees_cents + sums.fees, corrections = corrections + sums.lines
   from (
     select value ->> 'league' as league, value ->> 'user' as user, sum(value ->> 'cash') as cash,
       sum(value ->> 'realised') as realised, sum(value ->> 'fee') as fees, count(*) as lines
     from json_each(?) group by 1, 2
   ) as sums
   where league_id = sums.league and user_id = sums.user`,
)
const upsertHoldings = preparedSql<unknown, [rows: string]>(
  `insert into holdings (league_id, user_id, symbol, quantity, cost_cents, realised_cents)
   select ${fields('league', 'user', 'symbol', 'held', 'cost', 'gained')} from json_each(?) where true
   on conflict (league_id, user_id, symbol) do update
   set quantity = excluded.quantity, cost_cents = excluded.cost_cents, realised_cents = excluded.realised_cents`,
)
const appendLines = preparedSql<unknown, [rows: string]>(
  `insert into ledger (league_id, user_id, at, kind, symbol, quantity, price_cents, fee_cents, cash_cents,
     cash_after_cents, quantity_after, realised_cents, undoes, action_id)
   select ${fields('league', 'user', 'at', 'kind', 'symbol', 'quantity', 'price', 'fee', 'cash')},
     ${fields('cashAfter', 'held', 'realised', 'undoes', 'actionId')}
   from json_each(?) order by key`,
)

const updateCash = prepared(db =>
  db
    .update(portfolios)
    .set({
      cashCents: sql`${portfolios.cashCents} + ${sql.placeholder('cash')}`,
      realisedCents: sql`${portfolios.realisedCents} + ${sql.placeholder('realised')}`,
      feesCents: sql`${portfolios.feesCents} + ${sql.placeholder('fee')}`,
      volumeCents: sql`${portfolios.volumeCents} + ${sql.placeholder('volume')}`,
      trades: sql`${portfolios.trades} + 1`,
    })
    .where(equalsGiven(portfolios.leagueId, portfolios.userId)),
)

const upsertHolding = preparedFor(holdings, (db, holding: Given<typeof holdings.$inferInsert>) =>
  db
    .insert(holdings)
    .values(holding)
    .onConflictDoUpdate({
      target: [holdings.leagueId, holdings.userId, holdings.symbol],
      set: excluded(holdings.quantity, holdings.costCents, holdings.realisedCents),
    }),
)

const appendLedger = preparedInsert(ledger)
