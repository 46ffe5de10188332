/** Passwords: checked where they are chosen, hashed with argon2id off the HTTP thread. */
import { invalid } from '../errors.ts'
import commonPasswords from './common-passwords.txt' with { type: 'text' }

export type PasswordCosts = { memoryCost: number; timeCost: number } // KiB, passes
export const passwordCosts: PasswordCosts = { memoryCost: 19_456, timeCost: 2 } // some 30 ms of one core

type Passwords = ReturnType<typeof openPasswords>

export function openPasswords(costs = passwordCosts) {
  const hash = (password: string): Promise<string> => Bun.password.hash(password, { algorithm: 'argon2id', ...costs })
  let decoy: Promise<string> | undefined
  return {
    hash,
    /** Whether the password is right. Without an account (no hash) it takes as long and returns false. */
    async matches(password: string, expected: string | undefined): Promise<boolean> {
      const decoyHash = await (decoy ??= hash(crypto.randomUUID())) // the first attempt waits for it, with or without an account
      const isRight = await Bun.password.verify(password, expected ?? decoyHash)
      return isRight && expected !== undefined
    },
  }
}

let commonPasswordSet: Set<string> | undefined // read when the first password is chosen

const repeatsItself = /^(?:(.{1,4})\1+.{0,3}|(.+)\2+)$/s

/** Attackers try what a service is about before anything else. Listed in docs/people.md. */
const serviceWords =
  /fieldhouse|password|administrator|admin|operator|officer|member|leagues?|leaderboard|scoreboard|scores?|boards?|roster|rota/g
const minRemainder = 7 // characters, without such words and digits at the end

/** For a password that somebody chooses: refused where attackers would try it first. `field`: the form field it was typed into. */
export function hashNewPassword(
  passwords: Passwords,
  password: string,
  { email, username }: { email: string; username: string },
  field = 'password',
): Promise<string> {
  const plain = password.toLowerCase().replace(/[\s!?.]+$/, '')
  const ownWords = [email, ...email.split('@'), username]
    .map(word => word.trim().toLowerCase())
    .filter(word => word.length > 2)
  const withoutDigits = plain.replace(/\d+$/, '')
  const remainder = ownWords.reduce((text, word) => text.replaceAll(word, ''), withoutDigits).replace(serviceWords, '')
  if (remainder.length < minRemainder && remainder !== withoutDigits)
    invalid(
      field,
      'This is little more than your name, your e-mail address or a word of this service, which attackers try first; choose another.',
    )
  if (repeatsItself.test(plain)) invalid(field, 'This repeats itself; choose another.')
  commonPasswordSet ??= new Set(commonPasswords.split('\n').filter(line => !line.startsWith('#')))
  if (commonPasswordSet.has(plain))
    invalid(field, 'Many people use this password, so attackers try it first; choose another.')
  return passwords.hash(password)
}

declare module '../context.ts' {
  interface App {
    readonly passwords: Passwords
  }
}
