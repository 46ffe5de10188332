import type { Queue } from './queues.ts'
import { State } from './schema.ts'
import type { Tx } from './transactions.ts'

const minute = 60_000

/** Counts a finished job. With the first of a new minute, the minutes before it become data points, newest first. */
export function countFinished(tx: Tx, queue: Queue, kind: number, maxPoints: number, timestamp: number): void {
  const metric = tx.sql.metric.get(queue.id, kind)
  if (!metric) return void tx.sql.saveMetric.run(queue.id, kind, 1, timestamp, 0, '[]')
  const minutes = Math.min(Math.floor(timestamp / minute) - Math.floor(metric.prev_at / minute), maxPoints)
  if (minutes <= 0) return void tx.sql.countMetric.run(queue.id, kind)
  const points: number[] = JSON.parse(metric.points)
  const quiet = Array<number>(minutes - 1).fill(0)
  const kept = [...quiet, metric.count - metric.prev_count, ...points].slice(0, maxPoints)
  tx.sql.saveMetric.run(queue.id, kind, metric.count + 1, timestamp, metric.count, JSON.stringify(kept))
}

/** The counters and a range of the data points, as strings, and how many points there are. */
export function readMetric(
  tx: Tx,
  queue: Queue,
  kind: 'completed' | 'failed',
  start: number,
  end: number,
): [meta: string[], points: string[], total: number] {
  const metric = tx.sql.metric.get(queue.id, State[kind])
  if (!metric) return [[], [], 0]
  const points: number[] = JSON.parse(metric.points)
  const meta = [metric.count, metric.prev_at, metric.prev_count].map(String)
  return [meta, slice(points, start, end).map(String), points.length]
}

/** The items from `start` to `end`, both included; negative ones count from the end. */
export function slice<T>(items: T[], start: number, end: number): T[] {
  return items.slice(start, end === -1 ? undefined : end + 1)
}
