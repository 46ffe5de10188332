import { and, asc, between, desc, eq, gte, inArray, isNotNull, isNull, lte, max, ne, type SQL, sql } from 'drizzle-orm'
import { aggregate } from '../../../db/count-rows.ts'
import type { Db } from '../../../db/open.ts'
import { equalsGiven } from '../../../db/prepared-writes.ts'
import { golfers, leagues, tourEvents, tours } from '../../../db/schema.ts'
import { prepared } from '../../../db/transactions.ts'
import { refuse } from '../../errors.ts'
import { markMatches } from '../../leaderboard/search.ts'
import { textColumn } from '../../leaderboard/text.ts'
import { byName } from '../../platform/by-name.ts'
import { touch, touchEach } from '../../platform/cache/stamps.ts'
import { itemsOfPage, type PageSlice } from '../../platform/http/pagination.ts'
import type { Who } from '../../platform/http/request-context.ts'
import { type Run, unfinishedByKey } from '../../platform/jobs/runs.ts'
import type { League } from '../league.ts'
import { isNotSettled } from '../queries.ts'
import { readableLeague } from '../visibility.ts'
import { type Golfer, isOut } from './feeds/board.ts'
import type { Tour, TourEvent } from './tour.ts'

const bySlug = prepared(db => db.select().from(tours).where(equalsGiven(tours.slug)))

export const findTour = (db: Db, slug: string): Tour | undefined => bySlug(db).get({ slug })

export const tourBySlug = (db: Db, slug: string): Tour =>
  findTour(db, slug) ?? refuse('not_found', `There is no tour ${slug}`)

export function listTours(db: Db, page: PageSlice): { tours: Tour[]; total: number } {
  const all = db.select().from(tours).orderBy(asc(tours.id)).all().sort(byName)
  return { tours: itemsOfPage(all, page), total: all.length }
}

export function insertTour(tx: Db, tour: typeof tours.$inferInsert): Tour | undefined {
  touch(tx, 'names')
  return tx.insert(tours).values(tour).onConflictDoNothing().returning().all()[0]
}

export const tourWithSameName = (db: Db, { id, name }: Tour): Tour | undefined =>
  db
    .select()
    .from(tours)
    .where(and(sql`${tours.name} = ${name} collate nocase`, ne(tours.id, id)))
    .get()

/** Also with an empty change. */
export const changeTour = (tx: Db, id: number, change: Partial<Tour>): Tour | undefined =>
  tx
    .update(tours)
    .set({ id, ...change })
    .where(eq(tours.id, id))
    .returning()
    .all()[0]

/** All of its events, the oldest first. */
export const eventIdsOf = (db: Db, tourId: number): number[] =>
  db
    .select({ id: tourEvents.id })
    .from(tourEvents)
    .where(eq(tourEvents.tourId, tourId))
    .orderBy(tourEvents.id)
    .all()
    .map(({ id }) => id)

export const deleteEvent = (tx: Db, id: number): void => void tx.delete(tourEvents).where(eq(tourEvents.id, id)).run()

export function deleteTour(tx: Db, id: number): void {
  tx.delete(tours).where(eq(tours.id, id)).run()
  touch(tx, 'names')
}

export function tourLeagueOf(db: Db, id: number, who: Who | undefined): League {
  const league = readableLeague(db, id, who)
  return league.kind === 'tour'
    ? league
    : refuse('not_found', `Leagues of kind ${league.kind} have no entries and no field`)
}

const onTour = sql`${leagues.config} ->> '$.tour' = ${sql.placeholder('slug')}`

const leaguesOn = (where: SQL | undefined) =>
  prepared(db =>
    db
      .select()
      .from(leagues)
      .where(and(eq(leagues.kind, 'tour'), onTour, where))
      .orderBy(leagues.id),
  )
const openLeagues = leaguesOn(isNotSettled)
const unfinalLeagues = leaguesOn(isNull(leagues.finalizedAt))
const finalLeagues = leaguesOn(isNotNull(leagues.finalizedAt))

/** Leagues that need scores of this tour: neither final nor archived. */
export const openLeaguesOn = (db: Db, slug: string): League[] => openLeagues(db).all({ slug })

/** Drops the cached boards and picks of these leagues. */
export const touchBoards = (tx: Db, { slug }: Tour): void =>
  touchEach(
    tx,
    'scores',
    openLeaguesOn(tx, slug).map(({ id }) => id),
  )

/** Leagues whose boards are made of scores of this tour: also archived ones that were never made final. */
export const unfinalLeaguesOn = (db: Db, slug: string): League[] => unfinalLeagues(db).all({ slug })

export const finalLeaguesOn = (db: Db, slug: string): League[] => finalLeagues(db).all({ slug })

export const updateJob = 'update_player_scores'

/** One condition and one alert, whether the feed does not answer or its answer is held back. */
export const feedAlertKey = (slug: string) => `feed_held:${slug}`
export const updateMissingAlertKey = (slug: string) => `task_missing:${updateJob}:${slug}`

/** The update of this tour that is running or scheduled. There is at most one. */
export const unfinishedUpdate = (db: Db, slug: string): Run | undefined =>
  unfinishedByKey(db).get({ dedupeKey: `${updateJob}:${slug}` })

