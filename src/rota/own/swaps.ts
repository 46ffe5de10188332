/**
 * Swaps: somebody offers a duty, and a colleague takes it, optionally for one of their own. An officer approves every exchange, as who
 * offers was not asked about the duty in return, and the rest if the site requires it. What the rules of work forbid is refused to everybody.
 */
import { and, asc, count, eq, gt, inArray, isNotNull, isNull, ne, or, type SQL, sql } from 'drizzle-orm'
import { type Static, t } from 'elysia'
import type { Db } from '../../../db/open.ts'
import { assignments, shifts, sites, staff, swapOffers } from '../../../db/schema.ts'
import { refuse } from '../../errors.ts'
import { touch } from '../../platform/cache/stamps.ts'
import { iso } from '../../platform/clock.ts'
import type { PageSlice } from '../../platform/http/pagination.ts'
import { rowView } from '../../platform/http/row-view.ts'
import { dateTimeSchema, idSchema } from '../../platform/http/shared-schemas.ts'
import { refuseBroken, violationsOfMoves } from '../assignments.ts'
import { brokenDutyRuleSchema } from '../broken-duties.ts'
import { type DutyDescription, dutyColumns, dutyDescription, dutyText, notify } from '../notices.ts'
import type { StaffRow } from './own-duties.ts'

const note = t.String({ maxLength: 300, examples: ['My sister marries'] })
export const newOffer = t.Object(
  { assignment_id: idSchema, note: t.Optional(note) },
  { examples: [{ assignment_id: 12, note: 'My sister marries' }] },
)
export const takeSchema = t.Object(
  { in_return: t.Optional({ ...idSchema, description: 'One of your duties that they get in return' }) },
  { examples: [{ in_return: 15 }, {}] },
)
const dutySchema = t.Object({
  assignment_id: idSchema,
  shift_id: idSchema,
  site: t.String({ examples: ['Riverside'] }),
  timezone: t.String({ examples: ['Europe/Berlin'] }),
  starts_at: dateTimeSchema,
  ends_at: dateTimeSchema,
  words: t.String({
    description: 'Its day and hours in the site’s local time',
    examples: ['Mon 23 Mar, 18:00–23:00, Riverside (Europe/Berlin)'],
  }),
})
export const swapSchema = t.Object(
  {
    id: idSchema,
    ...dutySchema.properties,
    staff_id: idSchema,
    name: t.String({ description: 'Who offers it', examples: ['Ann'] }),
    note: t.Nullable(note),
    state: t.Union([t.Literal('open'), t.Literal('taken')], { description: 'taken: an officer has yet to say yes' }),
    taken_by: t.Nullable(t.Object({ staff_id: idSchema, name: t.String() })),
    in_return: t.Nullable(dutySchema),
    created_at: dateTimeSchema,
  },
  { $id: 'Swap' },
)
export type Swap = Static<typeof swapSchema>
export const ownSwapSchema = t.Object(
  {
    ...swapSchema.properties,
    mine: t.Boolean({ description: 'Offered by you' }),
    against: t.Array(brokenDutyRuleSchema, { description: 'The rules that keep you from taking it' }),
  },
  { $id: 'OwnSwap' },
)
export type OwnSwap = Static<typeof ownSwapSchema>

const selectOffers = (db: Db) =>
  db
    .select({
      offer: swapOffers,
      shiftId: shifts.id,
      siteId: shifts.siteId,
      staffId: staff.id,
      name: staff.name,
      rule: sites.swaps,
      ...dutyColumns,
    })
    .from(swapOffers)
    .innerJoin(assignments, eq(assignments.id, swapOffers.assignmentId))
    .innerJoin(shifts, eq(shifts.id, assignments.shiftId))
    .innerJoin(sites, eq(sites.id, shifts.siteId))
    .innerJoin(staff, eq(staff.id, assignments.staffId))
    .$dynamic()
type Row = NonNullable<ReturnType<ReturnType<typeof selectOffers>['get']>>

