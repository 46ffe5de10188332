/** `expiry_alerts`: every morning, warns about certificates 60, 30, 14, 7 and 1 days before they expire and once they have, each time once. */
import { and, eq, ne, sql } from 'drizzle-orm'
import type { Db } from '../../db/open.ts'
import { equalsGiven, type Given, preparedFor } from '../../db/prepared-writes.ts'
import { expiryNotices, type Severity, systemAlerts } from '../../db/schema.ts'
import { atomically, prepared } from '../../db/transactions.ts'
import { type AlertType, clearAlert, raiseAlert } from '../alerts.ts'
import { job } from '../context.ts'
import { daysAfter } from './date-range.ts'
import { longDate } from './long-date.ts'
import { notify } from './notices.ts'
import { certificatesEnding } from './roster-metrics.ts'
import { todayAtSites } from './site-queries.ts'

/** Days before, and the severity; an expired certificate has less than no days left. */
const notices: [days: number, severity: Severity][] = [
  [-1, 'error'],
  [1, 'error'],
  [7, 'warning'],
  [14, 'warning'],
  [30, 'info'],
  [60, 'info'],
]
const firstNoticeDays = 60
const type: AlertType = 'certificate_expiring'

export const alertExpiringCertificates = job('expiry_alerts', {
  once: () => 'all',
  run: (_, { bulkWriter }) => bulkWriter.write(raiseAllExpiryAlerts, {}),
})

/** As a bulk write. */
export const raiseAllExpiryAlerts = (db: Db, { at }: { at: number }) => atomically(db, tx => raiseExpiryAlerts(tx, at))

/**
 * Each warning is an alert of its own, so that each is sent; it settles the one before it, and a renewal settles all. Called for one
 * person when they change, so that a renewal settles it at once.
 */
export function raiseExpiryAlerts(tx: Db, now: number, staffId?: number) {
  const current = new Set<string>()
  let told = 0
  const date = todayAtSites(tx, now)
  for (const ending of certificatesEnding(tx, { by: daysAfter(date, firstNoticeDays), staffId })) {
    const { staff_id, name, certification, expires_on } = ending
    const left = Temporal.PlainDate.from(date).until(expires_on, { largestUnit: 'days' }).days
    const [days, severity] = notices.find(([days]) => left <= days) ?? [firstNoticeDays, 'info']
    const notice = { staffId: staff_id, name: certification, expiresOn: expires_on, days, notifiedAt: now }
    const key = alertKey(notice)
    current.add(key)
    if (!insertNotice(tx, notice).get(notice)) continue
    told++
    const lastDay = longDate(expires_on)
    const title = `${certification} of ${name} ${left < 0 ? `expired on ${lastDay}` : `expires ${daysLeftText(left)}`}`
    const message =
      left < 0
        ? `${name} cannot be planned on shifts that need it until it is renewed.`
        : `It is valid through ${lastDay}; after that ${name} cannot be planned on shifts that need it.`
    const data = { staff_id, certification, expires_on, days, days_left: left }
    raiseAlert(tx, now, { key, type, severity, title, message, data })
    const ends = left < 0 ? `expired on ${lastDay}` : `expires ${daysLeftText(left)}, on ${lastDay}`
    notify(
      tx,
      now,
      staff_id,
      `Your certificate ${certification} ${ends}. Without it you cannot be planned on shifts that need it.`,
      'certificate',
    )
  }
  return { told, settled: clearPastNotices(tx, now, current, staffId) }
}

const daysLeftText = (left: number) => (left === 0 ? 'today' : left === 1 ? 'tomorrow' : `in ${left} days`)

/** Warnings that no longer apply are forgotten, so that they are repeated if the condition comes back. */
function clearPastNotices(tx: Db, now: number, current: Set<string>, staffId?: number): number {
  const past = tx
    .select()
    .from(expiryNotices)
    .where(staffId === undefined ? undefined : eq(expiryNotices.staffId, staffId))
    .all()
    .filter(notice => !current.has(alertKey(notice)))
  for (const notice of past) deleteNotice(tx).run(notice)
  const isTheirs = staffId === undefined ? undefined : sql`${systemAlerts.data} ->> 'staff_id' = ${staffId}`
  const open = tx
    .select({ key: systemAlerts.key })
    .from(systemAlerts)
    .where(and(eq(systemAlerts.type, type), ne(systemAlerts.state, 'resolved'), isTheirs))
    .all()
    .filter(({ key }) => !current.has(key))
  for (const { key } of open) clearAlert(tx, now, key)
  return open.length
}

const insertNotice = preparedFor(expiryNotices, (db, notice: Given<typeof expiryNotices.$inferInsert>) =>
  db.insert(expiryNotices).values(notice).onConflictDoNothing().returning(),
)
const deleteNotice = prepared(db =>
  db
    .delete(expiryNotices)
    .where(equalsGiven(expiryNotices.staffId, expiryNotices.name, expiryNotices.expiresOn, expiryNotices.days)),
)

type Notice = Pick<typeof expiryNotices.$inferSelect, 'staffId' | 'name' | 'expiresOn' | 'days'>
const alertKey = ({ staffId, name, expiresOn, days }: Notice) => `${type}:${staffId}:${name}:${expiresOn}:${days}`
