/** Every kind of mail, with the texts for choosing which to get. */
import { type MailKind, mailKinds, type Role } from '../../db/schema.ts'
import { isAtLeast } from '../platform/http/access.ts'
import { oneOfWords } from '../platform/http/shared-schemas.ts'

type KindOfMail = {
  label: string
  hint: string
  /** The lowest role that gets such mails. */
  from?: Role
}

export const kindsOfMail: Record<MailKind, KindOfMail> = {
  invitation: { label: 'Invitations', hint: 'To a league, or to make an account' },
  password: {
    label: 'Your password',
    hint: 'A link when you forgot it, and a notice when it or your address has changed',
  },
  picks: {
    label: 'Picks close tomorrow',
    hint: 'In leagues where you have no entry yet, or have picked somebody who is out',
  },
  final: { label: 'A board is final', hint: 'And how you did' },
  certificate: { label: 'A certificate expires', hint: 'One of yours, on the rota' },
  roster: { label: 'The roster', hint: 'When you are put on a shift, or taken off it' },
  alert: { label: 'Alerts', hint: 'What is wrong with this installation', from: 'admin' },
}

export const getsMails = (user: { role: Role } | undefined, kind: MailKind): boolean =>
  isAtLeast(user, kindsOfMail[kind].from ?? 'member')

export const mailKindSchema = oneOfWords(mailKinds, { description: 'A kind of mail' })
