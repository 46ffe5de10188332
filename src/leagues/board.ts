/** The leaderboard as the API answers it: the same for every kind, live and final. */
import { type Static, t } from 'elysia'
import { cached } from '../cached.ts'
import type { App } from '../context.ts'
import { invalid, refuse } from '../errors.ts'
import {
  BadQuery,
  type BoardQuery,
  canonicalQuery,
  defaultLimit,
  isCacheable,
  maxLimit,
  orders,
  queryKey,
  ties,
  UnknownColumn,
  UnknownPlayer,
} from '../leaderboard/query.ts'
import type { CacheResult } from '../platform/cache/cache.ts'
import { iso, isoOrNull } from '../platform/clock.ts'
import { paginationSchema } from '../platform/http/pagination.ts'
import {
  dateTime,
  dateTimeSchema,
  idSchema,
  nullableDateTime,
  oneOfWords,
  textReadAs,
} from '../platform/http/shared-schemas.ts'
import { headingsSchema, rowSchema } from './board-schemas.ts'
import { kindOf, type ReadPage } from './kinds.ts'
import { kindSchema, type League, leagueStatus, nextStatusChangeAt, statusSchema } from './league.ts'

/** As they come in the address; the leaderboard engine says what is valid. */
export const boardQuery = t.Object({
  sort_by: t.Optional(
    t.String({
      description:
        '`score`, a metric, what was gained in one (`deads.gain`), the percent of the goal (`goal_pct`) or of one target (`deads.goal_pct`). Another name is refused with a 400 that lists the `choices`',
      maxLength: 200,
    }),
  ),
  order: textReadAs(oneOfWords(orders), 'As it suits the column, by default'),
  page: textReadAs(t.Integer({ default: 1 }), 'The page, from 1'),
  limit: textReadAs(t.Integer({ default: defaultLimit }), `Rows on a page, ${maxLimit} at most`),
  q: t.Optional(t.String({ description: 'Part of a name or id; ranks stay those of the whole board', maxLength: 200 })),
  around: t.Optional(t.String({ description: 'A player id: the page around that player', maxLength: 200 })),
  at: t.Optional(t.Union([dateTimeSchema, t.Literal('')], { description: 'A time: the board as of then' })),
  label: t.Optional(
    t.String({
      description: 'A label and its value: `alliance:ABC`. Ranks stay those of the whole board. Sheet leagues only',
      maxLength: 300, // its name has up to 60 characters, its value 200
    }),
  ),
  tier: t.Optional(
    t.String({
      description: 'The name of a tier: `elite`. Ranks stay those of the whole board. Sheet leagues only',
      maxLength: 200,
    }),
  ),
  from: t.Optional(
    t.Union([dateTimeSchema, t.Literal('')], {
      description: 'A time: gains count from the scan of that time instead of from the baseline. Sheet leagues only',
    }),
  ),
  ties: textReadAs(oneOfWords(ties), 'standard (1224, the default), dense (1223), modified (1334) or ordinal (1234)'),
})

export const leagueBrief = t.Object({ id: idSchema, name: t.String(), kind: kindSchema, status: statusSchema })
export const boardSchema = t.Object(
  {
    league: leagueBrief,
    state: t.Union([t.Literal('live'), t.Literal('final')]),
    sort_by: t.String(),
    order: t.Union([t.Literal('asc'), t.Literal('desc')]),
    as_of: nullableDateTime,
    gains_from: t.Optional(dateTime({ description: 'With `from`: the time of the scan' })),
    headings: headingsSchema,
    notes: t.Optional(t.Array(t.String(), { description: 'Why the score is incomplete, in sentences' })),
    left_out: t.Optional(
      t.Integer({ description: 'Players who do not count; they are at the end of the board, without a rank' }),
    ),
    rows: t.Array(rowSchema),
    pagination: paginationSchema,
  },
  { $id: 'BoardPage', description: 'A page of a board' },
)

export type BoardView = Static<typeof boardSchema>

export const leagueSummary = (league: League, now: number) => ({
  id: league.id,
  name: league.name,
  kind: league.kind,
  status: leagueStatus(league, now),
})

