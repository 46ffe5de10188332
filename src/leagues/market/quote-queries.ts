import { and, asc, eq, inArray, isNull, sql } from 'drizzle-orm'
import { countRows } from '../../../db/count-rows.ts'
import type { Db } from '../../../db/open.ts'
import { equalsGiven } from '../../../db/prepared-writes.ts'
import { holdings, leagues, quotes } from '../../../db/schema.ts'
import { prepared } from '../../../db/transactions.ts'
import { cached } from '../../cached.ts'
import type { App } from '../../context.ts'
import { refuse } from '../../errors.ts'
import { day } from '../../platform/clock.ts'
import type { PageSlice } from '../../platform/http/pagination.ts'
import { type League, type LeagueStatus, leagueStatus } from '../league.ts'
import { type QuoteRow, quoteView, startOfDay } from './quote.ts'

const bySymbol = prepared(db => db.select().from(quotes).where(equalsGiven(quotes.symbol)).prepare())
export const findQuote = (db: Db, symbol: string): QuoteRow | undefined => bySymbol(db).get({ symbol })
export const quoteBySymbol = (db: Db, symbol: string): QuoteRow =>
  findQuote(db, symbol) ?? refuse('not_found', `There is no quote of ${symbol}`)

/** The quote as it is shown, cached until the day ends. */
export function currentQuote({ db, cache, clock }: Pick<App, 'db' | 'cache' | 'clock'>, symbol: string) {
  const now = clock.now()
  const load = () => quoteView(quoteBySymbol(db, symbol), now)
  return cache.read(cached.quote, [symbol], load, startOfDay(now) + day)
}

export function listQuotes(db: Db, symbols: string[] | undefined, q: string | undefined, { limit, offset }: PageSlice) {
  const where = and(
    symbols && inArray(quotes.symbol, symbols),
    q ? sql`instr(${quotes.symbol}, ${q.toUpperCase()}) = 1` : undefined,
  )
  const rows = db.select().from(quotes).where(where).orderBy(asc(quotes.symbol)).limit(limit).offset(offset).all()
  return { quotes: rows, total: countRows(db, quotes, where) }
}

const anyQuote = prepared(db => db.select({ id: quotes.id }).from(quotes).limit(1).prepare())
export const hasQuotes = (db: Db): boolean => anyQuote(db).get() !== undefined

/** The market leagues that are not final. */
export const liveLeagues = (tx: Db): number[] =>
  tx
    .select({ id: leagues.id })
    .from(leagues)
    .where(and(eq(leagues.kind, 'market'), isNull(leagues.finalizedAt)))
    .all()
    .map(({ id }) => id)

const leaguesOfStatus = (db: Db, now: number, statuses: readonly LeagueStatus[]): League[] =>
  db
    .select()
    .from(leagues)
    .where(eq(leagues.kind, 'market'))
    .all()
    .filter(league => statuses.includes(leagueStatus(league, now)))

/** The market leagues in which is traded now. */
export const tradedLeagues = (db: Db, now: number) => leaguesOfStatus(db, now, ['active'])

/** Also those that have ended: quotes move their boards until they are final. */
export const valuedLeagues = (db: Db, now: number) => leaguesOfStatus(db, now, ['active', 'ended'])

/** The live leagues that hold any of these symbols. */
export function leaguesHolding(tx: Db, symbols: readonly string[]): number[] {
  return liveLeagues(tx).filter(leagueId => holdsAny(tx).get({ leagueId, symbols: JSON.stringify(symbols) }))
}

const holdsAny = prepared(db =>
  db
    .select({ one: sql`1` })
    .from(holdings)
    .where(
      and(
        sql`${holdings.symbol} in (select value from json_each(${sql.placeholder('symbols')}))`,
        equalsGiven(holdings.leagueId),
        sql`${holdings.quantity} <> 0`, // written so that SQLite uses the index of open holdings
      ),
    )
    .limit(1)
    .prepare(),
)