const nameOf = (db: Db, staffId: number): string =>
  db.select({ name: staff.name }).from(staff).where(eq(staff.id, staffId)).get()?.name ?? 'somebody'

function swapView(db: Db, row: Row): Swap {
  const { offer, staffId, name } = row
  const dutyInReturn = offer.inReturn === null ? undefined : dutyById(db, offer.inReturn)
  return {
    id: offer.id,
    ...dutyView(offer.assignmentId, row.shiftId, row),
    staff_id: staffId,
    name,
    note: offer.note,
    state: offer.takenBy === null ? 'open' : 'taken',
    taken_by: offer.takenBy === null ? null : { staff_id: offer.takenBy, name: nameOf(db, offer.takenBy) },
    in_return: dutyInReturn ? dutyView(dutyInReturn.id, dutyInReturn.shiftId, dutyInReturn.place) : null,
    created_at: iso(offer.createdAt),
  }
}

const viewOfDuty = rowView(dutySchema)
const dutyView = (assignmentId: number, shiftId: number, place: DutyDescription) =>
  viewOfDuty({ ...place, assignmentId, shiftId, words: dutyText(place) })

type SwapDuty = { id: number; shiftId: number; staffId: number; pinned: boolean; place: DutyDescription }

function dutyById(db: Db, id: number): SwapDuty | undefined {
  const found = db.select().from(assignments).where(eq(assignments.id, id)).get()
  const place = found && dutyDescription(db, found.shiftId)
  return found && place && { ...found, place }
}

export type DutyToGive = { id: number; words: string }
const mostToGive = 100 // duties to choose from

/** The next duties of a person that they do not offer themselves. */
export const dutiesToGive = (db: Db, staffId: number, now: number): DutyToGive[] =>
  db
    .select({ id: assignments.id, ...dutyColumns })
    .from(assignments)
    .innerJoin(shifts, eq(shifts.id, assignments.shiftId))
    .innerJoin(sites, eq(sites.id, shifts.siteId))
    .leftJoin(swapOffers, eq(swapOffers.assignmentId, assignments.id))
    .where(and(eq(assignments.staffId, staffId), hasNotStarted(now), isNull(swapOffers.id)))
    .orderBy(asc(shifts.startsAt))
    .limit(mostToGive)
    .all()
    .map(({ id, ...duty }) => ({ id, words: dutyText(duty) }))

/** A duty of theirs that has not started. Nobody else learns that it exists. */
function ownUpcomingDuty(db: Db, id: number, staffId: number, now: number): SwapDuty {
  const duty = dutyById(db, id)
  if (duty?.staffId !== staffId) return refuse('not_found', `You have no duty ${id}`)
  refuseStarted(duty, now)
  return duty
}

function refuseStarted({ place }: SwapDuty, now: number): void {
  if (place.startsAt <= now) refuse('conflict', `The duty ${dutyText(place)} has started`)
}

export function offerDuty(tx: Db, me: StaffRow, given: Static<typeof newOffer>, at: number): number {
  ownUpcomingDuty(tx, given.assignment_id, me.id, at)
  const row = { assignmentId: given.assignment_id, note: given.note?.trim() || null, createdAt: at }
  const [made] = tx.insert(swapOffers).values(row).onConflictDoNothing().returning().all()
  return made?.id ?? refuse('conflict', 'You already offer this duty')
}

/** Those whose `last` is false come first, then the earliest. */
const pageOfRows = (db: Db, where: ReturnType<typeof and>, last: SQL, { limit, offset }: PageSlice) =>
  selectOffers(db)
    .where(where)
    .orderBy(last, asc(shifts.startsAt), asc(swapOffers.id))
    .limit(limit)
    .offset(offset)
    .all()

const hasNotStarted = (now: number) => gt(shifts.startsAt, now)

/** Every offer: those that wait for an officer, then the open ones. */
export function listSwaps(db: Db, now: number, slice: PageSlice, taken?: boolean) {
  const where = and(hasNotStarted(now), taken ? isNotNull(swapOffers.takenBy) : undefined)
  const found = pageOfRows(db, where, isNull(swapOffers.takenBy), slice)
  return { swaps: found.map(row => swapView(db, row)), total: countOffers(db, where) }
}

