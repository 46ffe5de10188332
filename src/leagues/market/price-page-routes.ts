/** Pages of prices: the list for all leagues and within one, and a page for each symbol. */
import { max, sql } from 'drizzle-orm'
import { t } from 'elysia'
import { aggregate } from '../../../db/count-rows.ts'
import { leagues, members, quotes } from '../../../db/schema.ts'
import type { App } from '../../context.ts'
import { day, isoOrNull } from '../../platform/clock.ts'
import { html } from '../../platform/html.ts'
import { isAtLeast } from '../../platform/http/access.ts'
import { pageOf, pageQuery, pagination, withPagination } from '../../platform/http/pagination.ts'
import type { Who } from '../../platform/http/request-context.ts'
import { idParams, oneOfWords } from '../../platform/http/shared-schemas.ts'
import { page, pageRouter } from '../../ui/layout.ts'
import { type LiveRequest, liveHandlers } from '../../ui/parts/live.ts'
import { leagueHead } from '../pages/league-head.ts'
import { isMember, leagueViewById, listLeagues } from '../queries.ts'
import { lastSplitAt, listActions } from './corrections/symbol-action.ts'
import { listHeldPrices } from './held-prices.ts'
import { marketKindPages } from './kind-pages.ts'
import { listPrices, priceHistory, sparkValues } from './price-history.ts'
import { normaliseSymbol, quoteView, symbolSchema } from './quote.ts'
import { allFeeds } from './quote-feeds/queries.ts'
import { quoteFeedView } from './quote-feeds/quote-feed.ts'
import { currentQuote, listQuotes } from './quote-queries.ts'
import {
  heldPricesTable,
  type PriceListData,
  type PriceSourcesData,
  priceList,
  priceSources,
  quotesBody,
} from './quotes-page.ts'
import { type PriceRange, priceRanges, symbolBody } from './symbol-page.ts'
import { marketLeagueOf } from './trade-routes.ts'

const listQuery = t.Object({ q: t.Optional(t.String({ maxLength: 20 })), ...pageQuery })
type Asked = { q?: string; page?: number; limit?: number }
const rangeDays: Record<PriceRange, number> = { week: 7, month: 30, year: 365, all: 10_000 }

export const pricePages = (app: App) => {
  const { db, clock, streams } = app

  function listData(path: string, asked: Asked, tradeAt?: string): PriceListData {
    const slice = pageOf(asked)
    const { quotes, total } = listQuotes(db, undefined, asked.q && normaliseSymbol(asked.q), slice)
    const now = clock.now()
    return {
      path,
      quotes: quotes.map(quote => quoteView(quote, now)),
      pagination: pagination(slice, total),
      q: asked.q,
      lines: sparkValues(
        db,
        quotes.map(({ symbol }) => symbol),
        now,
      ),
      tradeAt,
    }
  }

  const sourcesFor = (who: Who | undefined, request: Request): PriceSourcesData | undefined =>
    isAtLeast(who, 'officer')
      ? {
          held: listHeldPrices(db, pageOf({ limit: 100 })),
          feeds: allFeeds(db).map(quoteFeedView),
          origin: app.config.publicUrl ?? new URL(request.url).origin,
        }
      : undefined

  /** Changes with every quote. */
  const newestQuote = () => String(aggregate(db, quotes, max(quotes.seq)) ?? 0)

  function priceListOfLeague(id: number, asked: Asked, who: Who | undefined): PriceListData {
    const { id: leagueId } = marketLeagueOf(db, id, who)
    const { status } = leagueViewById(db, leagueId, clock.now())
    const plays = typeof who?.id === 'number' && isMember(db, leagueId, who.id) && status === 'active'
    return listData(`/leagues/${id}/prices`, asked, plays ? `/leagues/${id}/trade` : undefined)
  }

  const leaguesPlayedBy = ({ id }: Who) =>
    listLeagues(
      db,
      {
        kind: 'market',
        status: 'active',
        visible: sql`${leagues.id} in (select ${members.leagueId} from ${members} where ${members.userId} = ${id})`,
      },
      pageOf({ limit: 10 }),
      clock.now(),
    )

  const prices = liveHandlers(streams, {
    id: 'prices',
    version({ params: { id }, who }: LiveRequest<Asked, { id: number }>) {
      marketLeagueOf(db, id, who)
      return newestQuote()
    },
    read: ({ params: { id }, query, who }) => priceListOfLeague(id, query, who),
    content: (data, { who }) => priceList(data, who),
    page(list, _, { params: { id }, who, request }) {
      const league = leagueViewById(db, id, clock.now())
      const sources = sourcesFor(who, request)
      const body = html`${leagueHead({ league, kind: marketKindPages, who, tab: 'prices' })}
${sources && heldPricesTable(sources.held)}
${list}
${sources && priceSources(sources)}`
      return page({ title: `Prices · ${league.name}`, who, nav: 'leagues', body })
    },
  })

  const ofLeague = { params: idParams, query: listQuery, may: 'reader' } as const
  return pageRouter(app)
    .get(
      '/quotes',
      ({ query, who, request }) => {
        const body = quotesBody(listData('/quotes', query), sourcesFor(who, request), who)
        return page({ title: 'Quotes', who, nav: 'quotes', body })
      },
      { query: listQuery, may: 'reader', counted: true },
    )
    .get(
      '/quotes/:symbol',
      async ({ params, query, who }) => {
        const symbol = normaliseSymbol(params.symbol)
        const range = query.range ?? 'month'
        const now = clock.now()
        const slice = pageOf({ page: query.page, limit: 10 })
        const shown = isAtLeast(who, 'officer') ? listPrices(db, symbol, slice) : undefined
        const correctionSlice = pageOf({ page: query.corrections_page })
        const { value: quote } = await currentQuote(app, symbol)
        const body = symbolBody({
          quote,
          range,
          history: priceHistory(db, symbol, now, { from: now - rangeDays[range] * day }),
          pages: { page: query.page, corrections_page: query.corrections_page },
          corrections: withPagination(listActions(db, symbol, correctionSlice, who), correctionSlice),
          leagues: who ? leaguesPlayedBy(who) : [],
          officer: shown && {
            ...withPagination(shown, slice),
            held: listHeldPrices(db, pageOf({ limit: 1 }), symbol),
            lastSplit: isoOrNull(lastSplitAt(db, symbol)),
          },
        })
        return page({ title: symbol, who, nav: 'quotes', body })
      },
      {
        params: t.Object({ symbol: symbolSchema }),
        query: t.Object({
          range: t.Optional(oneOfWords(priceRanges)),
          page: t.Optional(t.Integer({ description: 'Of the prices that officers see' })),
          corrections_page: t.Optional(t.Integer({ description: 'Of the corrections' })),
        }),
        may: 'reader',
        counted: true,
      },
    )
    .get('/leagues/:id/prices', prices.page, { ...ofLeague, counted: true })
    .get('/leagues/:id/prices/part', prices.part, { ...ofLeague, counted: true })
    .get('/leagues/:id/prices/events', prices.events, ofLeague)
}
