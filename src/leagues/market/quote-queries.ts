import { and, asc, count, eq, inArray, isNull, like, sql } from 'drizzle-orm'
import type { Db } from '../../../db/open.ts'
import { holdings, leagues, quotes } from '../../../db/schema.ts'
import { atomically, prepared } from '../../../db/transactions.ts'
import { touch } from '../../platform/cache/stamps.ts'
import type { PageSlice } from '../../platform/http/pagination.ts'
import { isOlder, type NewQuote, openOf, type QuoteRow } from './quote.ts'

const bySymbol = prepared(db =>
  db
    .select()
    .from(quotes)
    .where(eq(quotes.symbol, sql.placeholder('symbol')))
    .prepare(),
)
export const findQuote = (db: Db, symbol: string): QuoteRow | undefined => bySymbol(db).get({ symbol })

export function listQuotes(db: Db, symbols: string[] | undefined, q: string | undefined, { limit, offset }: PageSlice) {
  const where = and(
    symbols && inArray(quotes.symbol, symbols),
    q ? like(quotes.symbol, `${q.replaceAll(/[%_]/g, '').toUpperCase()}%`) : undefined,
  )
  const rows = db.select().from(quotes).where(where).orderBy(asc(quotes.symbol)).limit(limit).offset(offset).all()
  return { quotes: rows, total: db.select({ total: count() }).from(quotes).where(where).get()?.total ?? 0 }
}

type Known = Pick<QuoteRow, 'symbol' | 'priceCents' | 'openCents' | 'asOf' | 'receivedAt'>
/** Many at once, as JSON: one statement for some hundred symbols. */
const knownOf = prepared(({ $client: client }) =>
  client.query<Known, [symbols: string]>(
    `select symbol, price_cents as priceCents, open_cents as openCents, as_of as asOf, received_at as receivedAt
     from quotes where symbol in (select value from json_each(?))`,
  ),
)
const put = prepared(({ $client: client }) =>
  client.query<unknown, [rows: string, receivedAt: number, setBy: number | null]>(
    `insert into quotes (symbol, price_cents, as_of, open_cents, received_at, set_by, seq)
     select value ->> 0, value ->> 1, value ->> 2, value ->> 3, ?2, ?3, (select coalesce(max(seq), 0) + 1 from quotes)
     from json_each(?1) where true
     on conflict (symbol) do update set price_cents = excluded.price_cents, as_of = excluded.as_of,
       open_cents = excluded.open_cents, received_at = excluded.received_at, set_by = excluded.set_by, seq = excluded.seq`,
  ),
)

export type Pushed = { received: number; changed: number; unchanged: number; older: number }

const slice = 400 // quotes written at a time, a few milliseconds: the event loop is everyone's

/**
 * Takes in quotes, slice by slice; older ones than are known do not count. A power cut may lose the last of them, but none
 * that an order was filled at: that order's commit brings all before it to the disk.
 */
export async function acceptQuotes(
  db: Db,
  given: readonly NewQuote[],
  now: number,
  by: number | null,
): Promise<Pushed> {
  const pushed = { received: given.length, changed: 0, unchanged: 0, older: 0 }
  for (let from = 0; from < given.length; from += slice) {
    if (from > 0) await Bun.sleep(0)
    const some = given.slice(from, from + slice)
    const { changed, older } = await atomically(db, tx => takeInSome(tx, some, now, by), 'unsynced')
    pushed.changed += changed
    pushed.older += older
  }
  pushed.unchanged = pushed.received - pushed.changed - pushed.older
  return pushed
}

function takeInSome(tx: Db, given: readonly NewQuote[], now: number, by: number | null) {
  const known = new Map<string, Known>()
  for (const quote of knownOf(tx).all(JSON.stringify(given.map(({ symbol }) => symbol)))) known.set(quote.symbol, quote)
  const news = new Map<string, Known>()
  const moved = new Set<string>()
  let older = 0
  for (const { symbol, priceCents, asOf } of given) {
    const before = known.get(symbol)
    const isLate = before !== undefined && isOlder(asOf, before.asOf, now)
    if (isLate) older++
    if (isLate || (asOf === before?.asOf && priceCents === before.priceCents)) continue
    const quote = { symbol, priceCents, asOf, openCents: before ? openOf(before, now) : priceCents, receivedAt: now }
    if (before?.priceCents !== priceCents) moved.add(symbol)
    known.set(symbol, quote)
    news.set(symbol, quote)
  }
  if (news.size === 0) return { changed: 0, older }
  const rows = [...news.values()].map(quote => [quote.symbol, quote.priceCents, quote.asOf, quote.openCents])
  put(tx).run(JSON.stringify(rows), now, by)
  touch(tx, 'quote', ...news.keys())
  for (const id of holdersOf(tx, [...moved])) touch(tx, 'scores', id)
  return { changed: news.size, older }
}

/** The leagues still played that hold any of these symbols. */
function holdersOf(tx: Db, symbols: readonly string[]): number[] {
  const playing = tx
    .select({ id: leagues.id })
    .from(leagues)
    .where(and(eq(leagues.kind, 'market'), isNull(leagues.finalizedAt)))
    .all()
  return playing.map(({ id }) => id).filter(leagueId => holds(tx).get({ leagueId, symbols: JSON.stringify(symbols) }))
}

const holds = prepared(db =>
  db
    .select({ one: sql`1` })
    .from(holdings)
    .where(
      and(
        sql`${holdings.symbol} in (select value from json_each(${sql.placeholder('symbols')}))`,
        eq(holdings.leagueId, sql.placeholder('leagueId')),
        sql`${holdings.quantity} <> 0`, // in these words, so that the index of open holdings serves
      ),
    )
    .limit(1)
    .prepare(),
)
