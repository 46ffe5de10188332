/** The first admin: from the settings, or made by whoever opens the link that the first start prints. */
import { t } from 'elysia'
import { deleteFact, factOf, storeFact } from '../../db/facts.ts'
import type { Db } from '../../db/open.ts'
import { atomically } from '../../db/transactions.ts'
import { audit, systemActor } from '../audit.ts'
import type { App } from '../context.ts'
import { refuse } from '../errors.ts'
import { emailField, newPasswordField, usernameField } from './account.ts'
import { refuseForeign } from './origin.ts'
import { hashNewPassword } from './password.ts'
import { changeUser, createUser, hasAdmin, isNameTaken, userByEmail } from './queries.ts'
import { hashSecret, isSameSecret, newSecret } from './secret.ts'
import { checkedAccount, type NewAccount, openSession, type SignedIn, sendSession } from './sign-in.ts'

const tokenFact = 'setup_token' // its value: the token's hash

export const setupBody = t.Object({
  token: t.String({ maxLength: 100 }),
  email: emailField,
  username: usernameField,
  password: newPasswordField,
})

/** `ADMIN_EMAIL` and `ADMIN_PASSWORD` count while there is no admin; afterwards they are ignored. */
export async function makeFirstAdmin({ config, db, clock, log, passwords }: App): Promise<void> {
  const { adminEmail, adminPassword } = config
  if (!adminEmail || !adminPassword || hasAdmin(db)) return
  const passwordHash = await passwords.hash(adminPassword)
  const role = 'admin'
  await atomically(db, tx => {
    if (hasAdmin(tx)) return // another process was faster
    const email = adminEmail.toLowerCase()
    const existing = userByEmail(tx, email)
    const now = clock.now()
    if (existing) {
      changeUser(tx, existing.id, { passwordHash, role })
      audit(tx, { at: now, who: systemActor, action: 'user.change', target: `user ${existing.id}`, detail: { role } })
    } else {
      const username = isNameTaken(tx, 'admin') ? `admin-${newSecret().slice(0, 4)}` : 'admin'
      createUser(tx, { email, username, passwordHash, role, country: null }, now, systemActor)
    }
    log.info('Made the first admin from ADMIN_EMAIL and ADMIN_PASSWORD')
  })
}

/** Prints a link that works once, if nobody could sign in otherwise. Only the newest link works. */
export async function offerSetup({ config, db, log }: App, serverUrl: string): Promise<void> {
  if (config.adminToken || hasAdmin(db)) return
  const token = newSecret()
  await atomically(db, tx => storeFact(tx, tokenFact, hashSecret(token)))
  log.warn(
    `There is no admin yet. Make the first one with this link, which works once: ${config.publicUrl ?? serverUrl}/setup?token=${token}`,
  )
}

const invalidLink = 'This setup link does not work (any more). The newest one is in the log; each start prints another'

export function requireSetupToken(db: Db, token: string): void {
  if (hasAdmin(db)) refuse('gone', 'Fieldhouse is already set up; sign in')
  const tokenHash = factOf(db, tokenFact)
  if (!tokenHash || !isSameSecret(tokenHash, hashSecret(token))) refuse('forbidden', invalidLink)
}

/** Makes the first admin and signs them in. */
export async function setUp(app: App, request: Request, token: string, account: NewAccount): Promise<SignedIn> {
  const { db, clock, config, passwords } = app
  refuseForeign(request, config)
  requireSetupToken(db, token)
  const user = {
    ...checkedAccount(account),
    role: 'admin' as const,
    passwordHash: await hashNewPassword(passwords, account.password, account),
  }
  const outcome = await atomically(db, tx => {
    requireSetupToken(tx, token)
    const now = clock.now()
    deleteFact(tx, tokenFact)
    return openSession(tx, request, createUser(tx, user, now), now)
  })
  return sendSession(app, request, outcome)
}
