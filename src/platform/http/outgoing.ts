import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import { promisify } from 'node:util'
import { brotliDecompress, gunzip, inflate, zstdDecompress } from 'node:zlib'
import { errorCodeOf } from '../../../db/open-errors.ts'
import { invalid } from '../../errors.ts'
import { unlessAborted } from '../process/with-timeout.ts'
import { isPublicAddress } from './public-address.ts'

/**
 * HTTP requests to URLs that users typed in: feeds and webhooks. The host is resolved here, all its addresses are checked, and
 * the connection goes to a checked address, never to the name, which could resolve differently the next time. Redirects are
 * followed here and checked in the same way. Where the operator sets HTTP_PROXY, Bun passes the name to that proxy, and the
 * proxy decides what may be reached.
 */
export type OutgoingOptions = {
  /** Also reach private, loopback and link-local addresses (ALLOW_PRIVATE_FEEDS). */
  allowPrivate: boolean
  /** For everything together: name, connection, redirects, body. */
  timeoutMs?: number
  /** Of the body, both as sent and as unpacked. */
  maxBytes?: number
  /** Sent to the origin of the URL only, never along a redirect to another. */
  headers?: Record<string, string>
  signal?: AbortSignal
  /** All addresses of a host name; the system's resolver by default. */
  resolve?: (host: string) => Promise<string[]>
  /** Which addresses count as public; tests, whose servers are all on loopback, bring their own. */
  isPublic?: (address: string) => boolean
}

type FailureCode = 'refused' | 'timeout' | 'too_large' | 'http_status' | 'not_json' | 'network'

/** Messages name only the origin, because paths and queries may hold keys. */
export class OutgoingFailure extends Error {
  override readonly name = 'OutgoingFailure'

  constructor(
    readonly code: FailureCode,
    message: string,
    /** With `http_status`. */
    readonly status: number | null = null,
    /** What the server asked for in Retry-After. */
    readonly retryAfterMs: number | null = null,
  ) {
    super(message)
  }
}

/** What a server said about the version it sent; hand it back with the next request for the same URL. */
export type Validators = { etag: string | null; lastModified: string | null }

type Fetched =
  | { kind: 'unchanged' }
  | {
      kind: 'fresh'
      json: unknown
      validators: Validators
      /** Of the body, unpacked. */
      bytes: number
    }

export async function getJson(url: string, options: OutgoingOptions, previous?: Validators): Promise<Fetched> {
  return withDeadline(options, async signal => {
    const headers = new Headers({ ...options.headers, accept: 'application/json', 'accept-encoding': 'gzip, br' })
    if (previous?.etag) headers.set('if-none-match', previous.etag)
    if (previous?.lastModified) headers.set('if-modified-since', previous.lastModified)
    const { response, origin } = await send(url, { method: 'GET', headers }, options, signal)
    if (response.status === 304 && (previous?.etag || previous?.lastModified)) return { kind: 'unchanged' }
    await refuseUnlessOk(response, origin)
    const body = await bodyOf(response, origin, options.maxBytes ?? 8_000_000)
    const validators = {
      etag: storableHeader(response, 'etag'),
      lastModified: storableHeader(response, 'last-modified'),
    }
    return { kind: 'fresh', json: parseJson(body, origin), validators, bytes: body.byteLength }
  })
}

/** Answers the status, always 2xx; the body is not read. */
export async function postJson(url: string, body: unknown, options: OutgoingOptions): Promise<number> {
  return withDeadline(options, async signal => {
    const headers = new Headers({ ...options.headers, 'content-type': 'application/json' })
    const { response, origin } = await send(
      url,
      { method: 'POST', headers, body: JSON.stringify(body) },
      options,
      signal,
    )
    await refuseUnlessOk(response, origin)
    await response.body?.cancel()
    return response.status
  })
}

/** Checks a URL without using the network, at the moment somebody types it in. */
export function checkUrl(text: string, options: Pick<OutgoingOptions, 'allowPrivate' | 'isPublic'>): URL {
  const url = URL.parse(text)
  if (!url) throw new OutgoingFailure('refused', 'This is not a URL')
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new OutgoingFailure('refused', `Only http and https URLs are allowed, not ${url.protocol}`)
  }
  const host = hostOf(url)
  if (isIP(host) ? !mayReach(host, options) : !options.allowPrivate && isLocalName(host)) throw notPublic(url)
  return url
}

/** Refuses a form field whose URL must not be requested. */
export function checkUrlField(field: string, what: string, url: string, allowPrivate: boolean): void {
  try {
    checkUrl(url, { allowPrivate })
  } catch (error) {
    if (error instanceof OutgoingFailure) invalid(field, `This cannot be a ${what}: ${error.message}.`)
    throw error
  }
}

