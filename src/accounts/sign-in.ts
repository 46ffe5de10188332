/** Signing in, up and out, and changing one's password. */
import { type Static, t } from 'elysia'
import type { Db } from '../../db/open.ts'
import { atomically } from '../../db/transactions.ts'
import { audit, stranger } from '../audit.ts'
import type { App } from '../context.ts'
import { invalid, refuse } from '../errors.ts'
import { requestContext, type Who } from '../platform/http/request-context.ts'
import {
  checkedUsername,
  countryCode,
  countryField,
  emailField,
  newPasswordField,
  normalizedEmail,
  passwordField,
  profileOf,
  profileSchema,
  type User,
  usernameField,
} from './account.ts'
import { acceptAccountNotice } from './account-notice.ts'
import { type Attempt, countAttempt, forgetAttempts } from './attempts.ts'
import { deviceCookies, knownDevice, rememberDevice } from './known-device.ts'
import { isSecure, refuseForeign } from './origin.ts'
import { hashNewPassword } from './password.ts'
import { changeUser, createUser, refuseTakenName, userByEmail, userById } from './queries.ts'
import { beginSession, endSession, sessionCookie, sessionToken } from './session.ts'

export const signedInSchema = t.Object({
  user: profileSchema,
  csrf_token: t.String({
    description: 'For X-CSRF-Token of changes by cookie, which also need Origin; programs are better off with a key',
    examples: ['q3Jc…'],
  }),
})

export type SignedIn = Static<typeof signedInSchema>

type OpenedSession = { user: User; token: string; csrfToken: string; device: string }

/** Starts a session in the transaction and makes the browser a known one; the session of the old cookie ends. */
export function openSession(tx: Db, request: Request, user: User, now: number): OpenedSession {
  const previousToken = sessionToken(request)
  if (previousToken) endSession(tx, previousToken)
  const session = beginSession(tx, user.id, now, request.headers.get('user-agent'))
  audit(tx, { at: now, who: user, action: 'auth.login', target: `user ${user.id}`, detail: addressOf(request) })
  return { user, ...session, device: rememberDevice(tx, request, user.id, now) }
}

/** Hands out the cookies, once the session is on disk. */
export function sendSession(
  { config }: App,
  request: Request,
  { user, token, csrfToken, device }: OpenedSession,
): SignedIn {
  const secure = isSecure(request, config)
  for (const cookie of [sessionCookie(token, secure), ...deviceCookies(user.id, device, secure)])
    requestContext(request).headers.push(['set-cookie', cookie])
  return { user: profileOf(user, user.email), csrf_token: csrfToken }
}

const addressOf = (request: Request) => ({ address: requestContext(request).address() })

export const credentials = {
  email: t.String({ minLength: 1, maxLength: 254, examples: ['ann@example.org'] }),
  password: passwordField,
}
type Credentials = { email: string; password: string }

const attemptOf = ({ db }: App, request: Request, account: string, user: User | undefined): Attempt => ({
  account,
  address: requestContext(request).address(),
  userId: user?.id,
  device: user && knownDevice(db, request, user.id),
})

type OwnPassword = { who: Who; user: User; action: string; typed: string; refusal?: string }

/**
 * For what needs the password of a signed-in user again: `typed` has to be right. Returns the attempt, to be forgotten in the transaction
 * that makes the change, if the password is still the same in it.
 */
export async function requireOwnPassword(
  app: App,
  request: Request,
  { who, user, action, typed, refusal = notCurrent }: OwnPassword,
): Promise<Attempt> {
  const attempt = attemptOf(app, request, user.email, user)
  await countAttempt(app, attempt)
  if (await app.passwords.matches(typed, user.passwordHash)) return attempt
  const entry = { at: app.clock.now(), who, action, target: `user ${user.id}`, result: 'refused' } as const
  await atomically(app.db, tx => audit(tx, entry))
  return invalid('current_password', refusal)
}

/** An unknown address and a wrong password cannot be told apart, neither by the answer nor by the time it takes. */
export async function signIn(app: App, request: Request, credentials: Credentials): Promise<SignedIn> {
  const { db, clock, config, passwords } = app
  refuseForeign(request, config)
  const email = credentials.email.trim().toLowerCase()
  const found = userByEmail(db, email)
  const attempt = attemptOf(app, request, email, found)
  await countAttempt(app, attempt)
  const isRight = await passwords.matches(credentials.password, found?.passwordHash)
  const outcome = await atomically(db, tx => {
    const now = clock.now()
    const user = userByEmail(tx, email)
    if (isRight && user?.passwordHash === found?.passwordHash && user) {
      forgetAttempts(tx, attempt)
      return openSession(tx, request, user, now)
    }
    const target = user ? `user ${user.id}` : 'unknown account'
    audit(tx, { at: now, who: stranger, action: 'auth.login', target, detail: addressOf(request), result: 'refused' })
  })
  if (!outcome) return refuse('unauthorized', 'The e-mail address or the password is not right')
  return sendSession(app, request, outcome)
}

export async function signOut(app: App, request: Request, who: Who | undefined): Promise<void> {
  const { db, clock } = app
  const token = sessionToken(request)
  if (who?.via === 'session' && token)
    await atomically(db, tx => {
      endSession(tx, token)
      audit(tx, { at: clock.now(), who, action: 'auth.logout', target: `user ${who.id}` })
    })
  clearBrowser(app, request)
}

