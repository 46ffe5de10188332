import { Elysia, t } from 'elysia'
import { cached } from '../cached.ts'
import type { App } from '../context.ts'
import { iso } from '../platform/clock.ts'
import { access } from '../platform/http/access.ts'
import { describe } from '../platform/http/route-docs.ts'
import { dateTimeSchema } from '../platform/http/shared-schemas.ts'
import { rosterMetrics, rosterMetricsSchema } from '../rota/roster-metrics.ts'
import { rosterSchema, upcomingShifts } from '../rota/roster-view.ts'
import { scoreSchema } from './health-score.ts'
import { healthScoresNow } from './score-health.ts'

export const dashboardRoutes = (app: App) => {
  const { cache, clock, reader } = app
  return new Elysia({ prefix: '/api/v1/dashboard', tags: ['rosters'] })
    .use(access(app))
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
      async ({ query }) => {
        const limit = Math.min(Math.max(query.limit ?? 10, 1), 100)
        const now = clock.now()
        const load = async () => {
          const shifts = await reader.read(upcomingShifts, { now, limit })
          return { generated_at: iso(now), shifts }
        }
        const answer = await cache.read(cached.upcomingShifts, [limit], load)
        const next = answer.value.shifts[0]
        // A shift that has started in the meantime is no longer upcoming.
        return next && Date.parse(next.starts_at) <= now ? cache.refresh(cached.upcomingShifts, [limit], load) : answer
      },
      {
        query: t.Object({ limit: t.Optional(t.Integer({ default: 10 })) }),
        may: 'member',
        detail: describe(
          'The next shifts to start, at most 100',
          t.Object({ generated_at: dateTimeSchema, shifts: rosterSchema.properties.shifts }),
        ),
      },
    )
    .get('/health_scores', async () => ({ scores: await healthScoresNow(app) }), {
      may: 'officer',
      detail: describe(
        'The health of sites now and of leagues every 12 hours, worst first, and what would help',
        t.Object({ scores: t.Array(scoreSchema) }),
      ),
    })
}
