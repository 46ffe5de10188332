/** When a feed is asked. Pure: times in milliseconds since 1970. */
import { day, minute, second } from '../../platform/clock.ts'
import { maxRetryAfter, pauseOf } from '../feeds/feed-state.ts'
import type { League } from '../league.ts'
import { type FinishLeague, keepsPolling, pollPastEnd } from './finish.ts'
import type { Tour } from './tour.ts'

type Times = Pick<FinishLeague, 'starts_at' | 'ends_at'>
export const leagueTimes = (leagues: readonly Pick<League, 'startsAt' | 'endsAt'>[]): Times[] =>
  leagues.map(({ startsAt, endsAt }) => ({ starts_at: startsAt, ends_at: endsAt }))

type Asked = Pick<Tour, 'intervalS' | 'askedAt' | 'failures' | 'held'>

/** Before a league is near, only its field and tee times are of interest. */
const calmInterval = 30 * minute
const nearBefore = day
const leastPause = 15 * second // between two requests, whoever asks for them
const early = 50 // ms before its time that a timer may fire

const live = (leagues: readonly Times[], now: number) =>
  leagues.filter(league => keepsPolling(now, { ...league, event: null }))

/** Whether anyone is waiting for scores. */
export const isUpdateWanted = (leagues: readonly Times[], now: number): boolean => live(leagues, now).length > 0

/** Nothing is asked after this: a day past the end of the last league that is not final. */
export const endOfLeagues = (leagues: readonly Times[]): number =>
  Math.max(...leagues.map(({ ends_at }) => ends_at + pollPastEnd))

/** A failing feed is given longer; one that no league is near to is asked now and then. */
function pauseBefore(tour: Asked, leagues: readonly Times[], now: number, retryAfterMs: number): number {
  const isNear = live(leagues, now).some(({ starts_at }) => starts_at - nearBefore <= now)
  return Math.max(pauseOf(tour, retryAfterMs), tour.failures > 0 || isNear ? 0 : calmInterval)
}

/** When to look next; null where nobody waits for it. `retryAfterMs`: how long a failing feed asked to be left alone. */
export function nextPollAt(now: number, tour: Asked, leagues: readonly Times[], retryAfterMs = 0): number | null {
  const waiting = live(leagues, now)
  if (waiting.length === 0) return null
  const from = tour.askedAt !== null && tour.askedAt <= now ? tour.askedAt : now
  const next = Math.max(now, from + pauseBefore(tour, waiting, now, retryAfterMs))
  const nearest = Math.min(...waiting.map(({ starts_at }) => starts_at - nearBefore).filter(at => at > now), next)
  const at = tour.failures > 0 ? next : nearest
  return at <= endOfLeagues(waiting) ? at : null
}

/** One look an interval. By hand, and where a feed is in trouble, it may be asked sooner. */
export function isPollDue(now: number, { askedAt, intervalS, failures, held }: Asked, byHand = false): boolean {
  if (askedAt === null || askedAt > now) return true
  const interval = intervalS * second
  const pause = byHand || failures > 0 || held !== null ? Math.min(interval, leastPause) : interval
  return now - askedAt >= pause - early
}

const slack = minute

/** Booked later than the next look ought to be: a league has come near since, or the clock was set back. */
export function isBookedTooLate(at: number, now: number, tour: Asked, leagues: readonly Times[]): boolean {
  const next = nextPollAt(now, tour, leagues, maxRetryAfter)
  return next !== null && at > next + slack
}

/** Booked for a time that has passed by more than a queue takes to notice. */
export const isPollOverdue = (at: number, now: number): boolean => at < now - 2 * slack
