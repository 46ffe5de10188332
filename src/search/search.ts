import { type Static, t } from 'elysia'
import { runStates } from '../../db/schema.ts'
import { cached } from '../cached.ts'
import type { App } from '../context.ts'
import { boardPage, boardQueryOf, leagueBrief, leagueSummary } from '../leagues/board.ts'
import { kindOf } from '../leagues/kinds.ts'
import { kindSchema } from '../leagues/league.ts'
import { findLeague, leagueById, listLeagues } from '../leagues/queries.ts'
import { isVisibleTo, visibilityKey } from '../leagues/visibility.ts'
import type { CacheResult } from '../platform/cache/cache.ts'
import { iso } from '../platform/clock.ts'
import { isAtLeast } from '../platform/http/access.ts'
import { pageOf } from '../platform/http/pagination.ts'
import type { Who } from '../platform/http/request-context.ts'
import { rowView } from '../platform/http/row-view.ts'
import { dateTime, dateTimeSchema, oneOfWords } from '../platform/http/shared-schemas.ts'
import { findRuns } from '../runs/find-runs.ts'
import {
  bestMatchesFirst,
  leaguesNamed,
  searchExpression,
  staffNamed,
  symbolsNamed,
  toursNamed,
  usersNamed,
} from './names.ts'

export const categories = ['players', 'leagues', 'users', 'symbols', 'tours', 'staff', 'runs'] as const
export type Category = (typeof categories)[number]
export const categorySchema = t.Optional(oneOfWords(categories))

const integer = t.Integer()
const player = t.Object({
  player_id: t.String(),
  name: t.String(),
  rank: t.Nullable(integer),
  score: t.Nullable(t.Number()),
  last_seen: t.Optional(dateTime({ description: 'If missing from the newest scan: when they were last in one' })),
  league: t.Object({ id: integer, name: t.String(), kind: kindSchema }),
})
type Player = Static<typeof player>
const symbol = t.Object({ symbol: t.String(), price_cents: integer, as_of: dateTimeSchema })
const symbolView = rowView(symbol)
const user = t.Object({ id: integer, username: t.String() })
const tour = t.Object({ slug: t.String(), name: t.String() })
const person = t.Object({ id: integer, name: t.String(), active: t.Boolean() })
const run = t.Object({
  job_id: t.String(),
  name: t.String(),
  status: oneOfWords(runStates),
  created_at: dateTimeSchema,
})
export const searchSchema = t.Object(
  {
    q: t.String(),
    players: t.Optional(t.Array(player)),
    leagues: t.Optional(t.Array(leagueBrief)),
    users: t.Optional(
      t.Array(user, { description: 'For signed-in users: members of leagues they can see; officers find everyone' }),
    ),
    symbols: t.Optional(t.Array(symbol)),
    tours: t.Optional(t.Array(tour)),
    staff: t.Optional(t.Array(person, { description: 'People of the rota, for officers' })),
    runs: t.Optional(
      t.Array(run, {
        description: 'Runs of jobs, for admins: words of their name, input or error, or the start of their id',
      }),
    ),
  },
  { description: 'Results by category, best first' },
)
export type SearchResult = Static<typeof searchSchema>

export type SearchQuery = { q: string; categories: readonly Category[]; who: Who | undefined; limit: number }

/** The results of readers who see the same leagues are cached; runs change by the second, so they are always searched. */
export async function readSearch(app: App, asked: SearchQuery): Promise<CacheResult<SearchResult> | SearchResult> {
  const { q, categories, who, limit } = asked
  const scope = [q, categories.join(), who ? 'signed in' : 'stranger', visibilityKey(app.db, who), limit]
  const found = await app.cache.read(cached.search, scope, () => search(app, asked))
  if (!isAtLeast(who, 'admin') || !categories.includes('runs')) return found
  const { runs } = await app.reader.read(findRuns, { q, limit, offset: 0 })
  return {
    ...found.value,
    runs: runs.map(({ id, name, status, createdAt }) => ({ job_id: id, name, status, created_at: iso(createdAt) })),
  }
}

async function search(app: App, asked: SearchQuery): Promise<SearchResult> {
  const { db, clock } = app
  const { q, limit, who } = asked
  const wants = (category: Category) => asked.categories.includes(category)
  const now = clock.now()
  return {
    q,
    ...(wants('players') && { players: await playersNamed(app, asked) }),
    ...(wants('leagues') && {
      leagues: leaguesNamed(db, q, limit, isVisibleTo(who)).map(row => leagueSummary(row, now)),
    }),
    ...(wants('users') && who && { users: usersNamed(db, q, limit, isVisibleTo(who)) }),
    ...(wants('symbols') && { symbols: symbolsNamed(db, q, limit).map(symbolView) }),
    ...(wants('tours') && { tours: toursNamed(db, q, limit) }),
    ...(wants('staff') && isAtLeast(who, 'officer') && { staff: staffNamed(db, q, limit) }),
  }
}

const maxLeagues = 20

/** Players on boards: the newest leagues that are not archived are searched, each through its own columns of names. */
async function playersNamed(app: App, { q, who, limit }: SearchQuery) {
  const { db, clock } = app
  if (!searchExpression(q)) return []
  const leagues = listLeagues(db, { visible: isVisibleTo(who) }, pageOf({ limit: maxLeagues }), clock.now())
  const players: Player[] = []
  for (const { id, status } of leagues) {
    if (status === 'upcoming') continue
    const unlessDeleted = (error: unknown) => {
      if (findLeague(db, id)) throw error
      return [] // deleted during the search
    }
    players.push(...(await playersOfLeague(app, id, q, limit).catch(unlessDeleted)))
  }
  return bestMatchesFirst(players, ({ name }) => name, q, limit)
}

async function playersOfLeague(app: App, id: number, q: string, limit: number): Promise<Player[]> {
  const row = leagueById(app.db, id)
  const board = await boardPage(app, row, boardQueryOf({ q, limit: String(limit) }, row))
  const missing = (await kindOf(app, row).missing?.(app, row, q, limit))?.players ?? []
  const league = { id, name: row.name, kind: row.kind }
  return [
    ...board.rows.map(({ player_id, name, rank, score }) => ({ player_id, name, rank, score, league })),
    ...missing.map(gone => ({ ...gone, rank: null, score: null, league })),
  ]
}
