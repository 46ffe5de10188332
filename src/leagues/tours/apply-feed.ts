/** What a look at the feed changes: all of it in the caller's one transaction. */
import type { Db } from '../../../db/open.ts'
import { clear, raise } from '../../alerts.ts'
import { touch } from '../../platform/cache/stamps.ts'
import type { Log } from '../../platform/process/log.ts'
import type { FeedBoard } from './feeds/board.ts'
import { compareBoards } from './feeds/hold-back.ts'
import type { FetchedFeed } from './fetch-feed.ts'
import { changeTour, feedAlert, findTour, openLeaguesOn } from './queries.ts'
import { refuseCorrections } from './settle-leagues.ts'
import { knownEvent, storeBoard, storedBoard } from './stored-events.ts'
import { type Tour, tourStateOf } from './tour.ts'

export type FeedOutcome = {
  outcome: 'changed' | 'unchanged' | 'held' | 'failed' | 'skipped'
  message?: string
  event?: string
  /** Golfers that read differently than before. */
  changed?: number
  /** Places in the feed that could not be read. */
  problems?: number
}

export function applyFeed(tx: Db, before: Tour, looked: FetchedFeed, now: number, log: Log): FeedOutcome {
  const tour = findTour(tx, before.slug)
  if (!tour || tour.feedUrl !== before.feedUrl || tour.format !== before.format)
    return { outcome: 'skipped', message: 'The tour was changed meanwhile' }
  touch(tx, 'tour', tour.slug)
  const said = decide(tx, tour, looked, now, log)
  const after = findTour(tx, tour.slug)
  // Pages say above their boards how the feed does.
  if (said.outcome === 'changed' || (after && isOther(after, tour)))
    touch(tx, 'scores', ...openLeaguesOn(tx, tour.slug).map(({ id }) => id))
  return said
}

const isOther = (after: Tour, before: Tour) =>
  tourStateOf(after) !== tourStateOf(before) || after.eventId !== before.eventId

function decide(tx: Db, tour: Tour, looked: FetchedFeed, now: number, log: Log): FeedOutcome {
  if (looked.kind === 'failed') return fail(tx, tour, looked.message, now)
  if (looked.kind === 'unchanged') {
    believe(tx, tour, {}, now)
    return { outcome: 'unchanged' }
  }
  const read = looked.boards.map(board => judged(tx, tour, board, now))
  const held = read.flatMap(({ verdict }) => (verdict.kind === 'held' ? [verdict.message] : []))
  if (held.length > 0) return hold(tx, tour, held.join('; '), now)

  const stored = read.flatMap(({ known, verdict }) =>
    verdict.kind === 'accepted' ? [storeBoard(tx, tour, known, verdict.board, now)] : [],
  )
  const { etag, lastModified } = looked
  believe(tx, tour, { etag, lastModified, acceptNext: false, eventId: stored[0]?.event.id ?? null }, now)
  for (const { event, moved } of stored) refuseCorrections(tx, tour.slug, event, moved, now, log)

  const changed = stored.reduce((sum, each) => sum + each.changed, 0)
  const problems = looked.boards.flatMap(board => board.problems)
  if (problems.length > 0)
    log.warn('Some of a feed could not be read', { tour: tour.slug, problems: problems.slice(0, 5) })
  return {
    outcome: stored.every(({ quiet }) => quiet) ? 'unchanged' : 'changed',
    event: stored[0]?.event.name,
    changed,
    problems: problems.length,
  }
}

function judged(tx: Db, tour: Tour, board: FeedBoard, now: number) {
  const known = knownEvent(tx, tour, board.event, now)
  return { known, verdict: compareBoards(known && !tour.acceptNext ? storedBoard(tx, known) : null, board) }
}

function believe(tx: Db, tour: Tour, more: Partial<Tour>, now: number) {
  const well = { checkedAt: now, failures: 0, error: null, failingSince: null, held: null, heldSince: null }
  changeTour(tx, tour.id, { ...well, ...more })
  clear(tx, now, feedAlert(tour.slug))
}

/** The last good board stays. An officer may have the next one taken as it comes. */
function hold(tx: Db, tour: Tour, message: string, now: number): FeedOutcome {
  const heldSince = tour.heldSince ?? now
  changeTour(tx, tour.id, { held: message, heldSince, failures: 0, error: null, failingSince: null })
  raise(tx, now, {
    key: feedAlert(tour.slug),
    type: 'feed_held',
    severity: 'warning',
    title: `The feed of ${tour.name} is held back`,
    message: `${message}. The last good board stays until the feed recovers or an officer accepts it as it is.`,
    data: { tour: tour.slug, held_since: heldSince },
  })
  return { outcome: 'held', message }
}

function fail(tx: Db, tour: Tour, message: string, now: number): FeedOutcome {
  const failures = tour.failures + 1
  const failingSince = tour.failingSince ?? now
  changeTour(tx, tour.id, { failures, error: message, failingSince })
  raise(tx, now, {
    key: feedAlert(tour.slug),
    type: 'feed_held',
    severity: 'error',
    title: `The feed of ${tour.name} cannot be read`,
    message: `${message}. The last good board stays; it is tried again.`,
    data: { tour: tour.slug, failures, failing_since: failingSince },
  })
  return { outcome: 'failed', message }
}
