/**
 * Statistics over a long history, uncached; and a day of visits replayed with and without the cache: hit rate and database
 * queries saved.
 *
 *   bun scripts/bench/stats.ts [runs = 1000000] [users = 100000]
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { transact } from '../../db/transactions.ts'
import { dashboardStats, sections, userStats } from '../../src/monitor/statistics/dashboard.ts'
import { executionStats } from '../../src/monitor/statistics/executions.ts'
import { Cache, cacheEntry } from '../../src/platform/cache/cache.ts'
import { memoryStore } from '../../src/platform/cache/memory-store.ts'
import { RefreshedAnswers } from '../../src/platform/cache/refreshed.ts'
import { Stamps, touch } from '../../src/platform/cache/stamps.ts'
import { hour } from '../../src/platform/clock.ts'
import { randomFrom } from '../random.ts'
import { helpFirst } from '../script-help.ts'
import { seed } from './seed.ts'

helpFirst(import.meta.path, { words: 100 })

const [runs = 1_000_000, users = 100_000] = process.argv.slice(2).map(Number)
const folder = mkdtempSync(join(tmpdir(), 'bench-'))
try {
  const began = performance.now()
  const db = seed(folder, { runs, users })
  console.log(
    `${runs.toLocaleString('en')} runs and ${users.toLocaleString('en')} users written in ${((performance.now() - began) / 1000).toFixed(1)} s\n`,
  )
  const now = Date.now()
  const questions: Record<string, () => unknown> = {
    'dashboard, all, all sections': () => dashboardStats(db, { period: 'all', include: sections, now }),
    'dashboard, last_month': () => dashboardStats(db, { period: 'last_month', include: sections, now }),
    'dashboard, summary': () => dashboardStats(db, { period: 'all', include: ['summary'], now }),
    'executions, all by month': () => executionStats(db, { period: 'all', group_by: 'month', now }),
    'executions, all by hour': () => executionStats(db, { period: 'all', group_by: 'hour', now }),
    'executions, failed, last_week': () =>
      executionStats(db, { period: 'last_week', group_by: 'day', status: 'FAILURE', now }),
    'users, all by month': () => userStats(db, { period: 'all', group_by: 'month', now }),
    'users, last_month, one country': () =>
      userStats(db, { period: 'last_month', group_by: 'day', country: 'SE', now }),
  }
  for (const [name, ask] of Object.entries(questions)) {
    const times = Array.from({ length: 9 }, () => {
      const start = performance.now()
      ask()
      return performance.now() - start
    }).toSorted((a, b) => a - b)
    console.log(
      `${name.padEnd(34)} median ${times[4]?.toFixed(1).padStart(6)} ms   worst ${times[8]?.toFixed(1).padStart(6)} ms`,
    )
  }
  await replay(db)
  db.$client.close()
} finally {
  rmSync(folder, { recursive: true, force: true })
}

/** A day of 40 leagues, a few of them busy. Most visits go to popular pages, and a league is updated every few minutes. */
async function replay(db: ReturnType<typeof seed>) {
  const random = randomFrom(7)
  let at = Date.now()
  const cache = new Cache(memoryStore(), new Stamps(db), { now: () => at }, new RefreshedAnswers(db), random.next)
  const board = cacheEntry('leaderboard', '5m', ['scores'])
  const player = cacheEntry('player_details', '2m', ['scores'])
  const active = cacheEntry('active_leagues', '5m', [])
  const dashboard = cacheEntry('stats_dashboard', '10m')
  let visits = 0
  let queries = 0
  const load = () => {
    queries++
    return 1
  }
  for (const end = at + 24 * hour; at < end; ) {
    at += random.skewed(900, 3)
    visits++
    const league = Math.floor(random.skewed(3, 2)) % 40
    const kind = random.next()
    if (kind < 0.55) await cache.read(board, [league, Math.floor(random.skewed(0.6, 2))], load)
    else if (kind < 0.75) await cache.read(player, [league, Math.floor(random.skewed(40, 1.5))], load)
    else if (kind < 0.95) await cache.read(active, [''], load)
    else await cache.read(dashboard, [Math.floor(random.skewed(1, 2)) % 9], load)
    if (random.chance(0.001)) transact(db, tx => touch(tx, 'scores', random.whole(0, 39)))
    if (random.chance(0.002)) for (let i = 0; i < 9; i++) await cache.refresh(dashboard, [i], load)
  }
  console.log(
    `\nA day of ${visits.toLocaleString('en')} reads (an update of some league every ${((24 * 60) / (visits * 0.001)).toFixed(1)} min):`,
  )
  for (const [name, { hits, stale, misses }] of cache.stats) {
    const all = hits + stale + misses
    console.log(
      `${name.padEnd(18)} ${all.toLocaleString('en').padStart(9)} reads   hit rate ${((100 * (hits + stale)) / all).toFixed(1)} %`,
    )
  }
  console.log(
    `Without the cache ${visits.toLocaleString('en')} database loads, with it ${queries.toLocaleString('en')}: ${(100 * (1 - queries / visits)).toFixed(1)} % saved`,
  )
}
