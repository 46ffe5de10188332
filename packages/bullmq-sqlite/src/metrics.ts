import type { Args, Queue } from './queues.ts'
import { State } from './schema.ts'

type Metric = [meta: string[], points: string[], total: number]
const minute = 60_000

/** Counts a finished job. The first one of a new minute turns the minutes before it into data points, newest first. */
export function countFinished({ id, sql }: Queue, kind: number, maxPoints: number, timestamp: number): void {
  const metric = sql.metric.get(id, kind)
  if (!metric) return void sql.saveMetric.run(id, kind, 1, timestamp, 0, '[]')
  const minutes = Math.min(Math.floor(timestamp / minute) - Math.floor(metric.prev_at / minute), maxPoints)
  if (minutes <= 0) return void sql.countMetric.run(id, kind)
  const points: number[] = JSON.parse(metric.points)
  const empty = Array<number>(minutes - 1).fill(0)
  const newPoints = [...empty, metric.count - metric.prev_count, ...points].slice(0, maxPoints)
  sql.saveMetric.run(id, kind, metric.count + 1, timestamp, metric.count, JSON.stringify(newPoints))
}

/** The counters and the data points from `start` to `end`, inclusive, as strings, and the number of points. */
export function readMetric({ id, sql }: Queue, ...[kind, start = 0, end = -1]: Args<'getMetrics'>): Metric {
  const metric = sql.metric.get(id, State[kind])
  if (!metric) return [[], [], 0]
  const points: number[] = JSON.parse(metric.points)
  const range = points.slice(start, end === -1 ? undefined : end + 1)
  return [[metric.count, metric.prev_at, metric.prev_count].map(String), range.map(String), points.length]
}
