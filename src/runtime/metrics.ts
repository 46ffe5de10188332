/** Numbers about this process, as Prometheus reads them, and per route and minute for the monitor. */
import { lt, sql } from 'drizzle-orm'
import type { Db } from '../../db/open.ts'
import { requestStats } from '../../db/schema.ts'
import { atomically, lightly } from '../../db/transaction.ts'
import { minute } from './clock.ts'

/** Upper bounds of the latency buckets in milliseconds; one more catches the rest. */
export const bounds = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000] as const

type Count = { requests: number; errors: number; totalMs: number; histogram: Uint32Array }
const none = (): Count => ({ requests: 0, errors: 0, totalMs: 0, histogram: new Uint32Array(bounds.length + 1) })

function add(count: Count, ms: number, failed: boolean) {
  count.requests++
  if (failed) count.errors++
  count.totalMs += ms
  let bucket = 0
  while (bucket < bounds.length && ms > (bounds[bucket] ?? 0)) bucket++
  count.histogram[bucket] = (count.histogram[bucket] ?? 0) + 1
}

/** The time below which `share` of the counted requests stayed; null where nothing was counted. */
export function quantile(histogram: ArrayLike<number>, share: number): number | null {
  let total = 0
  for (let i = 0; i <= bounds.length; i++) total += histogram[i] ?? 0
  if (!total) return null
  let left = share * total
  for (let i = 0; i < bounds.length; i++) {
    const inBucket = histogram[i] ?? 0
    const low = bounds[i - 1] ?? 0
    if (left <= inBucket) return low + ((bounds[i] ?? low) - low) * (left / inBucket)
    left -= inBucket
  }
  return bounds.at(-1) ?? null
}

/** How late timers fire: what the HTTP thread makes everyone wait. Sampled 50 times a second. */
export function watchLoop() {
  const every = 20
  const samples = new Float64Array((60 * 1000) / every) // the last minute
  let at = 0
  let expected = performance.now() + every
  const timer = setInterval(() => {
    const now = performance.now()
    samples[at++ % samples.length] = Math.max(0, now - expected)
    expected = now + every
  }, every)
  timer.unref()
  return {
    /** Milliseconds over the last minute. */
    lag() {
      const sorted = samples.slice(0, Math.min(at, samples.length)).sort()
      const atShare = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0
      return { p50: atShare(0.5), p99: atShare(0.99), max: sorted.at(-1) ?? 0 }
    },
    stop: () => clearInterval(timer),
  }
}

type Gauge = {
  name: string
  help: string
  type: 'gauge' | 'counter'
  read(): number | Promise<number> | [labels: string, value: number][]
}

export type Metrics = ReturnType<typeof openMetrics>

export function openMetrics() {
  const routes = new Map<string, Count>()
  let minuteRoutes = new Map<string, Count>()
  const gauges: Gauge[] = []
  const countOf = (map: Map<string, Count>, route: string) => {
    let count = map.get(route)
    if (!count) map.set(route, (count = none()))
    return count
  }
  return {
    request(route: string, ms: number, status: number) {
      add(countOf(routes, route), ms, status >= 500)
      add(countOf(minuteRoutes, route), ms, status >= 500)
    },
    gauge: (gauge: Gauge) => void gauges.push(gauge),

    /** What was counted since the last call goes into `request_stats`, added to what other processes counted. */
    flush(db: Db, now: number) {
      const counted = minuteRoutes
      if (!counted.size) return
      const at = now - (now % minute)
      const written = lightly(db, tx => {
        for (const [route, { requests, errors, totalMs, histogram }] of counted) {
          const known = tx
            .select()
            .from(requestStats)
            .where(sql`${requestStats.minute} = ${at} and ${requestStats.route} = ${route}`)
            .get()
          const before = known ? new Uint32Array(new Uint8Array(known.histogram).buffer) : undefined
          const values = {
            requests: requests + (known?.requests ?? 0),
            errors: errors + (known?.errors ?? 0),
            totalMs: Math.round(totalMs) + (known?.totalMs ?? 0),
            histogram: Buffer.from(histogram.map((count, i) => count + (before?.[i] ?? 0)).buffer),
          }
          tx.insert(requestStats)
            .values({ minute: at, route, ...values })
            .onConflictDoUpdate({ target: [requestStats.minute, requestStats.route], set: values })
            .run()
        }
        return true
      })
      if (written) minuteRoutes = new Map()
    },
    forgetBefore: (db: Db, at: number) =>
      atomically(db, tx => void tx.delete(requestStats).where(lt(requestStats.minute, at)).run()),

    /** Prometheus text, version 0.0.4. */
    async text(): Promise<string> {
      const lines: string[] = []
      const name = 'fieldhouse_http_request_duration_seconds'
      lines.push(`# HELP ${name} Time from request to answer, by route`, `# TYPE ${name} histogram`)
      for (const [route, { requests, totalMs, histogram }] of routes) {
        let sum = 0
        bounds.forEach((bound, i) => {
          sum += histogram[i] ?? 0
          lines.push(`${name}_bucket{route="${route}",le="${bound / 1000}"} ${sum}`)
        })
        lines.push(`${name}_bucket{route="${route}",le="+Inf"} ${requests}`)
        lines.push(`${name}_sum{route="${route}"} ${totalMs / 1000}`, `${name}_count{route="${route}"} ${requests}`)
      }
      const errors = 'fieldhouse_http_errors_total'
      lines.push(`# HELP ${errors} Answers with status 500 and above, by route`, `# TYPE ${errors} counter`)
      for (const [route, count] of routes) lines.push(`${errors}{route="${route}"} ${count.errors}`)
      for (const gauge of gauges) {
        lines.push(`# HELP ${gauge.name} ${gauge.help}`, `# TYPE ${gauge.name} ${gauge.type}`)
        const value = await gauge.read()
        if (Array.isArray(value)) for (const [labels, number] of value) lines.push(`${gauge.name}{${labels}} ${number}`)
        else lines.push(`${gauge.name} ${value}`)
      }
      return `${lines.join('\n')}\n`
    },
  }
}
