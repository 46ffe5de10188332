/** The API of a person's own rota: shifts, calendar, leave, swaps, wishes, notices; and the answers of officers. */
import { Elysia, type Static, t } from 'elysia'
import type { Db } from '../../../db/open.ts'
import { atomically, type Sync } from '../../../db/transactions.ts'
import { siteUrl } from '../../accounts/origin.ts'
import { audit } from '../../audit.ts'
import type { App } from '../../context.ts'
import { refuse } from '../../errors.ts'
import { touch } from '../../platform/cache/stamps.ts'
import { isoOrNull } from '../../platform/clock.ts'
import { access, signedIn } from '../../platform/http/access.ts'
import { paged, pageOf, pageQuery, pageSchema } from '../../platform/http/pagination.ts'
import type { Who } from '../../platform/http/request-context.ts'
import { describe } from '../../platform/http/route-docs.ts'
import { dateTimeSchema, deletedSchema, idParams, idSchema } from '../../platform/http/shared-schemas.ts'
import { markSeen, noticeSchema, noticesOf } from '../notices.ts'
import { normalisePerson, wishSchema } from '../person.ts'
import { changePerson, personById } from '../staff-queries.ts'
import { calendarPath, calendarSince, endCalendarAddress, renewCalendarAddress } from './calendar.ts'
import {
  askForLeave,
  decideLeave,
  leaveById,
  leaveSchema,
  leaveStateSchema,
  listLeave,
  newLeave,
  withdrawLeave,
} from './leave.ts'
import { hoursOfWeek, ownDuties, ownDutySchema, ownStaff, type StaffRow } from './own-duties.ts'
import {
  approveSwap,
  declineSwap,
  listSwaps,
  newOffer,
  offerDuty,
  ownSwapSchema,
  swapById,
  swapSchema,
  swapsFor,
  takeOffer,
  takeSchema,
  withdrawSwap,
} from './swaps.ts'

const wishListOptions = {
  maxItems: 100,
  examples: [
    [
      { want: 'avoid', weekday: 7 },
      { want: 'prefer', from: '18:00', to: '23:00' },
    ],
  ],
}
const wishesSchema = t.Array(wishSchema, wishListOptions)
/** Only officers decide how much a wish counts. */
const ownWishes = t.Array(t.Omit(wishSchema, ['weight']), wishListOptions)
const meSchema = t.Object({
  staff_id: idSchema,
  name: t.String({ examples: ['Ann'] }),
  active: t.Boolean(),
  week_hours: t.Number({ description: 'In this week, from Monday', examples: [25] }),
  max_hours_week: t.Number({ examples: [40] }),
  preferences: wishesSchema,
  calendar_since: t.Nullable({ ...dateTimeSchema, description: 'When the calendar’s address was made' }),
})
const decisionSchema = t.Object({
  reason: t.Optional(t.String({ maxLength: 300, examples: ['Too many are away then'] })),
})
const withId = { params: idParams }

type Wish = Static<typeof wishSchema>

/** A wish that stays keeps the weight that an officer gave it. */
const withWeights = (wishes: Static<typeof ownWishes>, before: readonly Wish[]): Wish[] =>
  wishes.map(wish => before.find(({ weight: _, ...same }) => Bun.deepEquals(same, wish)) ?? wish)

