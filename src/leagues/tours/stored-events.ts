/** Stores the answers of a feed: each value of a golfer with the time span it was valid, so that a board of any past time can be made. */
import { and, eq, inArray, isNotNull, isNull, notInArray } from 'drizzle-orm'
import type { Db } from '../../../db/open.ts'
import { golfers as readings, tourEvents } from '../../../db/schema.ts'
import { batchesOf } from '../../platform/batches.ts'
import { day } from '../../platform/clock.ts'
import { type FeedBoard, type FeedEvent, type Golfer, hasPlayStarted } from './feeds/board.ts'
import { eventsOf, findEvent, golfersOf } from './queries.ts'
import { storeNewRatings } from './ratings.ts'
import { feedEventOf, type Tour, type TourEvent } from './tour.ts'

/** A feed may return to an event it showed recently; the same name a year later is another event. */
const sameEventWithinMs = 30 * day

/** The stored event of a new board, if it was seen before. */
export function findStoredEvent(db: Db, tour: Tour, { event: next, golfers }: FeedBoard, now: number) {
  const isRecent = ({ changedAt }: TourEvent) => changedAt > now - sameEventWithinMs
  const isBeforePlay = golfers.length > 0 && !hasPlayStarted(golfers)
  const current = findEvent(db, tour.eventId)
  if (current && isSame(current, next) && (isRecent(current) || current.begunAt === null || !isBeforePlay))
    return current
  return eventsOf(db, tour.id).find(event => event.source === 'feed' && isSame(event, next) && isRecent(event))
}

const isSame = ({ feedId, name }: TourEvent, next: FeedEvent) =>
  feedId !== null && next.id !== null ? feedId === next.id : name === next.name

/** The board of an event, now or at an earlier time. */
export const storedBoard = (db: Db, event: TourEvent): FeedBoard => ({
  event: feedEventOf(event),
  golfers: golfersOf(db, event.id),
  problems: [],
})

type StoredEvent = {
  event: TourEvent
  /** How many golfers changed, were added or removed. */
  changed: number
  /** Golfers whose score or position changed. */
  moved: Golfer[]
  /** Nothing changed except perhaps the version. */
  quiet: boolean
  /** Odds or ranks of golfers were new. */
  rated: boolean
}

/** Writes only what differs from the stored values. */
export function storeBoard(
  tx: Db,
  tour: Tour,
  known: TourEvent | undefined,
  board: FeedBoard,
  now: number,
): StoredEvent {
  const before = new Map(known ? golfersOf(tx, known.id).map(golfer => [golfer.player_id, golfer]) : [])
  const listed = new Set(board.golfers.map(({ player_id }) => player_id))
  const missing = [...before.keys()].filter(id => !listed.has(id))
  const changed = board.golfers.filter(golfer => !Bun.deepEquals(golfer, before.get(golfer.player_id)))
  const moved = changed.filter(golfer => hasMoved(before.get(golfer.player_id), golfer))
  const { id: feedId, version, ...state } = board.event
  const quiet =
    known?.droppedAt === null &&
    known.status === state.status &&
    known.round === state.round &&
    changed.length + missing.length === 0
  const rate = ({ id, begunAt }: TourEvent) =>
    begunAt === null && board.ratings !== undefined && storeNewRatings(tx, id, board.ratings)
  const isRated = known !== undefined && rate(known)
  if (quiet)
    return {
      event: updateEvent(tx, known, { version, name: state.name, checkedAt: now }),
      changed: 0,
      moved,
      quiet,
      rated: isRated,
    }

  const at = known ? Math.max(now, known.changedAt + 1) : now // also if the clock was set back: time spans must not overlap
  const values = {
    ...state,
    version,
    begunAt: known?.begunAt ?? (hasPlayStarted(board.golfers) ? at : null),
    changedAt: at,
    checkedAt: now,
    droppedAt: null,
  }
  const isMoved = moved.length + missing.length > 0
  const event = known
    ? updateEvent(tx, known, { ...values, ...(isMoved && { movedAt: at }) })
    : insertEvent(tx, { ...values, feedId, tourId: tour.id, firstSeenAt: at, movedAt: at })
  closeReadings(tx, event.id, [...missing, ...changed.map(({ player_id }) => player_id)], at)
  openReadings(tx, event.id, changed, at)
  const rated = known ? isRated : rate(event)
  return { event, changed: changed.length + missing.length, moved, quiet, rated }
}

/** Stores which events have their last answer held back, and why. That of all others is not. */
export function storeHeld(tx: Db, { id: tourId }: Tour, held: ReadonlyMap<number, string>): void {
  tx.update(tourEvents)
    .set({ held: null })
    .where(and(eq(tourEvents.tourId, tourId), isNotNull(tourEvents.held)))
    .run()
  for (const [id, why] of held) tx.update(tourEvents).set({ held: why }).where(eq(tourEvents.id, id)).run()
}

/** A coming event that the feed no longer has is not coming, until the feed has it again. Returns how many there were. */
export const dropUpcoming = (tx: Db, { id: tourId }: Tour, listed: number[], now: number): number =>
  tx
    .update(tourEvents)
    .set({ droppedAt: now })
    .where(
      and(
        eq(tourEvents.tourId, tourId),
        eq(tourEvents.source, 'feed'),
        eq(tourEvents.status, 'upcoming'),
        isNull(tourEvents.droppedAt),
        notInArray(tourEvents.id, listed),
      ),
    )
    .returning({ id: tourEvents.id })
    .all().length

const insertEvent = (tx: Db, values: typeof tourEvents.$inferInsert): TourEvent =>
  tx.insert(tourEvents).values(values).returning().get()

const updateEvent = (tx: Db, { id }: TourEvent, values: Partial<TourEvent>): TourEvent =>
  tx.update(tourEvents).set(values).where(eq(tourEvents.id, id)).returning().get()

const hasMoved = (before: Golfer | undefined, { total, status }: Golfer) =>
  before?.total !== total || before.status !== status

const golfersPerStatement = 500 // golfers in one statement

function closeReadings(tx: Db, eventId: number, players: string[], until: number) {
  for (const some of batchesOf(players, golfersPerStatement))
    tx.update(readings)
      .set({ until })
      .where(and(eq(readings.eventId, eventId), isNull(readings.until), inArray(readings.playerId, some)))
      .run()
}

function openReadings(tx: Db, eventId: number, golfers: Golfer[], since: number) {
  for (const some of batchesOf(golfers, golfersPerStatement))
    tx.insert(readings)
      .values(
        some.map(({ player_id, tee_time, ...golfer }) => ({
          ...golfer,
          eventId,
          playerId: player_id,
          teeTime: tee_time,
          since,
        })),
      )
      .run()
}
