/**
 * The fast path: what somebody asked for and got from the cache is answered to the next one by the HTTP server itself,
 * without router and validation, for as long as its stamps and life hold. A board page costs what its bytes cost.
 * Strangers get what a stranger was answered; who is signed in gets what another signed-in reader was, where that is the same
 * for all of them.
 * Nothing new is decided here: only an answer the long way has given is given again, with the same headers.
 *
 * A bare route takes 10 µs of processor time for a page of 9 kB, this lane 14 to 15 (Bun 1.4.4). What comes on top, in µs: the
 * address of who asks, for the rate limit, 1.3 to 1.9 (a system call each time: a connection has no name in Bun); thirteen
 * headers instead of one 1.2; url and five headers read 0.9; the log line 0.4; the count 0.2; the rest 0.5. The first three
 * alone, with nothing of ours in between, make 12.5: 0.8 of the bare route's rate. Tried and not worth their lines, about 1 %
 * each: log lines prepared by answer, kept texts of durations.
 */
import type { Cache, Cached } from '../cache/cache.ts'
import { isFresh } from '../cache/kept.ts'
import type { Clock } from '../clock.ts'
import { type ReadLimit, setRateLimitHeaders } from './rate-limits.ts'
import type { ReadCount, RequestContext, Who } from './request-context.ts'
import { pathOf, wireFormOf } from './responses.ts'

/** An answer as it was given to those who accept these encodings and know this tag. */
export type Known = {
  accepts: string | null
  knows: string | null
  /** One of those who may be given it: all strangers or all readers; or, for one alone, who they are. */
  audience: 'strangers' | 'readers' | Who
  cached: Cached<unknown>
  /** Of all its responses: each sets its own before it copies them, which costs half of making them anew. */
  headers: Headers
  /** What those headers say of the rate limit. */
  told: ReadCount | undefined
  body: Blob | null
  status: number
  path: string
  route: string
  counted: boolean
}

export type CachedFastPath = ReturnType<typeof openCachedFastPath>

const mostSigns = 8 * 2 ** 20 // of text held on to, whatever the cache has let go of; some three times that in memory
const mostForms = 8 // of one answer: browsers agree on a few

/** Headers that belong to one request, not to the answer. */
const ofRequest = /^(x-request-id|x-process-time|ratelimit-.*|x-cache|date|content-length)$/

/** Of those who are signed in, who is answered the same. */
export type Audience = 'nobody' | 'one' | 'all'

/** Where, and with which encodings accepted. */
export type Asked = Pick<Known, 'accepts'> & { url: string }

type Answers = Map<string, Known[]> // by address

function formOf(
  forms: readonly Known[] | undefined,
  audience: Known['audience'],
  accepts: string | null,
  knows: string | null,
): Known | undefined {
  if (forms)
    for (const form of forms)
      if (form.audience === audience && form.accepts === accepts && form.knows === knows) return form
  return undefined
}

export function openCachedFastPath(
  cache: Cache,
  reads: ReadLimit,
  clock: Clock,
  audienceOf: (cached: Cached<unknown>) => Audience,
) {
  const answers: Answers = new Map()
  /** Of one reader alone, for as long as they are known by the same key or session: see known-identities.ts. */
  let own = new WeakMap<Who, Answers>()
  let [signs, ownSigns] = [0, 0]
  let given = 0

  /** What is asked for often is soon learnt again. */
  function keep(url: string, known: Known) {
    const { audience, cached, accepts, knows } = known
    const cost = cached.kept.json.length + 1_000
    let kept = answers
    if (typeof audience === 'object') {
      ownSigns += cost
      if (ownSigns > mostSigns) [own, ownSigns] = [new WeakMap(), cost]
      kept = own.get(audience) ?? new Map()
      own.set(audience, kept)
    } else {
      signs += cost
      if (signs > mostSigns) {
        answers.clear()
        signs = cost
      }
    }
    const isOther = (form: Known) => form.accepts !== accepts || form.knows !== knows || form.audience !== audience
    const others = kept.get(url)?.filter(isOther) ?? []
    kept.set(url, [known, ...others].slice(0, mostForms))
  }

  return {
    given: () => given,

    /** Called for every answer that came out of the cache. */
    learn(request: Request, context: RequestContext, response: Response, cached: Cached<unknown>) {
      if (request.method !== 'GET' || (response.status !== 200 && response.status !== 304)) return
      const { who, isPrivate } = context
      if (who && (isPrivate || response.headers.has('set-cookie'))) return
      const audience = who ? audienceOf(cached) : 'all'
      if (audience === 'nobody') return
      const headers = new Headers([...response.headers].filter(([name]) => !ofRequest.test(name)))
      headers.set('x-cache', 'hit')
      const body = response.status === 304 ? null : wireFormOf(request, cached.kept)
      const accepts = request.headers.get('accept-encoding')
      const knows = request.headers.get('if-none-match')
      const { route, counted } = context
      const { url } = request
      const known: Known = {
        accepts,
        knows,
        audience: !who ? 'strangers' : audience === 'one' ? who : 'readers',
        cached,
        headers,
        told: undefined,
        body,
        status: response.status,
        path: pathOf(url),
        route,
        counted,
      }
      keep(url, known)
    },

    /** What strangers have asked of `first`, a league, and would be answered at length now, though the cache has it. */
    outdated(first: number): Asked[] {
      const asked: Asked[] = []
      for (const [url, forms] of answers)
        for (const { audience, accepts, knows, cached } of forms) {
          const isAsked = audience === 'strangers' && knows === null && cached.scope[0] === first
          if (isAsked && !cache.isCurrent(cached) && cache.holds(cached.entry, cached.scope))
            asked.push({ url, accepts })
        }
      return asked
    },

    /** What a GET of `context.who`, or of a stranger, is answered with, its headers lacking those of the HTTP server; or undefined: then it goes the long way. */
    find(url: string, asked: Headers, context: RequestContext): Known | undefined {
      const { who } = context
      const accepts = asked.get('accept-encoding')
      const knows = asked.get('if-none-match')
      const known =
        formOf(answers.get(url), who ? 'readers' : 'strangers', accepts, knows) ??
        (who && formOf(own.get(who)?.get(url), who, accepts, knows))
      if (!known) return undefined
      const { cached, headers } = known
      if (!isFresh(cached.kept, clock.now()) || !cache.isCurrent(cached, context.began)) return undefined
      if (known.counted) {
        const count = reads.of(context)
        if (count?.over) return undefined // counted twice, refused once: the long way says it well
        if (count) setRateLimitHeaders(headers, count, known.told)
        known.told = count
      }
      context.route = known.route
      cache.statsOf(cached.entry.name).hits++
      given++
      return known
    },
  }
}
