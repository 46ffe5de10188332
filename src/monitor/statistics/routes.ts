import { Elysia, t } from 'elysia'
import { atomically } from '../../../db/transactions.ts'
import { audit } from '../../audit.ts'
import { cached } from '../../cached.ts'
import type { App } from '../../context.ts'
import { invalid } from '../../errors.ts'
import { touch } from '../../platform/cache/stamps.ts'
import { access, signedIn } from '../../platform/http/access.ts'
import { describe } from '../../platform/http/route-docs.ts'
import { started, startedSchema } from '../../platform/jobs/started.ts'
import { refreshAllStats } from '../jobs.ts'
import { dashboardQuery, dashboardSchema, type Section, sections } from './dashboard.ts'
import { executionQuery, executionSchema } from './executions.ts'
import { userQuery, userStatsSchema } from './users.ts'
import { readStatistics } from './warm-statistics.ts'

const integer = t.Integer()
const entryStats = t.Object({
  name: t.String(),
  hits: integer,
  misses: integer,
  stale: t.Integer({ description: 'Served while a fresh one was loaded' }),
  requests: integer,
  hit_rate: t.Nullable(t.Number({ description: '0 to 1' })),
  loads: integer,
  failures: integer,
  avg_load_ms: t.Nullable(t.Number()),
  sets: integer,
  deletes: integer,
  bytes: t.Integer({ description: 'Written to the cache since the start' }),
})
const cacheStats = t.Object({
  mode: t.String(),
  connected: t.Boolean(),
  entries: t.Integer({ description: 'Values held in memory by this process' }),
  bytes: integer,
  hits: integer,
  misses: integer,
  hit_rate: t.Nullable(t.Number()),
  by_name: t.Array(entryStats),
})

const round = (value: number, digits: number) => Math.round(value * 10 ** digits) / 10 ** digits
const rate = (hits: number, requests: number) => (requests ? round(hits / requests, 4) : null)

export const statsRoutes = (app: App) => {
  const { db, cache, clock, jobs } = app
  return new Elysia({ prefix: '/stats', tags: ['stats'] })
    .use(access(app))
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
    .get(
      '/cache',
      () => {
        const by_name = [...cache.stats]
          .toSorted(([a], [b]) => (a < b ? -1 : 1))
          .map(([name, stats]) => {
            const { hits, misses, stale, loads, failures, sets, deletes, bytes } = stats
            const requests = hits + misses + stale
            return {
              name,
              hits,
              misses,
              stale,
              requests,
              hit_rate: rate(hits + stale, requests),
              loads,
              failures,
              avg_load_ms: loads ? round(stats.load_ms / loads, 2) : null,
              sets,
              deletes,
              bytes,
            }
          })
        const { mode, connected, keys, bytes } = cache.usage()
        const hits = by_name.reduce((sum, entry) => sum + entry.hits + entry.stale, 0)
        const misses = by_name.reduce((sum, entry) => sum + entry.misses, 0)
        return { mode, connected, entries: keys, bytes, hits, misses, hit_rate: rate(hits, hits + misses), by_name }
      },
      { may: 'admin', detail: describe('The cache of this process, by entry', cacheStats) },
    )
    .post(
      '/refresh',
      async ({ who, set }) => {
        set.status = 202
        return started(await jobs.start(refreshAllStats, {}, { by: signedIn(who).id }))
      },
      {
        may: 'admin',
        detail: describe('Count all statistics that are kept warm anew', startedSchema, { status: 202 }),
      },
    )
    .delete(
      '/cache',
      async ({ query: { name }, who }) => {
        const names = Object.values(cached).map(entry => entry.name)
        if (name && !names.includes(name)) invalid('name', `Choose one of: ${names.join(', ')}.`)
        const cleared = name ? [name] : names
        await atomically(db, tx => {
          touch(tx, 'cache', ...cleared)
          audit(tx, { at: clock.now(), who: signedIn(who), action: 'cache.clear', target: name ?? 'all' })
        })
        cache.cleared(cleared)
        return { cleared }
      },
      {
        query: t.Object({ name: t.Optional(t.String({ maxLength: 100 })) }),
        may: 'admin',
        detail: describe(
          'Clear an entry of the cache, or all of it, in every process',
          t.Object({ cleared: t.Array(t.String()) }),
        ),
      },
    )
}

function sectionsOf(include: string | undefined): Section[] {
  if (!include) return [...sections]
  const wanted = include.split(',').map(section => section.trim())
  const unknown = wanted.find(section => !sections.some(known => known === section))
  if (unknown !== undefined) invalid('include', `Choose some of: ${sections.join(', ')}.`)
  return sections.filter(section => wanted.includes(section))
}
