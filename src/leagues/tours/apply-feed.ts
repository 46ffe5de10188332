/** Applies an answer of the feed, all of it in the caller's transaction. */
import type { Db } from '../../../db/open.ts'
import { touch } from '../../platform/cache/stamps.ts'
import { counted } from '../../platform/number-text.ts'
import type { Log } from '../../platform/process/log.ts'
import { type FeedRecord, recordAcceptedAnswer, recordFailure, recordHeldAnswer } from '../feeds/feed-state.ts'
import type { FetchedFeed } from '../feeds/fetch-feed.ts'
import type { FeedBoard } from './feeds/board.ts'
import { compareBoards } from './feeds/compare-boards.ts'
import { matchField } from './match-field.ts'
import { followById, keepPicksClosed } from './picks.ts'
import { isUpdateWanted } from './poll-times.ts'
import { changeTour, findTour, openLeaguesOn, touchBoards } from './queries.ts'
import { recordIgnoredCorrections } from './settle-leagues.ts'
import { dropUpcoming, findStoredEvent, storeBoard, storedBoard, storeHeld } from './stored-events.ts'
import { type Tour, tourStateOf } from './tour.ts'
import { type FeedReading, tourFeed } from './tour-feed.ts'

export type FeedOutcome = {
  outcome: 'changed' | 'unchanged' | 'held' | 'failed' | 'skipped'
  /** What was done, as a sentence. */
  message: string
  event?: string
  /** Golfers whose values changed. */
  changed?: number
  /** Parts of the feed that could not be parsed. */
  problems?: number
}

export function applyFeed(tx: Db, before: Tour, fetched: FetchedFeed<FeedReading>, now: number, log: Log): FeedOutcome {
  const tour = findTour(tx, before.slug)
  if (!tour || tour.feedUrl !== before.feedUrl || tour.format !== before.format)
    return { outcome: 'skipped', message: 'The tour was changed in the meantime' }
  touch(tx, 'tour', tour.slug)
  const applied = acceptOrHold(tx, tour, fetched, now, log)
  const after = findTour(tx, tour.slug)
  // Boards show the state of the feed, so they change with it.
  if (after && hasOtherState(after, tour)) touchBoards(tx, tour)
  return applied
}

type FreshFeed = Extract<FetchedFeed<FeedReading>, { kind: 'fresh' }>

const hasOtherState = (after: Tour, before: Tour) =>
  tourStateOf(after) !== tourStateOf(before) || after.held !== before.held || after.eventId !== before.eventId

function acceptOrHold(tx: Db, tour: Tour, fetched: FetchedFeed<FeedReading>, now: number, log: Log): FeedOutcome {
  const feed = tourFeed(tour, isUpdateWanted(tour, openLeaguesOn(tx, tour.slug), now))
  if (tour.acceptNext) changeTour(tx, tour.id, { acceptNext: false }) // whatever this answer is
  if (fetched.kind === 'failed') {
    recordFailure(tx, feed, now, fetched.message)
    return { outcome: 'failed', message: fetched.message }
  }
  if (fetched.kind === 'unchanged') {
    recordAcceptedAnswer(tx, feed, now)
    return { outcome: 'unchanged', message: 'Nothing has changed in the feed' }
  }
  return applyReading(tx, tour, feed, fetched, now, log)
}

function applyReading(
  tx: Db,
  tour: Tour,
  feed: FeedRecord,
  { reading, validators }: FreshFeed,
  now: number,
  log: Log,
): FeedOutcome {
  const { boards, unreadable, isWhole } = reading
  keepPicksClosed(tx, tour, now)
  const read = boards.map(board => compareWithStored(tx, tour, board, now))
  const held = holdBoards(tx, tour, read, unreadable)
  const stored = storeAccepted(tx, tour, read, now)
  if (held) recordHeldAnswer(tx, feed, now, held)
  else recordAcceptedAnswer(tx, feed, now, validators)
  const [first] = stored
  const isCurrentStored = !unreadable && read[0]?.verdict.kind === 'accepted'
  if (isCurrentStored) changeTour(tx, tour.id, { eventId: first?.event.id })
  for (const each of stored) recordIgnoredCorrections(tx, tour.slug, each, now, log)
  const listed = [...stored.map(({ event }) => event.id), ...read.flatMap(({ known }) => known?.id ?? [])]
  const dropped = isWhole ? dropUpcoming(tx, tour, listed, now) : 0
  // Groups are made from ratings, and picks from the coming event.
  if (dropped > 0 || stored.some(({ rated, quiet }) => rated || !quiet)) touchBoards(tx, tour)
  for (const { event, quiet } of stored) if (!quiet) matchField(tx, tour, event, now)

  const changed = stored.reduce((sum, each) => sum + each.changed, 0)
  const problems = boards.flatMap(board => board.problems)
  if (problems.length > 0)
    log.warn('Some of a feed could not be read', { tour: tour.slug, problems: problems.slice(0, 5) })
  const isQuiet = stored.every(({ quiet }) => quiet)
  const news = isQuiet
    ? 'Nothing has changed in the feed'
    : `${counted(changed, 'golfer')} of ${first?.event.name} updated`
  return {
    outcome: held ? 'held' : isQuiet ? 'unchanged' : 'changed',
    message: held ? `Held back: ${held}` : news,
    event: first?.event.name,
    changed,
    problems: problems.length,
  }
}

type ComparedBoard = ReturnType<typeof compareWithStored>

/** Stores for each event why its board is held back. Returns all of that as a sentence; empty if nothing is. */
function holdBoards(tx: Db, tour: Tour, read: readonly ComparedBoard[], unreadable: string | undefined): string {
  const reasons = unreadable ? [unreadable] : []
  const byEvent = new Map<number, string>()
  for (const { board, known, verdict } of read) {
    if (verdict.kind !== 'held') continue
    reasons.push(read.length > 1 ? `${board.event.name}: ${verdict.message}` : verdict.message)
    if (known) byEvent.set(known.id, verdict.message)
  }
  if (unreadable && tour.eventId !== null) byEvent.set(tour.eventId, unreadable)
  storeHeld(tx, tour, byEvent)
  return reasons.join('; ')
}

const storeAccepted = (tx: Db, tour: Tour, read: readonly ComparedBoard[], now: number) =>
  read.flatMap(({ known, verdict }) => {
    if (verdict.kind === 'held') return []
    if (known && known.name !== verdict.board.event.name) followById(tx, tour, known)
    return [storeBoard(tx, tour, known, verdict.board, now)]
  })

function compareWithStored(tx: Db, tour: Tour, board: FeedBoard, now: number) {
  const known = findStoredEvent(tx, tour, board, now)
  // The field of an upcoming event may still change completely, so any answer is accepted.
  const isOn = known && (known.begunAt !== null || known.id === tour.eventId)
  return { board, known, verdict: compareBoards(isOn && !tour.acceptNext ? storedBoard(tx, known) : null, board) }
}
