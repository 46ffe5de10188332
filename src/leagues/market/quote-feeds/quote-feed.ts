/** A quote feed: its schema, the parsing of its answer, and the check that holds an answer back. Pure. */
import { type Static, t } from 'elysia'
import type { quoteFeeds, UnreadQuotes } from '../../../../db/schema.ts'
import { errorSummary } from '../../../platform/http/field-errors.ts'
import { rowView } from '../../../platform/http/row-view.ts'
import { idSchema, nullableDateTime } from '../../../platform/http/shared-schemas.ts'
import { FeedError } from '../../feeds/fetch-feed.ts'
import { maxQuotes, type NewQuote, parseQuote } from '../quote.ts'

export type QuoteFeed = typeof quoteFeeds.$inferSelect

export const minInterval = 5 // s
export const quoteFeedSchema = t.Object(
  {
    id: idSchema,
    name: t.String(),
    url: t.String({ description: 'Only its origin: the rest may contain a key' }),
    interval_s: t.Integer(),
    asked_at: nullableDateTime,
    answered_at: nullableDateTime,
    failures: t.Integer({ description: 'Failures in a row' }),
    error: t.Nullable(t.String()),
    held: t.Nullable(t.String({ description: 'Why the last answer was held back' })),
    unread: t.Nullable(
      t.Object({
        count: t.Integer(),
        first: t.Array(t.Object({ symbol: t.Nullable(t.String()), message: t.String() })),
      }),
      {
        description:
          'Quotes of the last answer that could not be read and are left out, and what is wrong with the first',
      },
    ),
  },
  { description: 'A feed that quotes are fetched from' },
)
export type QuoteFeedView = Static<typeof quoteFeedSchema>

const feedView = rowView(quoteFeedSchema)
export const quoteFeedView = (feed: QuoteFeed): QuoteFeedView =>
  feedView({ ...feed, url: `${new URL(feed.url).origin}/…` })

export type QuoteReading = { quotes: NewQuote[]; unread: UnreadQuotes }

const maxNamed = 5 // unread quotes

/** `{ quotes: [{ symbol, price_cents, as_of }] }`, as quotes are pushed; a `price` in whole money is turned into cents. */
export function parseQuoteFeed(json: unknown, now: number): QuoteReading {
  const given = typeof json === 'object' && json !== null && 'quotes' in json ? json.quotes : undefined
  if (!Array.isArray(given)) throw new FeedError('The answer has no list named quotes')
  if (!given.length) throw new FeedError('The answer holds no quotes')
  if (given.length > maxQuotes) throw new FeedError(`The answer holds more than ${maxQuotes} quotes`)
  const reading: QuoteReading = { quotes: [], unread: { count: 0, first: [] } }
  const { quotes, unread } = reading
  for (const [i, one] of given.entries()) {
    const quote = parseQuote(withPriceInCents(one), `quotes.${i}`, now)
    if (Array.isArray(quote)) {
      unread.count++
      if (unread.count <= maxNamed)
        unread.first.push({ symbol: symbolOf(one), message: errorSummary(quote.slice(0, 1)).replace(/\.$/, '') })
    } else quotes.push(quote)
  }
  return reading
}

const symbolOf = (one: unknown): string | null =>
  typeof one === 'object' && one !== null && 'symbol' in one ? String(one.symbol).slice(0, 20) : null

const withPriceInCents = (one: unknown): unknown =>
  typeof one === 'object' && one !== null && !('price_cents' in one) && 'price' in one && typeof one.price === 'number'
    ? { ...one, price_cents: Math.round(one.price * 100) }
    : one

const maxMove = 10
const oneInSoMany = 5 // held back if more than one quote in so many is suspect

/** Why an answer is held back, if it is: a broken feed is usually wrong for many symbols at once. */
export function holdReason(
  { quotes, unread: { count, first } }: QuoteReading,
  known: ReadonlyMap<string, number>,
): string | undefined {
  const all = quotes.length + count
  if (count * oneInSoMany > all) return `${count} of ${all} quotes cannot be read. ${first[0]?.message}`
  const moved = quotes.filter(({ symbol, priceCents }) => {
    const before = known.get(symbol)
    return before !== undefined && (priceCents > before * maxMove || priceCents * maxMove < before)
  })
  const compared = quotes.filter(({ symbol }) => known.has(symbol)).length
  if (moved.length * oneInSoMany > compared && moved.length > 0)
    return `${moved.length} of ${compared} prices moved more than tenfold`
  return undefined
}
