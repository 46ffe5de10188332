/** What the page of a board shows: the board, and what is read besides it. */
import { cached } from '../../cached.ts'
import type { App } from '../../context.ts'
import type { BoardRow } from '../../leaderboard/page.ts'
import {
  type BoardQuery,
  canonicalQuery,
  isCacheable,
  labelParts,
  maxLimit,
  queryKey,
} from '../../leaderboard/query.ts'
import type { GroupTotal, TotalsQuery } from '../../leaderboard/totals.ts'
import { answerValue } from '../../platform/cache/cache.ts'
import type { Who } from '../../platform/http/request-context.ts'
import { nextChangeAt, readBoard } from '../board.ts'
import { maxMissing } from '../board-schemas.ts'
import { kindOf, type Trends } from '../kinds.ts'
import type { League } from '../league.ts'
import { mayEnter } from '../membership.ts'
import { isMember, leagueViewById } from '../queries.ts'
import { readTotals } from '../totals.ts'
import type { BoardData } from './board-page.ts'
import { columnsOfLeague } from './columns-page.ts'

const maxTrends = 100 // rows: more would keep the first reader of a board waiting
export const maxSummed = 100_000 // players: with more, the first reader of a board would wait for the totals

/** `ownColumns`: those that the reader chose. */
export async function boardData(
  app: App,
  league: League,
  query: BoardQuery,
  who: Who | undefined,
  ownColumns: string[] | undefined,
): Promise<BoardData> {
  const { db, clock } = app
  const result = await readBoard(app, league, query)
  const kind = kindOf(app, league)
  const player = kind.pages.membersPlay ? (who?.id ?? null) : null
  const view = answerValue(result)
  const joined = player !== null && isMember(db, league.id, player)
  return {
    league: leagueViewById(db, league.id, clock.now()),
    kind: kind.pages,
    board: view,
    leader: await leaderOf(app, league, query),
    tiers: kind.tierNames?.(league) ?? [],
    trends: await trendsOf(app, league, query, view.rows),
    tierCounts: await tierCounts(app, league, query, view.rows),
    me: joined && kind.pages.playersAreUsers ? String(player) : undefined,
    mayJoin: player !== null && !joined && mayEnter(app, league, clock.now()),
    missing: query.q === undefined ? undefined : await kind.missing?.(app, league, query.q, maxMissing),
    columns: ownColumns ?? columnsOfLeague(league),
    hasOwnColumns: ownColumns !== undefined,
    total: view.pagination.total > maxSummed ? undefined : await totalShown(app, league, query),
    above: kind.aboveBoard?.(app, league, who),
    underRows: await kind.underRows?.(app, league, view.rows),
  }
}

/** The total of everyone listed, unless the reader searches by name or looks at one tier. */
async function totalShown(
  app: App,
  league: League,
  { q, label, tier, at, from }: BoardQuery,
): Promise<GroupTotal | undefined> {
  if ((q ?? tier) !== undefined || !kindOf(app, league).totals) return undefined
  const { name, value } = label === undefined ? {} : labelParts(label)
  const query: TotalsQuery = { ...canonicalQuery({ q: value, limit: maxLimit }), label: name, at, from, by: 'sum' }
  const result = await readTotals(app, league, query)
  const { all, rows } = answerValue(result)
  return value === undefined ? (all ?? undefined) : rows.find(row => row.text === value)
}

/** The past scores of the players on a page: loaded once per board, and not for a search. */
async function trendsOf(
  app: App,
  league: League,
  query: BoardQuery,
  rows: readonly BoardRow[],
): Promise<Trends | undefined> {
  const { trends } = kindOf(app, league)
  if (!trends || !isCacheable(query) || rows.length === 0 || rows.length > maxTrends) return undefined
  const load = () =>
    trends(
      app,
      league,
      rows.map(({ player_id }) => player_id),
    )
  const { value } = await app.cache.read(cached.trends, [league.id, queryKey(query)], load, nextChangeAt(app, league))
  return value
}

async function tierCounts(app: App, league: League, query: BoardQuery, rows: readonly BoardRow[]) {
  if (!isCacheable(query) || !rows.some(({ tier }) => tier)) return undefined
  return (await kindOf(app, league).tiers?.(app, league, { page: 1, limit: 0 }))?.tiers
}

/** The leader, shown while the reader looks at something else. */
async function leaderOf(app: App, league: League, { q, around, at, from, label, tier }: BoardQuery) {
  if ((q ?? around ?? label ?? tier) === undefined || at !== undefined || from !== undefined) return undefined
  const first = await readBoard(app, league, canonicalQuery({}))
  return answerValue(first).rows[0]
}
