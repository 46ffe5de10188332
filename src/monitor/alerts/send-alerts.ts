/**
 * Sends new alerts to ALERT_WEBHOOK_URL, each once: a condition that comes and goes is sent once an hour. One process
 * sends at a time, and marks an alert as sent once it was accepted: a kill in between repeats it rather than losing it.
 * While the webhook fails, it is retried after pauses of up to five minutes.
 */

import { and, eq, gt, inArray, isNull, max, ne, notLike } from 'drizzle-orm'
import { aggregate } from '../../../db/count-rows.ts'
import type { Db } from '../../../db/open.ts'
import { type Severity, severities, systemAlerts, users } from '../../../db/schema.ts'
import { atomically } from '../../../db/transactions.ts'
import { repeatAfter } from '../../alerts.ts'
import { type App, job } from '../../context.ts'
import { displayName } from '../../display-name/name.ts'
import { messageOf, refuse } from '../../errors.ts'
import { locks } from '../../locks.ts'
import { acceptMails, sendMails, sendsMail } from '../../mail/send.ts'
import { alertsOfMail } from '../../mail/smtp.ts'
import { day, minute, second } from '../../platform/clock.ts'
import { type ChatFormat, fitsOneMessage, postMessage } from '../../platform/http/webhook.ts'
import { shownName, webhookName } from '../../ui/display-name.ts'
import { alertsPath } from './queries.ts'

const maxInMessage = 10 // alerts
const maxPause = 5 * minute
const maxLength = 300 // characters of a message

type AlertMessage = { severity: Severity; title: string; message: string }

/** Call the returned function every few seconds. It returns how many alerts it sent. */
export function openAlertWebhook(app: App): () => Promise<number> {
  const { db, clock, log, config } = app
  let pausedUntil = 0
  let failures = 0

  async function send(): Promise<number> {
    const unsent = unsentAlerts(db)
    if (!unsent.length || clock.now() < pausedUntil) return 0
    const lease = await app.locks.take(locks.alertWebhook())
    if ('heldBy' in lease) return 0
    try {
      const now = clock.now()
      const alerts = withTimeBefore(db, 'sentAt', unsentAlerts(db), now)
      const newAlerts = thatFit(alerts.filter(isNew))
      if (newAlerts.length) await postAlerts(config, newAlerts, displayName(db))
      failures = 0
      const settled = alerts.filter(alert => !isNew(alert) || newAlerts.includes(alert))
      await atomically(db, tx => markAlerts(tx, 'sentAt', settled, now), 'unsynced')
      return newAlerts.length
    } catch (error) {
      pausedUntil = clock.now() + Math.min(maxPause, 2 ** failures++ * 5 * second)
      log.warn('Alerts could not be sent to the webhook; trying again', { alerts: unsent.length, error })
      return 0
    } finally {
      await lease.release()
    }
  }
  return send
}

const linesOf = ({ severity, title, message }: AlertMessage) =>
  [`${severity.toUpperCase()}: ${title}`, message.slice(0, maxLength)] as const

const textOfAlerts =
  (alerts: readonly AlertMessage[]) =>
  ({ plain, bold }: ChatFormat): string =>
    alerts
      .map(linesOf)
      .map(([head, text]) => `${bold(head)}\n${plain(text)}`)
      .join('\n')

/** The first alerts, as many as one message holds; the others follow in the next. */
function thatFit<A extends AlertMessage>(alerts: readonly A[]): A[] {
  let fitting = alerts.length
  while (fitting > 1 && !fitsOneMessage(textOfAlerts(alerts.slice(0, fitting)))) fitting--
  return alerts.slice(0, fitting)
}

/** Works without the database too: for when the database fails. */
export async function postAlerts(
  config: App['config'],
  alerts: readonly AlertMessage[],
  sender = shownName(),
): Promise<void> {
  if (!config.alertWebhookUrl) return
  await postMessage(config.alertWebhookUrl, webhookName(sender), textOfAlerts(alerts), {
    allowPrivate: config.allowPrivateFeeds,
  })
}

