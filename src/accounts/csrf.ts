import type { Config } from '../config.ts'
import { refuse } from '../errors.ts'
import { type Content, html } from '../platform/html.ts'
import { smallBody } from '../platform/http/http-server.ts'
import { requestContext, type Who } from '../platform/http/request-context.ts'
import { pathOf } from '../platform/http/responses.ts'
import { refuseForeign } from './origin.ts'
import { isSameSecret } from './secret.ts'

const safeMethods = new Set(['GET', 'HEAD', 'OPTIONS'])
export const isMutation = ({ method }: Request) => !safeMethods.has(method)
/** For people who are not signed in yet, though an old cookie may be sent along: only the origin is checked. Unsubscribing has a token of its own. */
const signInPaths =
  /^\/(api\/v1\/(auth\/(login|signup|reset|forgot)|setup)|sign-in|sign-up|setup|password|forgot-password|unsubscribe)$/

/** The hidden field of a form that works without script. */
export const csrfField = 'csrf_token'
/** With script the token is sent as a header, and the field left out. */
export const csrfInput = (who: Pick<Who, 'csrfToken'> | undefined): Content =>
  who?.csrfToken && html`<input type="hidden" name="${csrfField}" value="${who.csrfToken}" data-type="plain" />`

/** A change by cookie must come from our own pages: same origin, and with the token they were given. */
export const guardCookies = (config: Config) => async (request: Request, who: Who | undefined) => {
  const path = pathOf(request.url)
  if (who?.via !== 'session' || !isMutation(request) || signInPaths.test(path)) return
  if (!request.headers.has('origin'))
    refuse(
      'forbidden',
      'A change by cookie needs the header Origin with the address of this site; programs send a key instead',
    )
  refuseForeign(request, config)
  // A form that carries a file is read, and its token checked, where the upload is accepted.
  if (requestContext(request).takesFile && !path.startsWith('/api/')) return
  requireToken(who, request.headers.get('x-csrf-token') ?? (await tokenOfForm(request)))
}

export function requireToken(who: Who, token: string | null | undefined): void {
  if (who.via === 'session' && (!token || !isSameSecret(token, who.csrfToken ?? '')))
    refuse('forbidden', 'This page is from another session: reload it. (The X-CSRF-Token header is missing or wrong)')
}

async function tokenOfForm(request: Request): Promise<string | null> {
  const isForm = request.headers.get('content-type')?.startsWith('application/x-www-form-urlencoded')
  const length = Number(request.headers.get('content-length') ?? Number.POSITIVE_INFINITY)
  if (!isForm || length > smallBody) return null
  return new URLSearchParams(await request.clone().text()).get(csrfField)
}
