/**
 * The values of portfolios at the start of past days, after a price or a dividend was taken back: as if it had never been, and nobody
 * had traded at it. Those of a final league stay until it is reopened.
 */
import type { Db } from '../../../../db/open.ts'
import { touch } from '../../../platform/cache/stamps.ts'
import { day } from '../../../platform/clock.ts'
import type { Price } from '../price-history.ts'
import { portfolioKey } from '../queries.ts'
import { startOfDay } from '../quote.ts'
import type { SymbolAction } from './symbol-action.ts'

type Owner = { leagueId: number; userId: number }

/** In one league, or in all. Part of the transaction that takes it back, once `wrong` is marked as voided. */
export function correctPastValues(tx: Db, wrong: Price, now: number, leagueId: number | null = null): void {
  const voidedAt = wrong.voidedAt ?? now
  const owners = ownersOf(tx, wrong.symbol, leagueId)
  for (let start = startOfDay(wrong.receivedAt) + day; start <= startOfDay(now); start += day) {
    const right = priceAt(tx, wrong.symbol, start, voidedAt, null)
    if (!right) continue // not known any more
    const isInForce = priceAt(tx, wrong.symbol, start, voidedAt, wrong.id)?.id === wrong.id
    const byTrades = changesByTrades(tx, wrong.id, start, right.cents)
    const changed = new Set<number>()
    for (const owner of owners) {
      const held = isInForce ? sharesAt(tx, owner, wrong, start) : 0
      const change =
        held * (right.cents - wrong.priceCents) + (byTrades.get(portfolioKey(owner.leagueId, owner.userId)) ?? 0)
      if (change !== 0 && addToValue(tx, owner, start, change)) changed.add(owner.leagueId)
    }
    for (const leagueId of changed) compareAnew(tx, leagueId, start)
  }
}

/** Whoever holds or has held it in a league that is not final. */
const ownersOf = ({ $client: client }: Db, symbol: string, leagueId: number | null): Owner[] =>
  client
    .query<Owner, [string, number | null]>(
      `select h.league_id as leagueId, h.user_id as userId from holdings h join leagues l on l.id = h.league_id
       where h.symbol = ?1 and l.finalized_at is null and (?2 is null or l.id = ?2)`,
    )
    .all(symbol, leagueId)

/** The last price before a day, as known at `at`: those taken back later count, and so does `wrong`. */
const priceAt = ({ $client: client }: Db, symbol: string, start: number, at: number, wrong: number | null) =>
  client
    .query<{ id: number; cents: number }, [string, number, number, number | null]>(
      `select id, price_cents as cents from prices
       where symbol = ?1 and as_of < ?2 and received_at < ?2 and (voided_at is null or voided_at > ?3 or id = ?4)
       order by id desc limit 1`,
    )
    .get(symbol, start, at, wrong) ?? undefined

/** Before the wrong trades are undone; others that were undone count as if they had never been made. */
const sharesAt = ({ $client: client }: Db, { leagueId, userId }: Owner, wrong: Price, start: number): number =>
  client
    .query<{ shares: number }, [number, number, string, number, number]>(
      `select coalesce(sum(l.quantity), 0) as shares from ledger l left join ledger t on t.id = l.undoes
       where l.league_id = ? and l.user_id = ? and l.symbol = ? and coalesce(t.at, l.at) < ?
         and coalesce(t.price_id, 0) <> ?`,
    )
    .get(leagueId, userId, wrong.symbol, start, wrong.id)?.shares ?? 0

/** What portfolios gain by getting back cash and shares of their trades at the wrong price. */
function changesByTrades({ $client: client }: Db, wrong: number, start: number, cents: number): Map<string, number> {
  const rows = client
    .query<Owner & { change: number }, [wrong: number, start: number, cents: number]>(
      `select league_id as leagueId, user_id as userId, -sum(cash_cents + quantity * ?3) as change from ledger
       where price_id = ?1 and at < ?2 group by league_id, user_id`,
    )
    .all(wrong, start, cents)
  return new Map(rows.map(({ leagueId, userId, change }) => [portfolioKey(leagueId, userId), change]))
}

const addToValue = ({ $client: client }: Db, { leagueId, userId }: Owner, start: number, change: number): boolean =>
  client
    .query('update daily_values set total_cents = total_cents + ? where league_id = ? and user_id = ? and day = ?')
    .run(change, leagueId, userId, start).changes > 0

/** In one league, or in all: dividends that `undo` took back. Part of its transaction, once its lines are written. */
export function correctPastPayments(tx: Db, undo: Pick<SymbolAction, 'id'>, leagueId: number | null): void {
  const changed = tx.$client
    .query<{ leagueId: number; day: number }, [undo: number, league: number | null]>(
      `update daily_values as v set total_cents = total_cents - paid.cash_cents
       from ledger back join ledger paid on paid.id = back.undoes
       where back.action_id = ?1 and (?2 is null or back.league_id = ?2)
         and v.league_id = paid.league_id and v.user_id = paid.user_id and v.day > paid.at
       returning league_id as leagueId, day`,
    )
    .all(undo.id, leagueId)
  const days = new Map(changed.map(one => [`${one.leagueId} ${one.day}`, one]))
  for (const { leagueId, day } of days.values()) compareAnew(tx, leagueId, day)
}

/** The best and the average of that day. */
function compareAnew(tx: Db, leagueId: number, start: number): void {
  tx.$client
    .query(
      `update daily_board_values set (best_cents, average_cents) = (
         select max(total_cents), cast(round(avg(total_cents)) as integer)
         from portfolios p cross join daily_values v using (league_id, user_id) where p.league_id = ?1 and day = ?2)
       where league_id = ?1 and day = ?2`,
    )
    .run(leagueId, start)
  touch(tx, 'scores', leagueId)
}
