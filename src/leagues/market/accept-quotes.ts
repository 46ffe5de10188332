/** Accepts incoming quotes: stores them as the newest price and in the history, or holds prices that moved too far for an officer to answer. */
import { type Static, t } from 'elysia'
import type { Db } from '../../../db/open.ts'
import { atomically, preparedSql } from '../../../db/transactions.ts'
import { touch, touchEach } from '../../platform/cache/stamps.ts'
import { counted } from '../../platform/number-text.ts'
import { deleteHeldPrices, heldPriceOf, heldSymbolsOf, holdPrices } from './held-prices.ts'
import { isOlder, movesTooFar, type NewQuote, openOf, type QuoteRow, startOfDay } from './quote.ts'
import { leaguesHolding, liveLeagues } from './quote-queries.ts'

const integer = t.Integer()
export const pushResultSchema = t.Object(
  {
    received: integer,
    changed: integer,
    unchanged: integer,
    older: t.Integer({
      description: 'Ignored as the price: a newer one is known, and its day had another price or none',
    }),
    held: t.Integer({ description: 'Moved so far that an officer has to answer: see `held-prices`' }),
    message: t.String({ description: 'A summary as a sentence' }),
  },
  {
    description: 'What happened to the quotes',
    examples: [{ received: 3, changed: 2, unchanged: 0, older: 0, held: 1, message: '2 prices accepted, 1 held' }],
  },
)
type Pushed = Omit<Static<typeof pushResultSchema>, 'message'>

export const pushResult = (pushed: Pushed): Static<typeof pushResultSchema> => ({
  ...pushed,
  message: pushMessage(pushed),
})

function pushMessage({ changed, unchanged, older, held }: Pushed): string {
  const taken = changed + unchanged
  const parts = [
    taken > 0 && `${counted(taken, 'price')} accepted`,
    older > 0 && `${older} older than the known price`,
    held > 0 && `${held} held until an officer answers`,
  ]
  return parts.filter(Boolean).join(', ')
}

/** When, from whom, and how far a price may move without an officer: `HOLD_PRICE_PCT`, or 0 for no limit. */
type QuoteSource = { now: number; by: number | null; holdPct: number }

const quotesPerBatch = 250 // quotes written at a time, a few milliseconds, so that the event loop is not blocked

/**
 * Accepts quotes slice by slice; a quote older than the known one only fills a day without a price. A power cut may lose the last
 * of them, but none that an order was filled at: the commit of that order flushes all earlier writes to the disk.
 */
export async function acceptQuotes(db: Db, given: readonly NewQuote[], source: QuoteSource): Promise<Pushed> {
  const pushed = { received: given.length, changed: 0, unchanged: 0, older: 0, held: 0 }
  for (let from = 0; from < given.length; from += quotesPerBatch) {
    if (from > 0) await Bun.sleep(0)
    const some = given.slice(from, from + quotesPerBatch)
    const { changed, older, repeated, held } = await atomically(db, tx => acceptBatch(tx, some, source), 'unsynced')
    pushed.changed += changed
    pushed.older += older - repeated
    pushed.held += held
  }
  pushed.unchanged = Math.max(0, pushed.received - pushed.changed - pushed.older - pushed.held)
  return pushed
}

type StoredQuote = Pick<QuoteRow, 'symbol' | 'priceCents' | 'openCents' | 'asOf' | 'receivedAt' | 'priceId'>

