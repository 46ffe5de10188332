/**
 * How often someone may: fixed windows counted in this process, synchronously, because every board read passes here
 * (a limiter that answers promises costs the busiest path a tenth of its rate).
 */
import { refuse } from '../../errors.ts'
import type { ReadCount, RequestContext } from './request-context.ts'

function openWindow(limit: number, seconds: number) {
  const counts = new Map<string, { used: number; endsAt: number }>()
  const length = seconds * 1000
  let sweptAt = Number.NEGATIVE_INFINITY
  /** Now and then: to look through all of them for each newcomer would be what a flood of addresses is after. */
  function sweep(now: number) {
    if (counts.size < 10_000 || now - sweptAt < 1_000) return
    sweptAt = now
    for (const [key, { endsAt }] of counts) if (endsAt <= now) counts.delete(key)
  }
  return {
    /** `now` as of performance.now(). */
    count(key: string, now = performance.now()): ReadCount {
      let window = counts.get(key)
      if (!window || window.endsAt <= now) {
        sweep(now)
        counts.set(key, (window = { used: 0, endsAt: now + length }))
      }
      window.used++
      return {
        limit,
        used: window.used,
        left: Math.max(0, limit - window.used),
        resetSeconds: Math.ceil((window.endsAt - now) / 1000),
        over: window.used > limit,
      }
    },
    uncount(key: string): void {
      const window = counts.get(key)
      if (window) window.used--
    },
    forget: (key: string) => void counts.delete(key),
  }
}

const sharers = 10 // browsers behind one address that read as much as one may

export type ReadLimit = ReturnType<typeof readLimit>

/**
 * Board reads a minute: for strangers per browser, ten times that per address, as a school or an office shares one; ten times
 * that for keys and sessions, none for the operator. A browser is told from others of its address by what it calls itself.
 */
export function readLimit(perMinute: number) {
  const strangers = openWindow(perMinute, 60)
  const addresses = openWindow(perMinute * sharers, 60)
  const known = openWindow(perMinute * 10, 60)
  /** Of who asked last, as they often ask again at once: the key of a new text is made and hashed anew each time. */
  let last = { address: '', client: '', network: '', key: ' ' }
  function keysOf(address: string, client: string) {
    if (address === last.address && client === last.client) return last
    const network = networkOf(address)
    return (last = { address, client, network, key: `${network} ${client}` })
  }
  return {
    /** Undefined where nothing is counted. */
    of(context: Pick<RequestContext, 'who' | 'address' | 'client' | 'began'>): ReadCount | undefined {
      if (perMinute === 0) return undefined
      const { who, address, client, began } = context
      if (who?.via === 'operator') return undefined
      if (who) return known.count(String(who.id), began)
      const { network, key } = keysOf(address(), client())
      const all = addresses.count(network, began)
      const one = strangers.count(key, began)
      return all.left < one.left || all.over ? all : one
    },
    count(context: RequestContext): void {
      context.counted = true
      if (context.isAhead) return
      const count = (context.reads = this.of(context))
      if (count?.over)
        refuse('rate_limited', `At most ${count.limit} reads a minute; wait ${count.resetSeconds} s`, {
          retryAfter: count.resetSeconds,
        })
    },
  }
}

/** `told`: what these headers told last; only what is another is set. */
export function setRateLimitHeaders(
  headers: Headers,
  { limit, left, resetSeconds }: ReadCount,
  told?: ReadCount,
): void {
  if (limit !== told?.limit) headers.set('ratelimit-limit', String(limit))
  if (left !== told?.left) headers.set('ratelimit-remaining', String(left))
  if (resetSeconds !== told?.resetSeconds) headers.set('ratelimit-reset', String(resetSeconds))
}

/** An IPv6 client has a whole /64 to choose its address from; it is counted as one. */
export function networkOf(address: string): string {
  if (!address.includes(':') || address.includes('.')) return address
  const [front = '', back = ''] = address.split('::')
  const groups = front.split(':')
  const zeros = 8 - groups.length - (back ? back.split(':').length : 0)
  return [...groups, ...Array(Math.max(0, zeros)).fill('0'), ...back.split(':')].slice(0, 4).join(':')
}

export type Places = ReturnType<typeof openPlaces>

/**
 * Places for what takes long. Each account, and each network of strangers, has a share of them, and strangers together
 * leave some to those who are known.
 */
export function openPlaces(limits: { all: number; each: number; strangers: number }) {
  const taken = new Map<string, number>()
  const change = (key: string, by: number) => {
    const now = (taken.get(key) ?? 0) + by
    if (now) taken.set(key, now)
    else taken.delete(key)
  }
  return {
    taken: () => taken.get('all') ?? 0,
    /** Call the answer, once, to leave the place. */
    take({ who, address }: Pick<RequestContext, 'who' | 'address'>, what: string): () => void {
      const own = who ? `account ${who.id}` : `network ${networkOf(address())}`
      const isFull = (key: string, limit: number) => (taken.get(key) ?? 0) >= limit
      if (isFull(own, limits.each))
        refuse('rate_limited', `At most ${limits.each} ${what} at once; wait for one to end`, { retryAfter: 10 })
      if (isFull('all', limits.all) || (!who && isFull('strangers', limits.strangers)))
        refuse('unavailable', `All places for ${what} are taken; wait 10 s`, { retryAfter: 10 })
      const keys = who ? [own, 'all'] : [own, 'all', 'strangers']
      for (const key of keys) change(key, 1)
      return () => {
        for (const key of keys) change(key, -1)
      }
    },
  }
}
