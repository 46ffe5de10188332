/** Pages of market leagues and quotes: they ask the same queries as the API. */
import { t } from 'elysia'
import { cached } from '../../cached.ts'
import type { App } from '../../context.ts'
import { signedIn } from '../../platform/http/access.ts'
import { pageOf, pageQuery, pagination } from '../../platform/http/pagination.ts'
import type { Who } from '../../platform/http/request-context.ts'
import { idParams } from '../../platform/http/shared-schemas.ts'
import { page, pageRouter } from '../../ui/layout.ts'
import { type LiveRequest, liveHandlers } from '../../ui/parts/live.ts'
import { type League, leagueStatus } from '../league.ts'
import { isMember, leagueViewById } from '../queries.ts'
import { activityBody } from './activity-page.ts'
import { marketConfigOf } from './config.ts'
import { ledgerLineView, sideSchema } from './ledger.ts'
import { rankedRowOf } from './live-portfolios/market-board.ts'
import { findPortfolio, heldSymbols, ledgerLines, ledgerTotals } from './queries.ts'
import { listQuotes } from './quote-queries.ts'
import { portfolioScope, readPortfolio } from './read-portfolio.ts'
import { type OrderDraft, type TradeData, tradeBody } from './trade-page.ts'
import { marketLeagueOf, ownerOrRefuse, ownerParams, readActivity } from './trade-routes.ts'
import { valueHistory } from './worth-history.ts'

const nav = 'leagues'
const draft = {
  symbol: t.Optional(t.String({ maxLength: 20 })),
  side: t.Optional(sideSchema),
  quantity: t.Optional(t.Integer({ minimum: 1 })),
}
const tradeQuery = t.Object({ ...draft, ...pageQuery })
const assets = { scripts: ['trade.js'], styles: ['trade.css'] }
const maxSuggestions = 200 // symbols to choose from before anything is typed

export const marketPages = (app: App) => {
  const { db, cache, clock, stamps, streams } = app

  async function tradeData(league: League, userId: number, asked: { page?: number }, who: Who): Promise<TradeData> {
    const list = pageOf(asked)
    const filter = { leagueId: league.id, userId }
    const held = heldSymbols(db, league.id, userId)
    const quoted = listQuotes(db, undefined, undefined, pageOf({ limit: maxSuggestions })).quotes.map(
      ({ symbol }) => symbol,
    )
    const isMine = userId === whoseId(who)
    const plays = isMember(db, league.id, userId) && findPortfolio(db, league.id, userId) // former members cannot trade
    const portfolio = plays || !isMine ? (await readPortfolio(app, league, userId)).value : undefined
    return {
      league: leagueViewById(db, league.id, clock.now()),
      rules: marketConfigOf(league),
      portfolio,
      place: portfolio && (await placeOf(league, userId)),
      worth: portfolio ? (await valueHistory(app, league, userId)).points : [],
      hasPrices: quoted.length > 0,
      lines: ledgerLines(db, filter, 'all', list).map(ledgerLineView),
      pagination: pagination(list, ledgerTotals(db, filter).lines),
      symbols: [...new Set([...held, ...quoted])],
      isMine,
    }
  }

  async function placeOf(league: League, userId: number): Promise<TradeData['place']> {
    const { board } = await app.livePortfolios.board(league)
    const place = rankedRowOf(board, String(userId))
    return place && { rank: place.rank, of: board.players, change: place.change }
  }

  const tradeVersion = (league: League, userId: number) => {
    const board = stamps.versionOf([['scores', String(league.id)]])
    const portfolio = cache.keyOf(cached.portfolio, portfolioScope(app, league, userId))
    return Bun.hash(`${portfolio} ${board} ${leagueStatus(league, clock.now())}`).toString(36)
  }
  /** The operator has no portfolio: nobody has the id 0. */
  const whoseId = (who: Who) => who.id ?? 0

  /** Of the page `trade`, which is about the reader, and of `portfolios/:user_id`. */
  type TradeRequest = LiveRequest<OrderDraft & { page?: number }, { id: number; user_id?: number }>
  function tradeOf({ params: { id, user_id }, who }: TradeRequest) {
    const me = signedIn(who)
    const userId = user_id === undefined ? whoseId(me) : ownerOrRefuse(user_id, me)
    return { league: marketLeagueOf(db, id, who), userId, me }
  }
  const trade = liveHandlers(streams, {
    id: 'trade',
    fast: true,
    version(asked: TradeRequest) {
      const { league, userId } = tradeOf(asked)
      return tradeVersion(league, userId)
    },
    read(asked) {
      const { league, userId, me } = tradeOf(asked)
      return tradeData(league, userId, asked.query, me)
    },
    content: (data, { query, who }) => tradeBody(data, query, signedIn(who)),
    page(body, { league, portfolio, isMine }, { who }) {
      const title = isMine ? `Trade · ${league.name}` : `${portfolio?.username ?? 'Portfolio'} · ${league.name}`
      return page({ title, who, nav, ...assets, body })
    },
  })

  const activity = liveHandlers(streams, {
    id: 'activity',
    version: ({ params: { id }, who }: LiveRequest<{ page?: number; limit?: number }, { id: number }>) =>
      stamps.versionOf([['activity', String(marketLeagueOf(db, id, who).id)]]),
    async read({ params: { id }, query }) {
      const { value } = await readActivity(app, id, pageOf(query))
      return { league: leagueViewById(db, id, clock.now()), ...value }
    },
    content: (data, { who }) => activityBody(data, who),
    page: (body, { league }, { who }) => page({ title: `Activity · ${league.name}`, who, nav, body }),
  })

  const ofLeague = { params: idParams, query: tradeQuery, may: 'member' } as const
  const ofOwner = { params: ownerParams, query: tradeQuery, may: 'member' } as const
  const paged = { params: idParams, query: t.Object(pageQuery), may: 'member' } as const
  return pageRouter(app)
    .get('/leagues/:id/trade', trade.page, ofLeague)
    .get('/leagues/:id/trade/part', trade.part, ofLeague)
    .get('/leagues/:id/trade/events', trade.events, ofLeague)
    .get('/leagues/:id/portfolios/:user_id', trade.page, ofOwner)
    .get('/leagues/:id/portfolios/:user_id/part', trade.part, ofOwner)
    .get('/leagues/:id/portfolios/:user_id/events', trade.events, ofOwner)
    .get('/leagues/:id/activity', activity.page, paged)
    .get('/leagues/:id/activity/part', activity.part, paged)
    .get('/leagues/:id/activity/events', activity.events, paged)
}
