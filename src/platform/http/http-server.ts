/**
 * The HTTP server: every request comes in and every answer goes out here. It gives the request an id, finds out who asks,
 * measures, logs, compresses and sets the headers that all answers share. The router does the rest.
 */
import type { Server } from 'bun'
import { errorCodeOf } from '../../../db/open-errors.ts'
import { Refusal } from '../../errors.ts'
import { letRequestsIn } from '../process/let-requests-in.ts'
import type { Log } from '../process/log.ts'
import type { Metrics } from '../process/metrics.ts'
import type { Telemetry } from '../process/telemetry.ts'
import { withTimeout } from '../process/with-timeout.ts'
import type { AheadRequest, CachedFastPath } from './cached-fast-path.ts'
import type { LoadShedding } from './load-shedding.ts'
import { bodyLength, nameJsonPlainly, readBody, refusePacked, TooLarge } from './request-body.ts'
import { type RequestContext, setRequestContext, type Who } from './request-context.ts'
import { cacheResultOf, compressed, pathOf } from './responses.ts'
import { livezHeaders, requestIdOf, setRequestHeaders, setSharedHeaders } from './shared-headers.ts'

type Handle = (request: Request) => Response | Promise<Response>

type HttpServerSettings = {
  port: number
  hostname: string
  /** How many proxies in front are trusted to name the client's address. */
  trustProxy: number
  /** Which paths limit their bodies themselves; others get a small limit. */
  uploadPaths: RegExp
  /** Which other paths take bodies of any type, not JSON alone. */
  tablePaths: RegExp
  handle: Handle
  identify(request: Request): Promise<Who | undefined> | Who | undefined
  /** Who sent the same key or cookie a moment ago, where that needs no look-up. `began` is a time of performance.now(). */
  knownIdentity(request: Request, began: number): Who | undefined
  /** Throws a refusal of a mutation by cookie that the user did not intend. */
  guard(request: Request, who: Who | undefined): Promise<void> | void
  loadShedding: LoadShedding
  /** Paths whose reads are never refused as too many. */
  alwaysAdmitted: RegExp
  refused(request: Request, error: unknown): Response
  fastPath: CachedFastPath
  /** The site is served over TLS: browsers are told to use nothing else. */
  isSecure: boolean
  log: Log
  metrics: Metrics
  trace: Telemetry['trace']
}

/** The longest body that is no upload. */
export const smallBody = 2 * 1024 * 1024 // bytes

export function openHttpServer(settings: HttpServerSettings) {
  const { handle, identify, knownIdentity, guard, refused, fastPath, loadShedding, log, metrics, trace } = settings
  const { trustProxy, isSecure } = settings
  let closing = false
  let hasWarnedOfProxy = false

  const server = listen({
    port: settings.port,
    hostname: settings.hostname,
    reusePort: false, // a second process must fail, not silently share the port
    maxRequestBodySize: Number.MAX_SAFE_INTEGER, // Bun would answer without a word; here every path has a limit and says so
    idleTimeout: 60, // seconds
    routes: { '/livez': { GET: answerLivez } },
    fetch: answer,
    error: error => {
      log.error('The server failed outside a request', { error })
      return new Response('Internal error', { status: 500 })
    },
  })

  function answer(request: Request): Response | Promise<Response> {
    const began = performance.now()
    const { headers, method, url } = request
    const context = newContext(
      requestIdOf(headers),
      began,
      () => addressOf(request),
      () => headers.get('user-agent') ?? '',
    )
    const isStranger = !hasCredentials(request)
    const isGet = method === 'GET' && !closing
    if (isGet && !isStranger) context.who = knownIdentity(request, began)
    const known = isGet && (isStranger || context.who) ? fastPath.find(url, headers, context) : undefined
    if (!known) return answerByRouter(request, context)
    setRequestHeaders(known.headers, context)
    logRequest(method, known.path, context, known.status)
    return new Response(known.body, known)
  }

  async function answerByRouter(received: Request, context: RequestContext) {
    const hasHost = URL.canParse(received.url)
    let request = hasHost ? received : atLocalhost(received)
    setRequestContext(request, context)
    let response: Response
    try {
      if (!hasHost) throw new Refusal('bad_request', 'The Host header does not name a host')
      if (!isRead(request)) request = await withBodyChecked(request, context)
      if (hasCredentials(request)) {
        context.who ??= await identify(request) // the fast path may have identified them
        await guard(request, context.who)
      }
      if (isRead(request) && !settings.alwaysAdmitted.test(pathOf(request.url))) loadShedding.admit(context)
      response = await compressed(request, await handle(asGet(request, context)))
    } catch (error) {
      response = refused(request, error)
    }
    loadShedding.answered(context)
    finish(request, context, response)
    if (response.headers.get('content-type') === 'text/event-stream') server.timeout(received, 0)
    logRequest(request.method, pathOf(request.url), context, response.status)
    return response
  }

  /** Sets the headers that all answers share; the fast path learns an answer that came out of the cache. */
  function finish(request: Request, context: RequestContext, response: Response): void {
    const result = cacheResultOf(response)
    setSharedHeaders(response, context, isSecure)
    if (closing) response.headers.set('connection', 'close')
    if (result) fastPath.learn(request, context, response, result)
  }

  /** Answers requests before strangers repeat them, so that the first of them takes the fast path. */
  async function answerAhead(asked: readonly AheadRequest[]): Promise<void> {
    for (const { url, accepts } of asked) {
      await letRequestsIn()
      if (closing) return
      const request = new Request(url, { headers: accepts === null ? {} : { 'accept-encoding': accepts } })
      const nobody = () => ''
      const context = newContext('ahead', performance.now(), nobody, nobody)
      context.isAhead = true
      setRequestContext(request, context)
      finish(request, context, await handle(request))
    }
  }

  /** Only tells that the process answers. Monitors ask every few seconds, so it is not logged. */
  function answerLivez({ headers }: Request): Response {
    const began = performance.now()
    const answer = livezHeaders(requestIdOf(headers), began)
    metrics.request('GET /livez', performance.now() - began, 200)
    return new Response('ok', { headers: answer })
  }

  function logRequest(method: string, path: string, { id, began, ms, route, who }: RequestContext, status: number) {
    metrics.request(route, ms, status)
    trace?.(route, began, ms, status)
    log.request(id, method, path, status, ms, who?.username)
  }

  /** Refuses a body that is packed or too long, and names JSON as the router knows it. A body of unstated length is read. */
  async function withBodyChecked(request: Request, context: RequestContext): Promise<Request> {
    refusePacked(request)
    const path = pathOf(request.url)
    const isUpload = settings.uploadPaths.test(path)
    context.takesFile = isUpload || settings.tablePaths.test(path)
    if (!context.takesFile) nameJsonPlainly(request)
    if (isUpload) return request
    const { headers } = request
    if (bodyLength(request) > smallBody) throw new TooLarge(smallBody)
    if (headers.has('content-length') || !headers.has('transfer-encoding')) return request
    const read = await withBody(request)
    setRequestContext(read, context)
    return read
  }

  function addressOf(request: Request): string {
    const forwardedFor = request.headers.get('x-forwarded-for')
    if (forwardedFor && trustProxy > 0) {
      const client = forwardedFor.split(',').at(-trustProxy)?.trim()
      if (client) return client
    } else if (forwardedFor && !hasWarnedOfProxy) {
      hasWarnedOfProxy = true
      log.warn(
        'A request came with X-Forwarded-For, but TRUST_PROXY is 0. If a proxy is in front, set it to 1: until then all people behind it are one address, with its limits and lockouts',
      )
    }
    return server.requestIP(request)?.address ?? ''
  }

  return {
    port: server.port ?? 0,
    url: localUrl(settings.hostname, server.port ?? 0),
    answerAhead,
    /** Takes no new requests; those under way have until the deadline. */
    async close(deadlineMs: number) {
      closing = true
      await withTimeout(server.stop(false), deadlineMs, () => {})
      await server.stop(true)
    },
  }
}