export const waitingSwaps = (db: Db, now: number): number =>
  countOffers(db, and(hasNotStarted(now), isNotNull(swapOffers.takenBy)))

const countOffers = (db: Db, where: ReturnType<typeof and>): number =>
  db
    .select({ total: count() })
    .from(swapOffers)
    .innerJoin(assignments, eq(assignments.id, swapOffers.assignmentId))
    .innerJoin(shifts, eq(shifts.id, assignments.shiftId))
    .where(where)
    .get()?.total ?? 0

type SwapsQuery = { staffId: number; now: number; slice: PageSlice; exceptOwn?: boolean }

/** Those they can take or have taken, then their own; not swaps between two others. */
export function swapsFor(db: Db, { staffId, now, slice, exceptOwn }: SwapsQuery) {
  const isTheirs = eq(assignments.staffId, staffId)
  const concernsThem = or(
    exceptOwn ? undefined : isTheirs,
    eq(swapOffers.takenBy, staffId),
    and(sql`${swapOffers.takenBy} is null`, ne(assignments.staffId, staffId)),
  )
  const where = and(hasNotStarted(now), concernsThem)
  const found = pageOfRows(db, where, isTheirs, slice)
  const swaps = found.map((row): OwnSwap => {
    const canTake = row.staffId !== staffId && row.offer.takenBy === null
    const against = canTake ? violationsOfMoves(db, movesOf(row, staffId)) : []
    return {
      ...swapView(db, row),
      mine: row.staffId === staffId,
      against: against.map(({ rule, message }) => ({ rule, message })),
    }
  })
  return { swaps, total: countOffers(db, where) }
}

function offerById(db: Db, id: number, now: number): Row {
  const row = selectOffers(db)
    .where(and(eq(swapOffers.id, id), hasNotStarted(now)))
    .get()
  return row ?? refuse('not_found', `There is no offer ${id}; it may have ended`)
}

export const swapById = (db: Db, id: number, now: number): Swap => swapView(db, offerById(db, id, now))

type Moves = { duty: Pick<SwapDuty, 'id' | 'shiftId' | 'staffId'>; to: number }[]
const movesOf = ({ offer, shiftId, staffId }: Row, takerId: number, inReturn?: SwapDuty): Moves => [
  { duty: { id: offer.assignmentId, shiftId, staffId }, to: takerId },
  ...(inReturn ? [{ duty: inReturn, to: staffId }] : []),
]

/** A colleague takes it. Returns true if no officer has to approve it. */
export function takeOffer(tx: Db, me: StaffRow, id: number, inReturnId: number | undefined, at: number): boolean {
  const row = offerById(tx, id, at)
  const { offer, staffId, rule } = row
  if (staffId === me.id) refuse('conflict', 'This is your own offer')
  if (!me.active) refuse('conflict', 'You are no longer on the rota; ask an officer')
  if (offer.takenBy !== null) refuse('conflict', 'A colleague has already taken it')
  const inReturn = inReturnId === undefined ? undefined : ownUpcomingDuty(tx, inReturnId, me.id, at)
  refuseBroken(violationsOfMoves(tx, movesOf(row, me.id, inReturn)))
  if (rule === 'rules' && !inReturn) {
    swapDuties(tx, row, me.id, undefined, at)
    return true
  }
  tx.update(swapOffers)
    .set({ takenBy: me.id, takenAt: at, inReturn: inReturnId ?? null })
    .where(eq(swapOffers.id, id))
    .run()
  notify(
    tx,
    at,
    staffId,
    `${me.name} would take ${dutyText(row)}${inReturnText(inReturn)}; an officer has to approve it`,
  )
  return false
}

const inReturnText = (inReturn: SwapDuty | undefined) => (inReturn ? `, you get ${dutyText(inReturn.place)}` : '')

