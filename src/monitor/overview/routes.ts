/** The pages of the overview, and the current state for programs: JSON without a page. */
import { t } from 'elysia'
import type { App } from '../../context.ts'
import { iso, minute } from '../../platform/clock.ts'
import { apiRouter } from '../../platform/http/access.ts'
import { describe } from '../../platform/http/route-docs.ts'
import { nullableNumber } from '../../platform/http/shared-schemas.ts'
import { alertStats } from '../alerts/queries.ts'
import { healthNow } from '../health.ts'
import { monitoringPath } from '../pages/monitor-layout.ts'
import { tasksNow } from '../tasks/task-state.ts'
import { activeUsersPage, archivesPage, engagementPage, leagueActivityPage } from './activity-pages.ts'
import { cacheNow, cachePage } from './cache-page.ts'
import { installationOverviewSchema, overviewReading } from './installation.ts'
import { mainPage } from './main-page.ts'
import { performanceReading } from './performance.ts'
import { performancePage } from './performance-page.ts'
import { riskPage, tradingPage } from './trading-pages.ts'

const healthChecksSchema = t.Object({
  timestamp: t.String(),
  database: t.Unknown(),
  cache: t.Unknown(),
  overall_status: t.String(),
})
const realtimeSchema = t.Object({
  timestamp: t.String(),
  uptime_s: t.Integer(),
  requests_per_minute: nullableNumber,
  errors_per_minute: nullableNumber,
  open_streams: t.Integer(),
  running_jobs: t.Integer(),
  waiting_jobs: nullableNumber,
  event_loop_lag_ms: t.Object({ p50: t.Number(), p99: t.Number(), max: t.Number() }),
  memory_mb: t.Number(),
  cache_hit_rate: nullableNumber,
  active_alerts: t.Integer(),
})

/** The current state, as JSON. */
const currentStateRoutes = (app: App) =>
  apiRouter(app, monitoringPath, 'admin')
    .get('/overview', () => app.reader.read(overviewReading, { now: app.clock.now() }), {
      may: 'admin',
      detail: describe('Users, leagues, trading and what the database holds', installationOverviewSchema),
    })
    .get('/health', () => healthChecks(app), {
      may: 'admin',
      detail: describe('The state of database and cache', healthChecksSchema),
    })
    .get('/realtime/stats', () => realtime(app), {
      may: 'admin',
      detail: describe('The current activity of this process and its queues', realtimeSchema),
    })

async function healthChecks(app: App) {
  const { status, checks } = await healthNow(app)
  return { timestamp: iso(app.clock.now()), database: checks.database, cache: checks.cache, overall_status: status }
}

async function realtime(app: App) {
  const { clock, reader, db } = app
  const now = clock.now()
  const [tasks, { trend }] = await Promise.all([
    tasksNow(app),
    reader.read(performanceReading, { period: 'last_hour', now }),
  ])
  const last = trend.findLast(({ at }) => Date.parse(at) < now - minute) // the last complete minute
  const { error, queues } = tasks.queue
  return {
    timestamp: iso(now),
    uptime_s: Math.floor((now - app.startedAt) / 1000),
    requests_per_minute: last?.requests ?? null,
    errors_per_minute: last?.errors ?? null,
    open_streams: app.streams.size(),
    running_jobs: tasks.states.PROGRESS,
    waiting_jobs: error === null ? queues.reduce((sum, { waiting }) => sum + waiting, 0) : null,
    event_loop_lag_ms: app.loop.lag(),
    memory_mb: Math.round(process.memoryUsage.rss() / 1024 ** 2),
    cache_hit_rate: cacheNow(app).hit_rate,
    active_alerts: alertStats(db).total_active,
  }
}

/** Everything under /admin/monitoring, except alerts, and the archives. */
export const monitoringRoutes = (app: App) => [
  mainPage(app),
  currentStateRoutes(app),
  activeUsersPage(app),
  engagementPage(app),
  tradingPage(app),
  leagueActivityPage(app),
  riskPage(app),
  ...performancePage(app),
  cachePage(app),
  archivesPage(app),
]
