import { Elysia, t } from 'elysia'
import { access } from '../../access.ts'
import type { App } from '../../context.ts'
import { riskAssessment } from '../../market/risk.ts'
import { iso, minute } from '../../runtime/clock.ts'
import { says } from '../../runtime/docs.ts'
import { linkHeader, pageOf, pageQuery, pagination } from '../../runtime/page.ts'
import { hidden } from '../../web/layout.ts'
import { alertStats, alertStatsSchema } from '../alerting/queries.ts'
import { healthNow } from '../health.ts'
import { exported } from '../monitor/exports.ts'
import { choices, exportLinks, monitorPage } from '../monitor/frame.ts'
import { redisStats, redisStatsSchema } from '../redis/stats.ts'
import { tasksNow } from '../tasks/state.ts'
import { leagueActivitySchema } from './league-activity.ts'
import { overviewSchema } from './overview.ts'
import {
  activeUsersBody,
  type CacheData,
  cacheBody,
  engagementBody,
  leaguesBody,
  mainBody,
  performanceBody,
  riskBody,
  tradingBody,
} from './pages.ts'
import { monitoringPath, periods } from './parts.ts'
import { activeUserSchema, engagementSchema } from './people.ts'
import { performanceSchema, routeSchema } from './performance.ts'
import { longPeriodSchema, longPeriods, shortPeriodSchema, shortPeriods } from './period.ts'
import { tradingSchema } from './trading.ts'

const long = { period: t.Optional(longPeriodSchema) }
const listed = { page: pageQuery.page, limit: t.Optional(t.Integer({ default: 100 })) }
const trading = t.Object({ hours: t.Optional(t.Integer({ minimum: 1, maximum: 720, default: 24 })) })
const performance = t.Object({ period: t.Optional(shortPeriodSchema), route: t.Optional(t.String({ maxLength: 200 })) })

const number = t.Nullable(t.Number())
const text = t.String()
const riskSchema = t.Object({
  id: t.Integer(),
  username: text,
  trades_count: t.Integer(),
  recent_trades: t.Integer(),
  reasons: t.Array(text),
})
const cacheSchema = t.Object({
  mode: text,
  connected: t.Boolean(),
  entries: t.Integer(),
  bytes: t.Integer(),
  hit_rate: number,
  by_name: t.Array(
    t.Object({
      name: text,
      hits: t.Integer(),
      misses: t.Integer(),
      stale: t.Integer(),
      loads: t.Integer(),
      failures: t.Integer(),
      hit_rate: number,
      avg_load_ms: number,
    }),
  ),
  redis: redisStatsSchema,
})
const tileSchema = t.Object({ value: number, before: number, change: t.Nullable(t.Number({ description: 'Percent' })) })
const mainSchema = t.Object({
  period: longPeriodSchema,
  sentence: text,
  status: text,
  health: text,
  alerts: alertStatsSchema,
  users: t.Integer(),
  leagues_active: t.Integer(),
  at_risk: t.Integer(),
  cache_hit_pct: number,
  figures: t.Record(text, tileSchema),
})
const realtimeSchema = t.Object({
  timestamp: text,
  uptime_s: t.Integer(),
  requests_per_minute: number,
  errors_per_minute: number,
  open_streams: t.Integer(),
  running_jobs: t.Integer(),
  waiting_jobs: number,
  event_loop_lag_ms: t.Object({ p50: t.Number(), p99: t.Number(), max: t.Number() }),
  memory_mb: t.Number(),
  cache_hit_rate: number,
  active_alerts: t.Integer(),
})