function listen(options: Parameters<typeof Bun.serve<undefined>>[0]): Server<undefined> {
  try {
    return Bun.serve<undefined>(options)
  } catch (error) {
    const code = errorCodeOf(error)
    if (code === undefined) throw error
    const { port, hostname } = { port: '', hostname: '', ...options }
    if (code === 'EADDRINUSE') throw new Error(`Port ${port} is in use by another program; set PORT to a free one`)
    if (code === 'EACCES') throw new Error(`This user may not listen on port ${port}; set PORT to one above 1023`)
    throw new Error(`Cannot listen on ${hostname} (${code}); set HOST to an address of this machine, or to 0.0.0.0`)
  }
}

const hasCredentials = ({ headers }: Request) => headers.has('authorization') || headers.has('cookie')

const isRead = ({ method }: Request) => method === 'GET' || method === 'HEAD'

/** Where a browser on this machine reaches it: every address of the machine is localhost, too. */
export const localUrl = (hostname: string, port: number): string => {
  if (hostname === '0.0.0.0' || hostname === '::') return `http://localhost:${port}`
  return `http://${hostname.includes(':') ? `[${hostname}]` : hostname}:${port}`
}

/** Replaces a Host header that cannot be part of a URL, so that the refusal can read the path. */
const atLocalhost = ({ url, method, headers }: Request) =>
  new Request(`http://localhost${pathOf(url)}`, { method, headers })

/**
 * HEAD runs as GET: Bun leaves out the body, and of a stream reads nothing. Elysia would read it to the end to count its
 * bytes, and an event stream has no end.
 */
function asGet(request: Request, context: RequestContext): Request {
  if (request.method !== 'HEAD') return request
  const get = new Request(request, { method: 'GET' })
  setRequestContext(get, context)
  return get
}

/** The same request with its body read, for requests that do not state a length. */
async function withBody(request: Request): Promise<Request> {
  const body = await readBody(request, smallBody)
  const { url, method, headers } = request
  headers.set('content-length', String(body.length))
  return new Request(url, { method, headers, body })
}

const newContext = (
  id: string,
  began: number,
  address: RequestContext['address'],
  client: RequestContext['client'],
): RequestContext => ({
  id,
  began,
  ms: 0,
  address,
  client,
  who: undefined,
  route: 'unmatched',
  headers: [],
  counted: false,
  isPrivate: false,
  isAhead: false,
  takesFile: false,
  reads: undefined,
})
