/** Where older clients ask: each path answers with a 308 to the resource of today. */
import { Elysia, t } from 'elysia'
import type { App } from '../../context.ts'
import { refuse } from '../../errors.ts'
import { access } from '../../platform/http/access.ts'
import { pageOf } from '../../platform/http/pagination.ts'
import { describe } from '../../platform/http/route-docs.ts'
import { idSchema } from '../../platform/http/shared-schemas.ts'
import { listLeagues } from '../queries.ts'

const seasonQuery = t.Object({ kvk_season_id: t.Optional(idSchema) })
const to = (location: string) => new Response(null, { status: 308, headers: { location } })
const moved = (summary: string) => ({
  ...describe(`${summary} (an older path)`, undefined, { status: 308 }),
  deprecated: true,
})

export const olderPaths = (app: App) => {
  const { db, clock } = app
  /** The league meant: the one named, else the active one. */
  const season = (id: number | undefined) =>
    id ??
    listLeagues(db, { kind: 'sheet', status: 'active' }, pageOf({ limit: 1 }), clock.now()).leagues[0]?.id ??
    refuse('not_found', 'No sheet league is active; name one by kvk_season_id')
  const rest = (url: string, more: Record<string, string> = {}) => {
    const query = new URL(url).searchParams
    query.delete('kvk_season_id')
    for (const [name, value] of Object.entries(more)) if (!query.has(name)) query.set(name, value)
    return query.size ? `?${query}` : ''
  }
  return new Elysia({ prefix: '/api', tags: ['older paths'] })
    .use(access(app))
    .guard({ query: seasonQuery })
    .get(
      '/leaderboard',
      ({ query, request }) =>
        to(`/api/v1/leagues/${season(query.kvk_season_id)}/leaderboard${rest(request.url, { sort_by: 'power' })}`),
      {
        may: 'reader',
        detail: moved('The board; sort_by defaults to power'),
      },
    )
    .get(
      '/player/:governor_id',
      ({ params, query, request }) =>
        to(
          `/api/v1/leagues/${season(query.kvk_season_id)}/players/${encodeURIComponent(params.governor_id)}${rest(request.url)}`,
        ),
      {
        may: 'reader',
        detail: moved('A player'),
      },
    )
    .get(
      '/upload-history',
      ({ query, request }) => to(`/api/v1/leagues/${season(query.kvk_season_id)}/uploads${rest(request.url)}`),
      {
        may: 'reader',
        detail: moved('Uploads'),
      },
    )
    .post(
      '/upload-baseline',
      ({ query, request }) =>
        to(`/api/v1/leagues/${season(query.kvk_season_id)}/uploads${rest(request.url, { kind: 'baseline' })}`),
      {
        parse: 'none',
        may: 'reader',
        detail: moved('Upload a baseline'),
      },
    )
    .post(
      '/upload-current',
      ({ query, request }) =>
        to(`/api/v1/leagues/${season(query.kvk_season_id)}/uploads${rest(request.url, { kind: 'current' })}`),
      {
        parse: 'none',
        may: 'reader',
        detail: moved('Upload a current sheet'),
      },
    )
}
