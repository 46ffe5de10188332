/**
 * The express lane: what a stranger asked for and got from the cache is answered to the next one straight at the door,
 * without router and validation, for as long as its stamps and life hold. A board page costs what its bytes cost.
 * Nothing new is decided here: only an answer the long way has given is given again, with the same headers.
 */
import { LRUCache } from 'lru-cache'
import type { Cache, Cached } from './cache.ts'
import type { Clock } from './clock.ts'
import type { Exchange } from './exchange.ts'
import { type ReadLimit, rateHeaders } from './limits.ts'
import { wireFormOf } from './respond.ts'

type Known = {
  cached: Cached<unknown>
  headers: Record<string, string>
  bytes: Uint8Array<ArrayBuffer> | null
  status: number
  route: string
  counted: boolean
}

export type Express = ReturnType<typeof openExpress>

/** Headers that belong to one exchange, not to the answer. */
const own = /^(x-request-id|x-process-time|ratelimit-.*|x-cache|date|content-length)$/

export function openExpress(cache: Cache, reads: ReadLimit, clock: Clock) {
  const answers = new LRUCache<string, Known>({ max: 5_000 })
  const keyOf = (request: Request) =>
    `${request.url}\n${request.headers.get('accept-encoding') ?? ''}\n${request.headers.get('if-none-match') ?? ''}`

  return {
    /** Called for every anonymous answer to a GET that came out of the cache. */
    learn(request: Request, exchange: Exchange, response: Response, cached: Cached<unknown>) {
      if (exchange.who || request.method !== 'GET' || (response.status !== 200 && response.status !== 304)) return
      const headers = Object.fromEntries([...response.headers].filter(([name]) => !own.test(name)))
      const bytes = response.status === 304 ? null : wireFormOf(request, cached.kept)
      answers.set(keyOf(request), {
        cached,
        headers,
        bytes,
        status: response.status,
        route: exchange.route,
        counted: exchange.counted,
      })
    },

    /** The answer, or undefined: then it goes the long way. */
    answer(request: Request, exchange: Exchange): Response | undefined {
      const known = answers.get(keyOf(request))
      if (!known) return undefined
      const { cached, headers } = known
      if (clock.now() >= cached.kept.freshUntil || !cache.isCurrent(cached)) return undefined
      if (known.counted) {
        const count = reads.of(exchange)
        if (count?.over) return undefined // counted twice, refused once: the long way says it well
        if (count) for (const [name, value] of rateHeaders(count)) headers[name] = value
      }
      exchange.route = known.route
      cache.statsOf(cached.entry.name).hits++
      headers['x-cache'] = 'hit'
      headers['x-request-id'] = exchange.id
      headers['x-process-time'] = ((performance.now() - exchange.began) / 1000).toFixed(6)
      return new Response(known.bytes, { status: known.status, headers })
    },
  }
}
