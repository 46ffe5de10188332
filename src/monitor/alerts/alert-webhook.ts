/**
 * New alerts go to ALERT_WEBHOOK_URL, each once: what comes and goes again and again is told of once an hour. One process
 * sends at a time, and marks an alert as sent once it was taken: a kill in between repeats it rather than losing it.
 */
import { and, eq, gt, isNull, max } from 'drizzle-orm'
import type { Db } from '../../../db/open.ts'
import { type Severity, systemAlerts } from '../../../db/schema.ts'
import { atomically } from '../../../db/transactions.ts'
import type { App } from '../../context.ts'
import { locks } from '../../locks.ts'
import { hour, minute, second } from '../../platform/clock.ts'
import { postJson } from '../../platform/http/outgoing.ts'

const atOnce = 10 // alerts in one message
const again = hour
const longestRest = 5 * minute
const longest = 300 // characters of a message

type AlertMessage = { severity: Severity; title: string; message: string }

/** Call the answer every few seconds. It tells how many alerts it sent. */
export function openAlertWebhook(app: App): () => Promise<number> {
  const { db, clock, log, config } = app
  let restUntil = 0
  let failures = 0

  async function send(): Promise<number> {
    const unsent = unsentAlerts(db)
    if (!unsent.length || clock.now() < restUntil) return 0
    const lease = await app.locks.take(locks.alertWebhook())
    if ('heldBy' in lease) return 0
    try {
      const now = clock.now()
      const alerts = unsentAlerts(db).map(alert => ({ ...alert, told: lastTold(db, alert.key, now - again) }))
      const news = alerts.filter(({ told }) => told === null)
      if (news.length) await postAlerts(config, news)
      failures = 0
      await atomically(db, tx => markSent(tx, alerts, now), 'unsynced')
      return news.length
    } catch (error) {
      restUntil = clock.now() + Math.min(longestRest, 2 ** failures++ * 5 * second)
      log.warn('Alerts could not be sent to the webhook; trying again', { alerts: unsent.length, error })
      return 0
    } finally {
      await lease.release()
    }
  }
  return send
}

/** Outside the database too: for when it is the database that fails. */
export async function postAlerts(config: App['config'], alerts: readonly AlertMessage[]): Promise<void> {
  if (!config.alertWebhookUrl) return
  const lines = alerts.map(
    ({ severity, title, message }) => [`${severity.toUpperCase()}: ${title}`, message.slice(0, longest)] as const,
  )
  await postJson(
    config.alertWebhookUrl,
    {
      username: 'Fieldhouse',
      content: lines
        .map(([head, text]) => `**${forDiscord(head)}**\n${forDiscord(text)}`)
        .join('\n')
        .slice(0, 1_990),
      text: lines
        .map(([head, text]) => `*${forSlack(head)}*\n${forSlack(text)}`)
        .join('\n')
        .slice(0, 30_000),
      allowed_mentions: { parse: [] },
    },
    { allowPrivate: config.allowPrivateFeeds },
  )
}

/** What an error says is other people's text: nothing in it may mention or format. */
const forDiscord = (text: string) => text.replace(/[\\*_~`|<>@#:[\]()]/g, '\\$&')
const forSlack = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')

const unsentAlerts = (db: Db) =>
  db
    .select()
    .from(systemAlerts)
    .where(and(isNull(systemAlerts.sentAt), eq(systemAlerts.state, 'active')))
    .orderBy(systemAlerts.id)
    .limit(atOnce)
    .all()

/** When the same condition was last told of, if that was after `since`. */
const lastTold = (db: Db, key: string, since: number): number | null =>
  db
    .select({ at: max(systemAlerts.sentAt) })
    .from(systemAlerts)
    .where(and(eq(systemAlerts.key, key), gt(systemAlerts.sentAt, since)))
    .get()?.at ?? null

function markSent(tx: Db, alerts: readonly { id: number; told: number | null }[], now: number): void {
  for (const { id, told } of alerts)
    tx.update(systemAlerts)
      .set({ sentAt: told ?? now })
      .where(eq(systemAlerts.id, id))
      .run()
}
