/** The board of a league, live, and the cards of its players. They ask the same queries as the API. */
import { t } from 'elysia'
import { cached } from '../../cached.ts'
import type { App } from '../../context.ts'
import type { BoardRow } from '../../leaderboard/page.ts'
import {
  type BoardQuery,
  canonicalQuery,
  defaultLimit,
  isCacheable,
  labelParts,
  maxLimit,
  queryKey,
} from '../../leaderboard/query.ts'
import type { GroupTotal, TotalsQuery } from '../../leaderboard/totals.ts'
import { answerValue, type CacheResult } from '../../platform/cache/cache.ts'
import { inUtc, iso } from '../../platform/clock.ts'
import { htmlResponse, htmlType } from '../../platform/html.ts'
import type { Who } from '../../platform/http/request-context.ts'
import { cachedResponse } from '../../platform/http/responses.ts'
import { idParams, idSchema } from '../../platform/http/shared-schemas.ts'
import { assetsVersion } from '../../ui/assets.ts'
import { layout, page, pageRouter } from '../../ui/layout.ts'
import { address } from '../../ui/parts/address.ts'
import { live, livePart } from '../../ui/parts/live.ts'
import { boardQuery, boardQueryOf, nextChangeAt, readBoard, readPlayer } from '../board.ts'
import { maxMissing } from '../board-schemas.ts'
import { kindOf, type Trends } from '../kinds.ts'
import { type League, type LeagueStatus, leagueStatus } from '../league.ts'
import { mayEnter } from '../membership.ts'
import { isMember, leagueViewById } from '../queries.ts'
import { readTotals, totalsQuery, totalsQueryOf } from '../totals.ts'
import { isPublic, readableLeague } from '../visibility.ts'
import { type BoardData, type BoardParams, boardBody } from './board-page.ts'
import { columnsOfLeague, ownColumns } from './columns-page.ts'
import { playerBody } from './player-page.ts'
import { totalsBody } from './totals-page.ts'

const withId = { params: idParams }
const nav = 'leagues'
const maxTrends = 100 // rows: more would keep the first reader of a board waiting
export const maxSummed = 100_000 // players: with more, the first reader of a board would wait for the totals

const timeText = t.Optional(t.String({ maxLength: 40 }))
/** Times may also come from a form: `2026-03-01T12:00`, in UTC. */
const shownQuery = t.Object({ ...boardQuery.properties, at: timeText, from: timeText })

/** When strangers last requested the page of a league without a hit in the fast path, ms since 1970, by league. */
const requestedAt = new WeakMap<App, Map<number, number>>()
function requestTimes(app: App): Map<number, number> {
  const times = requestedAt.get(app) ?? new Map()
  requestedAt.set(app, times)
  return times
}

/** The page of one signed-in reader: browsers must not store it. */
const ownPage = (request: Request, page: CacheResult<string>) =>
  cachedResponse(request, page, { contentType: htmlType, etag: false })
const strangersPage = (request: Request, page: CacheResult<string>) =>
  cachedResponse(request, page, { contentType: htmlType, text: page.value })

