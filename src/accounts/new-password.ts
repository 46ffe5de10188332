/** Checks and hashes a password that somebody chooses: refused where attackers would try it first. */
import { invalid } from '../errors.ts'
import commonPasswords from './common-passwords.txt' with { type: 'text' }
import type { Passwords } from './password.ts'

let common: Set<string> | undefined // read when the first password is chosen

const repeatsItself = /^(.{1,4})\1+.{0,3}$/s

/** `field`: the form field it was typed into. */
export function hashNewPassword(
  passwords: Passwords,
  password: string,
  { email, username }: { email: string; username: string },
  field = 'password',
): Promise<string> {
  const plain = password.toLowerCase().replace(/[\s!?.]+$/, '')
  const own = [email, email.split('@')[0], username].map(word => word?.toLowerCase())
  if (own.includes(plain) || own.includes(plain.replace(/\d+$/, '')))
    invalid(field, 'This is your name or e-mail address, which attackers try first; choose another.')
  if (repeatsItself.test(plain)) invalid(field, 'This repeats the same few letters; choose another.')
  common ??= new Set(commonPasswords.split('\n').filter(line => !line.startsWith('#')))
  if (common.has(plain)) invalid(field, 'Many people use this password, so attackers try it first; choose another.')
  return passwords.hash(password)
}
