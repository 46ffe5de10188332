import { Elysia } from 'elysia'
import { cached } from '../cached.ts'
import type { App } from '../context.ts'
import { access } from '../platform/http/access.ts'
import { brokenDutiesNow } from '../rota/broken-alert.ts'
import { rosterMetrics } from '../rota/roster-metrics.ts'
import { hidden, page } from '../ui/layout.ts'
import { dashboardBody } from './dashboard-page.ts'
import { latestScores } from './health-scores.ts'

export const dashboardPages = (app: App) => {
  const { db, cache, clock, reader } = app
  return new Elysia().use(access(app)).get(
    '/rota/dashboard',
    async ({ who }) => {
      const load = () => reader.read(rosterMetrics, { now: clock.now() })
      const metrics = await cache.read(cached.dashboardMetrics, [], load)
      const broken = await brokenDutiesNow(app)
      const body = dashboardBody(metrics.value, broken, latestScores(db), who)
      return page({ title: 'Dashboard', who, nav: 'rota', body, styles: ['rota.css'] })
    },
    { may: 'officer', detail: hidden },
  )
}
