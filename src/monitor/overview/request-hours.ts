/** Requests hour by hour, all routes together. For the reader thread, which remembers the hours that are over. */
import type { Db } from '../../../db/open.ts'
import { hour } from '../../platform/clock.ts'
import { addHistogram, bounds } from '../../platform/process/metrics.ts'

export type RequestHour = { at: number; requests: number; errors: number; histogram: Float64Array }
type Row = { at: number; requests: number; errors: number; histogram: Uint8Array }

/** A month of many routes is a hundred thousand rows; what is settled is read once. `from`: as far back as it was looked. */
type Settled = { from: number; to: number; hours: RequestHour[] }
const remembered = new WeakMap<Db, Settled>()

/** Every process puts its counts away each minute: after two hours an hour does not change any more. */
const settledAfter = 2 * hour

export function requestsByHour(db: Db, since: number, now: number): RequestHour[] {
  let known = remembered.get(db)
  if (!known || since < known.from) known = { from: since, to: since, hours: [] }
  const fresh = read(db, known.to)
  const to = Math.max(known.to, now - (now % hour) - settledAfter)
  const hours = [...known.hours, ...fresh.filter(({ at }) => at < to)]
  remembered.set(db, { from: known.from, to, hours })
  return [...hours, ...fresh.filter(({ at }) => at >= to)].filter(({ at }) => at >= since)
}

function read({ $client: client }: Db, since: number): RequestHour[] {
  const byHour = new Map<number, RequestHour>()
  const rows = client.query<Row, [number]>(
    'select hour as at, requests, errors, histogram from request_hours where hour >= ?',
  )
  for (const { at, requests, errors, histogram } of rows.iterate(since)) {
    let sum = byHour.get(at)
    if (!sum) byHour.set(at, (sum = { at, requests: 0, errors: 0, histogram: new Float64Array(bounds.length + 1) }))
    sum.requests += requests
    sum.errors += errors
    addHistogram(sum.histogram, histogram)
  }
  return [...byHour.values()]
}
