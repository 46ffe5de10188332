/** New alerts go to the admins by mail, those of one look together. What comes and goes again and again is mailed once an hour. */
import { and, eq, gt, isNull, ne, notLike } from 'drizzle-orm'
import type { Db } from '../../../db/open.ts'
import { systemAlerts, users } from '../../../db/schema.ts'
import { atomically } from '../../../db/transactions.ts'
import type { App } from '../../context.ts'
import { acceptMail, sendsMail } from '../../mail/send.ts'
import { alertsOfMail } from '../../mail/smtp.ts'
import { day, hour } from '../../platform/clock.ts'
import { alertsPath } from './queries.ts'

const atOnce = 20 // alerts in one mail
const again = hour
const longest = 300 // characters of a message

/** Answers how many mails are on their way. */
export async function mailAlerts(app: App): Promise<number> {
  const { db, clock, jobs } = app
  if (!sendsMail(app) || !unmailed(db, clock.now()).length) return 0
  const accepted = await atomically(db, tx => {
    const now = clock.now()
    const alerts = unmailed(tx, now)
    const news = alerts.filter(({ key }) => !isMailedSince(tx, key, now - again))
    for (const { id } of alerts) tx.update(systemAlerts).set({ mailedAt: now }).where(eq(systemAlerts.id, id)).run()
    const [first, ...others] = news
    if (!first) return []
    const mail = {
      kind: 'alert' as const,
      subject: others.length ? `${first.title}, and ${others.length} more` : first.title,
      lines: news.map(
        ({ severity, title, message }) => `${severity.toUpperCase()}: ${title}\n${message.slice(0, longest)}`,
      ),
      link: { label: 'Open the alerts', path: alertsPath },
    }
    return admins(tx).flatMap(userId => acceptMail(app, tx, { ...mail, userId }) ?? [])
  })
  for (const id of accepted) await jobs.tryDispatch(id)
  return accepted.length
}

/** Of today: a mail server that is set up later is not told of what was long before. */
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
    .limit(atOnce)
    .all()

const isMailedSince = (db: Db, key: string, since: number): boolean =>
  db
    .select({ id: systemAlerts.id })
    .from(systemAlerts)
    .where(and(eq(systemAlerts.key, key), gt(systemAlerts.mailedAt, since)))
    .get() !== undefined

const admins = (db: Db): number[] =>
  db
    .select({ id: users.id })
    .from(users)
    .where(and(eq(users.role, 'admin'), isNull(users.deletedAt)))
    .all()
    .map(({ id }) => id)
