/**
 * The express lane: what a stranger asked for and got from the cache is answered to the next one straight at the door,
 * without router and validation, for as long as its stamps and life hold. A board page costs what its bytes cost.
 * Nothing new is decided here: only an answer the long way has given is given again, with the same headers.
 */
import type { Cache, Cached } from './cache.ts'
import type { Clock } from './clock.ts'
import type { Exchange } from './exchange.ts'
import { type ReadLimit, rateHeaders } from './limits.ts'
import { wireFormOf } from './respond.ts'

/** An answer as it was given to those who accept these encodings and know this tag. */
type Known = {
  accepts: string | undefined
  knows: string | undefined
  cached: Cached<unknown>
  headers: Headers
  bytes: Uint8Array<ArrayBuffer> | null
  status: number
  route: string
  counted: boolean
}

/** The headers of a request, names in lower case. */
export type Sent = Readonly<Record<string, string | undefined>>

export type Express = ReturnType<typeof openExpress>

const mostAddresses = 5_000
const mostForms = 8 // of one answer: browsers agree on a few

/** Headers that belong to one exchange, not to the answer. */
const own = /^(x-request-id|x-process-time|ratelimit-.*|x-cache|date|content-length)$/

export function openExpress(cache: Cache, reads: ReadLimit, clock: Clock) {
  const answers = new Map<string, Known[]>() // by address

  return {
    /** Called for every anonymous answer to a GET that came out of the cache. */
    learn(request: Request, sent: Sent, exchange: Exchange, response: Response, cached: Cached<unknown>) {
      if (exchange.who || request.method !== 'GET' || (response.status !== 200 && response.status !== 304)) return
      const headers = new Headers([...response.headers].filter(([name]) => !own.test(name)))
      headers.set('x-cache', 'hit')
      const bytes = response.status === 304 ? null : wireFormOf(request, cached.kept)
      const { 'accept-encoding': accepts, 'if-none-match': knows } = sent
      const { route, counted } = exchange
      const known = { accepts, knows, cached, headers, bytes, status: response.status, route, counted }
      const others = answers.get(request.url)?.filter(other => other.accepts !== accepts || other.knows !== knows) ?? []
      if (answers.size >= mostAddresses) answers.clear()
      answers.set(request.url, [known, ...others].slice(0, mostForms))
    },

    /** The answer, or undefined: then it goes the long way. */
    answer(url: string, sent: Sent, exchange: Exchange): Response | undefined {
      const known = answers
        .get(url)
        ?.find(({ accepts, knows }) => accepts === sent['accept-encoding'] && knows === sent['if-none-match'])
      if (!known) return undefined
      const { cached, headers } = known
      if (clock.now() >= cached.kept.freshUntil || !cache.isCurrent(cached)) return undefined
      if (known.counted) {
        const count = reads.of(exchange)
        if (count?.over) return undefined // counted twice, refused once: the long way says it well
        if (count) for (const [name, value] of rateHeaders(count)) headers.set(name, value)
      }
      exchange.route = known.route
      cache.statsOf(cached.entry.name).hits++
      headers.set('x-request-id', exchange.id)
      headers.set('x-process-time', ((performance.now() - exchange.began) / 1000).toFixed(6))
      return new Response(known.bytes, { status: known.status, headers })
    },
  }
}