/** Makes the pages of a board. */
function boardPageMaker(app: App) {
  const { db, cache, clock } = app

  /** The version changes with the board and with the state of the league. The key of a cached page ends with its stamps. */
  const versionOf = (key: string, status: LeagueStatus) =>
    Bun.hash(`${key.slice(key.lastIndexOf('|'))}${status}`).toString(36)
  const versionNow = (id: number, who: Who | undefined) =>
    versionOf(cache.keyOf(cached.boardHtml, [id]), leagueStatus(readableLeague(db, id, who), clock.now()))

  /**
   * The board as a whole page, or as the part that changes. All strangers see the same page, so it is cached; a page for a signed-in
   * reader is made for them alone.
   */
  async function board(request: Request, id: number, raw: BoardParams, who: Who | undefined, form: 'page' | 'part') {
    const league = readableLeague(db, id, who)
    const query = boardQueryOf(timesInUtc(raw), league)
    const status = leagueStatus(league, clock.now())
    const readerColumns = ownColumns(request)
    const version = versionNow(id, who) // before the board is read: a change in between is then fetched again
    const make = async () => {
      const body = boardBody(await boardData(league, query, who, readerColumns), paramsOf(query), who)
      if (form === 'part') return String(body)
      const from = address(`/leagues/${id}/board`, paramsOf(query))
      const shown = live({ id: 'board', events: `/leagues/${id}/events`, from, version }, body)
      return String(layout({ title: league.name, who, nav, scripts: ['board.js'], body: shown }))
    }
    if (!isCacheable(query) || (readerColumns && !who)) return livePart(version, await make())
    const scope = [id, form, status, assetsVersion, queryKey(query)]
    const until = nextChangeAt(app, league)
    if (who) {
      const response = ownPage(request, await cache.forOne(cached.ownHtml, scope, make, until))
      response.headers.set('x-version', version)
      return response
    }
    if (form === 'page') requestTimes(app).set(id, clock.now())
    const result = await cache.read(cached.boardHtml, scope, make, until)
    const response = strangersPage(request, result)
    response.headers.set('x-version', versionOf(result.key, status))
    return response
  }

  async function boardData(
    league: League,
    query: BoardQuery,
    who: Who | undefined,
    readerColumns: string[] | undefined,
  ): Promise<BoardData> {
    const result = await readBoard(app, league, query)
    const kind = kindOf(app, league)
    const player = kind.pages.membersPlay ? (who?.id ?? null) : null
    const view = answerValue(result)
    const joined = player !== null && isMember(db, league.id, player)
    return {
      league: leagueViewById(db, league.id, clock.now()),
      kind: kind.pages,
      board: view,
      leader: await leaderOf(league, query),
      tiers: kind.tierNames?.(league) ?? [],
      trends: await trendsOf(league, query, view.rows),
      tierCounts: await tierCounts(league, query, view.rows),
      me: joined && kind.pages.playersAreUsers ? String(player) : undefined,
      mayJoin: player !== null && !joined && mayEnter(app, league, clock.now()),
      missing: query.q === undefined ? undefined : await kind.missing?.(app, league, query.q, maxMissing),
      columns: readerColumns ?? columnsOfLeague(league),
      hasOwnColumns: readerColumns !== undefined,
      total: view.pagination.total > maxSummed ? undefined : await totalShown(league, query),
      above: kind.aboveBoard?.(app, league, who),
      underRows: await kind.underRows?.(app, league, view.rows),
    }
  }

  /** The total of everyone listed, unless the reader searches by name or looks at one tier. */
  async function totalShown(league: League, { q, label, tier, at, from }: BoardQuery): Promise<GroupTotal | undefined> {
    if ((q ?? tier) !== undefined || !kindOf(app, league).totals) return undefined
    const { name, value } = label === undefined ? {} : labelParts(label)
    const query: TotalsQuery = { ...canonicalQuery({ q: value, limit: maxLimit }), label: name, at, from, by: 'sum' }
    const result = await readTotals(app, league, query)
    const { all, rows } = answerValue(result)
    return value === undefined ? (all ?? undefined) : rows.find(row => row.text === value)
  }

  /** The past scores of the players on a page: loaded once per board, and not for a search. */
  async function trendsOf(league: League, query: BoardQuery, rows: readonly BoardRow[]): Promise<Trends | undefined> {
    const { trends } = kindOf(app, league)
    if (!trends || !isCacheable(query) || rows.length === 0 || rows.length > maxTrends) return undefined
    const load = () =>
      trends(
        app,
        league,
        rows.map(({ player_id }) => player_id),
      )
    const { value } = await cache.read(cached.trends, [league.id, queryKey(query)], load, nextChangeAt(app, league))
    return value
  }

  async function tierCounts(league: League, query: BoardQuery, rows: readonly BoardRow[]) {
    if (!isCacheable(query) || !rows.some(({ tier }) => tier)) return undefined
    return (await kindOf(app, league).tiers?.(app, league, { page: 1, limit: 0 }))?.tiers
  }

  /** The leader, shown while the reader looks at something else. */
  async function leaderOf(league: League, { q, around, at, from, label, tier }: BoardQuery) {
    if ((q ?? around ?? label ?? tier) === undefined || at !== undefined || from !== undefined) return undefined
    const first = await readBoard(app, league, canonicalQuery({}))
    return answerValue(first).rows[0]
  }

  return { board, versionNow }
}

