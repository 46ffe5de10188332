/** The cache of this process, entry by entry, with its hit rates and its backend. */
import { type Static, t } from 'elysia'
import type { App } from '../../context.ts'
import type { EntryStats } from '../../platform/cache/cache.ts'
import { type Html, html } from '../../platform/html.ts'
import { type Stat, stats } from '../../ui/parts/figures.ts'
import { action } from '../../ui/parts/form.ts'
import { emptyState } from '../../ui/parts/notices.ts'
import { denseTable } from '../../ui/parts/table.ts'
import { bytes, number, percent } from '../../ui/parts/values.ts'
import { emptyQuery, everySecondAndAHalf, livePage, slicesOf } from '../pages/live-page.ts'
import { milliseconds, monitoringPath } from '../pages/monitor-layout.ts'
import { type RedisStats, redisStats, redisStatsSchema } from '../redis-stats.ts'
import { redisPath, redisTiles, redisWarnings } from './redis-page.ts'

type CacheData = CacheNow & { redis: RedisStats }

export const cachePage = (app: App) =>
  livePage(app, {
    path: `${monitoringPath}/cache`,
    title: 'Cache',
    navItem: 'cache',
    query: emptyQuery,
    read: async (): Promise<CacheData> => ({ ...cacheNow(app), redis: await redisStats(app) }),
    body,
    json: {
      summary: 'The cache of this process by entry, and its backend',
      schema: t.Object({ ...cacheSchema.properties, redis: redisStatsSchema }),
    },
    file: { name: 'cache', row: cacheEntrySchema, rows: slicesOf(() => cacheNow(app).by_name) },
    live: everySecondAndAHalf,
  })

const body = ({ redis, ...cache }: CacheData): Html =>
  html`${redisWarnings(redis)}
${!cache.connected && html`<p>Each process answers from its own memory until Redis is back, and loads more often.</p>`}
${stats(cacheTiles(cache))}
<section class="part"><div class="head"><h2>${redis.mode === 'redis' ? 'Redis' : 'Queue file'}</h2><div class="beside"><a href="${redisPath}">All of it</a></div></div>${redisTiles(redis)}</section>
${entryTable(cache.by_name)}
<p>The answers loaded at the start (boards, quotes, people, statistics) can be loaded now.</p>
${action({ action: '/api/v1/stats/warm', label: 'Warm all', look: 'quiet small', goTo: 'stay', done: 'Warmed' })}`

const cacheTiles = ({ hit_rate: rate, entries, bytes: size, mode, connected, ...totals }: CacheNow): Stat[] => [
  { label: 'Hit rate', value: ratePercent(rate), note: 'since this process began' },
  {
    label: 'Requests',
    value: number(totals.total_requests),
    note: html`${number(totals.hits)} hits, ${number(totals.misses)} misses`,
  },
  { label: 'Sets', value: number(totals.sets), note: 'loaded and kept' },
  { label: 'Deletes', value: number(totals.deletes), note: html`${number(totals.invalidations)} of them by a change` },
  { label: 'Values', value: number(entries), note: bytes(size) },
  mode === 'redis' && connected
    ? { label: 'Kept in', value: 'Redis', note: 'behind memory' }
    : { label: 'Kept in', value: 'memory', note: 'of this process' },
]

const ratePercent = (rate: number | null) => percent(rate === null ? null : rate * 100)

const entryTable = (all: readonly CacheEntryView[]) =>
  denseTable<CacheEntryView>({
    caption: 'Cached answers, by entry',
    rows: all,
    key: ({ name }) => `entry-${name}`,
    empty: emptyState('No requests yet', 'Entries appear here with the first requests.'),
    columns: [
      { head: 'Entry', names: true, cell: ({ name }) => html`<code>${name}</code>` },
      { head: 'Hits', numeric: true, cell: ({ hits }) => number(hits) },
      { head: 'Stale', numeric: true, cell: ({ stale }) => number(stale) },
      { head: 'Misses', numeric: true, cell: ({ misses }) => number(misses) },
      { head: 'Hit rate', numeric: true, cell: ({ hit_rate: rate }) => ratePercent(rate) },
      { head: 'Dropped', numeric: true, cell: ({ deletes }) => number(deletes) },
      { head: 'Loads', numeric: true, cell: ({ loads }) => number(loads) },
      { head: 'A load takes', numeric: true, cell: ({ avg_load_ms }) => milliseconds(avg_load_ms) },
      {
        head: 'Failed loads',
        numeric: true,
        cell: ({ failures }) => html`<span class="${failures ? 'loss' : ''}">${number(failures)}</span>`,
      },
    ],
    actions: ({ name }) => clearButton(name),
  })

const clearButton = (name: string): Html =>
  action({
    method: 'delete',
    action: `/api/v1/stats/cache?name=${name}`,
    label: 'Clear',
    of: name,
    look: 'quiet small',
    confirm: `Forget all cached answers of ${name}, in every process? They are loaded again when needed.`,
    goTo: 'stay',
    done: 'Cleared',
  })

const shareSchema = t.Nullable(t.Number({ description: '0 to 1' }))
export const cacheEntrySchema = t.Object({
  name: t.String(),
  hits: t.Integer(),
  misses: t.Integer(),
  stale: t.Integer({ description: 'Served while a fresh one was loaded' }),
  loads: t.Integer(),
  failures: t.Integer(),
  sets: t.Integer(),
  deletes: t.Integer({ description: 'Dropped by a change, or cleared' }),
  invalidations: t.Integer({ description: 'Those that a change dropped' }),
  hit_rate: shareSchema,
  avg_load_ms: t.Nullable(t.Number()),
})
type CacheEntryView = Static<typeof cacheEntrySchema>

export const cacheSchema = t.Object({
  mode: t.String(),
  connected: t.Boolean(),
  entries: t.Integer({ description: 'Values held in memory by this process' }),
  bytes: t.Integer(),
  hits: t.Integer({ description: 'Including stale answers' }),
  misses: t.Integer(),
  sets: t.Integer(),
  deletes: t.Integer(),
  invalidations: t.Integer(),
  total_requests: t.Integer(),
  hit_rate: shareSchema,
  by_name: t.Array(cacheEntrySchema),
})
type CacheNow = Static<typeof cacheSchema>

export function cacheNow({ cache }: Pick<App, 'cache'>): CacheNow {
  const { mode, connected, keys, bytes } = cache.usage()
  const by_name = [...cache.stats]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, { load_ms, bytes: _, ...counts }]): CacheEntryView => {
      const { hits, stale, misses, loads } = counts
      return {
        name,
        ...counts,
        hit_rate: rateOf(hits + stale, hits + stale + misses),
        avg_load_ms: loads ? Math.round((100 * load_ms) / loads) / 100 : null,
      }
    })
  return { mode, connected, entries: keys, bytes, ...totalsOf([...cache.stats.values()]), by_name }
}

/** All entries together; stale answers count as hits. */
function totalsOf(all: readonly EntryStats[]) {
  const sum = (of: (stats: EntryStats) => number) => all.reduce((total, stats) => total + of(stats), 0)
  const hits = sum(({ hits, stale }) => hits + stale)
  const misses = sum(stats => stats.misses)
  return {
    hits,
    misses,
    sets: sum(({ sets }) => sets),
    deletes: sum(({ deletes }) => deletes),
    invalidations: sum(({ invalidations }) => invalidations),
    total_requests: hits + misses,
    hit_rate: rateOf(hits, hits + misses),
  }
}

const rateOf = (hits: number, all: number) => (all ? Math.round((10_000 * hits) / all) / 10_000 : null)
