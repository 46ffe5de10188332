/**
 * How often someone may: fixed windows counted in this process, synchronously, because every board read passes here
 * (a limiter that answers promises costs the busiest path a tenth of its rate).
 */
import { refuse } from '../errors.ts'
import type { Exchange } from './exchange.ts'

export type Count = { limit: number; left: number; resetSeconds: number; over: boolean }

export function openWindow(limit: number, seconds: number) {
  const counts = new Map<string, { used: number; endsAt: number }>()
  const length = seconds * 1000
  return {
    count(key: string): Count {
      const now = performance.now()
      let window = counts.get(key)
      if (!window || window.endsAt <= now) {
        if (counts.size > 10_000) for (const [old, { endsAt }] of counts) if (endsAt <= now) counts.delete(old)
        counts.set(key, (window = { used: 0, endsAt: now + length }))
      }
      window.used++
      return {
        limit,
        left: Math.max(0, limit - window.used),
        resetSeconds: Math.ceil((window.endsAt - now) / 1000),
        over: window.used > limit,
      }
    },
    forgive: (key: string) => void counts.delete(key),
  }
}

export type ReadLimit = ReturnType<typeof readLimit>

/** Board reads a minute: per address for strangers, ten times that for keys and sessions, none for the operator. */
export function readLimit(perMinute: number) {
  const strangers = openWindow(perMinute, 60)
  const known = openWindow(perMinute * 10, 60)
  return {
    /** Undefined where nothing is counted. */
    of({ who, address }: Pick<Exchange, 'who' | 'address'>): Count | undefined {
      if (perMinute === 0 || who?.via === 'operator') return undefined
      return who ? known.count(String(who.id)) : strangers.count(address())
    },
    count(exchange: Exchange): void {
      exchange.counted = true
      const count = this.of(exchange)
      if (!count) return
      exchange.headers.push(...rateHeaders(count))
      if (count.over)
        refuse('rate_limited', `At most ${count.limit} reads a minute; wait ${count.resetSeconds} s`, {
          retryAfter: count.resetSeconds,
        })
    },
  }
}

export const rateHeaders = ({ limit, left, resetSeconds }: Count): [string, string][] => [
  ['ratelimit-limit', String(limit)],
  ['ratelimit-remaining', String(left)],
  ['ratelimit-reset', String(resetSeconds)],
]

/** Sign-in attempts, per account and per address. Never switched off. */
export function loginLimit() {
  const perAccount = openWindow(10, 15 * 60)
  const perAddress = openWindow(50, 15 * 60)
  return {
    count(account: string, address: string): void {
      const over = [perAccount.count(account), perAddress.count(address)].find(count => count.over)
      if (over)
        refuse('rate_limited', `Too many attempts; wait ${over.resetSeconds} s`, { retryAfter: over.resetSeconds })
    },
    forgive: (account: string) => perAccount.forgive(account),
  }
}