/** When a stranger last requested the page of the board, if that was recently. */
export function pageRequestedAt(app: App, league: League): number | undefined {
  const at = requestTimes(app).get(league.id)
  const isRecent = at !== undefined && app.clock.now() - at <= 2 * cached.boardHtml.life
  return isRecent && isPublic(league) ? at : undefined
}

/** Makes the page that strangers see, if one has requested it recently. */
export async function warmBoardPage(app: App, league: League): Promise<void> {
  const requestedTime = pageRequestedAt(app, league)
  if (requestedTime === undefined) return
  await boardPageMaker(app).board(new Request('http://localhost/'), league.id, {}, undefined, 'page')
  requestTimes(app).set(league.id, requestedTime) // undoes what this request of our own recorded
}

export const boardPages = (app: App) => {
  const { db, cache, clock, streams } = app
  const { board, versionNow } = boardPageMaker(app)

  /** The card of a player as a page. */
  async function playerPage(id: number, playerId: string, query: { metric?: string }, who: Who | undefined) {
    const league = readableLeague(db, id, who)
    const { value: player } = await readPlayer(app, league, playerId)
    const kind = kindOf(app, league)
    const data = {
      league: leagueViewById(db, id, clock.now()),
      kind: kind.pages,
      player,
      tiers: kind.tierNames?.(league) ?? [],
      above: kind.aboveCard?.(app, league, player, who),
    }
    const body = playerBody(data, query, who)
    return layout({ title: `${player.name} · ${league.name}`, who, nav, scripts: ['board.js'], body })
  }

  return pageRouter(app)
    .get('/leagues/:id', ({ params: { id }, query, who, request }) => board(request, id, query, who, 'page'), {
      ...withId,
      query: shownQuery,
      may: 'reader',
      counted: true,
    })
    .get('/leagues/:id/board', ({ params: { id }, query, who, request }) => board(request, id, query, who, 'part'), {
      ...withId,
      query: shownQuery,
      may: 'reader',
      counted: true,
    })
    .get(
      '/leagues/:id/events',
      ({ params: { id }, who, request }) => streams.versions(request, () => versionNow(id, who)),
      { ...withId, may: 'reader' },
    )
    .get(
      '/leagues/:id/totals',
      async ({ params: { id }, query, who }) => {
        const league = readableLeague(db, id, who)
        const asked = timesInUtc(query)
        const result = await readTotals(app, league, totalsQueryOf(asked))
        const view = leagueViewById(db, id, clock.now())
        const totals = answerValue(result)
        const body = totalsBody({ league: view, kind: kindOf(app, league).pages, totals }, asked, who)
        return page({ title: `Totals of ${league.name}`, who, nav, body })
      },
      {
        ...withId,
        query: t.Object({ ...totalsQuery.properties, at: timeText, from: timeText }),
        may: 'reader',
        counted: true,
      },
    )
    .get(
      '/leagues/:id/players/:player_id',
      async ({ params: { id, player_id }, query, who, request }) => {
        const league = readableLeague(db, id, who)
        const make = async () => String(await playerPage(id, player_id, query, who))
        if (query.metric !== undefined) return htmlResponse(await make())
        const scope = [id, player_id, leagueStatus(league, clock.now()), assetsVersion]
        const until = nextChangeAt(app, league)
        return who
          ? ownPage(request, await cache.forOne(cached.ownHtml, scope, make, until))
          : strangersPage(request, await cache.read(cached.playerHtml, scope, make, until))
      },
      {
        params: t.Object({ id: idSchema, player_id: t.String({ maxLength: 200 }) }),
        query: t.Object({ metric: t.Optional(t.String({ maxLength: 200 })) }),
        may: 'reader',
        counted: true,
      },
    )
}

/** The query in its shortest form, for the links on the page. */
const paramsOf = (query: BoardQuery): BoardParams => ({
  ...query,
  page: query.page > 1 ? String(query.page) : undefined,
  limit: query.limit === defaultLimit ? undefined : String(query.limit),
  ties: query.ties === 'standard' ? undefined : query.ties,
  at: query.at === undefined ? undefined : iso(query.at),
  from: query.from === undefined ? undefined : iso(query.from),
})

/** The fields of a form have no zone. */
const timesInUtc = <Q extends { at?: string; from?: string }>({ at, from, ...query }: Q) => ({
  ...query,
  at: at && inUtc(at),
  from: from && inUtc(from),
})
