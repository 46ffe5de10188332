/** Pages of market leagues and quotes: they ask the same queries as the API. */
import { t } from 'elysia'
import { cached } from '../../cached.ts'
import type { App } from '../../context.ts'
import { signedIn } from '../../platform/http/access.ts'
import { pageOf, pageQuery, pagination } from '../../platform/http/pagination.ts'
import type { Who } from '../../platform/http/request-context.ts'
import { idParams } from '../../platform/http/shared-schemas.ts'
import { page, pageRouter } from '../../ui/layout.ts'
import { address } from '../../ui/parts/address.ts'
import { live, livePart } from '../../ui/parts/live.ts'
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
const one = { params: idParams }
const owner = { params: ownerParams }
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
  /** Refuses readers who may not see the league. */
  const activityVersion = (id: number, who: Who | undefined) =>
    stamps.versionOf([['activity', String(marketLeagueOf(db, id, who).id)]])

  /** The operator has no portfolio: nobody has the id 0. */
  const whoseId = (who: Who) => who.id ?? 0

  type Asked = { page?: number }
  /** Of the page `trade`, which is about the reader, and of `portfolios/:user_id`. */
  type TradeRequest = { params: { id: number; user_id?: number }; who: Who | undefined }
  function tradeOf({ params: { id, user_id }, who }: TradeRequest) {
    const me = signedIn(who)
    const userId = user_id === undefined ? whoseId(me) : ownerOrRefuse(user_id, me)
    return { league: marketLeagueOf(db, id, who), userId, me }
  }
  async function tradePage(request: TradeRequest & { query: Asked & OrderDraft }) {
    const { league, userId, me } = tradeOf(request)
    const { query, params } = request
    const path = `/leagues/${league.id}/${params.user_id === undefined ? 'trade' : `portfolios/${userId}`}`
    const version = tradeVersion(league, userId)
    const data = await tradeData(league, userId, query, me)
    const from = address(`${path}/part`, query)
    const body = live({ id: 'trade', events: `${path}/events`, from, version, fast: true }, tradeBody(data, query, me))
    const title = data.isMine ? `Trade · ${league.name}` : `${data.portfolio?.username ?? 'Portfolio'} · ${league.name}`
    return page({ title, who: me, nav, ...assets, body })
  }
  async function tradePart(request: TradeRequest & { query: Asked }) {
    const { league, userId, me } = tradeOf(request)
    const version = tradeVersion(league, userId)
    return livePart(version, tradeBody(await tradeData(league, userId, request.query, me), {}, me))
  }
  function tradeEvents({ request, ...asked }: TradeRequest & { request: Request }) {
    const { league, userId } = tradeOf(asked)
    return streams.versions(request, () => tradeVersion(marketLeagueOf(db, league.id, asked.who), userId))
  }

  const activityData = async (id: number, query: Asked) => {
    const { value } = await readActivity(app, id, pageOf(query))
    return { league: leagueViewById(db, id, clock.now()), ...value }
  }

  return pageRouter(app)
    .get('/leagues/:id/trade', tradePage, { ...one, query: tradeQuery, may: 'member' })
    .get('/leagues/:id/trade/part', tradePart, { ...one, query: tradeQuery, may: 'member' })
    .get('/leagues/:id/trade/events', tradeEvents, { ...one, may: 'member' })
    .get('/leagues/:id/portfolios/:user_id', tradePage, { ...owner, query: tradeQuery, may: 'member' })
    .get('/leagues/:id/portfolios/:user_id/part', tradePart, { ...owner, query: tradeQuery, may: 'member' })
    .get('/leagues/:id/portfolios/:user_id/events', tradeEvents, { ...owner, may: 'member' })
    .get(
      '/leagues/:id/activity',
      async ({ params: { id }, query, who }) => {
        const version = activityVersion(id, who)
        const data = await activityData(id, query)
        const path = `/leagues/${id}/activity`
        const from = address(`${path}/part`, query)
        const body = live({ id: 'activity', events: `${path}/events`, from, version }, activityBody(data, who))
        return page({ title: `Activity · ${data.league.name}`, who, nav, body })
      },
      { ...one, query: t.Object(pageQuery), may: 'member' },
    )
    .get(
      '/leagues/:id/activity/part',
      async ({ params: { id }, query, who }) =>
        livePart(activityVersion(id, who), activityBody(await activityData(id, query), who)),
      { ...one, query: t.Object(pageQuery), may: 'member' },
    )
    .get(
      '/leagues/:id/activity/events',
      ({ params: { id }, who, request }) => streams.versions(request, () => activityVersion(id, who)),
      { ...one, may: 'member' },
    )
}
