/** When a feed is polled. Pure: times in milliseconds since 1970. */
import { day, minute, second } from '../../platform/clock.ts'
import { maxRetryAfter, msUntilNextPoll } from '../feeds/feed-state.ts'
import type { League } from '../league.ts'
import { type FinishLeague, keepsPolling, pollPastEnd } from './finish.ts'
import type { Tour } from './tour.ts'

type Times = Pick<FinishLeague, 'starts_at' | 'ends_at'>
export const leagueTimes = (leagues: readonly Pick<League, 'startsAt' | 'endsAt'>[]): Times[] =>
  leagues.map(({ startsAt, endsAt }) => ({ starts_at: startsAt, ends_at: endsAt }))

type Asked = Pick<Tour, 'intervalS' | 'askedAt' | 'failures' | 'held'>

/** Well before a league starts, only its field and tee times matter. */
const calmInterval = 30 * minute
const nearBefore = day
const minPause = 15 * second // between any two requests
const early = 50 // ms that a timer may fire early

const live = (leagues: readonly Times[], now: number) =>
  leagues.filter(league => keepsPolling(now, { ...league, event: null }))

/** Whether anyone is waiting for scores. */
export const isUpdateWanted = (leagues: readonly Times[], now: number): boolean => live(leagues, now).length > 0

/** The end of polling: a day past the end of the last league that is not final. */
export const endOfLeagues = (leagues: readonly Times[]): number =>
  Math.max(...leagues.map(({ ends_at }) => ends_at + pollPastEnd))

/** A failing feed is polled less often, and so is one without a league nearby. */
function pauseBefore(tour: Asked, leagues: readonly Times[], now: number, retryAfterMs: number): number {
  const isNear = live(leagues, now).some(({ starts_at }) => starts_at - nearBefore <= now)
  return Math.max(msUntilNextPoll(tour, retryAfterMs), tour.failures > 0 || isNear ? 0 : calmInterval)
}

/** When to poll next; null if no league needs it. `retryAfterMs`: how long a failing feed asked us to wait. */
export function nextPollAt(now: number, tour: Asked, leagues: readonly Times[], retryAfterMs = 0): number | null {
  const waiting = live(leagues, now)
  if (waiting.length === 0) return null
  const from = tour.askedAt !== null && tour.askedAt <= now ? tour.askedAt : now
  const next = Math.max(now, from + pauseBefore(tour, waiting, now, retryAfterMs))
  const nearest = Math.min(...waiting.map(({ starts_at }) => starts_at - nearBefore).filter(at => at > now), next)
  const at = tour.failures > 0 ? next : nearest
  return at <= endOfLeagues(waiting) ? at : null
}

/** One poll per interval. By hand, and when a feed is in trouble, it may be sooner. */
export function isPollDue(now: number, { askedAt, intervalS, failures, held }: Asked, byHand = false): boolean {
  if (askedAt === null || askedAt > now) return true
  const interval = intervalS * second
  const pause = byHand || failures > 0 || held !== null ? Math.min(interval, minPause) : interval
  return now - askedAt >= pause - early
}

const tolerance = minute

/** Scheduled later than the next poll should be: a league has come near since, or the clock was set back. */
export function isBookedTooLate(at: number, now: number, tour: Asked, leagues: readonly Times[]): boolean {
  const next = nextPollAt(now, tour, leagues, maxRetryAfter)
  return next !== null && at > next + tolerance
}

/** Scheduled for a time that passed longer ago than a queue takes to notice. */
export const isPollOverdue = (at: number, now: number): boolean => at < now - 2 * tolerance