type Request = { method: 'GET' | 'POST'; headers: Headers; body?: string }
type Answer = { response: Response; origin: string }

const redirects = [301, 302, 303, 307, 308]
const maxRedirects = 3

async function send(text: string, request: Request, options: OutgoingOptions, signal: AbortSignal): Promise<Answer> {
  let url = checkUrl(text, options)
  let headers = withLogin(request.headers, url)
  for (let hop = 0; ; hop++) {
    const response = await connect(url, { ...request, headers }, options, signal)
    const location = redirects.includes(response.status) ? response.headers.get('location') : null
    // A redirect that turns a POST into a GET would silently lose the message, so it counts as a failure.
    if (location === null || (request.method === 'POST' && response.status < 307))
      return { response, origin: url.origin }
    await response.body?.cancel()

    if (hop === maxRedirects)
      throw new OutgoingFailure('refused', `${url.origin} redirects more than ${maxRedirects} times`)
    const next = checkUrl(URL.parse(location, url.href)?.href ?? location, options)
    if (url.protocol === 'https:' && next.protocol === 'http:') {
      throw new OutgoingFailure('refused', `${url.origin} redirects from https to http`)
    }
    if (next.origin !== url.origin) headers = withLogin(publicHeadersOf(request.headers), next)
    url = next
  }
}

/** A login in the URL becomes a header, which redirects to another origin do not carry. */
function withLogin(headers: Headers, { username, password }: URL): Headers {
  if (!username && !password) return headers
  const login = `${unescaped(username)}:${unescaped(password)}`
  const all = new Headers(headers)
  all.set('authorization', `Basic ${Buffer.from(login).toString('base64')}`)
  return all
}

/** A lone % stands for itself. */
function unescaped(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

function publicHeadersOf(headers: Headers): Headers {
  const publicHeaders = ['accept', 'accept-encoding', 'content-type']
  return new Headers([...headers].filter(([name]) => publicHeaders.includes(name)))
}

/** Failures before a byte was sent: the next address is tried. */
const unreachable = new Set(['ECONNREFUSED', 'ENETUNREACH', 'EHOSTUNREACH', 'EADDRNOTAVAIL', 'FailedToOpenSocket'])

async function connect(url: URL, request: Request, options: OutgoingOptions, signal: AbortSignal): Promise<Response> {
  const headers = new Headers(request.headers)
  headers.set('host', url.host)
  headers.set('user-agent', 'Fieldhouse')
  const host = hostOf(url)
  const addresses = await addressesOf(url, options, signal)
  for (const [i, address] of addresses.entries()) {
    const target = new URL(url)
    target.hostname = isIP(address) === 6 ? `[${address}]` : address
    target.username = ''
    target.password = ''
    try {
      // Bun.fetch, not the global: error trackers wrap that one to add their own headers.
      return await Bun.fetch(target, {
        ...request,
        headers,
        signal,
        redirect: 'manual',
        decompress: false, // decompressed below, with a limit
        keepalive: false, // connections are pooled by address, but certificates belong to names
        ...(url.protocol === 'https:' && !isIP(host) && { tls: { serverName: host } }),
      })
    } catch (error) {
      if (i === addresses.length - 1 || !unreachable.has(errorCodeOf(error) ?? '')) throw error
    }
  }
  throw new OutgoingFailure('network', `${url.origin} has no address`)
}

/** Every address of the host, all of them public; IPv4 first, because more hosts lack IPv6. */
async function addressesOf(url: URL, options: OutgoingOptions, signal: AbortSignal): Promise<string[]> {
  const host = hostOf(url)
  if (isIP(host)) return [host] // checked by checkUrl
  const addresses = await unlessAborted((options.resolve ?? systemResolver)(host), signal)
  if (!addresses.every(address => mayReach(address, options))) throw notPublic(url)
  return addresses.sort((a, b) => isIP(a) - isIP(b))
}

const systemResolver = async (host: string) => (await lookup(host, { all: true })).map(({ address }) => address)

const mayReach = (
  address: string,
  { allowPrivate, isPublic = isPublicAddress }: Pick<OutgoingOptions, 'allowPrivate' | 'isPublic'>,
) => allowPrivate || isPublic(address)

/** Loopback by its name, and names without a dot, which only a local network knows. */
const isLocalName = (host: string) => !host.includes('.') || host.endsWith('.localhost')

const notPublic = (url: URL) => new OutgoingFailure('refused', `${url.origin} is not on the public internet`)

const hostOf = ({ hostname }: URL) => hostname.replace(/^\[|\]$|\.$/g, '')

async function refuseUnlessOk(response: Response, origin: string): Promise<void> {
  if (response.ok) return
  await response.body?.cancel()
  const { status } = response
  throw new OutgoingFailure('http_status', `${origin} answered ${status}`, status, retryAfter(response))
}

function retryAfter(response: Response): number | null {
  const text = response.headers.get('retry-after')
  if (text === null) return null
  const wait = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - Date.now()
  return Number.isFinite(wait) && wait > 0 ? wait : null
}

const decompressors = new Map<
  string,
  (compressed: Uint8Array, limit: { maxOutputLength: number }) => Promise<Uint8Array>
>([
  ['gzip', promisify(gunzip)],
  ['deflate', promisify(inflate)],
  ['br', promisify(brotliDecompress)],
  ['zstd', promisify(zstdDecompress)],
])

async function bodyOf(response: Response, origin: string, maxBytes: number): Promise<Uint8Array> {
  const tooLarge = new OutgoingFailure('too_large', `${origin} sent more than ${maxBytes} bytes`)
  const compressed: Uint8Array[] = []
  let bytes = 0
  // Leaving the loop early cancels the body.
  for await (const piece of response.body ?? []) {
    bytes += piece.byteLength
    if (bytes > maxBytes) throw tooLarge
    compressed.push(piece)
  }
  const encoding = response.headers.get('content-encoding')?.trim().toLowerCase() || 'identity'
  if (encoding === 'identity') return Buffer.concat(compressed)
  const decompress = decompressors.get(encoding)
  if (!decompress) throw new OutgoingFailure('network', `${origin} packs its answer in a way not asked for`)
  try {
    return await decompress(Buffer.concat(compressed), { maxOutputLength: maxBytes })
  } catch (error) {
    throw errorCodeOf(error) === 'ERR_BUFFER_TOO_LARGE'
      ? tooLarge
      : new OutgoingFailure('network', `${origin} sent an answer that cannot be unpacked`)
  }
}

function parseJson(body: Uint8Array, origin: string): unknown {
  const notJson = (what: string) => new OutgoingFailure('not_json', `${origin} sent ${what}, not JSON`)
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(body)
  } catch {
    throw notJson('bytes that are not UTF-8')
  }
  try {
    return JSON.parse(text)
  } catch {
    if (text.trim() === '') throw notJson('an empty answer')
    throw notJson(text.trimStart().startsWith('<') ? 'HTML' : 'text, perhaps cut short')
  }
}

