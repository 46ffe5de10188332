import { t } from 'elysia'
import { cached } from '../cached.ts'
import type { App } from '../context.ts'
import { iso } from '../platform/clock.ts'
import { apiRouter } from '../platform/http/access.ts'
import {
  itemsOfPage,
  linkHeader,
  listRoute,
  paged,
  pageOf,
  pageQueryOf,
  paginationSchema,
  withPagination,
} from '../platform/http/pagination.ts'
import { describe } from '../platform/http/route-docs.ts'
import { dateTimeSchema } from '../platform/http/shared-schemas.ts'
import { rosterMetrics, rosterMetricsSchema } from '../rota/roster-metrics.ts'
import { rosterSchema, upcomingShifts } from '../rota/roster-view.ts'
import { healthScoresNow } from './record-league-health.ts'
import { scoreSchema } from './weighted-score.ts'

export const dashboardRoutes = (app: App) => {
  const { cache, clock, reader } = app
  return apiRouter(app, '/api/v1/dashboard', 'rosters')
    .get(
      '/metrics',
      () => cache.read(cached.dashboardMetrics, [], () => reader.read(rosterMetrics, { now: clock.now() })),
      {
        may: 'officer',
        detail: describe('This week and the next in numbers, and what needs attention', rosterMetricsSchema),
      },
    )
    .get(
      '/upcoming_shifts',
      async ({ query, request, set }) => {
        const page = pageOf({ limit: 10, ...query })
        const now = clock.now()
        const scope = [page.page, page.limit]
        const load = async () => ({
          generated_at: iso(now),
          ...withPagination(await reader.read(upcomingShifts, { now, page }), page),
        })
        const known = await cache.read(cached.upcomingShifts, scope, load)
        const next = known.value.shifts[0]
        // A shift that has started in the meantime is no longer upcoming.
        const isOld = next && Date.parse(next.starts_at) <= now
        const answer = isOld ? await cache.refresh(cached.upcomingShifts, scope, load) : known
        set.headers.link = linkHeader(request.url, answer.value.pagination)
        return answer
      },
      {
        query: t.Object({ ...pageQueryOf(10) }),
        may: 'member',
        detail: describe(
          'The next shifts to start',
          t.Object({
            generated_at: dateTimeSchema,
            shifts: rosterSchema.properties.shifts,
            pagination: paginationSchema,
          }),
        ),
      },
    )
    .get(
      '/health_scores',
      ({ query, request }) =>
        paged(query, request, async page => {
          const scores = await healthScoresNow(app)
          return { scores: itemsOfPage(scores, page), total: scores.length }
        }),
      {
        may: 'officer',
        ...listRoute(
          'The health of sites now and of leagues every 12 hours, worst first, and what would help',
          'scores',
          scoreSchema,
        ),
      },
    )
}