export const monitoringRoutes = (app: App) => {
  const { db, clock, reader, cache } = app

  async function mainData(period: (typeof longPeriods)[number]) {
    const [reading, tasks, health, risks] = await Promise.all([
      reader.read('mainReading', { period, now: clock.now() }),
      tasksNow(app),
      healthNow(app),
      riskAssessment(app),
    ])
    const rate = cacheNow().hit_rate
    return {
      ...reading,
      sentence: tasks.sentence,
      health: health.status,
      alerts: alertStats(db),
      hitRate: rate === null ? null : Math.round(rate * 1_000) / 10,
      atRisk: risks.length,
    }
  }

  function cacheNow(): Omit<CacheData, 'redis'> {
    const { mode, connected, keys, bytes } = cache.usage()
    const rate = (hits: number, all: number) => (all ? Math.round((10_000 * hits) / all) / 10_000 : null)
    let [hits, all] = [0, 0]
    const by_name = [...cache.stats]
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, stats]) => {
        const asked = stats.hits + stats.stale + stats.misses
        hits += stats.hits + stats.stale
        all += asked
        return {
          name,
          hits: stats.hits,
          misses: stats.misses,
          stale: stats.stale,
          loads: stats.loads,
          failures: stats.failures,
          hit_rate: rate(stats.hits + stats.stale, asked),
          avg_load_ms: stats.loads ? Math.round((100 * stats.load_ms) / stats.loads) / 100 : null,
        }
      })
    return { mode, connected, entries: keys, bytes, hit_rate: rate(hits, all), by_name }
  }

  async function realtime() {
    const now = clock.now()
    const [tasks, { total }] = await Promise.all([
      tasksNow(app),
      reader.read('performanceReading', { period: '1h', now }).then(({ trend }) => {
        const [last] = trend.filter(({ at }) => Date.parse(at) < now - minute).slice(-1)
        return { total: last }
      }),
    ])
    const waiting =
      tasks.queue.error === null ? tasks.queue.queues.reduce((sum, queue) => sum + queue.waiting, 0) : null
    return {
      timestamp: iso(now),
      uptime_s: Math.floor((now - app.startedAt) / 1000),
      requests_per_minute: total?.requests ?? null,
      errors_per_minute: total?.errors ?? null,
      open_streams: app.streams.size(),
      running_jobs: tasks.states.PROGRESS,
      waiting_jobs: waiting,
      event_loop_lag_ms: app.loop.lag(),
      memory_mb: Math.round(process.memoryUsage.rss() / 1024 ** 2),
      cache_hit_rate: cacheNow().hit_rate,
      active_alerts: alertStats(db).total_active,
    }
  }

  const users = async (query: { period?: (typeof longPeriods)[number]; page?: number; limit?: number }) => {
    const place = pageOf(query)
    const input = { period: query.period ?? '24h', now: clock.now(), limit: place.limit, offset: place.offset } as const
    const found = await reader.read('activeUsersReading', input)
    return { ...found, pages: pagination(place, found.total) }
  }
  const leagues = async (query: { page?: number; limit?: number }, archived = false) => {
    const place = pageOf(query)
    const input = { now: clock.now(), limit: place.limit, offset: place.offset, archived }
    const found = await reader.read('leagueActivityReading', input)
    return { ...found, pages: pagination(place, found.total) }
  }

  type Format = 'csv' | 'json'
  const leagueFile = (format: Format, archived: boolean) =>
    exported(
      archived ? 'archives' : 'leagues',
      format,
      leagueActivitySchema,
      async page => (await reader.read('leagueActivityReading', { now: clock.now(), archived, ...page })).leagues,
    )
  /** A list that is whole at once. */
  const whole = (rows: readonly object[]) => (page: { limit: number; offset: number }) =>
    rows.slice(page.offset, page.offset + page.limit)
  const riskFile = async (format: Format) => exported('risk', format, riskSchema, whole(await riskAssessment(app)))
  const performanceFile = async (format: Format, period: (typeof shortPeriods)[number] = '1h') => {
    const { routes } = await reader.read('performanceReading', { period, now: clock.now() })
    return exported('routes', format, routeSchema, whole(routes))
  }

  return new Elysia({ prefix: '/admin', tags: ['admin'] })
    .use(access(app))
    .get(
      '/monitoring/',
      async ({ query: { period = '24h' }, who }) =>
        monitorPage(app, {
          title: 'Overview',
          who,
          room: 'overview',
          tools: periods(longPeriods, `${monitoringPath}/`, period),
          body: mainBody(await mainData(period)),
        }),
      { query: t.Object(long), may: 'admin', detail: hidden },
    )
    .get(
      '/monitoring/json',
      async ({ query: { period = '24h' } }) => {
        const { sentence, alerts, hitRate, atRisk, users, leaguesActive, health, ...data } = await mainData(period)
        const { activeADay, registered, leaguesCreated, trades, requests, errorPct, p95Ms, runs, failed } = data
        const figures = {
          active_a_day: activeADay,
          registered,
          leagues_created: leaguesCreated,
          trades,
          requests,
          error_pct: errorPct,
          p95_ms: p95Ms,
          runs,
          failed_runs: failed,
        }
        return {
          period,
          sentence: sentence.text,
          status: sentence.tone,
          health,
          alerts,
          users,
          leagues_active: leaguesActive,
          at_risk: atRisk,
          cache_hit_pct: hitRate,
          figures,
        }
      },
      {
        query: t.Object(long),
        may: 'admin',
        detail: says('The house at a glance, against the stretch before', mainSchema),
      },
    )
    .get('/monitoring/overview', () => reader.read('overviewReading', { now: clock.now() }), {
      may: 'admin',
      detail: says('Users, leagues, trading and what the database holds', overviewSchema),
    })
    .get(
      '/monitoring/health',
      async () => {
        const { status, checks } = await healthNow(app)
        return { timestamp: iso(clock.now()), database: checks.database, cache: checks.cache, overall_status: status }
      },
      {
        may: 'admin',
        detail: says(
          'The state of database and cache',
          t.Object({ timestamp: text, database: t.Unknown(), cache: t.Unknown(), overall_status: text }),
        ),
      },
    )
    .get('/monitoring/realtime/stats', realtime, {
      may: 'admin',
      detail: says('What happens at this moment, in this process and its queues', realtimeSchema),
    })
    .get(
      '/monitoring/active-users',
      async ({ query, who }) => {
        const { period = '24h' } = query
        const found = await users(query)
        return monitorPage(app, {
          title: 'Active users',
          who,
          room: 'users',
          tools: [
            periods(longPeriods, `${monitoringPath}/active-users`, period),
            exportLinks(`${monitoringPath}/active-users`, { period }),
          ],
          body: activeUsersBody(found.users, found.pages, found.before, period),
        })
      },
      { query: t.Object({ ...long, ...listed }), may: 'admin', detail: hidden },
    )
    .get(
      '/monitoring/active-users/json',
      async ({ query, request, set }) => {
        const found = await users(query)
        set.headers.link = linkHeader(request.url, found.pages)
        return found.users
      },
      {
        query: t.Object({ ...long, ...listed }),
        may: 'admin',
        detail: says('Who was here, the last seen first', t.Array(activeUserSchema)),
      },
    )
    .get(
      '/monitoring/active-users.csv',
      ({ query: { period = '24h' } }) =>
        exported(
          'active-users',
          'csv',
          activeUserSchema,
          async page => (await reader.read('activeUsersReading', { period, now: clock.now(), ...page })).users,
        ),
      { query: t.Object(long), may: 'admin', detail: hidden },
    )
    .get(
      '/monitoring/active-users.json',
      ({ query: { period = '24h' } }) =>
        exported(
          'active-users',
          'json',
          activeUserSchema,
          async page => (await reader.read('activeUsersReading', { period, now: clock.now(), ...page })).users,
        ),
      { query: t.Object(long), may: 'admin', detail: hidden },
    )
    .get(
      '/monitoring/engagement',
      async ({ query: { period = '30d' }, who }) =>
        monitorPage(app, {
          title: 'Engagement',
          who,
          room: 'engagement',
          tools: periods(['7d', '30d'], `${monitoringPath}/engagement`, period),
          body: engagementBody(await reader.read('engagementReading', { period, now: clock.now() })),
        }),
      { query: t.Object(long), may: 'admin', detail: hidden },
    )
    .get(
      '/monitoring/engagement/json',
      ({ query: { period = '30d' } }) => reader.read('engagementReading', { period, now: clock.now() }),
      { query: t.Object(long), may: 'admin', detail: says('Users and new leagues day by day', engagementSchema) },
    )
    .get(
      '/monitoring/trading-activity',
      async ({ query: { hours = 24 }, who }) =>
        monitorPage(app, {
          title: 'Trading',
          who,
          room: 'trading',
          tools: hourChoices(hours),
          body: tradingBody(await reader.read('tradingReading', { hours, now: clock.now() })),
        }),
      { query: trading, may: 'admin', detail: hidden },
    )
    .get(
      '/monitoring/trading-activity/json',
      ({ query: { hours = 24 } }) => reader.read('tradingReading', { hours, now: clock.now() }),
      { query: trading, may: 'admin', detail: says('What was traded in the last hours', tradingSchema) },
    )
    .get(
      '/monitoring/league-activity',
      async ({ query, who }) => {
        const found = await leagues(query)
        const path = `${monitoringPath}/league-activity`
        return monitorPage(app, {
          title: 'Leagues',
          who,
          room: 'leagues',
          tools: exportLinks(path, {}),
          body: leaguesBody(found.leagues, found.pages, path),
        })
      },
      { query: t.Object(listed), may: 'admin', detail: hidden },
    )
    .get(
      '/monitoring/league-activity/json',
      async ({ query, request, set }) => {
        const found = await leagues(query)
        set.headers.link = linkHeader(request.url, found.pages)
        return found.leagues
      },
      {
        query: t.Object(listed),
        may: 'admin',
        detail: says('What goes on in each league, the newest first', t.Array(leagueActivitySchema)),
      },
    )
    .get('/monitoring/league-activity.csv', () => leagueFile('csv', false), { may: 'admin', detail: hidden })
    .get('/monitoring/league-activity.json', () => leagueFile('json', false), { may: 'admin', detail: hidden })
    .get('/archives.csv', () => leagueFile('csv', true), { may: 'admin', detail: hidden })
    .get('/archives.json', () => leagueFile('json', true), { may: 'admin', detail: hidden })
    .get('/monitoring/risk-assessment.csv', () => riskFile('csv'), { may: 'admin', detail: hidden })
    .get('/monitoring/risk-assessment.json', () => riskFile('json'), { may: 'admin', detail: hidden })
    .get('/monitoring/performance.csv', ({ query }) => performanceFile('csv', query.period), {
      query: performance,
      may: 'admin',
      detail: hidden,
    })
    .get('/monitoring/performance.json', ({ query }) => performanceFile('json', query.period), {
      query: performance,
      may: 'admin',
      detail: hidden,
    })
    .get(
      '/monitoring/risk-assessment',
      async ({ who }) =>
        monitorPage(app, {
          title: 'Risk',
          who,
          room: 'risk',
          tools: exportLinks(`${monitoringPath}/risk-assessment`, {}),
          body: riskBody(await riskAssessment(app)),
        }),
      { may: 'admin', detail: hidden },
    )
    .get('/monitoring/risk-assessment/json', () => riskAssessment(app), {
      may: 'admin',
      detail: says('Members whose trading deserves a look, with the reasons', t.Array(riskSchema)),
    })
    .get(
      '/monitoring/performance',
      async ({ query: { period = '1h', route }, who }) =>
        monitorPage(app, {
          title: 'Performance',
          who,
          room: 'performance',
          tools: [
            periods(shortPeriods, `${monitoringPath}/performance`, period, { route }),
            exportLinks(`${monitoringPath}/performance`, { period }),
          ],
          body: performanceBody(await reader.read('performanceReading', { period, route, now: clock.now() }), route),
        }),
      { query: performance, may: 'admin', detail: hidden },
    )
    .get(
      '/monitoring/performance/json',
      ({ query: { period = '1h', route } }) => reader.read('performanceReading', { period, route, now: clock.now() }),
      {
        query: performance,
        may: 'admin',
        detail: says('Each route: rate, errors and times; load of processes', performanceSchema),
      },
    )
    .get(
      '/monitoring/cache',
      async ({ who }) =>
        monitorPage(app, {
          title: 'Cache',
          who,
          room: 'cache',
          body: cacheBody({ ...cacheNow(), redis: await redisStats(app) }),
        }),
      { may: 'admin', detail: hidden },
    )
    .get('/monitoring/cache/json', async () => ({ ...cacheNow(), redis: await redisStats(app) }), {
      may: 'admin',
      detail: says('The cache of this process by entry, and what lies behind it', cacheSchema),
    })
    .get(
      '/archives',
      async ({ query, who }) => {
        const found = await leagues(query, true)
        const body = leaguesBody(found.leagues, found.pages, '/admin/archives')
        return monitorPage(app, {
          title: 'Archives',
          who,
          room: 'archives',
          tools: exportLinks('/admin/archives', {}),
          body,
        })
      },
      { query: t.Object(listed), may: 'admin', detail: hidden },
    )
    .get('/archives/json', async ({ query }) => (await leagues(query, true)).leagues, {
      query: t.Object(listed),
      may: 'admin',
      detail: says('Archived leagues', t.Array(leagueActivitySchema)),
    })
}

const hourChoices = (hours: number) =>
  choices(
    'hours',
    [
      ['24', '24 h'],
      ['168', '7 d'],
      ['720', '30 d'],
    ],
    `${monitoringPath}/trading-activity`,
    {},
    'Period',
    String(hours),
  )
