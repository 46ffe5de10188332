import { gt } from 'drizzle-orm'
import type { Db } from '../../../db/open.ts'
import { requestStats } from '../../../db/schema.ts'
import type { Alert } from '../../alerts.ts'
import type { App } from '../../context.ts'
import { minute, second } from '../../platform/clock.ts'
import { histogramOf, quantile } from '../../platform/process/metrics.ts'

const tooSlow = second // p95
const over = 5 * minute
const fewest = 20 // requests: below, one slow answer would make the p95

/** How long these take is the client's doing: it sends its file as fast as it can. */
const pacedByClient = /^POST \/api\/(v1\/leagues\/:id\/uploads|upload-(baseline|current))/

export function slowRoutes(db: Db, now: number): Alert[] {
  const rows = db
    .select()
    .from(requestStats)
    .where(gt(requestStats.minute, now - over - minute))
    .all()
  const routes = Map.groupBy(rows, ({ route }) => route)
  return [...routes].flatMap(([route, minutes]): Alert[] => {
    const sum = minutes
      .map(({ histogram }) => histogramOf(histogram))
      .reduce((sum, one) => sum.map((count, i) => count + (one[i] ?? 0)))
    const requests = sum.reduce((total, count) => total + count, 0)
    const p95 = quantile(sum, 0.95) ?? 0
    if (requests < fewest || p95 <= tooSlow || pacedByClient.test(route)) return []
    return [
      {
        key: `performance:${route}`,
        type: 'performance',
        severity: 'warning',
        title: `${route} is slow`,
        message: `One answer in twenty took more than ${(p95 / second).toFixed(1)} s in the last ${over / minute} minutes (${requests} requests).`,
        data: { route, p95_ms: Math.round(p95), requests },
      },
    ]
  })
}

/** Something that can be wrong for a while. It is looked at each minute; what holds no longer resolves itself. */
export type Condition = {
  /** The keys of its alerts begin with this. */
  readonly prefix: string
  /** What is wrong right now. One that throws knows nothing: its alerts stay as they are. */
  look(app: App): readonly Alert[] | Promise<readonly Alert[]>
}
