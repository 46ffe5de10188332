/** Who asks: the operator's token, an API key, or a session's cookie. */
import type { App } from '../context.ts'
import { refuse } from '../errors.ts'
import type { Who } from '../platform/http/request-context.ts'
import { bearerOf } from './key.ts'
import { isSameSecret } from './secret.ts'
import { sessionOf, sessionToken } from './session.ts'

export const operator: Who = { id: null, username: 'operator', role: 'admin', via: 'operator' }

/** A wrong key is refused; a cookie that is over counts as nobody, so that public pages still read. */
export async function identify(app: App, request: Request): Promise<Who | undefined> {
  const bearer = request.headers.get('authorization')?.match(/^Bearer\s+(\S+)\s*$/i)?.[1]
  if (bearer) {
    const { adminToken } = app.config
    if (adminToken && isSameSecret(bearer, adminToken)) return operator
    return bearerOf(app, bearer) ?? refuse('unauthorized', 'The key is not known')
  }
  const token = sessionToken(request)
  const session = token && (await sessionOf(app, token))
  if (!session) return undefined
  const { userId: id, username, role, csrfToken } = session
  return { id, username, role, csrfToken, via: 'session' }
}