/** Checked again: rules or rosters may have changed since it was taken, and the duty in return may have begun. */
export function approveSwap(tx: Db, id: number, at: number): void {
  const row = offerById(tx, id, at)
  const { takenBy } = row.offer
  if (takenBy === null) refuse('conflict', 'Nobody has taken this offer yet')
  const inReturn = row.offer.inReturn === null ? undefined : dutyById(tx, row.offer.inReturn)
  if (inReturn) refuseStarted(inReturn, at)
  swapDuties(tx, row, takenBy, inReturn, at)
}

function swapDuties(tx: Db, row: Row, takerId: number, inReturn: SwapDuty | undefined, at: number): void {
  const moves = movesOf(row, takerId, inReturn)
  refuseBroken(violationsOfMoves(tx, moves))
  const taker = nameOf(tx, takerId)
  const pinned = dutyById(tx, row.offer.assignmentId)?.pinned ?? true
  for (const { duty } of moves) tx.delete(assignments).where(eq(assignments.id, duty.id)).run()
  for (const { duty, to } of moves)
    tx.insert(assignments)
      .values({
        shiftId: duty.shiftId,
        staffId: to,
        pinned: duty === inReturn ? inReturn.pinned : pinned,
        createdAt: at,
      })
      .run()
  touch(tx, 'roster')
  notify(tx, at, row.staffId, `${taker} works ${dutyText(row)} for you${inReturnText(inReturn)}`)
  const returnWords = inReturn ? `; ${row.name} works ${dutyText(inReturn.place)} for you` : ''
  notify(tx, at, takerId, `You work ${dutyText(row)} for ${row.name}${returnWords}`)
}

/** A shift with other hours or at another site is not what was agreed to: whoever took it, or gave it in return, is asked again. */
export function reopenSwapsOf(tx: Db, shiftId: number, at: number): void {
  const given = inArray(
    swapOffers.inReturn,
    tx.select({ id: assignments.id }).from(assignments).where(eq(assignments.shiftId, shiftId)),
  )
  const isTaken = and(isNotNull(swapOffers.takenBy), or(eq(shifts.id, shiftId), given))
  for (const row of selectOffers(tx).where(isTaken).all()) {
    const { id, takenBy } = row.offer
    tx.update(swapOffers).set(nobody).where(eq(swapOffers.id, id)).run()
    const message = `The swap of ${dutyText(row)} is open again, as a shift of it has changed`
    for (const staffId of [row.staffId, takenBy]) if (staffId !== null) notify(tx, at, staffId, message)
  }
}

const nobody = { takenBy: null, takenAt: null, inReturn: null }

/** The duty stays where it is and is no longer offered. */
export function declineSwap(tx: Db, id: number, reason: string | undefined, at: number): void {
  const row = offerById(tx, id, at)
  tx.delete(swapOffers).where(eq(swapOffers.id, id)).run()
  const why = reason?.trim() ? `: ${reason.trim()}` : ''
  notify(tx, at, row.staffId, `Your offer of ${dutyText(row)} is declined${why}`)
  if (row.offer.takenBy !== null) notify(tx, at, row.offer.takenBy, `The swap of ${dutyText(row)} is declined${why}`)
}

/** The owner withdraws the offer; a taker gives it back. Nobody else learns that it exists. */
export function withdrawSwap(tx: Db, me: StaffRow, id: number, at: number): void {
  const row = offerById(tx, id, at)
  const { takenBy } = row.offer
  if (row.staffId === me.id) {
    tx.delete(swapOffers).where(eq(swapOffers.id, id)).run()
    if (takenBy !== null) notify(tx, at, takenBy, `${me.name} keeps ${dutyText(row)} after all`)
  } else if (takenBy === me.id) {
    tx.update(swapOffers).set(nobody).where(eq(swapOffers.id, id)).run()
    notify(tx, at, row.staffId, `${me.name} cannot take ${dutyText(row)} after all; it is open again`)
  } else refuse('not_found', `You have no part in a swap ${id}`)
}
