/** Which kinds of mail a user gets. */
import { t } from 'elysia'
import { type MailKind, mailKinds } from '../../db/schema.ts'
import { atomically } from '../../db/transactions.ts'
import { audit } from '../audit.ts'
import type { App } from '../context.ts'
import { getsMails, kindsOfMail, mailKindSchema } from '../mail/kinds.ts'
import { isTurnedOff, setOptOutFor } from '../mail/opt-outs.ts'
import { sendsMail } from '../mail/send.ts'
import type { Who } from '../platform/http/request-context.ts'
import { ownId } from './account.ts'
import { userById } from './queries.ts'

export const ownMailsSchema = t.Object(
  {
    sent: t.Boolean({ description: 'Whether this installation sends mail at all (SMTP_URL)' }),
    mails: t.Array(t.Object({ kind: mailKindSchema, label: t.String(), hint: t.String(), on: t.Boolean() })),
  },
  {
    description: 'The kinds of mail I can get, and which are on',
    examples: [
      {
        sent: true,
        mails: [
          {
            kind: 'picks',
            label: 'Picks close tomorrow',
            hint: 'In leagues where you have no entry yet, or have picked somebody who is out',
            on: true,
          },
        ],
      },
    ],
  },
)
/** True or false by kind; kinds that are left out stay as they are. */
export const ownMailsBody = t.Partial(t.Record(mailKindSchema, t.Boolean()), {
  examples: [{ picks: false }],
  additionalProperties: false,
})

export function ownMails(app: App, who: Who) {
  const { email } = userById(app.db, ownId(who))
  const kinds = mailKinds.filter(kind => getsMails(who, kind))
  return {
    sent: sendsMail(app),
    mails: kinds.map(kind => ({
      kind,
      label: kindsOfMail[kind].label,
      hint: kindsOfMail[kind].hint,
      on: !isTurnedOff(app.db, email, kind),
    })),
  }
}
export type OwnMails = ReturnType<typeof ownMails>

export async function chooseMails(app: App, who: Who, choice: Partial<Record<MailKind, boolean>>): Promise<OwnMails> {
  const { db, clock } = app
  const id = ownId(who)
  await atomically(db, tx => {
    const { email } = userById(tx, id)
    for (const kind of mailKinds) if (choice[kind] !== undefined) setOptOutFor(tx, email, kind, choice[kind])
    audit(tx, { at: clock.now(), who, action: 'user.mails', target: `user ${id}`, detail: choice })
  })
  return ownMails(app, who)
}
