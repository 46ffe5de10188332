import { t } from 'elysia'
import { cached } from '../cached.ts'
import type { App } from '../context.ts'
import { refuse } from '../errors.ts'
import { answerValue } from '../platform/cache/cache.ts'
import { isoOrNull } from '../platform/clock.ts'
import { csvDownload } from '../platform/files/csv.ts'
import { apiRouter } from '../platform/http/access.ts'
import { linkHeader, pageOf, pageQuery, paginationSchema } from '../platform/http/pagination.ts'
import { describe } from '../platform/http/route-docs.ts'
import { dateTime, idParams, idSchema, nullableDateTime, nullableNumber } from '../platform/http/shared-schemas.ts'
import { boardPage, boardQuery, boardQueryOf, boardSchema, readBoard, readPlayer } from './board.ts'
import { exportedHeadings, maxMissing, missingPlayerSchema, playerSchema, tierSchema } from './board-schemas.ts'
import { maxColumnsLength, readColumnList } from './columns.ts'
import { exportFileName, exportOf } from './exports.ts'
import { kindOf } from './kinds.ts'
import type { League } from './league.ts'
import { readTotals, totalsCsv, totalsQuery, totalsQueryOf, totalsSchema } from './totals.ts'
import { readableLeague } from './visibility.ts'

const foundPlayers = t.Object({
  missing: t.Optional(
    t.Array(missingPlayerSchema, {
      description: 'Matches among players who are missing from the newest scan, at most twenty',
    }),
  ),
  missing_since: t.Optional(
    t.Nullable(
      dateTime({
        description: 'The oldest scan searched for missing players: only the newest 50 are. Null: all were',
      }),
    ),
  ),
  players: t.Array(
    t.Object({ player_id: t.String(), name: t.String(), rank: t.Nullable(t.Integer()), score: nullableNumber }),
  ),
  pagination: paginationSchema,
})
const tierList = t.Object({ as_of: nullableDateTime, tiers: t.Array(tierSchema) })

const totalsExportQuery = t.Object({ ...t.Omit(totalsQuery, ['page', 'limit']).properties, headings: exportedHeadings })
const exportQuery = t.Object({
  ...t.Omit(boardQuery, ['page', 'limit', 'around']).properties,
  columns: t.Optional(
    t.String({
      description: 'The columns to write, in this order: `score,label:alliance,deads,deads.gain`. All by default',
      maxLength: maxColumnsLength,
    }),
  ),
  headings: exportedHeadings,
})
const isAsSheet = ({ headings }: { headings?: string }) => headings === 'sheet'
const columnsAsked = (text: string | undefined) => (text ? readColumnList(text) : undefined)

/** The page around a player has no page number; other pages are those of the whole board. */
function withoutAround(address: string): string {
  const url = new URL(address)
  url.searchParams.delete('around')
  return url.href
}

export const boardRoutes = (app: App) => {
  const { db, cache } = app
  const exportAs =
    (format: 'csv' | 'xlsx') =>
    ({ league, query, request }: { league: League; query: typeof exportQuery.static; request: Request }) =>
      exportOf(
        app,
        league,
        { asked: boardQueryOf(query, league), format, chosen: columnsAsked(query.columns), asSheet: isAsSheet(query) },
        request,
      )

  return apiRouter(app, '/api/v1/leagues', 'leaderboard')
    .get(
      '/:id/players/:player_id',
      ({ params: { id, player_id }, who }) => readPlayer(app, readableLeague(db, id, who), player_id),
      {
        params: t.Object({ id: idSchema, player_id: t.String({ maxLength: 200 }) }),
        may: 'reader',
        counted: true,
        detail: describe('One player: values, ranks, tier and history', playerSchema),
      },
    )
    .guard({ params: idParams })
    .resolve(({ params: { id }, who }) => ({ league: readableLeague(db, id, who) }))
    .get(
      '/:id/leaderboard',
      async ({ league, query, request, set }) => {
        const board = await readBoard(app, league, boardQueryOf(query, league))
        const { pagination } = answerValue(board)
        set.headers.link = linkHeader(withoutAround(request.url), pagination)
        return board
      },
      {
        query: boardQuery,
        may: 'reader',
        counted: true,
        detail: describe('The ranked board of a league', boardSchema),
      },
    )
    .get('/:id/leaderboard.csv', exportAs('csv'), {
      query: exportQuery,
      may: 'reader',
      counted: true,
      detail: describe('The whole board as CSV', t.String(), { type: 'text/csv' }),
    })
    .get('/:id/leaderboard.xlsx', exportAs('xlsx'), {
      query: exportQuery,
      may: 'reader',
      counted: true,
      detail: describe('The whole board as an Excel workbook', t.String({ format: 'binary' }), {
        type: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
      }),
    })
    .get(
      '/:id/totals',
      async ({ league, query, request, set }) => {
        const found = await readTotals(app, league, totalsQueryOf(query))
        set.headers.link = linkHeader(request.url, answerValue(found).pagination)
        return found
      },
      {
        query: totalsQuery,
        may: 'reader',
        counted: true,
        detail: describe(
          'Totals: sums and averages by a label, such as the alliance, and of the whole board',
          totalsSchema,
        ),
      },
    )
    .get(
      '/:id/totals.csv',
      async ({ league, query }) =>
        csvDownload(
          await totalsCsv(app, league, totalsQueryOf(query), isAsSheet(query)),
          `totals-${exportFileName(league, 'csv')}`,
        ),
      {
        query: totalsExportQuery,
        may: 'reader',
        counted: true,
        detail: describe('The totals as CSV: all groups, and everyone in the last line', t.String(), {
          type: 'text/csv',
        }),
      },
    )
    .get(
      '/:id/players',
      async ({ league, query, request, set }) => {
        const { page, limit } = pageOf(query)
        const asked = boardQueryOf({ q: query.q, page: String(page), limit: String(limit) }, league)
        const board = await boardPage(app, league, asked)
        set.headers.link = linkHeader(request.url, board.pagination)
        const players = board.rows.map(({ player_id, name, rank, score }) => ({ player_id, name, rank, score }))
        const missing = query.q && (await kindOf(app, league).missing?.(app, league, query.q, maxMissing))
        return {
          players,
          ...(missing && { missing: missing.players, missing_since: missing.since }),
          pagination: board.pagination,
        }
      },
      {
        query: t.Object({ q: t.Optional(t.String({ maxLength: 200 })), ...pageQuery }),
        may: 'reader',
        counted: true,
        detail: describe('Players by part of a name or id', foundPlayers),
      },
    )
    .get(
      '/:id/classifications',
      ({ league, query }) => {
        const page = pageOf(query)
        return cache.read(cached.classifications, [league.id, page.page, page.limit], async () => {
          const rules = kindOf(app, league)
          const { asOf, tiers } =
            (await rules.tiers?.(app, league, page)) ??
            refuse('not_found', `Leagues of kind ${league.kind} have no tiers`)
          return { as_of: isoOrNull(asOf), tiers }
        })
      },
      {
        query: t.Object(pageQuery),
        may: 'reader',
        counted: true,
        detail: describe('Tiers with counts, bounds and players', tierList),
      },
    )
}
