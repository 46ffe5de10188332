/** When a feed is polled. Pure: times in milliseconds since 1970. */
import { day, minute, second } from '../../platform/clock.ts'
import { maxRetryAfter, msUntilNextPoll } from '../feeds/feed-state.ts'
import { keepsPolling, type LeagueDates, pollAfterEndMs } from './finish.ts'
import type { Tour } from './tour.ts'

type PolledTour = Pick<Tour, 'intervalS' | 'askedAt' | 'failures' | 'held'>

/** More than a day before a league starts only its field and tee times matter, so polls are less frequent. */
const distantInterval = 30 * minute
const nearBeforeMs = day
const minPause = 15 * second // between any two requests
const timerSlackMs = 50 // ms that a timer may fire early

const stillPolled = ({ askedAt }: Pick<Tour, 'askedAt'>, leagues: readonly LeagueDates[], now: number) =>
  leagues.filter(league => keepsPolling(now, league, askedAt))

/** Whether anyone is waiting for scores. */
export const isUpdateWanted = (tour: Pick<Tour, 'askedAt'>, leagues: readonly LeagueDates[], now: number): boolean =>
  stillPolled(tour, leagues, now).length > 0

/** The end of polling: a day past the end of the last league that is not final. */
export const endOfPolling = (leagues: readonly LeagueDates[]): number =>
  Math.max(...leagues.map(({ endsAt }) => endsAt + pollAfterEndMs))

/** A failing feed is polled less often, and so is one without a league nearby. */
function pollPause(tour: PolledTour, leagues: readonly LeagueDates[], now: number, retryAfterMs: number): number {
  const isNear = stillPolled(tour, leagues, now).some(({ startsAt }) => startsAt - nearBeforeMs <= now)
  return Math.max(msUntilNextPoll(tour, retryAfterMs), tour.failures > 0 || isNear ? 0 : distantInterval)
}

/** When to poll next; null if no league needs it. `retryAfterMs`: how long a failing feed asked us to wait. */
export function nextPollAt(
  now: number,
  tour: PolledTour,
  leagues: readonly LeagueDates[],
  retryAfterMs = 0,
): number | null {
  const waiting = stillPolled(tour, leagues, now)
  if (waiting.length === 0) return null
  const from = tour.askedAt !== null && tour.askedAt <= now ? tour.askedAt : now
  const next = Math.max(now, from + pollPause(tour, waiting, now, retryAfterMs))
  const nearest = Math.min(...waiting.map(({ startsAt }) => startsAt - nearBeforeMs).filter(at => at > now), next)
  return tour.failures > 0 ? next : nearest
}

/** Whether enough time has passed since the last poll. Polls by hand and of a failing feed may follow sooner. */
export function isPollDue(now: number, { askedAt, intervalS, failures, held }: PolledTour, byHand = false): boolean {
  if (askedAt === null || askedAt > now) return true
  const interval = intervalS * second
  const pause = byHand || failures > 0 || held !== null ? Math.min(interval, minPause) : interval
  return now - askedAt >= pause - timerSlackMs
}

const tolerance = minute

/** Whether the scheduled poll is later than it should be: a league has come near since, or the clock was set back. */
export function isScheduledTooLate(
  at: number,
  now: number,
  tour: PolledTour,
  leagues: readonly LeagueDates[],
): boolean {
  const next = nextPollAt(now, tour, leagues, maxRetryAfter)
  return next !== null && at > next + tolerance
}

/** Whether the scheduled time has passed by more than the queue needs to start a job. */
export const isPollOverdue = (at: number, now: number): boolean => at < now - 2 * tolerance