const eventById = prepared(db => db.select().from(tourEvents).where(equalsGiven(tourEvents.id)))

export const findEvent = (db: Db, id: number | null): TourEvent | undefined =>
  id === null ? undefined : eventById(db).get({ id })

const shownEvents = (db: Db, tourId: number, where?: SQL) =>
  db
    .select()
    .from(tourEvents)
    .where(and(eq(tourEvents.tourId, tourId), isNull(tourEvents.turnedInto), where))
    .orderBy(desc(tourEvents.changedAt), desc(tourEvents.id))

/** The last events the feed has shown, and a coming one entered by hand; the most recently changed first. */
export const eventsOf = (db: Db, tourId: number): TourEvent[] => shownEvents(db, tourId).limit(50).all()

/** Those that have changed since `from` and were first seen by `until`. */
export const eventsBetween = (db: Db, tourId: number, from: number, until: number): TourEvent[] =>
  shownEvents(db, tourId, and(gte(tourEvents.changedAt, from), lte(tourEvents.firstSeenAt, until))).all()

const isByHand = (tourId: number) => and(eq(tourEvents.tourId, tourId), eq(tourEvents.source, 'hand'))

/** The coming event whose field was entered by hand and which the feed has not shown yet. */
export const handEvent = (db: Db, tourId: number): TourEvent | undefined =>
  db
    .select()
    .from(tourEvents)
    .where(and(isByHand(tourId), isNull(tourEvents.turnedInto)))
    .orderBy(desc(tourEvents.id))
    .limit(1)
    .get()

/** Events whose field was entered by hand and that the feed shows by now, newest first. */
export const matchedHandEvents = (db: Db, tourId: number): TourEvent[] =>
  db
    .select()
    .from(tourEvents)
    .where(and(isByHand(tourId), isNotNull(tourEvents.turnedInto)))
    .orderBy(desc(tourEvents.id))
    .limit(20)
    .all()

/** The event after the feed's current one: entered by hand, or from the feed. */
export const upcomingEvent = (db: Db, { id, eventId }: Pick<Tour, 'id' | 'eventId'>): TourEvent | undefined =>
  handEvent(db, id) ??
  eventsOf(db, id).find(event => event.id !== eventId && event.droppedAt === null && isUpcoming(event))

export const isUpcoming = ({ begunAt, status }: TourEvent) => begunAt === null && status === 'upcoming'

const golferColumns = {
  player_id: golfers.playerId,
  name: golfers.name,
  position: golfers.position,
  total: golfers.total,
  today: golfers.today,
  thru: golfers.thru,
  round: golfers.round,
  rounds: golfers.rounds,
  status: golfers.status,
  tee_time: golfers.teeTime,
}

const currentGolfers = prepared(db =>
  db
    .select(golferColumns)
    .from(golfers)
    .where(and(eq(golfers.eventId, sql.placeholder('event')), isNull(golfers.until)))
    .orderBy(golfers.playerId),
)

const golfersAt = prepared(db =>
  db
    .select(golferColumns)
    .from(golfers)
    .where(
      sql`${golfers.eventId} = ${sql.placeholder('event')} and ${golfers.since} <= ${sql.placeholder('at')}
        and (${golfers.until} is null or ${golfers.until} > ${sql.placeholder('at')})`,
    )
    .orderBy(golfers.playerId),
)

/** The golfers of an event, now or at an earlier time. */
export const golfersOf = (db: Db, eventId: number, at?: number): Golfer[] =>
  at === undefined ? currentGolfers(db).all({ event: eventId }) : golfersAt(db).all({ event: eventId, at })

/** The last time up to `at` that a value changed. */
export const changeBefore = (db: Db, eventId: number, at: number): number | null =>
  aggregate(db, golfers, max(golfers.since), sql`${golfers.eventId} = ${eventId} and ${golfers.since} <= ${at}`)

/** When the values of some golfers changed, oldest first. */
export const changesOf = (db: Db, eventId: number, players: readonly string[], from: number, to: number): number[] =>
  db
    .selectDistinct({ at: golfers.since })
    .from(golfers)
    .where(and(eq(golfers.eventId, eventId), inArray(golfers.playerId, [...players]), between(golfers.since, from, to)))
    .orderBy(golfers.since)
    .all()
    .map(({ at }) => at)

/** The field of the feed's current event: the leader first, golfers who are out last. `q` is part of a name or an id. */
export function listField(db: Db, { eventId }: Tour, page: PageSlice, q = '') {
  const all = eventId === null ? [] : golfersOf(db, eventId)
  const columns = [all.map(({ name }) => name), all.map(({ player_id }) => player_id)].map(textColumn)
  const hits = markMatches(q, columns, new Uint8Array(all.length))
  const field = all
    .filter((_, i) => hits[i])
    .sort(
      (a, b) =>
        Number(isOut(a)) - Number(isOut(b)) ||
        (a.total ?? Number.MAX_SAFE_INTEGER) - (b.total ?? Number.MAX_SAFE_INTEGER) ||
        byName(a, b),
    )
  return { players: itemsOfPage(field, page), total: field.length }
}
