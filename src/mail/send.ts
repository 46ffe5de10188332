/**
 * Mails are jobs: accepted in the transaction of the event they report, sent when the server accepts them. A caller says what
 * happened and to whom; the address, opt-outs, and links with a secret are looked up when it is sent.
 * Without `SMTP_URL` nothing is accepted.
 */
import { and, eq, isNull } from 'drizzle-orm'
import { type Static, type TSchema, t } from 'elysia'
import type { Db } from '../../db/open.ts'
import { type MailKind, mailOccasions, users } from '../../db/schema.ts'
import { atomically } from '../../db/transactions.ts'
import { type App, job } from '../context.ts'
import { displayName } from '../display-name/name.ts'
import { batchesOf } from '../platform/batches.ts'
import type { JobDefinition } from '../platform/jobs/job.ts'
import { getsMails, mailKindSchema } from './kinds.ts'
import { type Letter, render } from './message.ts'
import { isTurnedOff, unsubscribeToken } from './opt-outs.ts'
import { sendOrAlert } from './smtp.ts'

export const sendsMail = ({ config }: Pick<App, 'config'>): boolean => config.smtpUrl !== undefined

/** `PUBLIC_URL`, which `SMTP_URL` requires. */
export const installationUrl = ({ config }: Pick<App, 'config'>): string => config.publicUrl ?? ''

/** A mail and its recipient. Undefined: there is nobody or nothing to send any more. */
type Addressed = Letter & { to: string }
type Outcome = { sent: true } | { skipped: string }

/** A kind of job that sends one mail. `compose` is called for each attempt; a secret that it makes is in that mail and not stored anywhere. */
export function mailJob<Input extends TSchema>(
  name: string,
  kind: (input: Static<Input>) => MailKind,
  {
    compose,
    settled,
    ...wishes
  }: Pick<JobDefinition<App, Input>, 'input' | 'once' | 'afterFailure'> & {
    compose(input: Static<Input>, app: App): Promise<Addressed | undefined>
    /** It was sent, or the reason why not. */
    settled?(input: Static<Input>, app: App, outcome: Outcome): Promise<void>
  },
) {
  return job(name, {
    ...wishes,
    queue: 'mail',
    attempts: 10, // within about an hour: some servers accept a mail only at a second attempt
    backoff: '5s',
    expires: '12h',
    async run(input: Static<Input>, app) {
      if (!sendsMail(app)) return { skipped: 'SMTP_URL is not set' }
      const letter = await compose(input, app)
      if (!letter) return { skipped: 'there is nobody to send it to any more' }
      const outcome = await deliver(app, kind(input), letter)
      await settled?.(input, app, outcome)
      return outcome
    },
  })
}

async function deliver(app: App, kind: MailKind, { to, ...letter }: Addressed): Promise<Outcome> {
  if (isTurnedOff(app.db, to, kind)) return { skipped: 'they have turned these mails off' }
  const token = await atomically(app.db, tx => unsubscribeToken(tx, to), 'unsynced')
  const unsubscribe = `${installationUrl(app)}/unsubscribe?kind=${kind}&token=${token}`
  const headers = {
    'List-Unsubscribe': `<${unsubscribe}>`,
    'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click',
    'Auto-Submitted': 'auto-generated',
  }
  const sender = displayName(app.db)
  await sendOrAlert(app, { to, sender, ...render(letter, kind, installationUrl(app), unsubscribe, sender), headers })
  return { sent: true }
}

/** What a feature reports to a user. No part of it may be secret: it is stored with the run. */
export type Notification = {
  kind: MailKind
  userId: number
  subject: string
  lines: string[]
  /** A link to a page of this site. */
  link?: { label: string; path: string }
  /** Identifies the occasion: it is mailed only once. If absent, every time. */
  once?: string
}

export const sendMail = mailJob('send_mail', ({ kind }) => kind, {
  input: t.Object({
    kind: mailKindSchema,
    userId: t.Integer(),
    subject: t.String(),
    lines: t.Array(t.String()),
    link: t.Optional(t.Object({ label: t.String(), path: t.String() })),
  }),
  async compose({ userId, kind, subject, lines, link }, app) {
    const to = addressOf(app.db, userId, kind)
    return to
      ? { to, subject, lines, link: link && { label: link.label, url: installationUrl(app) + link.path } }
      : undefined
  },
})

/** The address of a user, as long as their role gets such mails. */
function addressOf(db: Db, userId: number, kind: MailKind): string | undefined {
  const isUser = and(eq(users.id, userId), isNull(users.deletedAt))
  const user = db.select({ email: users.email, role: users.role }).from(users).where(isUser).get()
  return getsMails(user, kind) ? user?.email : undefined
}

/** The job that sends it; undefined if they get no such mail, or have got it. */
function acceptMail(app: App, tx: Db, { once, ...notification }: Notification): string | undefined {
  if (!sendsMail(app)) return undefined
  const to = addressOf(tx, notification.userId, notification.kind)
  if (!to || isTurnedOff(tx, to, notification.kind)) return undefined
  if (once !== undefined) {
    const occasion = { key: `${notification.kind}:${once}:${notification.userId}`, at: app.clock.now() }
    const isNew = tx.insert(mailOccasions).values(occasion).onConflictDoNothing().returning().all().length > 0
    if (!isNew) return undefined
  }
  return app.jobs.accept(tx, sendMail, notification).jobId
}

/** Accepts what `collect` returns, in one transaction with what it writes. Returns how many mails were accepted. */
export async function acceptMails(app: App, collect: (tx: Db) => readonly Notification[]): Promise<number> {
  const jobs = await atomically(app.db, tx => collect(tx).flatMap(each => acceptMail(app, tx, each) ?? []))
  for (const id of jobs) await app.jobs.tryDispatch(id)
  return jobs.length
}

const atOnce = 100 // mails accepted in one transaction

/** Returns how many mails were accepted. */
export async function sendMails(app: App, notifications: readonly Notification[]): Promise<number> {
  let accepted = 0
  for (const some of batchesOf(notifications, atOnce)) accepted += await acceptMails(app, () => some)
  return accepted
}
