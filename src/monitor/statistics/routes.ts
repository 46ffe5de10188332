import { t } from 'elysia'
import { atomically } from '../../../db/transactions.ts'
import { audit } from '../../audit.ts'
import { cached } from '../../cached.ts'
import type { App } from '../../context.ts'
import { invalid, messageOf } from '../../errors.ts'
import { clearedTopic } from '../../platform/cache/cache.ts'
import { touch } from '../../platform/cache/stamps.ts'
import { apiRouter, signedIn } from '../../platform/http/access.ts'
import type { Who } from '../../platform/http/request-context.ts'
import { describe } from '../../platform/http/route-docs.ts'
import { startedAnswer, startRoute } from '../../platform/jobs/started-answer.ts'
import { cacheEntrySchema, cacheNow, cacheSchema } from '../overview/cache-page.ts'
import { dashboardQuery, dashboardSchema, type Section, sections, userQuery, userStatsSchema } from './dashboard.ts'
import { executionQuery, executionSchema } from './executions.ts'
import { readStatistics, refreshAllStats } from './warm-statistics.ts'

const cacheStats = t.Object({
  ...cacheSchema.properties,
  by_name: t.Array(
    t.Object({
      ...cacheEntrySchema.properties,
      requests: t.Integer(),
      bytes: t.Integer({ description: 'Bytes written to the cache since the start' }),
    }),
  ),
})

const clearQuery = t.Object({
  name: t.Optional(t.String({ maxLength: 100, description: 'An entry, such as leaderboard' })),
  scope: t.Optional(
    t.String({ maxLength: 100, description: 'Only the values of this league, user or symbol, such as 5' }),
  ),
  pattern: t.Optional(
    t.String({ maxLength: 200, description: 'Both in one, * for anything: leaderboard:5, leaderboard:*, stats_*' }),
  ),
})

export const statsRoutes = (app: App) => {
  const { jobs } = app
  return apiRouter(app, '/api/v1/stats', 'stats')
    .get(
      '/dashboard',
      ({ query }) =>
        readStatistics(app, 'dashboard', { period: query.period ?? 'last_week', include: sectionsOf(query.include) }),
      {
        query: dashboardQuery,
        may: 'member',
        detail: describe('The installation in numbers; last_week by default', dashboardSchema),
      },
    )
    .get(
      '/executions',
      ({ query: { status, name, ...query } }) =>
        readStatistics(app, 'executions', {
          period: query.period ?? 'last_week',
          group_by: query.group_by ?? 'day',
          status,
          name,
        }),
      { query: executionQuery, may: 'member', detail: describe('Finished runs of jobs over time', executionSchema) },
    )
    .get(
      '/users',
      ({ query: { country, ...query } }) =>
        readStatistics(app, 'users', {
          period: query.period ?? 'last_month',
          group_by: query.group_by ?? 'day',
          country: country?.toUpperCase(),
        }),
      { query: userQuery, may: 'member', detail: describe('Registrations and activity over time', userStatsSchema) },
    )
    .get('/cache', () => cacheView(app), {
      may: 'admin',
      detail: describe('The cache of this process, by entry', cacheStats),
    })
    .post(
      '/refresh',
      async ({ who }) => startedAnswer(await jobs.start(refreshAllStats, {}, { by: signedIn(who).id })),
      {
        may: 'admin',
        ...startRoute('Count all warm statistics again'),
      },
    )
    .delete('/cache', ({ query, who }) => clearCache(app, signedIn(who), query), {
      query: clearQuery,
      may: 'admin',
      detail: describe(
        'Clear the cache in every process: an entry, the values of one league or user, or everything',
        t.Object({ cleared: t.Array(t.String()) }),
      ),
    })
    .post('/warm', ({ query: { name }, request, who }) => warmCache(app, signedIn(who), name, request.signal), {
      query: t.Object({
        name: t.Optional(t.String({ maxLength: 100, description: 'One of them; all by default' })),
      }),
      may: 'admin',
      detail: describe(
        'Load again what is loaded at the start, in the process that answers',
        t.Object({
          warmed: t.Array(t.Object({ name: t.String(), ms: t.Number(), error: t.Nullable(t.String()) })),
        }),
      ),
    })
}

function cacheView(app: App) {
  const now = cacheNow(app)
  const by_name = now.by_name.map(entry => {
    const { hits, misses, stale } = entry
    return { ...entry, requests: hits + misses + stale, bytes: app.cache.statsOf(entry.name).bytes }
  })
  return { ...now, by_name }
}

async function clearCache({ db, clock }: App, who: Who, { name, pattern, scope }: typeof clearQuery.static) {
  const cleared = clearedScopes(pattern === undefined ? 'name' : 'pattern', pattern ?? name ?? '*', scope)
  const target = [pattern ?? name ?? 'all', scope].filter(Boolean).join(':')
  await atomically(db, tx => {
    touch(tx, clearedTopic, ...cleared)
    audit(tx, { at: clock.now(), who, action: 'cache.clear', target })
  })
  return { cleared }
}

async function warmCache(app: App, who: Who, name: string | undefined, signal: AbortSignal) {
  const { db, clock, warmers } = app
  const names = Object.keys(warmers)
  if (name && !names.includes(name)) invalid('name', `Choose one of: ${names.join(', ')}.`)
  const warmed = []
  for (const [each, warm] of Object.entries(warmers)) {
    if (name && each !== name) continue
    const began = performance.now()
    const error = await warm(app, signal).then(() => null, messageOf)
    warmed.push({ name: each, ms: Math.round(10 * (performance.now() - began)) / 10, error })
  }
  const failed = warmed.filter(({ error }) => error !== null).length
  const detail = { warmed: warmed.length - failed, failed }
  const result = failed ? 'failed' : 'ok'
  await atomically(db, tx =>
    audit(tx, { at: clock.now(), who, action: 'cache.warm', target: name ?? 'all', detail, result }),
  )
  return { warmed }
}

/** `leaderboard`, or `leaderboard:5` with a scope: `clearedTopic` is bumped for it. */
function clearedScopes(field: string, pattern: string, scope: string | undefined): string[] {
  const [name = '', ofPattern] = pattern.split(':')
  const first = scope ?? (ofPattern === '*' ? undefined : ofPattern)
  const glob = new Bun.Glob(name || '*')
  const names = Object.values(cached).map(entry => entry.name)
  const chosen = names.filter(known => glob.match(known))
  if (!chosen.length) invalid(field, `Choose one of: ${names.join(', ')}.`)
  return chosen.map(known => (first ? `${known}:${first}` : known))
}

function sectionsOf(include: string | undefined): Section[] {
  if (!include) return [...sections]
  const wanted = include.split(',').map(section => section.trim())
  const unknown = wanted.find(section => !sections.some(known => known === section))
  if (unknown !== undefined) invalid('include', `Choose some of: ${sections.join(', ')}.`)
  return sections.filter(section => wanted.includes(section))
}
