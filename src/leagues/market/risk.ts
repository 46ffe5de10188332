/** Members whose trading looks suspicious: bursts, very many trades in a day, everything in one symbol. */
import { and, eq, gte, inArray, sql } from 'drizzle-orm'
import type { Db } from '../../../db/open.ts'
import { ledger } from '../../../db/schema.ts'
import { prepared } from '../../../db/transactions.ts'
import { usernamesOf } from '../../accounts/queries.ts'
import { raiseAlert } from '../../alerts.ts'
import type { App } from '../../context.ts'
import { day, minute } from '../../platform/clock.ts'
import { usernameById } from './queries.ts'
import { startOfDay } from './quote.ts'
import { tradedLeagues } from './quote-queries.ts'

const burstTrades = 30 // trades of one user within a minute
const maxTradesPerDay = 100 // trades of one user in a day, UTC
const maxShareOfOneSymbol = 0.6 // of a portfolio in one symbol

const isTradeRow = sql`${ledger.symbol} is not null and ${ledger.kind} in ('buy', 'sell')` // written so that SQLite uses the index by user

const tradesSince = prepared(db => {
  const recent = db
    .select({ one: sql`1`.as('one') })
    .from(ledger)
    .where(and(eq(ledger.userId, sql.placeholder('userId')), gte(ledger.at, sql.placeholder('since')), isTradeRow))
    .limit(sql.placeholder('max'))
    .as('recent')
  return db.select({ count: sql<number>`count(*)` }).from(recent)
})
/** The trades of a user since then, counted up to `max`. */
const countSince = (db: Db, userId: number, since: number, max: number): number =>
  tradesSince(db).get({ userId, since, max })?.count ?? 0

const name = (db: Db, userId: number) => usernameById(db, userId) || `user ${userId}`

/** Part of an order's transaction: raises an alert when a pattern appears, not at every trade that follows. */
export function watchForRisk(tx: Db, userId: number, now: number): void {
  if (countSince(tx, userId, now - minute, burstTrades + 1) === burstTrades)
    raiseAlert(tx, now, {
      key: `trade_burst:${userId}`,
      type: 'security',
      severity: 'warning',
      title: `${name(tx, userId)} trades like a bot`,
      message: `${burstTrades} trades within a minute.`,
      data: { user_id: userId, trades: burstTrades },
    })
  if (countSince(tx, userId, startOfDay(now), maxTradesPerDay + 2) === maxTradesPerDay + 1)
    raiseAlert(tx, now, {
      key: `high_trades:${userId}`,
      type: 'high_trades',
      severity: 'warning',
      title: `${name(tx, userId)} trades very often`,
      message: `More than ${maxTradesPerDay} trades since 00:00 UTC.`,
      data: { user_id: userId, trades: maxTradesPerDay + 1 },
    })
}

const maxAtRisk = 100 // members named

export type Risk = { id: number; username: string; trades_count: number; recent_trades: number; reasons: string[] }

/** Members to look at, with reasons; those with the most reasons first. `recent`: in the last day. */
export async function riskAssessment({ db, clock, livePortfolios, reader }: App): Promise<Risk[]> {
  const now = clock.now()
  const reasons = new Map<number, string[]>()
  const addReason = (user: number, reason: string) => reasons.set(user, [...(reasons.get(user) ?? []), reason])

  const { bursts, heavy } = await reader.read(tradingSuspects, { now })
  for (const { userId, most } of bursts) addReason(userId, `${most} trades within a minute`)
  for (const { userId, trades } of heavy) addReason(userId, `${trades} trades since 00:00 UTC`)
  for (const league of tradedLeagues(db, now)) {
    const portfolios = await livePortfolios.portfolios(league.id)
    await Bun.sleep(0) // requests are answered between two leagues
    for (const { user, symbol, share } of portfolios.concentrated(maxShareOfOneSymbol))
      addReason(
        user,
        share === Number.POSITIVE_INFINITY
          ? `the portfolio in ${league.name}, with ${symbol}, is worth nothing or less`
          : `${Math.round(100 * share)} % of the portfolio in ${league.name} is ${symbol}`,
      )
  }

  const ids = [...reasons]
    .sort(([a, x], [b, y]) => y.length - x.length || a - b)
    .slice(0, maxAtRisk)
    .map(([id]) => id)
  const names = usernamesOf(db, ids)
  const counts = await reader.read(tradeCounts, { ids, since: now - day })
  const countOf = new Map(counts.map(count => [count.userId, count]))
  return ids.map(id => ({
    id,
    username: names.get(id) ?? '',
    trades_count: countOf.get(id)?.trades ?? 0,
    recent_trades: countOf.get(id)?.recent ?? 0,
    reasons: reasons.get(id) ?? [],
  }))
}

type Suspects = { bursts: { userId: number; most: number }[]; heavy: { userId: number; trades: number }[] }

/** Members who trade too fast or too often: scans a day of the ledger, so it runs in the reader thread. */
export const tradingSuspects = (db: Db, { now }: { now: number }): Suspects => ({
  bursts: burstsSince(db, now - day),
  heavy: heavySince(db, startOfDay(now)),
})

/** Users with a burst of trades, and the most of them within a minute. */
function burstsSince(db: Db, since: number) {
  const withinMinute = sql<number>`count(*) over (partition by ${ledger.userId} order by ${ledger.at} range between current row and ${sql.raw(`${minute}`)} following)`
  const trades = db
    .select({ userId: ledger.userId, withinMinute: withinMinute.as('within_minute') })
    .from(ledger)
    .where(and(gte(ledger.at, since), isTradeRow))
    .as('trades')
  const most = sql<number>`max(${trades.withinMinute})`
  return db
    .select({ userId: trades.userId, most })
    .from(trades)
    .groupBy(trades.userId)
    .having(gte(most, burstTrades))
    .all()
}

/** Users with more trades since then than are usual in a day. */
const heavySince = (db: Db, since: number) =>
  db
    .select({ userId: ledger.userId, trades: sql<number>`count(*)` })
    .from(ledger)
    .where(and(gte(ledger.at, since), isTradeRow))
    .groupBy(ledger.userId)
    .having(sql`count(*) > ${maxTradesPerDay}`)
    .all()

/** The trades of each of these users, in total and since then. */
export function tradeCounts(db: Db, { ids, since }: { ids: number[]; since: number }) {
  return db
    .select({
      userId: ledger.userId,
      trades: sql<number>`count(*)`,
      recent: sql<number>`sum(${gte(ledger.at, since)})`,
    })
    .from(ledger)
    .where(and(inArray(ledger.userId, ids), isTradeRow))
    .groupBy(ledger.userId)
    .all()
}
