import { RateLimiterMemory, type RateLimiterRes } from 'rate-limiter-flexible'
import { refuse } from '../errors.ts'
import type { Exchange } from './exchange.ts'

export type Limit = { count(exchange: Exchange): Promise<void> }

/** Board reads a minute: per address for strangers, ten times that for keys and sessions, none for the operator. */
export function readLimit(perMinute: number): Limit {
  const strangers = new RateLimiterMemory({ points: perMinute, duration: 60 })
  const known = new RateLimiterMemory({ points: perMinute * 10, duration: 60 })
  return {
    async count(exchange) {
      const { who, address } = exchange
      if (perMinute === 0 || who?.via === 'operator') return
      const limiter = who ? known : strangers
      const result = await limiter.consume(who ? `user ${who.id}` : address).catch((refused: RateLimiterRes) => refused)
      const seconds = Math.ceil(result.msBeforeNext / 1000)
      exchange.headers.push(
        ['ratelimit-limit', String(limiter.points)],
        ['ratelimit-remaining', String(Math.max(0, result.remainingPoints))],
        ['ratelimit-reset', String(seconds)],
      )
      if (result.consumedPoints > limiter.points)
        refuse('rate_limited', `At most ${limiter.points} reads a minute; wait ${seconds} s`, { retryAfter: seconds })
    },
  }
}

/** Sign-in attempts, per account and per address. Never switched off. */
export function loginLimit() {
  const perAccount = new RateLimiterMemory({ points: 10, duration: 15 * 60 })
  const perAddress = new RateLimiterMemory({ points: 50, duration: 15 * 60 })
  return {
    async count(account: string, address: string) {
      for (const [limiter, key] of [
        [perAccount, account],
        [perAddress, address],
      ] as const) {
        const refused = await limiter.consume(key).then(
          () => undefined,
          (result: RateLimiterRes) => result,
        )
        if (refused) {
          const seconds = Math.ceil(refused.msBeforeNext / 1000)
          refuse('rate_limited', `Too many attempts; wait ${seconds} s`, { retryAfter: seconds })
        }
      }
    },
    forgive: (account: string) => perAccount.delete(account),
  }
}
