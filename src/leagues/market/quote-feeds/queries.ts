import { eq, sql } from 'drizzle-orm'
import type { Db } from '../../../../db/open.ts'
import { quoteFeeds, quotes } from '../../../../db/schema.ts'
import { refuse } from '../../../errors.ts'
import { byName } from '../../../platform/by-name.ts'
import type { QuoteFeed } from './quote-feed.ts'

export const findFeed = (db: Db, id: number): QuoteFeed | undefined =>
  db.select().from(quoteFeeds).where(eq(quoteFeeds.id, id)).get()
export const feedById = (db: Db, id: number): QuoteFeed =>
  findFeed(db, id) ?? refuse('not_found', `There is no quote feed ${id}`)
export const isFetched = (db: Db, url: string): boolean =>
  db.select({ id: quoteFeeds.id }).from(quoteFeeds).where(eq(quoteFeeds.url, url)).get() !== undefined
export const allFeeds = (db: Db): QuoteFeed[] => db.select().from(quoteFeeds).all().sort(byName)

export const insertFeed = (tx: Db, feed: typeof quoteFeeds.$inferInsert): QuoteFeed | undefined =>
  tx.insert(quoteFeeds).values(feed).onConflictDoNothing().returning().all()[0]

/** Also with an empty change. */
export const changeFeed = (tx: Db, id: number, change: Partial<QuoteFeed>): QuoteFeed | undefined =>
  tx
    .update(quoteFeeds)
    .set({ id, ...change })
    .where(eq(quoteFeeds.id, id))
    .returning()
    .all()[0]

export const deleteFeed = (tx: Db, id: number): void => void tx.delete(quoteFeeds).where(eq(quoteFeeds.id, id)).run()

export function latestPrices(db: Db, symbols: readonly string[]): Map<string, number> {
  const known = db
    .select({ symbol: quotes.symbol, cents: quotes.priceCents })
    .from(quotes)
    .where(sql`${quotes.symbol} in (select value from json_each(${JSON.stringify(symbols)}))`)
    .all()
  return new Map(known.map(({ symbol, cents }) => [symbol, cents]))
}
