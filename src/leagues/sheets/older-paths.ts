/** Paths of older clients: each redirects with a 308 to today's path, or accepts the file if only its form names the season. */
import { desc, eq } from 'drizzle-orm'
import { Elysia, t } from 'elysia'
import { leagues } from '../../../db/schema.ts'
import type { App } from '../../context.ts'
import { refuse } from '../../errors.ts'
import { access, apiRouter, signedIn } from '../../platform/http/access.ts'
import { pageOf } from '../../platform/http/pagination.ts'
import type { Who } from '../../platform/http/request-context.ts'
import { describe } from '../../platform/http/route-docs.ts'
import type { League } from '../league.ts'
import { leagueById, listLeagues } from '../queries.ts'
import { isVisibleTo, readableLeague } from '../visibility.ts'
import { acceptedSchema, acceptReceived, uploadOptions } from './accept-upload.ts'
import { metricNamed } from './reading/headers.ts'
import { receiveFile } from './receive-file.ts'

const seasonQuery = t.Object({
  kvk_season_id: t.Optional(t.String({ maxLength: 200, description: 'Id, name or slug of a sheet league' })),
})
const redirectTo = (location: string) => new Response(null, { status: 308, headers: { location } })
const movedPath = (summary: string) => ({
  ...describe(`${summary} (an older path)`, undefined, { status: 308 }),
  deprecated: true,
})

const slugOf = (name: string) =>
  name
    .normalize('NFKC')
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{M}\p{N}]+/gu, '-')
    .replaceAll(/^-|-$/g, '')

/** `t4_kills` is `kills_t4` today, and `kill_points_gained` is the gain of `kill_points`. */
function columnOf(older: string): string {
  const [, metric = older, gained] = /^(.+?)(_gained)?$/.exec(older) ?? []
  if (metric === 'score') return metric
  return `${metricNamed(metric) || metric}${gained ? '.gain' : ''}`
}

export const olderPaths = (app: App) => {
  const { db, clock } = app
  /** The named league, or else the active one that the reader may see. */
  function season(named: string | undefined, who: Who | undefined): League {
    if (!named) {
      const filter = { kind: 'sheet', status: 'active', visible: isVisibleTo(who) } as const
      const [active] = listLeagues(db, filter, pageOf({ limit: 1 }), clock.now())
      return active
        ? leagueById(db, active.id)
        : refuse('not_found', 'No sheet league is active; name one with kvk_season_id')
    }
    const sheetLeagues = db
      .select({ id: leagues.id, name: leagues.name })
      .from(leagues)
      .where(eq(leagues.kind, 'sheet'))
      .orderBy(desc(leagues.startsAt), desc(leagues.id))
      .all()
    const found =
      sheetLeagues.find(({ id }) => String(id) === named) ??
      sheetLeagues.find(({ name }) => slugOf(name) === slugOf(named))
    return found ? readableLeague(db, found.id, who) : refuse('not_found', `There is no season ${named}`)
  }
  const leaguePath = (named: string | undefined, who: Who | undefined) => `/api/v1/leagues/${season(named, who).id}`
  const queryOf = (url: string, more: Record<string, string> = {}) => {
    const query = new URL(url).searchParams
    query.delete('kvk_season_id')
    for (const [name, value] of Object.entries(more)) if (!query.has(name)) query.set(name, value)
    const sort = query.get('sort_by')
    if (sort) query.set('sort_by', columnOf(sort))
    return query.size ? `?${query}` : ''
  }
  const uploadRoute = (kind: 'baseline' | 'current') =>
    new Elysia().use(access(app)).post(
      `/upload-${kind}`,
      async ({ query: { kvk_season_id, ...query }, request, who, set }) => {
        if (kvk_season_id)
          return redirectTo(`${leaguePath(kvk_season_id, who)}/uploads${queryOf(request.url, { kind })}`)
        const received = await receiveFile(request, app)
        const league = () => season(received.fields.kvk_season_id, who)
        return acceptReceived(app, league, received, { ...query, kind: query.kind ?? kind }, signedIn(who), set)
      },
      {
        query: t.Composite([seasonQuery, uploadOptions]),
        parse: 'none',
        may: 'officer',
        detail: {
          ...movedPath(`Upload a ${kind} sheet; the form may also name the season`),
          responses: {
            ...describe('The existing upload of the same bytes', acceptedSchema).responses,
            ...describe('The upload, if only the form names the season', acceptedSchema, { status: 202 }).responses,
            ...movedPath('').responses,
          },
        },
      },
    )

  return apiRouter(app, '/api', 'older paths')
    .guard({ query: seasonQuery })
    .get(
      '/leaderboard',
      ({ query: { kvk_season_id: named }, request, who }) =>
        redirectTo(`${leaguePath(named, who)}/leaderboard${queryOf(request.url, { sort_by: 'power' })}`),
      { may: 'reader', detail: movedPath('The board; sort_by defaults to power and accepts older names') },
    )
    .get(
      '/player/:governor_id',
      ({ params, query: { kvk_season_id: named }, request, who }) =>
        redirectTo(
          `${leaguePath(named, who)}/players/${encodeURIComponent(params.governor_id)}${queryOf(request.url)}`,
        ),
      { may: 'reader', detail: movedPath('A player') },
    )
    .get(
      '/upload-history',
      ({ query: { kvk_season_id: named }, request, who }) =>
        redirectTo(`${leaguePath(named, who)}/uploads${queryOf(request.url)}`),
      { may: 'reader', detail: movedPath('Uploads') },
    )
    .use(uploadRoute('baseline'))
    .use(uploadRoute('current'))
}
