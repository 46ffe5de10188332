/** The headers that all answers share, whatever they answer. */
import { setRateLimitHeaders } from './rate-limits.ts'
import type { RequestContext } from './request-context.ts'

const securityHeaders: [string, string][] = [
  ['x-content-type-options', 'nosniff'],
  ['referrer-policy', 'same-origin'],
  ['cross-origin-opener-policy', 'same-origin'],
]
/** For answers that are not pages: if a browser shows one as a page anyway, nothing in it runs, loads or is framed. SVG brings inline styles. */
const dataCsp = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
const strictCsp =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; manifest-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

/** `isSecure`: the installation is served over TLS, and browsers are told to use nothing else. */
export function setSharedHeaders({ headers, status }: Response, context: RequestContext, isSecure: boolean): void {
  for (const [name, value] of securityHeaders) headers.set(name, value)
  if (isSecure) headers.set('strict-transport-security', 'max-age=31536000') // a year, this host alone
  // Not on a 304: browsers would apply it to the page they have stored.
  if (!headers.has('content-security-policy') && status !== 304)
    headers.set('content-security-policy', headers.get('content-type')?.startsWith('text/html') ? strictCsp : dataCsp)
  setCacheControl(context, headers)
  for (const [name, value] of context.headers) headers.append(name, value)
  setRequestHeaders(headers, context)
}

/** Answers without cache-control are not stored; all but immutable files may differ from user to user. */
function setCacheControl({ who, isPrivate }: RequestContext, headers: Headers): void {
  const cacheControl = headers.get('cache-control')
  if (cacheControl?.includes('immutable')) return
  if (cacheControl === null || isPrivate) headers.set('cache-control', 'no-store')
  else if (who && cacheControl !== 'no-store') headers.set('cache-control', 'private, no-cache')
  headers.append('vary', 'authorization, cookie')
}

/** The headers of this request alone. */
export function setRequestHeaders(headers: Headers, context: RequestContext): void {
  if (context.reads) setRateLimitHeaders(headers, context.reads)
  context.ms = performance.now() - context.began
  setIdAndTime(headers, context.id, context.ms)
}

function setIdAndTime(headers: Headers, id: string, ms: number): void {
  headers.set('x-request-id', id)
  headers.set('x-process-time', secondsOf(ms))
}

const ofLivez = new Headers([
  ...securityHeaders,
  ['content-security-policy', dataCsp],
  ['content-type', 'text/plain;charset=utf-8'],
  ['cache-control', 'no-store'],
])
/** The same object each time: its response copies it. */
export function livezHeaders(id: string, began: number): Headers {
  setIdAndTime(ofLivez, id, performance.now() - began)
  return ofLivez
}

/** Request ids are this random prefix and a counter, which is cheaper than a random id for each. */
const processId = Bun.randomUUIDv7('base64url')
let requests = 0
const requestIdShape = /^[\w.:-]{1,80}$/

export function requestIdOf(headers: Headers): string {
  const received = headers.get('x-request-id')
  return received && requestIdShape.test(received) ? received : `${processId}-${++requests}`
}

/** To the microsecond. The texts of short times are cached: formatting one takes longer than any other header. */
function secondsOf(ms: number): string {
  const text = () => (ms / 1000).toFixed(6)
  const microseconds = Math.round(ms * 1000)
  return microseconds < 1000 ? (shortTimes[microseconds] ??= text()) : text()
}
const shortTimes: string[] = []
