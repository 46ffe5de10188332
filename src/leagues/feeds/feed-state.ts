/** What is known of a feed that is followed, and how it changes with every answer. */
import type { Db } from '../../../db/open.ts'
import { type Alert, clear, raise } from '../../alerts.ts'
import { hour, minute, second } from '../../platform/clock.ts'
import type { Validators } from '../../platform/http/outgoing.ts'

type FeedState = Validators & {
  intervalS: number
  /** Times in milliseconds since 1970. */
  askedAt: number | null
  /** In a row. */
  failures: number
  /** Of the last failure. */
  error: string | null
  /** Why the last answer was not believed. */
  held: string | null
}

/** `checkedAt`: the last answer that was believed, be it that nothing has changed. */
type FeedChange = Partial<FeedState & { checkedAt: number; failingSince: number | null; heldSince: number | null }>

/** Where the state of one feed is kept, and what is told of its troubles. */
export type FeedRecord = {
  state: FeedState & { failingSince?: number | null; heldSince?: number | null }
  change(tx: Db, change: FeedChange): void
  /** Told from this many failures in a row on. */
  failing: { key: string; from: number; alert(message: string, since: number, failures: number): FeedAlert }
  held: { key: string; alert(message: string, since: number): FeedAlert }
}
type FeedAlert = Omit<Alert, 'key' | 'type'>

const well = { failures: 0, error: null, failingSince: null }

/** The answer is believed. */
export function acceptAnswer(tx: Db, feed: FeedRecord, now: number, validators?: Validators): void {
  feed.change(tx, { checkedAt: now, ...well, held: null, heldSince: null, ...validators })
  clearFeedAlerts(tx, feed, now)
}

export function recordFailure(tx: Db, feed: FeedRecord, now: number, message: string): void {
  const failures = feed.state.failures + 1
  const since = feed.state.failingSince ?? now
  feed.change(tx, { failures, error: message, failingSince: since })
  const { key, from, alert } = feed.failing
  if (failures >= from) raise(tx, now, { key, type: 'feed_held', ...alert(message, since, failures) })
}

/** The answer is not believed, and its validators are not kept: asked again, the feed answers it again. */
export function holdBack(tx: Db, feed: FeedRecord, now: number, message: string): void {
  const since = feed.state.heldSince ?? now
  feed.change(tx, { held: message, heldSince: since, ...well })
  const { key, alert } = feed.held
  raise(tx, now, { key, type: 'feed_held', ...alert(message, since) })
}

/** It answers well, or is followed no more. */
export function clearFeedAlerts(tx: Db, { failing, held }: Pick<FeedRecord, 'failing' | 'held'>, now: number): void {
  for (const key of new Set([failing.key, held.key])) clear(tx, now, key)
}

/** Of a feed at another URL than before nothing is known. */
export const unknownFeed = {
  etag: null,
  lastModified: null,
  askedAt: null,
  failures: 0,
  error: null,
  held: null,
} satisfies FeedChange

const longestPause = 15 * minute
export const longestRetryAfter = hour

/** Milliseconds between two polls. Failures double the pause, and a feed that asks to be left alone for a time is. */
export function pauseOf(
  { intervalS, failures }: Pick<FeedState, 'intervalS' | 'failures'>,
  retryAfterMs: number,
): number {
  const interval = intervalS * second
  if (failures === 0) return interval
  return Math.max(interval, Math.min(interval * 2 ** failures, longestPause), Math.min(retryAfterMs, longestRetryAfter))
}