/** Part of a transaction. `repeated`: so many of the older ones are what the history already has for their day. */
export function acceptBatch(tx: Db, given: readonly NewQuote[], { now, by, holdPct }: QuoteSource) {
  const symbols = JSON.stringify(given.map(({ symbol }) => symbol))
  const before = new Map(
    storedQuotes(tx)
      .all(symbols)
      .map(quote => [quote.symbol, quote]),
  )
  const voided = new Set(holdPct > 0 ? voidedPrices(tx).all(symbols).map(priceKey) : [])
  const { newest, days, held, pastDays } = sortQuotes(given, before, voided, { now, holdPct })
  if (held.size) holdPrices(tx, [...held.values()], now, by)
  const past = JSON.stringify(pastDays)
  const repeated = pastDays.length > 0 ? (sameDayPrices(tx).get(past)?.count ?? 0) : 0
  if (repeated < pastDays.length) insertMissingDayPrices(tx).run(past)
  if (newest.size) {
    writeQuotes(tx, [...newest.values()], before, now, by)
    upsertDayPrices(tx).run(JSON.stringify([...days.values()]))
    deleteHeldPrices(
      tx,
      [...newest.values()].filter(({ symbol }) => !held.has(symbol)),
      now,
    )
  }
  for (const symbol of heldSymbolsOf(tx, [...newest.keys()])) reviewHeldPrice(tx, symbol, { now, holdPct })
  return { changed: newest.size, older: pastDays.length, repeated, held: held.size }
}

const priceKey = ({ symbol, priceCents }: Pick<NewQuote, 'symbol' | 'priceCents'>) => `${symbol} ${priceCents}`

/**
 * Which quotes become the newest price of their symbol and which are doubtful, by symbol; the prices of days that follow from the
 * newest, and those of older quotes.
 */
function sortQuotes(
  given: readonly NewQuote[],
  before: ReadonlyMap<string, StoredQuote>,
  voided: ReadonlySet<string>,
  { now, holdPct }: Omit<QuoteSource, 'by'>,
) {
  const known = new Map(before)
  const newest = new Map<string, StoredQuote>()
  const days = new Map<string, DayPrice>()
  const held = new Map<string, NewQuote & { before: number }>()
  const pastDays: DayPrice[] = []
  for (const quote of given) {
    const { symbol, priceCents, asOf } = quote
    const last = known.get(symbol)
    const ofDay: DayPrice = [symbol, startOfDay(asOf), priceCents]
    if (last && isOlder(asOf, last.asOf, now)) {
      pastDays.push(ofDay)
      continue
    }
    if (asOf === last?.asOf && priceCents === last.priceCents) continue
    const isDoubtful = (from: number) =>
      movesTooFar(from, priceCents, holdPct) || (priceCents !== from && voided.has(priceKey(quote)))
    const isNewest = asOf >= (held.get(symbol)?.asOf ?? 0)
    if (last && isDoubtful(last.priceCents)) {
      if (isNewest) held.set(symbol, { ...quote, before: last.priceCents })
      continue
    }
    if (isNewest) held.delete(symbol)
    const accepted = { symbol, priceCents, asOf, receivedAt: now, openCents: openAfter(last, quote, now), priceId: 0 }
    known.set(symbol, accepted)
    newest.set(symbol, accepted)
    days.set(`${symbol} ${ofDay[1]}`, ofDay)
  }
  return { newest, days, held, pastDays }
}

/** A held price is compared with another price than before, and may be plausible by now. */
export function reviewHeldPrice(tx: Db, symbol: string, { now, holdPct }: Omit<QuoteSource, 'by'>): void {
  const held = heldPriceOf(tx, symbol)
  if (held) acceptBatch(tx, [held], { now, by: held.setBy, holdPct })
}

/** If the last price is from before today, it is today's opening price. */
const openAfter = (last: StoredQuote | undefined, { priceCents, asOf }: NewQuote, now: number): number =>
  last && asOf >= startOfDay(now) ? openOf(last, now) : priceCents

