import { timingSafeEqual } from 'node:crypto'
import { refuse } from '../errors.ts'
import type { Who } from '../runtime/exchange.ts'

const harmless = new Set(['GET', 'HEAD', 'OPTIONS'])

/** A mutation by cookie must come from our own pages: same origin, and with the token they were given. */
export function guardCookies(request: Request, who: Who | undefined): void {
  if (who?.via !== 'session' || harmless.has(request.method)) return
  const origin = request.headers.get('origin')
  const host = request.headers.get('host')
  if (!origin || !URL.canParse(origin) || new URL(origin).host !== host)
    refuse('forbidden', 'This request does not come from this site')
  const token = request.headers.get('x-csrf-token') ?? ''
  const expected = who.csrfToken ?? ''
  if (token.length !== expected.length || !timingSafeEqual(Buffer.from(token), Buffer.from(expected)))
    refuse('forbidden', 'The X-CSRF-Token header is missing or wrong')
}