/** Reads the query of a board, or says what is wrong with it. */
export function boardQueryOf(raw: Record<string, string | undefined>, league: League): BoardQuery {
  const sort = typeof league.config.sort === 'string' ? league.config.sort : undefined
  return refuseInvalidQuery(() => canonicalQuery({ ...raw, sort_by: raw.sort_by || sort }))
}

/** Passes on what the engine says about a query it cannot answer, as a refusal. */
export function refuseBoardQuery(error: unknown): never {
  if (error instanceof BadQuery) refuse('invalid', error.message, { errors: error.errors })
  if (error instanceof UnknownColumn)
    refuse('bad_request', error.message, {
      errors: [{ path: 'sort_by', message: error.message }],
      choices: error.choices,
    })
  if (error instanceof UnknownPlayer) refuse('not_found', error.message)
  throw error
}
export function refuseInvalidQuery<T>(work: () => T): T {
  try {
    return work()
  } catch (error) {
    return refuseBoardQuery(error)
  }
}

/** The board as asked for, cached if many ask the same. `readPage` replaces the kind's own reading when a page has already been made. */
export async function readBoard(
  app: App,
  league: League,
  query: BoardQuery,
  readPage?: ReadPage,
): Promise<CacheResult<BoardView> | BoardView> {
  const load = () => boardPage(app, league, query, readPage)
  if (!isCacheable(query)) return load()
  return app.cache.read(cached.board, [league.id, queryKey(query)], load, nextChangeAt(app, league))
}

export function readPlayer(app: App, league: League, player_id: string) {
  const load = async () => {
    const card = await kindOf(app, league).player(app, league, player_id)
    return card ?? refuse('not_found', `No player ${player_id} on this board`)
  }
  return app.cache.read(cached.player, [league.id, player_id], load, nextChangeAt(app, league))
}

/** When the league, or what its kind shows, next changes by itself. */
export function nextChangeAt(app: App, league: League): number {
  const now = app.clock.now()
  const changes = [
    nextStatusChangeAt(league, now),
    kindOf(app, league).nextChangeAt?.(app, league) ?? Number.POSITIVE_INFINITY,
  ]
  return Math.min(...changes.filter(at => at > now), Number.POSITIVE_INFINITY)
}

export async function boardPage(
  app: App,
  league: League,
  query: BoardQuery,
  readPage: ReadPage = query => kindOf(app, league).page(app, league, query),
): Promise<BoardView> {
  const kind = kindOf(app, league)
  const { hasPast, hasGains, name } = kind.pages
  if (query.at !== undefined && !hasPast)
    invalid('at', `The board of a ${name.toLowerCase()} league only shows the present.`)
  if (query.from !== undefined && !hasGains)
    invalid('from', `The board of a ${name.toLowerCase()} league has no scans to count gains from.`)
  if (query.label !== undefined && !hasGains)
    invalid('label', `The board of a ${name.toLowerCase()} league has no labels.`)
  if (query.tier !== undefined && !kind.tiers)
    invalid('tier', `The board of a ${name.toLowerCase()} league has no tiers.`)
  // A league may be sorted by a column that its sheets do not have, or no longer have: the board is shown all the same.
  const byScore = (error: unknown) => {
    if (!(error instanceof UnknownColumn) || query.sort_by !== league.config.sort) throw error
    return readPage({ ...query, sort_by: undefined })
  }
  const { asOf, gainsFrom, headings, notes, ...page } = await readPage(query).catch(byScore).catch(refuseBoardQuery)
  return {
    league: leagueSummary(league, app.clock.now()),
    state: league.finalizedAt === null ? 'live' : 'final',
    sort_by: page.sort_by,
    order: page.order,
    as_of: isoOrNull(asOf),
    ...(gainsFrom !== undefined && { gains_from: iso(gainsFrom) }),
    ...(headings && { headings }),
    ...(notes && { notes }),
    ...(page.left_out !== undefined && { left_out: page.left_out }),
    rows: page.rows,
    pagination: page.pagination,
  }
}