/** Sends one message where alerts go: by mail to the admin who asked, and to the webhook. */
export const testAlerts = job('alerts.test', {
  attempts: 1,
  expires: '60s',
  async run(_, app, { by }) {
    const { config, db } = app
    const message = 'This is a test: alerts are sent here.'
    const mail = { kind: 'alert' as const, subject: 'A test of alerts', lines: [message] }
    const mails = by === null ? 0 : await sendMails(app, [{ ...mail, userId: by }])
    const url = config.alertWebhookUrl
    if (!url && mails === 0)
      refuse('conflict', 'Nothing to test: ALERT_WEBHOOK_URL is not set, and you get no alerts by mail')
    try {
      await postAlerts(config, [{ severity: 'info', title: 'A test', message }], displayName(db))
    } catch (error) {
      refuse('unavailable', `The webhook of alerts failed: ${messageOf(error)}`)
    }
    const places = [url && 'to the webhook', mails > 0 && 'by mail to you']
    return { message: `Sent ${places.filter(Boolean).join(' and ')}` }
  },
})

const unsentAlerts = (db: Db) =>
  db
    .select()
    .from(systemAlerts)
    .where(and(isNull(systemAlerts.sentAt), eq(systemAlerts.state, 'active')))
    .orderBy(systemAlerts.id)
    .limit(maxInMessage)
    .all()

type SystemAlert = typeof systemAlerts.$inferSelect
/** `before`: when the same condition, no less severe, was last sent or mailed; null if not within the last hour. */
type AlertToSend = SystemAlert & { before: number | null }
type SentColumn = 'sentAt' | 'mailedAt'
const severityColumns = { sentAt: 'sentAs', mailedAt: 'mailedAs' } as const

const isNew = ({ before }: AlertToSend): boolean => before === null

const withTimeBefore = (db: Db, column: SentColumn, alerts: readonly SystemAlert[], now: number): AlertToSend[] =>
  alerts.map(alert => ({ ...alert, before: lastTime(db, column, alert, now - repeatAfter) }))

function lastTime(db: Db, column: SentColumn, { key, severity }: SystemAlert, since: number): number | null {
  const asSevere = inArray(systemAlerts[severityColumns[column]], severities.slice(severities.indexOf(severity)))
  const isBefore = and(eq(systemAlerts.key, key), asSevere, gt(systemAlerts[column], since))
  return aggregate(db, systemAlerts, max(systemAlerts[column]), isBefore)
}

/** One that is not new takes over the time of the one before, from which its hour counts. One that got worse meanwhile stays unsent. */
function markAlerts(tx: Db, column: SentColumn, alerts: readonly AlertToSend[], now: number): void {
  for (const { id, severity, before } of alerts)
    tx.update(systemAlerts)
      .set({ [column]: before ?? now, [severityColumns[column]]: severity })
      .where(and(eq(systemAlerts.id, id), eq(systemAlerts.severity, severity)))
      .run()
}

/** Mails new alerts to the admins, those of one check together. A condition that comes and goes is mailed once an hour. */

const maxInMail = 20 // alerts

/** Returns how many mails were accepted. */
export async function mailAlerts(app: App): Promise<number> {
  const { db, clock } = app
  if (!sendsMail(app) || !unmailed(db, clock.now()).length) return 0
  return acceptMails(app, tx => {
    const now = clock.now()
    const alerts = withTimeBefore(tx, 'mailedAt', unmailed(tx, now), now)
    markAlerts(tx, 'mailedAt', alerts, now)
    const newAlerts = alerts.filter(isNew)
    const [first, ...others] = newAlerts
    if (!first) return []
    const mail = {
      kind: 'alert' as const,
      subject: others.length ? `${first.title}, and ${others.length} more` : first.title,
      lines: newAlerts.map(alert => linesOf(alert).join('\n')),
      link: { label: 'Open the alerts', path: alertsPath },
    }
    return admins(tx).map(userId => ({ ...mail, userId }))
  })
}

/** Only of today: a mail server that is set up later must not send old alerts. */
const unmailed = (db: Db, now: number) =>
  db
    .select()
    .from(systemAlerts)
    .where(
      and(
        isNull(systemAlerts.mailedAt),
        eq(systemAlerts.state, 'active'),
        ne(systemAlerts.severity, 'info'),
        notLike(systemAlerts.key, `${alertsOfMail}%`),
        gt(systemAlerts.lastSeen, now - day),
      ),
    )
    .orderBy(systemAlerts.id)
    .limit(maxInMail)
    .all()

const admins = (db: Db): number[] =>
  db
    .select({ id: users.id })
    .from(users)
    .where(and(eq(users.role, 'admin'), isNull(users.deletedAt)))
    .all()
    .map(({ id }) => id)
