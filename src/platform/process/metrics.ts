/** Numbers about this process, as Prometheus reads them, and per route and minute for the monitor. */
import { closeSync, openSync, readSync } from 'node:fs'
import type { Db } from '../../../db/open.ts'
import { tryWrite } from '../../../db/transactions.ts'
import { hour, minute } from '../clock.ts'
import { withTimeout } from './with-timeout.ts'

/** Upper bounds in milliseconds of the buckets in /metrics. */
const prometheusBounds = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000]

/**
 * Upper bounds of the buckets that are counted, in milliseconds, from 0.1 to 100,000; one more catches the rest. Each is at most
 * 1.21 times the one before, so the middle of a bucket is within 10 % of all that is in it.
 */
const boundsPerDecade = [100, 120, 143, 170, 200, 240, 288, 346, 415, 500, 600, 710, 840] // hundredths
const decades = [1_000, 100, 10, 1, 0.1, 0.01] // divisors
const bounds: readonly number[] = [
  ...decades.flatMap(divisor => boundsPerDecade.map(bound => bound / divisor)),
  100_000,
]

type Count = { requests: number; errors: number; totalMs: number; histogram: Uint32Array }
const emptyCount = (): Count => ({ requests: 0, errors: 0, totalMs: 0, histogram: new Uint32Array(bounds.length + 1) })

function countRequest(count: Count, ms: number, failed: boolean) {
  count.requests++
  if (failed) count.errors++
  count.totalMs += ms
  let bucket = 0
  while (bucket < bounds.length && ms > (bounds[bucket] ?? 0)) bucket++
  count.histogram[bucket] = (count.histogram[bucket] ?? 0) + 1
}

/** Reads a histogram from its bytes in the database. */
const histogramOf = ({ buffer, byteOffset, byteLength }: Uint8Array): Uint32Array =>
  byteOffset % 4
    ? new Uint32Array(buffer.slice(byteOffset, byteOffset + byteLength))
    : new Uint32Array(buffer, byteOffset, byteLength / 4)

export const emptyHistogram = (): Float64Array => new Float64Array(bounds.length + 1)

/** Adds a stored histogram to `sum`. A month has many thousands, so this has to be fast. */
export const addHistogram = (sum: Float64Array, bytes: Uint8Array): void => addCounts(sum, histogramOf(bytes))
export function addCounts(sum: Float64Array, counts: ArrayLike<number>): void {
  for (let i = 0; i < sum.length; i++) sum[i] = (sum[i] ?? 0) + (counts[i] ?? 0)
}

function addToRow(
  tx: Db,
  table: 'request_stats' | 'request_hours',
  time: 'minute' | 'hour',
  at: number,
  route: string,
  { requests, errors, totalMs, histogram }: Count,
) {
  const { $client: client } = tx
  const find = `select histogram from ${table} where ${time} = ? and route = ?`
  const known = client.query<{ histogram: Uint8Array }, [number, string]>(find).get(at, route)
  const before = known && histogramOf(known.histogram)
  const sum = Buffer.from(histogram.map((count, i) => count + (before?.[i] ?? 0)).buffer)
  client
    .query(
      `insert into ${table} (${time}, route, requests, errors, total_ms, histogram) values (?, ?, ?, ?, ?, ?)
      on conflict do update set requests = requests + excluded.requests, errors = errors + excluded.errors,
        total_ms = total_ms + excluded.total_ms, histogram = excluded.histogram`,
    )
    .run(at, route, requests, errors, Math.round(totalMs), sum)
}

/** The time below which `share` of the counted requests stayed, within 10 %; null if nothing was counted. */
export function quantile(histogram: ArrayLike<number>, share: number): number | null {
  let total = 0
  for (let i = 0; i <= bounds.length; i++) total += histogram[i] ?? 0
  if (!total) return null
  let remaining = share * total
  for (let i = 0; i < bounds.length; i++) {
    remaining -= histogram[i] ?? 0
    if (remaining <= 0) return Math.sqrt((bounds[i - 1] ?? 0) * (bounds[i] ?? 0))
  }
  return bounds.at(-1) ?? null
}

/** Milliseconds: longer stretches of work of the HTTP thread are counted. None of our code should take longer than the first. */
const longStretches = [10, 20, 50, 100, 500] as const

/**
 * Measures how late timers fire, which is how long the HTTP thread makes everyone wait. Samples 20 times a second at rest,
 * because each sample wakes the process, and 100 times under load: a stretch of work then shows up to 10 ms shorter than it
 * was. On Linux `stretch` leaves out the time the thread waited for a processor, which is not our doing; what it waited for
 * another thread that has none remains in it. Calls `onSample` with each sample, in ms.
 */
