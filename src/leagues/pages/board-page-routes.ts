/** The board of a league, live, and the cards of its players. They ask the same queries as the API. */
import { t } from 'elysia'
import { cached } from '../../cached.ts'
import { type App, oncePerApp } from '../../context.ts'
import { Refusal } from '../../errors.ts'
import { type BoardQuery, defaultLimit, isCacheable, queryKey } from '../../leaderboard/query.ts'
import { answerValue, type CacheResult } from '../../platform/cache/cache.ts'
import { inUtc, iso } from '../../platform/clock.ts'
import { htmlResponse, htmlType } from '../../platform/html.ts'
import type { Who } from '../../platform/http/request-context.ts'
import { cachedResponse, seeOther } from '../../platform/http/responses.ts'
import { idParams, idSchema } from '../../platform/http/shared-schemas.ts'
import { assetsVersion } from '../../ui/assets.ts'
import { layout, page, pageRouter } from '../../ui/layout.ts'
import { address } from '../../ui/parts/address.ts'
import { type LiveRequest, live, livePart } from '../../ui/parts/live.ts'
import { boardQuery, boardQueryOf, nextChangeAt, readPlayer } from '../board.ts'
import { kindOf } from '../kinds.ts'
import { type League, type LeagueStatus, leagueStatus } from '../league.ts'
import { leagueViewById } from '../queries.ts'
import { readTotals, totalsQuery, totalsQueryOf } from '../totals.ts'
import { isPublic, readableLeague } from '../visibility.ts'
import { boardData } from './board-data.ts'
import { type BoardParams, boardBody, boardSummary } from './board-page.ts'
import { ownColumns } from './columns-page.ts'
import { playerBody, playerSummary } from './player-page.ts'
import { totalsBody } from './totals-page.ts'

const withId = { params: idParams }
const nav = 'leagues'

const timeText = t.Optional(t.String({ maxLength: 40 }))
/** Times may also come from a form: `2026-03-01T12:00`, in UTC. */
const shownQuery = t.Object({ ...boardQuery.properties, at: timeText, from: timeText })
const ofBoard = { ...withId, query: shownQuery, may: 'reader', counted: true } as const

/** When strangers last requested the page of a league without a hit in the fast path, ms since 1970, by league. */
const requestTimes = oncePerApp(() => new Map<number, number>())

/** The page of one signed-in reader: browsers must not store it. */
const ownPage = (request: Request, page: CacheResult<string>) =>
  cachedResponse(request, page, { contentType: htmlType, etag: false })
const strangersPage = (request: Request, page: CacheResult<string>) =>
  cachedResponse(request, page, { contentType: htmlType, text: page.value })

/** The version changes with the board and with the state of the league. The key of a cached page ends with its stamps. */
const strangersVersion = (key: string, status: LeagueStatus) =>
  Bun.hash(`${key.slice(key.lastIndexOf('|'))}${status}`).toString(36)
const versionNow = ({ db, cache, clock }: App, id: number, who: Who | undefined) =>
  strangersVersion(cache.keyOf(cached.boardHtml, [id]), leagueStatus(readableLeague(db, id, who), clock.now()))

/**
 * The board as a whole page, or as the part that changes. All strangers see the same page, so it is cached; a page for a signed-in
 * reader is made for them alone.
 */
async function boardResponse(app: App, asked: LiveRequest<BoardParams, { id: number }>, form: 'page' | 'part') {
  const { db, cache, clock } = app
  const { request, who } = asked
  const { id } = asked.params
  const league = readableLeague(db, id, who)
  const query = boardQueryOf(timesInUtc(asked.query), league)
  const status = leagueStatus(league, clock.now())
  const readerColumns = ownColumns(request)
  const version = versionNow(app, id, who) // before the board is read: a change in between is then fetched again
  const make = async () => {
    const data = await boardData(app, league, query, who, readerColumns)
    const body = boardBody(data, paramsOf(query), who)
    if (form === 'part') return String(body)
    const from = address(`/leagues/${id}/board`, paramsOf(query))
    const shown = live({ id: 'board', events: `/leagues/${id}/events`, from, version }, body)
    const description = boardSummary(data)
    return String(layout({ title: league.name, description, who, nav, scripts: ['board.js'], body: shown }))
  }
  /** Who marked themselves and is no longer on the board finds their card, which says when they were last seen. */
  const cardInstead = async (error: unknown) => {
    if (form === 'part' || query.around === undefined || !(error instanceof Refusal && error.code === 'not_found'))
      throw error
    await readPlayer(app, league, query.around) // refuses somebody who never was
    return seeOther(`/leagues/${id}/players/${encodeURIComponent(query.around)}`)
  }
  if (!isCacheable(query) || (readerColumns && !who)) return make().then(text => livePart(version, text), cardInstead)
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
  response.headers.set('x-version', strangersVersion(result.key, status))
  return response
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
  const request = new Request('http://localhost/')
  await boardResponse(app, { request, params: { id: league.id }, query: {}, who: undefined }, 'page')
  requestTimes(app).set(league.id, requestedTime) // undoes what this request of our own recorded
}

export const boardPages = (app: App) => {
  const { db, cache, clock, streams } = app

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
    const [title, description] = [`${player.name} · ${league.name}`, playerSummary(data)]
    return layout({ title, description, who, nav, scripts: ['board.js'], body })
  }

  return (
    pageRouter(app)
      // Each names what it takes: with the whole context Elysia would wrap the answer, and the fast path not know it again.
      .get(
        '/leagues/:id',
        ({ request, params, query, who }) => boardResponse(app, { request, params, query, who }, 'page'),
        { ...ofBoard },
      )
      .get(
        '/leagues/:id/board',
        ({ request, params, query, who }) => boardResponse(app, { request, params, query, who }, 'part'),
        { ...ofBoard },
      )
      .get(
        '/leagues/:id/events',
        ({ params: { id }, who, request }) => streams.versions(request, () => versionNow(app, id, who)),
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
