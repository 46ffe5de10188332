/** The cache of this process: how often what was asked for was there. */
import { type Static, t } from 'elysia'
import type { App } from '../../context.ts'

const maybe = t.Nullable(t.Number())
export const cacheEntrySchema = t.Object({
  name: t.String(),
  hits: t.Integer(),
  misses: t.Integer(),
  stale: t.Integer(),
  loads: t.Integer(),
  failures: t.Integer(),
  hit_rate: maybe,
  avg_load_ms: maybe,
})
export type CacheEntryView = Static<typeof cacheEntrySchema>

export const cacheSchema = t.Object({
  mode: t.String(),
  connected: t.Boolean(),
  entries: t.Integer(),
  bytes: t.Integer(),
  hit_rate: maybe,
  by_name: t.Array(cacheEntrySchema),
})
export type CacheNow = Static<typeof cacheSchema>

export function cacheNow({ cache }: Pick<App, 'cache'>): CacheNow {
  const { mode, connected, keys, bytes } = cache.usage()
  let [hits, asked] = [0, 0]
  const by_name = [...cache.stats]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, { load_ms, ...stats }]): CacheEntryView => {
      const [found, all] = [stats.hits + stats.stale, stats.hits + stats.stale + stats.misses]
      hits += found
      asked += all
      return {
        name,
        hits: stats.hits,
        misses: stats.misses,
        stale: stats.stale,
        loads: stats.loads,
        failures: stats.failures,
        hit_rate: rateOf(found, all),
        avg_load_ms: stats.loads ? Math.round((100 * load_ms) / stats.loads) / 100 : null,
      }
    })
  return { mode, connected, entries: keys, bytes, hit_rate: rateOf(hits, asked), by_name }
}

const rateOf = (hits: number, all: number) => (all ? Math.round((10_000 * hits) / all) / 10_000 : null)