/** Ends what the browser keeps of the session. */
export function clearBrowser({ config }: App, request: Request): void {
  const secure = isSecure(request, config)
  const { headers } = requestContext(request)
  headers.push(['set-cookie', sessionCookie(undefined, secure)])
  if (secure) headers.push(['clear-site-data', '"cache"']) // browsers take it over TLS only; pages go back to the server then
}

/** At something that has no account yet. */
function attemptFrom(request: Request, what: string): Attempt {
  const { address } = addressOf(request)
  return { account: `${what} from ${address}`, address }
}

export const signUpBody = {
  email: emailField,
  username: usernameField,
  password: newPasswordField,
  country: t.Optional(countryField),
}
/** As a form sends them: a country that is left out is an empty text. */
export const signUpFields = t.Object({ ...signUpBody, country: t.Optional(t.String()) })
export type NewAccount = Credentials & { username: string; country?: string | null }

/**
 * People make an account themselves, where `SIGNUP` is open. Neither the answer nor the time it takes reveals whether the address already
 * has an account, so this signs nobody in. A taken name is revealed: everybody can see names.
 */
export async function signUp(app: App, request: Request, account: NewAccount): Promise<void> {
  const { db, clock, config, passwords } = app
  if (config.signup !== 'open') refuse('forbidden', 'Only an admin makes accounts here (SIGNUP is closed)')
  refuseForeign(request, config)
  const user = { ...checkedAccount(account), role: 'member' as const }
  await countAttempt(app, attemptFrom(request, 'sign-up'))
  const passwordHash = await hashNewPassword(passwords, account.password, account)
  await atomically(db, tx => {
    const now = clock.now()
    refuseTakenName(tx, user.username)
    const existing = userByEmail(tx, user.email)
    if (!existing) return void createUser(tx, { ...user, passwordHash }, now)
    const detail = addressOf(request)
    audit(tx, {
      at: now,
      who: stranger,
      action: 'auth.signup',
      target: `user ${existing.id}`,
      detail,
      result: 'refused',
    })
  })
}

export const signedUpMessage =
  'You can sign in now. If this e-mail address already had an account, it is unchanged and keeps its password.'

type OfInvitation = {
  /** Refuses before any work is done. */
  check(): unknown
  /** Part of the transaction that makes the account. */
  enter(tx: Db, user: User, now: number): void
}

/** Makes an account with the role member by an invitation and signs in. */
export async function signUpInvited(
  app: App,
  request: Request,
  account: NewAccount,
  invitation: OfInvitation,
): Promise<SignedIn> {
  const { db, clock, config, passwords } = app
  refuseForeign(request, config)
  const user = { ...checkedAccount(account), role: 'member' as const }
  invitation.check()
  const attempt = attemptFrom(request, 'invitation')
  await countAttempt(app, attempt) // the answer reveals a taken address, so guesses are limited
  const passwordHash = await hashNewPassword(passwords, account.password, account)
  const outcome = await atomically(db, tx => {
    const now = clock.now()
    const created = createUser(tx, { ...user, passwordHash }, now)
    invitation.enter(tx, created, now)
    forgetAttempts(tx, attempt) // many may come from one address, as at the evening of a club
    return openSession(tx, request, created, now)
  })
  return sendSession(app, request, outcome)
}

export const checkedAccount = ({ email, username, country }: NewAccount) => ({
  email: normalizedEmail(email),
  username: checkedUsername(username),
  country: countryCode(country),
})

export const notCurrent = 'This is not your current password.'

/** Within the change that asked for it: it may have been changed in the meantime, perhaps because somebody else knew it. */
export function acceptOwnPassword(tx: Db, user: User, attempt: Attempt): User {
  const before = userById(tx, user.id)
  if (before.passwordHash !== user.passwordHash) invalid('current_password', notCurrent)
  forgetAttempts(tx, attempt)
  return before
}

type PasswordChange = { current_password: string; new_password: string }

/** Ends all other sessions of the user. */
export async function changePassword(app: App, request: Request, who: Who, change: PasswordChange): Promise<void> {
  const { db, clock, config, passwords } = app
  const { id } = who
  if (id === null) return refuse('conflict', 'The operator has no password; its token is the setting ADMIN_TOKEN')
  const user = userById(db, id)
  const action = 'auth.password'
  const attempt = await requireOwnPassword(app, request, { who, user, action, typed: change.current_password })
  const newHash = await hashNewPassword(passwords, change.new_password, user, 'new_password')
  const { device, notice } = await atomically(db, tx => {
    const now = clock.now()
    const before = acceptOwnPassword(tx, user, attempt)
    const changed = changeUser(tx, id, { passwordHash: newHash }, sessionToken(request))
    audit(tx, { at: now, who, action, target: `user ${id}` })
    const device = who.via === 'session' ? rememberDevice(tx, request, id, now) : undefined
    return { device, notice: acceptAccountNotice(app, tx, before, changed) }
  })
  if (notice) await app.jobs.tryDispatch(notice)
  for (const cookie of device ? deviceCookies(id, device, isSecure(request, config)) : [])
    requestContext(request).headers.push(['set-cookie', cookie])
}
