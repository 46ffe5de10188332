/** The API of the golfers that can be picked in a league, for programs that make entries. */
import { t } from 'elysia'
import type { App } from '../../context.ts'
import { iso } from '../../platform/clock.ts'
import { apiRouter } from '../../platform/http/access.ts'
import { itemsOfPage, paged, pageQuery, paginationSchema } from '../../platform/http/pagination.ts'
import { describe } from '../../platform/http/route-docs.ts'
import { dateTimeSchema, idParams } from '../../platform/http/shared-schemas.ts'
import { isOut } from './feeds/board.ts'
import { arePicksOpen } from './picks.ts'
import { tourLeagueOf } from './queries.ts'
import { byStrength } from './ratings.ts'

const fieldSchema = t.Object(
  {
    event: t.Nullable(t.String()),
    picks_open: t.Boolean(),
    picks_close_at: dateTimeSchema,
    why: t.Nullable(t.String({ description: 'Why nobody can be picked yet' })),
    groups: t.Array(
      t.Object(
        { name: t.String(), players: t.Array(t.String()) },
        { description: 'Pick one from each; empty: pick anyone' },
      ),
    ),
    players: t.Array(
      t.Object({
        player_id: t.String(),
        name: t.String(),
        rank: t.Nullable(t.Integer({ description: 'World ranking' })),
        odds: t.Nullable(t.Number({ description: 'Decimal: what 1 pays' })),
        group: t.Nullable(t.String()),
      }),
    ),
    pagination: paginationSchema,
  },
  { description: 'The field of a league' },
)

export const leagueFieldRoutes = (app: App) =>
  apiRouter(app, '/api/v1/leagues/:id', 'entries').get(
    '/field',
    ({ params: { id }, query, request, who }) => {
      const picking = app.tourBoards.picksFor(tourLeagueOf(app.db, id, who))
      const { event, board, ratings, why, closesAt } = picking
      const groups = picking.groups?.groups ?? []
      const golfers = byStrength(board?.golfers.filter(golfer => !isOut(golfer)) ?? [], ratings)
      return paged(query, request, page => ({
        event: event?.name ?? null,
        picks_open: arePicksOpen(picking, app.clock.now()),
        picks_close_at: iso(closesAt),
        why: why ?? null,
        groups: groups.map(({ name, players }) => ({ name, players: [...players] })),
        players: itemsOfPage(golfers, page).map(({ player_id, name }) => ({
          player_id,
          name,
          rank: ratings.get(player_id)?.rank ?? null,
          odds: ratings.get(player_id)?.odds ?? null,
          group: groups.find(group => group.players.has(player_id))?.name ?? null,
        })),
        total: golfers.length,
      }))
    },
    {
      params: idParams,
      query: t.Object(pageQuery),
      may: 'reader',
      counted: true,
      detail: describe('Who can be picked, favourites first, with ranks, odds and groups', fieldSchema),
    },
  )
