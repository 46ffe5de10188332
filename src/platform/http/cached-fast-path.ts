/**
 * The fast path: the HTTP server itself answers a repeated request from the cache, without router and validation, for as long
 * as the answer's stamps and lifetime hold. A board page costs what its bytes cost.
 * Strangers get what another stranger was answered; signed-in readers get what another of them was answered, where that is
 * the same for all of them.
 * Nothing is decided here: it repeats an answer that the full path has given, with the same headers.
 *
 * A bare route takes 10 µs of processor time for a page of 9 kB, this path 14 to 15 (Bun 1.4.4). The difference, in µs: the
 * client's address, for the rate limit, 1.3 to 1.9 (a system call each time: Bun does not identify connections); fifteen
 * headers instead of one 1.2; url and five headers read 0.9; the log line 0.4; the count 0.2; the rest 0.5. The first three
 * alone, with nothing of ours in between, make 12.5: 0.8 of the bare route's rate. Tried and not worth their lines, about 1 %
 * each: log lines prepared for each answer, cached texts of durations.
 */
import type { Cache, CacheResult } from '../cache/cache.ts'
import { isFresh } from '../cache/cache-store.ts'
import type { Clock } from '../clock.ts'
import { type ReadLimit, setRateLimitHeaders } from './rate-limits.ts'
import type { ReadCount, RequestContext, Who } from './request-context.ts'
import { pathOf, wireFormOf } from './responses.ts'

/** An answer for clients that accept these encodings and sent this If-None-Match. */
type KnownAnswer = {
  accepts: string | null
  knows: string | null
  /** Who may be given it: all strangers, all signed-in readers, or this one reader. */
  audience: 'strangers' | 'readers' | Who
  result: CacheResult<unknown>
  /** Shared by all its responses: each sets its own values before it copies them, at half the cost of new headers. */
  headers: Headers
  /** The rate limit that those headers hold now. */
  lastCount: ReadCount | undefined
  body: Blob | null
  status: number
  path: string
  route: string
  counted: boolean
  /** How often it was asked for; less with every change after which it was made ahead. */
  asked: number
}

export type CachedFastPath = ReturnType<typeof openCachedFastPath>

const maxChars = 8 * 2 ** 20 // of answers held here, even if the cache has evicted them; some three times that in bytes
const maxForms = 8 // of one answer: browsers send only a few variants
const maxAhead = 100 // answers made ahead after one change: addresses can be invented without end
/** What was asked for once is made ahead after twenty changes, and then given up unless it is asked for again. */
const [askedKept, leastAsked] = [0.9, 0.1]

/** Headers that belong to one request, not to the answer. */
const ofRequest = /^(x-request-id|x-process-time|ratelimit-.*|x-cache|date|content-length)$/

/** Which signed-in readers get the same answer. */
export type Audience = 'nobody' | 'one' | 'all'

/** An address, and the encodings that were accepted. */
export type AheadRequest = Pick<KnownAnswer, 'accepts'> & { url: string }

type Answers = Map<string, KnownAnswer[]> // by address

function formOf(
  forms: readonly KnownAnswer[] | undefined,
  audience: KnownAnswer['audience'],
  accepts: string | null,
  knows: string | null,
): KnownAnswer | undefined {
  if (forms)
    for (const form of forms)
      if (form.audience === audience && form.accepts === accepts && form.knows === knows) return form
  return undefined
}

