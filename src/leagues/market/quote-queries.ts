import { and, asc, eq, inArray, isNull, or, type SQL, sql } from 'drizzle-orm'
import { countRows } from '../../../db/count-rows.ts'
import type { Db } from '../../../db/open.ts'
import { equalsGiven } from '../../../db/prepared-writes.ts'
import { leagues, quotes } from '../../../db/schema.ts'
import { prepared, preparedSql } from '../../../db/transactions.ts'
import { cached } from '../../cached.ts'
import type { App } from '../../context.ts'
import { refuse } from '../../errors.ts'
import type { PageSlice } from '../../platform/http/pagination.ts'
import type { League } from '../league.ts'
import { hasStatus } from '../queries.ts'
import { endOfDay, type QuoteRow, quoteView } from './quote.ts'

const bySymbol = prepared(db => db.select().from(quotes).where(equalsGiven(quotes.symbol)))
export const findQuote = (db: Db, symbol: string): QuoteRow | undefined => bySymbol(db).get({ symbol })
export const quoteBySymbol = (db: Db, symbol: string): QuoteRow =>
  findQuote(db, symbol) ?? refuse('not_found', `There is no quote of ${symbol}`)

/** The quote as it is shown, cached until the day ends. */
export function currentQuote({ db, cache, clock }: Pick<App, 'db' | 'cache' | 'clock'>, symbol: string) {
  const now = clock.now()
  const load = () => quoteView(quoteBySymbol(db, symbol), now)
  return cache.read(cached.quote, [symbol], load, endOfDay(now))
}

export function listQuotes(db: Db, symbols: string[] | undefined, q: string | undefined, { limit, offset }: PageSlice) {
  const where = and(
    symbols && inArray(quotes.symbol, symbols),
    q ? sql`instr(${quotes.symbol}, ${q.toUpperCase()}) = 1` : undefined,
  )
  const rows = db.select().from(quotes).where(where).orderBy(asc(quotes.symbol)).limit(limit).offset(offset).all()
  return { quotes: rows, total: countRows(db, quotes, where) }
}

const anyQuote = prepared(db => db.select({ id: quotes.id }).from(quotes).limit(1))
export const hasQuotes = (db: Db): boolean => anyQuote(db).get() !== undefined

/** The market leagues that are not final. */
export const liveLeagues = (tx: Db): number[] =>
  tx
    .select({ id: leagues.id })
    .from(leagues)
    .where(and(eq(leagues.kind, 'market'), isNull(leagues.finalizedAt)))
    .all()
    .map(({ id }) => id)

const marketLeagues = (db: Db, which: SQL | undefined): League[] =>
  db
    .select()
    .from(leagues)
    .where(and(eq(leagues.kind, 'market'), which))
    .all()

export const tradedLeagues = (db: Db, now: number) => marketLeagues(db, hasStatus('active', now))

/** Also those that have ended: quotes move their boards until they are final. */
export const valuedLeagues = (db: Db, now: number) =>
  marketLeagues(db, or(hasStatus('active', now), hasStatus('ended', now)))

export const leaguesHolding = (tx: Db, symbols: readonly string[]): number[] =>
  holdingLeagues(tx)
    .all(JSON.stringify(symbols))
    .map(({ id }) => id)

const nextLeague = (symbol: string, after: string) =>
  `(select min(league_id) from holdings where symbol = ${symbol} and league_id > ${after} and quantity <> 0)`
/** Goes from league to league in the index of open holdings, as thousands may hold a symbol, and most leagues none of them. */
const holdingLeagues = preparedSql<{ id: number }, [symbols: string]>(
  `with recursive held (symbol, league) as (
     select value, ${nextLeague('value', '0')} from json_each(?)
     union all
     select held.symbol, ${nextLeague('held.symbol', 'held.league')} from held where held.league is not null
   )
   select id from leagues where finalized_at is null and id in (select league from held)`,
)