export const ownRotaRoutes = (app: App) => {
  const { db, clock } = app

  /** Runs as the signed-in staff member, in one transaction with the audit log. */
  function asStaff<T>(
    who: Who | undefined,
    action: string,
    detail: Record<string, unknown>,
    work: (tx: Db, me: StaffRow, at: number) => Sync<T>,
  ): Promise<T> {
    const at = clock.now()
    return atomically<T>(db, tx => {
      const me = ownStaff(tx, signedIn(who))
      const done = work(tx, me, at)
      touch(tx, 'requests')
      audit(tx, { at, who: signedIn(who), action, target: `staff ${me.id}`, detail })
      return done
    })
  }
  async function decide(who: Who | undefined, action: string, id: number, work: (tx: Db, at: number) => void) {
    const at = clock.now()
    await atomically(db, tx => {
      work(tx, at)
      touch(tx, 'requests')
      const [noun] = action.split('.')
      audit(tx, { at, who: signedIn(who), action, target: `${noun} ${id}` })
    })
  }

  return new Elysia({ prefix: '/roster', tags: ['rosters'] })
    .use(access(app))
    .get(
      '/me',
      ({ who }) => {
        const { id } = ownStaff(db, signedIn(who))
        const { name, active, max_hours_week, preferences } = personById(db, id)
        const week_hours = hoursOfWeek(db, id, clock.now())
        const calendar_since = isoOrNull(calendarSince(db, id))
        return { staff_id: id, name, active, week_hours, max_hours_week, preferences, calendar_since }
      },
      { may: 'member', detail: describe('Whom of the staff your account is linked to', meSchema) },
    )
    .get(
      '/me/shifts',
      ({ query, who, request, set }) => {
        const page = pageOf(query)
        const asked = { staffId: ownStaff(db, signedIn(who)).id, now: clock.now(), past: query.past }
        const { duties, total } = ownDuties(db, asked, page)
        return paged({ request, set }, page, total, { shifts: duties })
      },
      {
        query: t.Object({
          past: t.Optional(t.Boolean({ description: 'Past shifts, last first' })),
          ...pageQuery,
        }),
        may: 'member',
        detail: describe('Your upcoming shifts, next first', pageSchema('shifts', ownDutySchema)),
      },
    )
    .put(
      '/me/wishes',
      ({ body, who }) =>
        asStaff(who, 'staff.wishes', body, (tx, { id }) => {
          const { preferences } = personById(tx, id)
          changePerson(tx, id, normalisePerson({ preferences: withWeights(body.preferences ?? [], preferences) }))
          return { preferences: personById(tx, id).preferences }
        }),
      {
        body: t.Object({ preferences: t.Optional(ownWishes) }),
        may: 'member',
        detail: describe('Replace your wishes', t.Object({ preferences: wishesSchema })),
      },
    )
    .get(
      '/me/notices',
      ({ query, who, request, set }) => {
        const page = pageOf(query)
        const { notices, total } = noticesOf(db, ownStaff(db, signedIn(who)).id, page)
        return paged({ request, set }, page, total, { notices })
      },
      {
        query: t.Object(pageQuery),
        may: 'member',
        detail: describe(
          'Notices about your shifts, leave and swaps, newest first',
          pageSchema('notices', noticeSchema),
        ),
      },
    )
    .post(
      '/me/notices/seen',
      async ({ body, who }) => {
        const me = ownStaff(db, signedIn(who))
        return { seen: await atomically(db, tx => markSeen(tx, me.id, body.up_to, clock.now())) }
      },
      {
        body: t.Object(
          { up_to: { ...idSchema, description: 'The newest notice that was read' } },
          { examples: [{ up_to: 7 }] },
        ),
        may: 'member',
        detail: describe('Mark notices as read', t.Object({ seen: t.Integer() })),
      },
    )
    .post(
      '/me/calendar',
      async ({ who, request, set }) => {
        const token = await asStaff(who, 'calendar.renew', {}, (tx, me, at) => renewCalendarAddress(tx, me.id, at))
        set.status = 201
        return { url: `${siteUrl(request, app.config)}${calendarPath(token)}` }
      },
      {
        may: 'member',
        detail: describe(
          'A new private address for your calendar (iCalendar); the previous one stops working',
          t.Object({
            url: t.String({
              description: 'Shown only once: anyone with it can read your shifts',
              examples: ['https://rota.example.org/calendar/shifts.ics?token=…'],
            }),
          }),
          { status: 201 },
        ),
      },
    )
    .delete(
      '/me/calendar',
      ({ who }) =>
        asStaff(who, 'calendar.end', {}, (tx, me) => {
          if (!endCalendarAddress(tx, me.id)) refuse('not_found', 'Your calendar has no address')
          return { deleted: true }
        }),
      { may: 'member', detail: describe('End the address of your calendar', t.Object({ deleted: t.Boolean() })) },
    )
    .get(
      '/me/leave',
      ({ query, who, request, set }) => {
        const page = pageOf(query)
        const { leave, total } = listLeave(db, { staffId: ownStaff(db, signedIn(who)).id }, page)
        return paged({ request, set }, page, total, { leave })
      },
      {
        query: t.Object(pageQuery),
        may: 'member',
        detail: describe('The leave you have asked for', pageSchema('leave', leaveSchema)),
      },
    )
    .post(
      '/me/leave',
      async ({ body, who, set }) => {
        const id = await asStaff(who, 'leave.ask', body, (tx, me, at) => askForLeave(tx, me.id, body, at))
        set.status = 201
        return leaveById(db, id)
      },
      {
        body: newLeave,
        may: 'member',
        detail: describe('Ask for leave; an officer approves or declines it', leaveSchema, { status: 201 }),
      },
    )
    .delete(
      '/me/leave/:id',
      ({ params: { id }, who }) =>
        asStaff(who, 'leave.withdraw', { id }, (tx, me, at) => {
          withdrawLeave(tx, id, me.id, at)
          return leaveById(tx, id)
        }),
      { ...withId, may: 'member', detail: describe('Withdraw your leave before it begins', leaveSchema) },
    )
    .get(
      '/me/swaps',
      ({ query, who, request, set }) => {
        const page = pageOf(query)
        const { swaps, total } = swapsFor(db, ownStaff(db, signedIn(who)), clock.now(), page)
        return paged({ request, set }, page, total, { swaps })
      },
      {
        query: t.Object(pageQuery),
        may: 'member',
        detail: describe(
          'Duties that you or colleagues offer, and the rules that keep you from taking them',
          pageSchema('swaps', ownSwapSchema),
        ),
      },
    )
    .post(
      '/me/swaps',
      async ({ body, who, set }) => {
        const id = await asStaff(who, 'swap.offer', body, (tx, me, at) => offerDuty(tx, me, body, at))
        set.status = 201
        return swapById(db, id, clock.now())
      },
      {
        body: newOffer,
        may: 'member',
        detail: describe('Offer one of your duties to colleagues', swapSchema, { status: 201 }),
      },
    )
    .delete(
      '/me/swaps/:id',
      ({ params: { id }, who }) =>
        asStaff(who, 'swap.withdraw', { id }, (tx, me, at) => {
          withdrawSwap(tx, me, id, at)
          return { deleted: true, id }
        }),
      {
        ...withId,
        may: 'member',
        detail: describe('Withdraw your offer, or give back one you have taken', deletedSchema),
      },
    )
    .post(
      '/swaps/:id/take',
      ({ params: { id }, body, who }) =>
        asStaff(who, 'swap.take', { id, ...body }, (tx, me, at) => ({
          done: takeOffer(tx, me, id, body.in_return, at),
        })),
      {
        ...withId,
        body: takeSchema,
        may: 'member',
        detail: describe(
          'Take a duty that a colleague offers, optionally for one of yours; refused if a rule forbids it',
          t.Object({ done: t.Boolean({ description: 'false: an officer has to approve it first' }) }),
        ),
      },
    )
    .get(
      '/swaps',
      ({ query, request, set }) => {
        const page = pageOf(query)
        const { swaps, total } = listSwaps(db, clock.now(), page, query.taken)
        return paged({ request, set }, page, total, { swaps })
      },
      {
        query: t.Object({
          taken: t.Optional(t.Boolean({ description: 'Only swaps that wait for an officer' })),
          ...pageQuery,
        }),
        may: 'officer',
        detail: describe('Duties that people offer, earliest first', pageSchema('swaps', swapSchema)),
      },
    )
    .post(
      '/swaps/:id/approve',
      async ({ params: { id }, who }) => {
        await decide(who, 'swap.approve', id, (tx, at) => approveSwap(tx, id, at))
        return { done: true }
      },
      {
        ...withId,
        may: 'officer',
        detail: describe('Approve a swap that was taken, within the rules', t.Object({ done: t.Boolean() })),
      },
    )
    .post(
      '/swaps/:id/decline',
      async ({ params: { id }, body, who }) => {
        await decide(who, 'swap.decline', id, (tx, at) => declineSwap(tx, id, body.reason, at))
        return { done: true }
      },
      {
        ...withId,
        body: decisionSchema,
        may: 'officer',
        detail: describe('Decline an offer: the duty stays with its owner', t.Object({ done: t.Boolean() })),
      },
    )
    .get(
      '/leave',
      ({ query, request, set }) => {
        const page = pageOf(query)
        const { leave, total } = listLeave(db, { state: query.state, staffId: query.staff_id }, page)
        return paged({ request, set }, page, total, { leave })
      },
      {
        query: t.Object({ state: t.Optional(leaveStateSchema), staff_id: t.Optional(idSchema), ...pageQuery }),
        may: 'officer',
        detail: describe('Leave that people have asked for: pending requests first', pageSchema('leave', leaveSchema)),
      },
    )
    .post(
      '/leave/:id/approve',
      async ({ params: { id }, body, who }) => {
        await decide(who, 'leave.approve', id, (tx, at) => decideLeave(tx, id, 'approved', body.reason, at))
        return leaveById(db, id)
      },
      {
        ...withId,
        body: decisionSchema,
        may: 'officer',
        detail: describe('Approve leave: it becomes an absence, and duties within it show as broken', leaveSchema),
      },
    )
    .post(
      '/leave/:id/decline',
      async ({ params: { id }, body, who }) => {
        await decide(who, 'leave.decline', id, (tx, at) => decideLeave(tx, id, 'declined', body.reason, at))
        return leaveById(db, id)
      },
      { ...withId, body: decisionSchema, may: 'officer', detail: describe('Decline leave', leaveSchema) },
    )
}