export function watchLoop(onSample: (lag: number, now: number) => void = () => {}) {
  const [intervalAtRest, intervalUnderLoad] = [50, 10]
  const size = (60 * 1000) / intervalUnderLoad // a minute's, at the most
  const [sampledAt, lags, stretches] = [new Float64Array(size), new Float64Array(size), new Float64Array(size)]
  const counts = longStretches.map(over => ({ over, count: 0 }))
  const thread = openThreadTimes()
  let [sampled, interval, last, before] = [0, intervalAtRest, performance.now(), thread.read()]
  function sample() {
    const now = performance.now()
    const after = thread.read()
    const lag = Math.max(0, now - last - interval)
    const stretch = Math.max(0, lag - (after.waited - before.waited))
    for (const bucket of counts) if (stretch > bucket.over) bucket.count++
    const slot = sampled++ % size
    sampledAt[slot] = now
    lags[slot] = lag
    stretches[slot] = stretch
    onSample(lag, now)
    interval = after.ran - before.ran > interval / 10 ? intervalUnderLoad : intervalAtRest
    last = now
    before = after
    timer = setTimeout(sample, interval)
    timer.unref()
  }
  let timer = setTimeout(sample, interval)
  timer.unref()
  function quantiles(samples: Float64Array) {
    const since = performance.now() - 60_000
    const sorted = samples.filter((_, i) => i < sampled && (sampledAt[i] ?? 0) >= since).sort()
    const atShare = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0
    return { p50: atShare(0.5), p99: atShare(0.99), max: sorted.at(-1) ?? 0 }
  }
  return {
    /** Milliseconds over the last minute. */
    lag: () => quantiles(lags),
    stretch: () => quantiles(stretches),
    /** Since the start. */
    longStretches: () => counts,
    stop() {
      clearTimeout(timer)
      thread.close()
    },
  }
}

/** How many ms this thread has run and has waited for a processor so far: 0 where the kernel does not report it. */
function openThreadTimes() {
  try {
    const file = openSync('/proc/thread-self/schedstat', 'r')
    const buffer = Buffer.alloc(100)
    return {
      read() {
        const [ran, waited] = buffer.toString('latin1', 0, readSync(file, buffer, 0, 100, 0)).split(' ')
        return { ran: Number(ran) / 1e6, waited: Number(waited) / 1e6 }
      },
      close: () => closeSync(file),
    }
  } catch {
    return { read: () => ({ ran: 0, waited: 0 }), close() {} }
  }
}

type Labels = Record<string, string>
type Reading = number | readonly (readonly [Labels, number])[]
type Gauge = { name: string; help: string; type: 'gauge' | 'counter'; read(): Reading | Promise<Reading> }

const gaugeTimeout = 700 // ms a gauge may take; one that is late or fails is left out

const escapedLabel = (text: string) => text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
const labelled = (name: string, labels: Labels) =>
  `${name}{${Object.entries(labels)
    .map(([label, value]) => `${label}="${escapedLabel(value)}"`)
    .join(',')}}`

async function readingOf({ read }: Gauge): Promise<Reading> {
  try {
    return await withTimeout(read(), gaugeTimeout, () => [])
  } catch {
    return []
  }
}

export type Metrics = ReturnType<typeof openMetrics>

export function openMetrics() {
  const routes = new Map<string, Count>()
  let minuteRoutes = new Map<string, Count>()
  const gauges: Gauge[] = []
  const countOf = (map: Map<string, Count>, route: string) => {
    let count = map.get(route)
    if (!count) map.set(route, (count = emptyCount()))
    return count
  }
  return {
    request(route: string, ms: number, status: number) {
      countRequest(countOf(routes, route), ms, status >= 500)
      countRequest(countOf(minuteRoutes, route), ms, status >= 500)
    },
    /** Adds a number to `/metrics` that is read at each scrape. */
    gauge: (name: string, help: string, read: Gauge['read'], type: Gauge['type'] = 'gauge') =>
      void gauges.push({ name, help, type, read }),

    /** Adds what was counted since the last call to the rows of the minute and the hour, which other processes add to as well. */
    flush(db: Db, now: number) {
      const counted = minuteRoutes
      if (!counted.size) return
      const written = tryWrite(db, tx => {
        for (const [route, count] of counted) {
          addToRow(tx, 'request_stats', 'minute', now - (now % minute), route, count)
          addToRow(tx, 'request_hours', 'hour', now - (now % hour), route, count)
        }
        return true
      })
      if (written) minuteRoutes = new Map()
    },

    /** Prometheus text, version 0.0.4. */
    async text(): Promise<string> {
      const lines: string[] = []
      const writeHead = (name: string, help: string, type: string) =>
        lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`)
      const writeValue = (name: string, labels: Labels, value: number) =>
        lines.push(`${labelled(name, labels)} ${value}`)

      const seconds = 'fieldhouse_http_request_duration_seconds'
      writeHead(seconds, 'Time from request to answer, by route', 'histogram')
      for (const [route, { requests, totalMs, histogram }] of routes) {
        let sum = 0
        for (const [i, bound] of bounds.entries()) {
          sum += histogram[i] ?? 0
          if (prometheusBounds.includes(bound))
            writeValue(`${seconds}_bucket`, { route, le: String(bound / 1000) }, sum)
        }
        writeValue(`${seconds}_bucket`, { route, le: '+Inf' }, requests)
        writeValue(`${seconds}_sum`, { route }, totalMs / 1000)
        writeValue(`${seconds}_count`, { route }, requests)
      }
      const errors = 'fieldhouse_http_errors_total'
      writeHead(errors, 'Answers with status 500 and above, by route', 'counter')
      for (const [route, count] of routes) writeValue(errors, { route }, count.errors)

      const readings = await Promise.all(gauges.map(readingOf))
      for (const [i, { name, help, type }] of gauges.entries()) {
        const reading = readings[i] ?? []
        writeHead(name, help, type)
        if (typeof reading === 'number') lines.push(`${name} ${reading}`)
        else for (const [labels, value] of reading) writeValue(name, labels, value)
      }
      return `${lines.join('\n')}\n`
    },
  }
}
