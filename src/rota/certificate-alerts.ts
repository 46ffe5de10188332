/** `expiry_alerts`: every morning, warns about certificates 60, 30, 14, 7 and 1 days before they expire and once they have, each time once. */
import { and, eq, getTableColumns, ne } from 'drizzle-orm'
import type { Db } from '../../db/open.ts'
import { equalsGiven, type Given, preparedFor } from '../../db/prepared-writes.ts'
import { expiryNotices, type Severity, staff, systemAlerts } from '../../db/schema.ts'
import { atomically, prepared } from '../../db/transactions.ts'
import { type Alert, type AlertType, clearAlert, raiseAlert } from '../alerts.ts'
import { job } from '../context.ts'
import { compareNames } from '../platform/by-name.ts'
import { counted } from '../platform/number-text.ts'
import { daysAfter } from './date-range.ts'
import { longDate } from './long-date.ts'
import { notify } from './notices.ts'
import { certificatesEnding } from './roster-metrics.ts'
import { todayAtSites } from './site-queries.ts'
import { namesText } from './staff-queries.ts'

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
 * Warnings of one kind of certificate that ends on one day are one alert. A later warning is another alert, so that it is sent; it
 * settles the one before it. Called for one person when they change, so that a renewal settles it at once.
 */
export function raiseExpiryAlerts(tx: Db, now: number, staffId?: number) {
  const date = todayAtSites(tx, now)
  const current = certificatesEnding(tx, { by: daysAfter(date, firstNoticeDays), staffId }).map(
    ({ staff_id, certification, expires_on }) => {
      const left = daysUntil(date, expires_on)
      const [days] = notices.find(([days]) => left <= days) ?? [firstNoticeDays]
      return { staffId: staff_id, name: certification, expiresOn: expires_on, days, notifiedAt: now }
    },
  )
  deletePastNotices(tx, current, staffId)
  const fresh = current.filter(notice => insertNotice(tx, notice).get(notice))
  for (const { staffId, name, expiresOn } of fresh)
    notify(
      tx,
      now,
      staffId,
      `Your certificate ${name} ${endText(date, expiresOn)}. Without it you cannot be planned on shifts that need it.`,
      'certificate',
    )
  return { told: fresh.length, settled: updateAlerts(tx, now, date, new Set(fresh.map(alertKey))) }
}

const daysUntil = (date: string, expiresOn: string) =>
  Temporal.PlainDate.from(date).until(expiresOn, { largestUnit: 'days' }).days

function endText(date: string, expiresOn: string): string {
  const left = daysUntil(date, expiresOn)
  return left < 0 ? `expired on ${longDate(expiresOn)}` : `expires ${daysLeftText(left)}, on ${longDate(expiresOn)}`
}

const daysLeftText = (left: number) => (left === 0 ? 'today' : left === 1 ? 'tomorrow' : `in ${left} days`)

/** Warnings that no longer apply are forgotten, so that they are repeated if the condition comes back. */
function deletePastNotices(tx: Db, current: readonly Notice[], staffId?: number): void {
  const keys = new Set(current.map(noticeKey))
  const isTheirs = staffId === undefined ? undefined : eq(expiryNotices.staffId, staffId)
  for (const notice of tx.select().from(expiryNotices).where(isTheirs).all())
    if (!keys.has(noticeKey(notice))) deleteNotice(tx).run(notice)
}

/** Raises the alerts of these keys, and writes the open ones as they are now: who still has such a certificate, and for how long. */
function updateAlerts(tx: Db, now: number, date: string, raised: Set<string>): number {
  const alerts = alertsNow(tx, date)
  for (const key of raised) raiseAnew(tx, now, alerts.get(key)!)
  const open = tx
    .select()
    .from(systemAlerts)
    .where(and(eq(systemAlerts.type, type), ne(systemAlerts.state, 'resolved')))
    .all()
  for (const { id, key, title, message: text, data } of open) {
    const alert = alerts.get(key)
    if (!alert) {
      clearAlert(tx, now, key)
      const shared = alerts.get(`${type}:${data.certification}:${data.expires_on}:${data.days}`)
      if (shared) raiseAlert(tx, now, shared) // 1.0.0 raised one for each person
    } else if (alert.title !== title || alert.message !== text)
      tx.update(systemAlerts)
        .set({ title: alert.title, message: alert.message, data: alert.data })
        .where(eq(systemAlerts.id, id))
        .run()
  }
  return open.filter(({ key }) => !alerts.has(key)).length
}

/** Somebody who joins is news, also if the others were acknowledged or sent. */
function raiseAnew(tx: Db, now: number, alert: Alert): void {
  clearAlert(tx, now, alert.key)
  raiseAlert(tx, now, alert)
}

/** By key, an alert for each kind of certificate, last day and warning. */
function alertsNow(tx: Db, date: string): Map<string, Alert> {
  const notices = tx
    .select({ ...getTableColumns(expiryNotices), person: staff.name })
    .from(expiryNotices)
    .innerJoin(staff, eq(staff.id, expiryNotices.staffId))
    .all()
  return new Map([...Map.groupBy(notices, alertKey)].map(([key, group]) => [key, alertOf(key, group, date)]))
}

function alertOf(key: string, group: readonly (Notice & { person: string })[], date: string): Alert {
  const { staffId, name, expiresOn, days } = group[0]!
  const left = daysUntil(date, expiresOn)
  const names = group.map(({ person }) => person).sort(compareNames)
  const whose = names.length === 1 ? names[0] : counted(names.length, 'person', 'people')
  const lastDay = longDate(expiresOn)
  const effect = 'cannot be planned on shifts that need it'
  return {
    key,
    type,
    severity: notices.find(([stage]) => stage === days)?.[1] ?? 'info',
    title: `${name} of ${whose} ${left < 0 ? `expired on ${lastDay}` : `expires ${daysLeftText(left)}`}`,
    message: `${namesText(names)}: ${left < 0 ? `${effect} until it is renewed.` : `valid through ${lastDay}, and after that ${effect}.`}`,
    data: {
      ...(names.length === 1 && { staff_id: staffId }),
      certification: name,
      expires_on: expiresOn,
      days,
      days_left: left,
      people: names.length,
    },
  }
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
const alertKey = ({ name, expiresOn, days }: Notice) => `${type}:${name}:${expiresOn}:${days}`
const noticeKey = (notice: Notice) => `${notice.staffId}:${alertKey(notice)}`
