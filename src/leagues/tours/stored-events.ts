/** Stores what a feed says: every value of a golfer with the time it was valid, so that any past moment can be shown. */
import { and, eq, inArray, isNull } from 'drizzle-orm'
import type { Db } from '../../../db/open.ts'
import { golfers as readings, tourEvents } from '../../../db/schema.ts'
import { day } from '../../platform/clock.ts'
import { type FeedBoard, type FeedEvent, type Golfer, hasBegun } from './feeds/board.ts'
import { eventsOf, findEvent, golfersOf } from './queries.ts'
import { keepRatings } from './ratings.ts'
import { feedEventOf, type Tour, type TourEvent } from './tour.ts'

/** A feed may go back to the event it has just left; the same name a year later is another event. */
const remembered = 30 * day

/** The stored event of a new board, if it was seen before. */
export function knownEvent(db: Db, tour: Tour, next: FeedEvent, now: number): TourEvent | undefined {
  const current = findEvent(db, tour.eventId)
  if (current && isSame(current, next)) return current
  return eventsOf(db, tour.id).find(
    event => event.source === 'feed' && isSame(event, next) && event.changedAt > now - remembered,
  )
}

const isSame = ({ feedId, name }: TourEvent, next: FeedEvent) =>
  feedId !== null && next.id !== null ? feedId === next.id : name === next.name

/** The board of an event, now or at an earlier time. */
export const storedBoard = (db: Db, event: TourEvent, at?: number): FeedBoard => ({
  event: feedEventOf(event),
  golfers: golfersOf(db, event.id, at),
  problems: [],
})

type StoredEvent = {
  event: TourEvent
  /** How many golfers changed, came or went. */
  changed: number
  /** Golfers whose score or position changed. */
  moved: Golfer[]
  /** Nothing changed except perhaps the version. */
  quiet: boolean
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
  const gone = [...before.keys()].filter(id => !listed.has(id))
  const changed = board.golfers.filter(golfer => !Bun.deepEquals(golfer, before.get(golfer.player_id)))
  const moved = changed.filter(golfer => hasMoved(before.get(golfer.player_id), golfer))
  const { id: feedId, version, ...state } = board.event
  const quiet = known?.status === state.status && known.round === state.round && changed.length + gone.length === 0
  if (known && known.begunAt === null && board.ratings) keepRatings(tx, known.id, board.ratings)
  if (quiet) return { event: change(tx, known, { version, name: state.name }), changed: 0, moved, quiet }

  const at = known ? Math.max(now, known.changedAt + 1) : now // a clock set back must not tangle the readings
  const values = { ...state, version, begunAt: known?.begunAt ?? (hasBegun(board.golfers) ? at : null), changedAt: at }
  const isMoved = moved.length + gone.length > 0
  const event = known
    ? change(tx, known, { ...values, ...(isMoved && { movedAt: at }) })
    : insert(tx, { ...values, feedId, tourId: tour.id, firstSeenAt: at, movedAt: at })
  closeReadings(tx, event.id, [...gone, ...changed.map(({ player_id }) => player_id)], at)
  openReadings(tx, event.id, changed, at)
  if (!known && event.begunAt === null && board.ratings) keepRatings(tx, event.id, board.ratings)
  return { event, changed: changed.length + gone.length, moved, quiet }
}

const insert = (tx: Db, values: typeof tourEvents.$inferInsert): TourEvent =>
  tx.insert(tourEvents).values(values).returning().get()

const change = (tx: Db, { id }: TourEvent, values: Partial<TourEvent>): TourEvent =>
  tx.update(tourEvents).set(values).where(eq(tourEvents.id, id)).returning().get()

const hasMoved = (before: Golfer | undefined, { total, status }: Golfer) =>
  before?.total !== total || before.status !== status

const chunk = 500 // golfers in one statement

function closeReadings(tx: Db, eventId: number, players: string[], until: number) {
  for (let i = 0; i < players.length; i += chunk)
    tx.update(readings)
      .set({ until })
      .where(
        and(
          eq(readings.eventId, eventId),
          isNull(readings.until),
          inArray(readings.playerId, players.slice(i, i + chunk)),
        ),
      )
      .run()
}

function openReadings(tx: Db, eventId: number, golfers: Golfer[], since: number) {
  for (let i = 0; i < golfers.length; i += chunk)
    tx.insert(readings)
      .values(
        golfers.slice(i, i + chunk).map(({ player_id, tee_time, ...golfer }) => ({
          ...golfer,
          eventId,
          playerId: player_id,
          teeTime: tee_time,
          since,
        })),
      )
      .run()
}
