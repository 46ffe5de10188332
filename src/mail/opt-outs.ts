/**
 * Kinds of mail that the owner of an address has turned off. Addresses are stored as keyed hashes: nobody's address stays here
 * because they want no mail, and the link that turns a kind off needs nothing else.
 */
import { createHmac } from 'node:crypto'
import { and, eq } from 'drizzle-orm'
import { factOf, storeFactOnce } from '../../db/facts.ts'
import type { Db } from '../../db/open.ts'
import { type MailKind, mailOptOuts } from '../../db/schema.ts'
import { refuse } from '../errors.ts'

const keyFact = 'mail_key'

/** Made when first needed. */
function secretKey(tx: Db): string {
  const value = Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString('base64url')
  return factOf(tx, keyFact) ?? storeFactOnce(tx, keyFact, value)
}

const keyed = (tx: Db, text: string) => createHmac('sha256', secretKey(tx)).update(text).digest('base64url')
const hashOf = (tx: Db, address: string) => keyed(tx, `address ${address.toLowerCase()}`)

/** Only somebody with this token from a mail can turn off mails to that address. */
export function unsubscribeToken(tx: Db, address: string): string {
  const hash = hashOf(tx, address)
  return `${hash}.${keyed(tx, `unsubscribe ${hash}`)}`
}

export function hashOfToken(tx: Db, token: string): string {
  const [hash = ''] = token.split('.')
  return token === `${hash}.${keyed(tx, `unsubscribe ${hash}`)}`
    ? hash
    : refuse('not_found', 'This link is incomplete. You can also turn mails off on your account page')
}

const optOut = (hash: string, kind: MailKind) => and(eq(mailOptOuts.addressHash, hash), eq(mailOptOuts.kind, kind))

export const isOff = (tx: Db, hash: string, kind: MailKind): boolean =>
  tx.select().from(mailOptOuts).where(optOut(hash, kind)).get() !== undefined

export const isTurnedOff = (tx: Db, address: string, kind: MailKind): boolean => isOff(tx, hashOf(tx, address), kind)

export function setOptOut(tx: Db, hash: string, kind: MailKind, isOn: boolean): void {
  if (isOn) tx.delete(mailOptOuts).where(optOut(hash, kind)).run()
  else tx.insert(mailOptOuts).values({ addressHash: hash, kind }).onConflictDoNothing().run()
}

export const setOptOutFor = (tx: Db, address: string, kind: MailKind, isOn: boolean): void =>
  setOptOut(tx, hashOf(tx, address), kind, isOn)

/** Opt-outs move to a new address, and are deleted with the account. */
export function moveOptOuts(tx: Db, from: string, to: string | undefined): void {
  const former = hashOf(tx, from)
  const kinds = tx.select().from(mailOptOuts).where(eq(mailOptOuts.addressHash, former)).all()
  tx.delete(mailOptOuts).where(eq(mailOptOuts.addressHash, former)).run()
  for (const { kind } of kinds) if (to !== undefined) setOptOutFor(tx, to, kind, false)
}