export function openCachedFastPath(
  cache: Cache,
  reads: ReadLimit,
  clock: Clock,
  audienceOf: (result: CacheResult<unknown>) => Audience,
) {
  const answers: Answers = new Map()
  /** Answers for one reader only, kept while the same key or session identifies them: see known-identities.ts. */
  let own = new WeakMap<Who, Answers>()
  let [chars, ownChars] = [0, 0]
  let served = 0

  /** A full budget drops everything: frequent requests are soon learned again. */
  function store(url: string, known: KnownAnswer) {
    const { audience, result, accepts, knows } = known
    const cost = result.stored.json.length + url.length + (accepts?.length ?? 0) + (knows?.length ?? 0) + 1_000
    let byUrl = answers
    if (typeof audience === 'object') {
      ownChars += cost
      if (ownChars > maxChars) [own, ownChars] = [new WeakMap(), cost]
      byUrl = own.get(audience) ?? new Map()
      own.set(audience, byUrl)
    } else {
      chars += cost
      if (chars > maxChars) {
        answers.clear()
        chars = cost
      }
    }
    const isOther = (form: KnownAnswer) =>
      form.accepts !== accepts || form.knows !== knows || form.audience !== audience
    const others = byUrl.get(url)?.filter(isOther) ?? []
    byUrl.set(url, [known, ...others].slice(0, maxForms))
  }

  return {
    given: () => served,

    /** Called for every answer that came out of the cache. */
    learn(request: Request, context: RequestContext, response: Response, result: CacheResult<unknown>) {
      if (request.method !== 'GET' || (response.status !== 200 && response.status !== 304)) return
      const { who, isPrivate } = context
      if (who && (isPrivate || response.headers.has('set-cookie'))) return
      const audience = who ? audienceOf(result) : 'all'
      if (audience === 'nobody') return
      const headers = new Headers([...response.headers].filter(([name]) => !ofRequest.test(name)))
      headers.set('x-cache', 'hit')
      const body = response.status === 304 ? null : wireFormOf(request, result.stored)
      const accepts = request.headers.get('accept-encoding')
      const knows = request.headers.get('if-none-match')
      const { route, counted } = context
      const { url } = request
      const knownTo = !who ? 'strangers' : audience === 'one' ? who : 'readers'
      const askedBefore = formOf(answers.get(url), knownTo, accepts, knows)?.asked ?? 0
      const known: KnownAnswer = {
        accepts,
        knows,
        audience: knownTo,
        result,
        headers,
        lastCount: undefined,
        body,
        status: response.status,
        path: pathOf(url),
        route,
        counted,
        asked: context.isAhead ? askedBefore * askedKept : askedBefore + 1,
      }
      store(url, known)
    },

    /** Requests of strangers about the league `first` that now take the full path although the cache has the answer, the most frequent first. */
    outdated(first: number): AheadRequest[] {
      const requests: (AheadRequest & { asked: number })[] = []
      for (const [url, forms] of answers)
        for (const { audience, accepts, knows, result, asked } of forms) {
          const isWanted = audience === 'strangers' && knows === null && asked > leastAsked && result.scope[0] === first
          if (isWanted && !cache.isCurrent(result) && cache.holds(result.entry, result.scope))
            requests.push({ url, accepts, asked })
        }
      return requests.sort((a, b) => b.asked - a.asked).slice(0, maxAhead)
    },

    /** The answer to a GET by `context.who` or a stranger, without the HTTP server's own headers; undefined if it takes the full path. */
    find(url: string, requestHeaders: Headers, context: RequestContext): KnownAnswer | undefined {
      const { who } = context
      const accepts = requestHeaders.get('accept-encoding')
      const knows = requestHeaders.get('if-none-match')
      const known =
        formOf(answers.get(url), who ? 'readers' : 'strangers', accepts, knows) ??
        (who && formOf(own.get(who)?.get(url), who, accepts, knows))
      if (!known) return undefined
      const { result, headers } = known
      if (!isFresh(result.stored, clock.now()) || !cache.isCurrent(result, context.began)) return undefined
      if (known.counted) {
        const count = reads.of(context)
        if (count?.isOver) return undefined // counted here and on the full path, which writes the refusal
        if (count) setRateLimitHeaders(headers, count, known.lastCount)
        known.lastCount = count
      }
      known.asked++
      context.route = known.route
      cache.statsOf(result.entry.name).hits++
      served++
      return known
    },
  }
}
