/** The state of a feed that is polled, and how each answer changes it. */
import type { Db } from '../../../db/open.ts'
import { type Alert, clearAlert, raiseAlert } from '../../alerts.ts'
import { hour, minute, second } from '../../platform/clock.ts'
import type { Validators } from '../../platform/http/outgoing.ts'

type FeedState = Validators & {
  intervalS: number
  /** Times in milliseconds since 1970. */
  askedAt: number | null
  /** Failures in a row. */
  failures: number
  /** The last failure. */
  error: string | null
  /** Why the last answer was held back. */
  held: string | null
}

/** `checkedAt`: the last accepted answer, even if nothing had changed. */
type FeedChange = Partial<FeedState & { checkedAt: number; failingSince: number | null; heldSince: number | null }>

/** Where the state of a feed is stored, and the alerts it raises. */
export type FeedRecord = {
  state: FeedState & { failingSince?: number | null; heldSince?: number | null }
  change(tx: Db, change: FeedChange): void
  /** Raised from this many failures in a row. */
  failing: { key: string; from: number; alert(message: string, since: number, failures: number): FeedAlert }
  held: { key: string; alert(message: string, since: number): FeedAlert }
}
type FeedAlert = Omit<Alert, 'key' | 'type'>

const healthy = { failures: 0, error: null, failingSince: null }

export function recordAcceptedAnswer(tx: Db, feed: FeedRecord, now: number, validators?: Validators): void {
  feed.change(tx, { checkedAt: now, ...healthy, held: null, heldSince: null, ...validators })
  clearFeedAlerts(tx, feed, now)
}

export function recordFailure(tx: Db, feed: FeedRecord, now: number, message: string): void {
  const failures = feed.state.failures + 1
  const since = feed.state.failingSince ?? now
  feed.change(tx, { failures, error: message, failingSince: since })
  const { key, from, alert } = feed.failing
  if (failures >= from) raiseAlert(tx, now, { key, type: 'feed_held', ...alert(message, since, failures) })
}

/** Records an answer that is not accepted. Its validators are not stored, so that the feed sends it again when asked again. */
export function recordHeldAnswer(tx: Db, feed: FeedRecord, now: number, message: string): void {
  const since = feed.state.heldSince ?? now
  feed.change(tx, { held: message, heldSince: since, ...healthy })
  const { key, alert } = feed.held
  if (feed.failing.key !== key) clearAlert(tx, now, feed.failing.key) // it answers again
  raiseAlert(tx, now, { key, type: 'feed_held', ...alert(message, since) })
}

/** Clears the alerts of a feed that answers again or is no longer polled. */
export function clearFeedAlerts(tx: Db, { failing, held }: Pick<FeedRecord, 'failing' | 'held'>, now: number): void {
  for (const key of new Set([failing.key, held.key])) clearAlert(tx, now, key)
}

export const stateOfNewUrl = {
  etag: null,
  lastModified: null,
  askedAt: null,
  failures: 0,
  error: null,
  held: null,
} satisfies FeedChange

const maxInterval = 15 * minute
export const maxRetryAfter = hour

/** Milliseconds between two polls. Failures double the interval, and Retry-After is respected. */
export function msUntilNextPoll(
  { intervalS, failures }: Pick<FeedState, 'intervalS' | 'failures'>,
  retryAfterMs: number,
): number {
  const interval = intervalS * second
  if (failures === 0) return interval
  return Math.max(interval, Math.min(interval * 2 ** failures, maxInterval), Math.min(retryAfterMs, maxRetryAfter))
}
