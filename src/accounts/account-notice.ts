/** Mails the owner when the password or e-mail address of an account changes, so that they notice a change they did not make. */

import { and, eq, sql } from 'drizzle-orm'
import { t } from 'elysia'
import type { Db } from '../../db/open.ts'
import { runs } from '../../db/schema.ts'
import type { App } from '../context.ts'
import { installationUrl, mailJob, sendsMail } from '../mail/send.ts'
import { oneOfWords } from '../platform/http/shared-schemas.ts'
import type { User } from './account.ts'

const changes = {
  password: 'The password of your account has been changed, and other browsers are signed out.',
  email: 'The e-mail address of your account has been changed.',
}

/** Part of the transaction that makes the change. A new address is reported to the old one. Returns the job, to be dispatched after the commit. */
export function acceptAccountNotice(app: App, tx: Db, before: User, after: User): string | undefined {
  if (!sendsMail(app)) return undefined
  const isOtherAddress = after.email !== before.email
  if (!isOtherAddress && after.passwordHash === before.passwordHash) return undefined
  const change = isOtherAddress ? 'email' : 'password'
  return app.jobs.accept(tx, sendAccountNotice, { userId: after.id, to: before.email, change }).jobId
}

export const sendAccountNotice = mailJob('send_account_notice', () => 'password', {
  input: t.Object({
    userId: t.Optional(t.Integer()),
    to: t.String(),
    change: oneOfWords(['password', 'email']),
  }),
  async compose({ to, change }, app) {
    if (!to) return undefined
    return {
      to,
      subject: 'Your Fieldhouse account has changed',
      lines: [
        changes[change],
        `If it was not you, choose a new password at ${installationUrl(app)}/forgot-password and tell an admin.`,
      ],
    }
  },
})

/** Part of deleting an account: the runs of its notices hold its addresses, and stay. */
export function forgetAddresses(tx: Db, userId: number): void {
  const isNotice = eq(runs.name, sendAccountNotice.name)
  tx.update(runs)
    .set({ input: sql`json_set(${runs.input}, '$.to', '')` })
    .where(and(isNotice, sql`${runs.input} ->> '$.userId' = ${userId}`))
    .run()
}
