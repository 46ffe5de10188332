/** `expiry_alerts`: every morning, certificates that run out are told of 60, 30, 14, 7 and 1 days before, once each. */
import { and, eq, ne } from 'drizzle-orm'
import { t } from 'elysia'
import type { Db } from '../../db/open.ts'
import { expiryNotices, type Severity, systemAlerts } from '../../db/schema.ts'
import { atomically } from '../../db/transactions.ts'
import { type AlertType, clear, raise } from '../alerts.ts'
import { job } from '../context.ts'
import { today } from './date-range.ts'
import { expiringWithin } from './roster-metrics.ts'

/** Days before, and how bad it is by then. */
const notices: [days: number, severity: Severity][] = [
  [1, 'error'],
  [7, 'warning'],
  [14, 'warning'],
  [30, 'info'],
  [60, 'info'],
]
const furthest = 60
const type: AlertType = 'certificate_expiring'

export const alertExpiringCertificates = job('expiry_alerts', {
  input: t.Object({}),
  once: () => 'all',
  run: (_, { db, clock }) => atomically(db, tx => tellOfExpiry(tx, clock.now())),
})

/** Each notice is an alert of its own, so that each is sent; the one before it is settled by it, and all by a renewal. */
function tellOfExpiry(tx: Db, now: number) {
  const current = new Set<string>()
  let told = 0
  const date = today(now)
  for (const { staff_id, name, certification, expires_on } of expiringWithin(tx, date, furthest)) {
    const left = Temporal.PlainDate.from(date).until(expires_on, { largestUnit: 'days' }).days
    const [days, severity] = notices.find(([days]) => left <= days) ?? [furthest, 'info']
    const key = `${type}:${staff_id}:${certification}:${expires_on}:${days}`
    current.add(key)
    const notice = { staffId: staff_id, name: certification, expiresOn: expires_on, days, notifiedAt: now }
    if (!tx.insert(expiryNotices).values(notice).onConflictDoNothing().returning().all().length) continue
    told++
    const when = left === 0 ? 'today' : left === 1 ? 'tomorrow' : `in ${left} days`
    const title = `${certification} of ${name} runs out ${when}`
    const message = `It is valid through ${expires_on}; after that ${name} is not planned where it is asked for.`
    raise(tx, now, {
      key,
      type,
      severity,
      title,
      message,
      data: { staff_id, certification, expires_on, days, days_left: left },
    })
  }
  const open = tx
    .select({ key: systemAlerts.key })
    .from(systemAlerts)
    .where(and(eq(systemAlerts.type, type), ne(systemAlerts.state, 'resolved')))
    .all()
    .filter(({ key }) => !current.has(key))
  for (const { key } of open) clear(tx, now, key)
  return { told, settled: open.length }
}