/** The newest quotes of these symbols, each with its id in the history. `before`: what was known about them. */
export function writeQuotes(
  tx: Db,
  news: readonly StoredQuote[],
  before: ReadonlyMap<string, StoredQuote>,
  now: number,
  by: number | null,
): void {
  const isMoved = ({ symbol, priceCents }: StoredQuote) => before.get(symbol)?.priceCents !== priceCents
  const moved = news.filter(isMoved)
  const first = nextPriceId(tx).get()?.id ?? 1
  const idOf = new Map(moved.map(({ symbol }, i) => [symbol, first + i]))
  const priceIdOf = (symbol: string) => idOf.get(symbol) ?? before.get(symbol)?.priceId ?? 0
  endPrices(tx).run(
    JSON.stringify(moved.map(({ symbol }) => [before.get(symbol)?.priceId, before.get(symbol)?.asOf])),
    now,
  )
  insertPrices(tx).run(
    JSON.stringify(moved.map(quote => [priceIdOf(quote.symbol), quote.symbol, quote.priceCents, quote.asOf])),
    now,
    by,
  )
  const rows = news.map(({ symbol, priceCents, asOf, openCents }) => [
    symbol,
    priceCents,
    asOf,
    openCents,
    priceIdOf(symbol),
  ])
  upsertQuotes(tx).run(JSON.stringify(rows), now, by)
  touch(tx, 'quote', ...news.map(({ symbol }) => symbol))
  const isFirst = moved.length > 0 && first === 1 // boards no longer say that there are no prices
  touchEach(tx, 'scores', isFirst ? liveLeagues(tx) : leaguesHolding(tx, [...idOf.keys()]))
}

/** Many at once, as JSON: one statement for a few hundred symbols. */
const storedQuotes = preparedSql<StoredQuote, [symbols: string]>(
  `select symbol, price_cents as priceCents, open_cents as openCents, as_of as asOf, received_at as receivedAt,
     price_id as priceId
   from quotes where symbol in (select value from json_each(?))`,
)
/** A feed may repeat a price that was taken back. */
const voidedPrices = preparedSql<Pick<StoredQuote, 'symbol' | 'priceCents'>, [symbols: string]>(
  `select symbol, price_cents as priceCents from prices
   where voided_at is not null and symbol in (select value from json_each(?))`,
)
const upsertQuotes = preparedSql<unknown, [rows: string, receivedAt: number, setBy: number | null]>(
  `insert into quotes (symbol, price_cents, as_of, open_cents, price_id, received_at, set_by, seq)
   select value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, ?2, ?3,
     (select coalesce(max(seq), 0) + 1 from quotes)
   from json_each(?1) where true
   on conflict (symbol) do update set price_cents = excluded.price_cents, as_of = excluded.as_of,
     open_cents = excluded.open_cents, price_id = excluded.price_id, received_at = excluded.received_at,
     set_by = excluded.set_by, seq = excluded.seq`,
)

const nextPriceId = preparedSql<{ id: number }, []>('select coalesce(max(id), 0) + 1 as id from prices')
const insertPrices = preparedSql<unknown, [rows: string, receivedAt: number, setBy: number | null]>(
  `insert into prices (id, symbol, price_cents, as_of, received_at, set_by)
   select value ->> 0, value ->> 1, value ->> 2, value ->> 3, ?2, ?3 from json_each(?1)`,
)
const endPrices = preparedSql<unknown, [rows: string, until: number]>(
  `update prices set until = ?2, confirmed_at = value ->> 1 from json_each(?1) where prices.id = value ->> 0`,
)

type DayPrice = [symbol: string, day: number, priceCents: number]
const upsertDayPrices = preparedSql<unknown, [rows: string]>(
  `insert into daily_prices (symbol, day, close_cents)
   select value ->> 0, value ->> 1, value ->> 2 from json_each(?) where true
   on conflict (symbol, day) do update set close_cents = excluded.close_cents
   where close_cents <> excluded.close_cents`,
)
const sameDayPrices = preparedSql<{ count: number }, [rows: string]>(
  `select count(*) as count from json_each(?) as given
   join daily_prices on symbol = given.value ->> 0 and day = given.value ->> 1 and close_cents = given.value ->> 2`,
)
const insertMissingDayPrices = preparedSql<unknown, [rows: string]>(
  `insert or ignore into daily_prices (symbol, day, close_cents)
   select value ->> 0, value ->> 1, value ->> 2 from json_each(?)`,
)
