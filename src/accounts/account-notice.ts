/** A mail when the password or the e-mail address of an account has changed, so that its owner hears of it when it was not them. */
import { t } from 'elysia'
import type { Db } from '../../db/open.ts'
import type { App } from '../context.ts'
import { mailJob, sendsMail, siteOf } from '../mail/send.ts'
import type { User } from './account.ts'

const changes = {
  password: 'The password of your account has been changed, and other browsers are signed out.',
  email: 'The e-mail address of your account has been changed to another one.',
}

/** Part of the change's transaction. Another address is told of at the old one. Answers the job, to be dispatched after the commit. */
export function acceptAccountNotice(app: App, tx: Db, before: User, after: User): string | undefined {
  if (!sendsMail(app)) return undefined
  const isOtherAddress = after.email !== before.email
  if (!isOtherAddress && after.passwordHash === before.passwordHash) return undefined
  const change = isOtherAddress ? 'email' : 'password'
  return app.jobs.accept(tx, sendAccountNotice, { to: before.email, change }).jobId
}

export const sendAccountNotice = mailJob('send_account_notice', () => 'password', {
  input: t.Object({ to: t.String(), change: t.Union([t.Literal('password'), t.Literal('email')]) }),
  compose: async ({ to, change }, app) => ({
    to,
    subject: 'Your Fieldhouse account has changed',
    lines: [
      changes[change],
      `If it was not you, choose a new password at ${siteOf(app)}/forgot-password and tell an admin.`,
    ],
  }),
})
