/**
 * Rate limits: fixed windows counted in this process. Synchronous, because every board read passes here (a limiter with
 * promises costs the busiest path a tenth of its rate).
 */
import { refuse } from '../../errors.ts'
import type { ReadCount, RequestContext } from './request-context.ts'

function openWindow(limit: number, seconds: number) {
  const counts = new Map<string, { used: number; endsAt: number }>()
  const length = seconds * 1000
  let sweptAt = Number.NEGATIVE_INFINITY
  /** At most once a second: a sweep for each new key would make a flood of addresses expensive. */
  function sweep(now: number) {
    if (counts.size < 10_000 || now - sweptAt < 1_000) return
    sweptAt = now
    for (const [key, { endsAt }] of counts) if (endsAt <= now) counts.delete(key)
  }
  return {
    /** `now` is a time of performance.now(). */
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
        remaining: Math.max(0, limit - window.used),
        resetSeconds: Math.ceil((window.endsAt - now) / 1000),
        isOver: window.used > limit,
      }
    },
  }
}

const browsersPerAddress = 10 // browsers at their limit that may share an address
const maxClientLength = 300 // characters of a User-Agent that tell browsers apart

export type ReadLimit = ReturnType<typeof readLimit>

/**
 * Limits board reads a minute. Strangers: `perMinute` for each browser, ten times that for each address, as a school or an
 * office shares one. Accounts: ten times `perMinute`. The operator has no limit. Browsers of one address are told apart by
 * their User-Agent.
 */
export function readLimit(perMinute: number) {
  const strangers = openWindow(perMinute, 60)
  const addresses = openWindow(perMinute * browsersPerAddress, 60)
  const accounts = openWindow(perMinute * 10, 60)
  /** The keys of the last client, who often asks again at once: a new string would be built and hashed each time. */
  let lastClient = { address: '', client: '', network: '', key: ' ' }
  function keysOf(address: string, client: string) {
    if (address === lastClient.address && client === lastClient.client) return lastClient
    const network = networkOf(address)
    return (lastClient = { address, client, network, key: `${network} ${client.slice(0, maxClientLength)}` })
  }
  return {
    /** Undefined if nothing is counted. */
    of(context: Pick<RequestContext, 'who' | 'address' | 'client' | 'began'>): ReadCount | undefined {
      if (perMinute === 0) return undefined
      const { who, address, client, began } = context
      if (who?.via === 'operator') return undefined
      if (who) return accounts.count(String(who.id), began)
      const { network, key } = keysOf(address(), client())
      const ofAddress = addresses.count(network, began)
      if (ofAddress.isOver) return ofAddress // its browsers are not counted: their names could be invented without end
      const ofBrowser = strangers.count(key, began)
      return ofAddress.remaining < ofBrowser.remaining ? ofAddress : ofBrowser
    },
    count(context: RequestContext): void {
      context.counted = true
      if (context.isAhead) return
      const count = (context.reads = this.of(context))
      if (count?.isOver)
        refuse('rate_limited', `At most ${count.limit} reads a minute; wait ${count.resetSeconds} s`, {
          retryAfter: count.resetSeconds,
        })
    },
  }
}

/** `last`: what these headers hold already, so that only differences are set. */
export function setRateLimitHeaders(
  headers: Headers,
  { limit, remaining, resetSeconds }: ReadCount,
  last?: ReadCount,
): void {
  if (limit !== last?.limit) headers.set('ratelimit-limit', String(limit))
  if (remaining !== last?.remaining) headers.set('ratelimit-remaining', String(remaining))
  if (resetSeconds !== last?.resetSeconds) headers.set('ratelimit-reset', String(resetSeconds))
}

/** An IPv6 client can pick any address of its /64, so the whole /64 counts as one client. */
export function networkOf(address: string): string {
  if (!address.includes(':') || address.includes('.')) return address
  const [front = '', back = ''] = address.split('::')
  const groups = front.split(':')
  const zeros = 8 - groups.length - (back ? back.split(':').length : 0)
  return [...groups, ...Array(Math.max(0, zeros)).fill('0'), ...back.split(':')].slice(0, 4).join(':')
}

/**
 * Limits how many slow requests run at once: of each account, of each network of strangers, and of all strangers together, who
 * leave some places to signed-in users.
 */
export function openConcurrencyLimit(limits: { all: number; each: number; strangers: number }) {
  const taken = new Map<string, number>()
  const change = (key: string, by: number) => {
    const now = (taken.get(key) ?? 0) + by
    if (now) taken.set(key, now)
    else taken.delete(key)
  }
  return {
    taken: () => taken.get('all') ?? 0,
    /** Returns a function to call once, which frees the place. */
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
