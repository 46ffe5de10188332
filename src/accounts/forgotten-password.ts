/** A new password for people who have forgotten theirs, by a link in a mail. The answer never reveals whether an address has an account. */
import { and, between, eq, sql } from 'drizzle-orm'
import { t } from 'elysia'
import type { Db } from '../../db/open.ts'
import { passwordLinks } from '../../db/schema.ts'
import { atomically } from '../../db/transactions.ts'
import { audit, stranger, systemActor } from '../audit.ts'
import type { App } from '../context.ts'
import { displayName } from '../display-name/name.ts'
import { refuse } from '../errors.ts'
import { installationUrl, mailJob, sendsMail } from '../mail/send.ts'
import { hour, minute } from '../platform/clock.ts'
import { requestContext } from '../platform/http/request-context.ts'
import { countAttempt } from './attempts.ts'
import { refuseForeign } from './origin.ts'
import { makePasswordLink, passwordLinkPath } from './password-link.ts'
import { findUser, userByEmail } from './queries.ts'

const lifetime = hour
const mailInterval = minute // at least this long between two mails to one account, so that nobody can flood a mailbox

export const askAnAdmin = 'This site sends no mail. Ask an admin for a link to choose a new password.'
export const linkIsMailed =
  'If this address has an account, we have mailed it a link. The link works once, within an hour.'

export async function forgotPassword(app: App, request: Request, typedEmail: string): Promise<void> {
  const { db, clock, config } = app
  refuseForeign(request, config)
  if (!sendsMail(app)) refuse('conflict', askAnAdmin)
  const email = typedEmail.trim().toLowerCase()
  const address = requestContext(request).address()
  await countAttempt(app, { account: `forgotten ${email}`, address })
  const job = await atomically(db, tx => {
    const now = clock.now()
    const user = userByEmail(tx, email)
    const target = user ? `user ${user.id}` : 'unknown account'
    const result = user ? 'ok' : 'refused'
    audit(tx, { at: now, who: stranger, action: 'auth.forgot', target, detail: { address }, result })
    if (!user || wasJustMailed(tx, user.id, now)) return undefined
    return app.jobs.accept(tx, sendPasswordLink, { userId: user.id }).jobId
  })
  if (job) void app.jobs.tryDispatch(job) // not awaited: the time it takes would reveal that there is an account
}

function wasJustMailed(tx: Db, userId: number, now: number): boolean {
  const justMailed = and(
    eq(passwordLinks.userId, userId),
    between(passwordLinks.createdAt, now - mailInterval, now), // not one of a time when the clock was ahead
    eq(passwordLinks.expiresAt, sql`${passwordLinks.createdAt} + ${lifetime}`), // those by admins live longer
  )
  return tx.select().from(passwordLinks).where(justMailed).get() !== undefined
}

export const sendPasswordLink = mailJob('send_password_link', () => 'password', {
  input: t.Object({ userId: t.Integer() }),
  once: ({ userId }) => String(userId),
  async compose({ userId }, app) {
    const { db, clock } = app
    const link = await atomically(db, tx => {
      const user = findUser(tx, userId)
      return user && { to: user.email, ...makePasswordLink(tx, user, systemActor, clock.now(), lifetime) }
    })
    if (!link) return undefined
    return {
      to: link.to,
      subject: `A new password for ${displayName(db)}`,
      lines: [
        `Somebody, perhaps you, has asked for a new password for your account at ${installationUrl(app)}.`,
        'The link works once, within an hour. If it was not you, ignore this mail: your password stays as it is.',
      ],
      link: { label: 'Choose a new password', url: installationUrl(app) + passwordLinkPath(link.token) },
    }
  },
})