/** A header to store and send back later; one of absurd length is dropped. */
const storableHeader = (response: Response, name: string) => {
  const value = response.headers.get(name)
  return value && value.length <= 500 ? value : null
}

/** Runs `work` under the deadline and turns network errors into `OutgoingFailure`. The caller's own abort passes through. */
async function withDeadline<T>(
  { timeoutMs = 10_000, signal: caller }: OutgoingOptions,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const deadline = AbortSignal.timeout(timeoutMs)
  try {
    return await work(caller ? AbortSignal.any([deadline, caller]) : deadline)
  } catch (error) {
    caller?.throwIfAborted()
    if (deadline.aborted) throw new OutgoingFailure('timeout', `No whole answer within ${timeoutMs} ms`)
    if (error instanceof OutgoingFailure) throw error
    const failure = new OutgoingFailure('network', networkErrorText(errorCodeOf(error)))
    failure.cause = error
    throw failure
  }
}

const networkReasons: Record<string, string> = {
  ECONNREFUSED: 'The server refuses connections',
  ConnectionRefused: 'The server refuses connections',
  ECONNRESET: 'The server broke the connection off',
  ConnectionClosed: 'The server broke the connection off',
  ENOTFOUND: 'There is no server of this name',
  FailedToOpenSocket: 'The server cannot be reached',
  EHOSTUNREACH: 'The server cannot be reached',
  ENETUNREACH: 'The server cannot be reached',
}

/** In plain words what the system says, such as `connect ECONNREFUSED 127.0.0.1:25`; undefined if that is not about the network. */
export const networkReasonIn = (message: string): string | undefined => {
  const code = Object.keys(networkReasons).find(each => message.includes(each))
  return code && networkErrorText(code)
}

const networkErrorText = (code: string | undefined): string => {
  if (code === undefined) return 'The connection failed'
  const reason =
    networkReasons[code] ??
    (/CERT|SIGNATURE/.test(code) ? 'The certificate of the server is not to be trusted' : 'The connection failed')
  return `${reason} (${code})`
}
