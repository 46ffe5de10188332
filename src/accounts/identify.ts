/** Finds out who sends a request: by the operator's token, an API key, or a session cookie. */
import type { App } from '../context.ts'
import { refuse } from '../errors.ts'
import { minute } from '../platform/clock.ts'
import { requestContext, type Who } from '../platform/http/request-context.ts'
import { bearerOf, ownerOfKey } from './key.ts'
import { accountVersion } from './known-identities.ts'
import { isSameSecret } from './secret.ts'
import { endOfSession, sessionNow, sessionOf, sessionToken } from './session.ts'

export const operator: Who = { id: null, username: 'operator', role: 'admin', via: 'operator' }

const bearerToken = (request: Request) => request.headers.get('authorization')?.match(/^Bearer\s+(\S+)\s*$/i)?.[1]

/** A wrong key is refused; an expired cookie counts as nobody, so that public pages can still be read. */
export async function identify(app: App, request: Request): Promise<Who | undefined> {
  const { config, knownIdentities, stamps } = app
  const bearer = bearerToken(request)
  const epoch = stamps.currentEpoch()
  if (bearer) {
    const { adminToken } = config
    if (adminToken && isSameSecret(bearer, adminToken)) return operator
    const { key, who } = bearerOf(app, bearer) ?? refuse('unauthorized', 'This key is unknown')
    knownIdentities.remember(request, who, key.expiresAt ?? Number.POSITIVE_INFINITY, epoch)
    return who
  }
  const token = sessionToken(request)
  const session = token && (await sessionOf(app, token))
  if (!session) return undefined
  const { userId: id, username, role, csrfToken } = session
  const who: Who = { id, username, role, csrfToken, via: 'session' }
  knownIdentities.remember(request, who, endOfSession(session), epoch)
  return who
}

/**
 * Returns a function that tells, whenever it is called, whether the sender of a request still has the same role by the same key or
 * session. It does not extend the session. It reads rows only after something of the account has changed, in any process, and once
 * a minute, as a session can expire by itself.
 */
export function staysSignedIn({ db, stamps, clock }: App, request: Request): () => boolean {
  const { who } = requestContext(request)
  if (!who || who.id === null) return () => true
  const id = String(who.id)
  const bearer = bearerToken(request)
  const token = sessionToken(request) ?? ''
  const roleNow = () =>
    bearer ? ownerOfKey(db, bearer, clock.now())?.who.role : sessionNow(db, token, clock.now())?.role
  let lastVersion = ''
  let readAt = Number.NEGATIVE_INFINITY
  return () => {
    const version = accountVersion(stamps, id)
    const now = performance.now()
    if (version === lastVersion && now - readAt < minute) return true
    lastVersion = version
    readAt = now
    return roleNow() === who.role
  }
}
