/** A person's own rota: who they are among the staff, their shifts, calendar, wishes and notices. */
import { type Static, t } from 'elysia'
import { atomically } from '../../../db/transactions.ts'
import { reachedUrl } from '../../accounts/origin.ts'
import type { App } from '../../context.ts'
import { refuse } from '../../errors.ts'
import { isoOrNull } from '../../platform/clock.ts'
import { apiRouter, signedIn } from '../../platform/http/access.ts'
import { listRoute, paged } from '../../platform/http/pagination.ts'
import { createRoute, describe } from '../../platform/http/route-docs.ts'
import { dateTimeSchema, idSchema } from '../../platform/http/shared-schemas.ts'
import { markSeen, noticeSchema, noticesOf } from '../notices.ts'
import { normalisePerson, wishSchema } from '../person.ts'
import type { Wish } from '../solving/problem.ts'
import { changePerson, personById } from '../staff-queries.ts'
import { calendarPath, calendarSince, endCalendarAddress, renewCalendarAddress } from './calendar.ts'
import { changeOwn } from './changes.ts'
import { hoursOfWeek, ownDuties, ownDutySchema, ownStaff } from './own-duties.ts'

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

/** A wish that stays keeps the weight that an officer gave it. The same wish twice counts once, or it would weigh twice as much. */
const withWeights = (wishes: Static<typeof ownWishes>, before: readonly Wish[]): Wish[] =>
  wishes
    .filter((wish, i) => wishes.findIndex(other => Bun.deepEquals(other, wish)) === i)
    .map(wish => before.find(({ weight: _, ...same }) => Bun.deepEquals(same, wish)) ?? wish)

export const meRoutes = (app: App) => {
  const { db, clock, reader } = app

  return apiRouter(app, '/api/v1/roster', 'rosters')
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
      ({ query, who, request }) => {
        const staffId = ownStaff(db, signedIn(who)).id
        return paged(query, request, async slice => {
          const { duties, total } = await reader.read(ownDuties, { staffId, now: clock.now(), past: query.past, slice })
          return { shifts: duties, total }
        })
      },
      {
        may: 'member',
        ...listRoute('Your upcoming shifts, next first', 'shifts', ownDutySchema, {
          past: t.Optional(t.Boolean({ description: 'Past shifts, last first' })),
        }),
      },
    )
    .put(
      '/me/wishes',
      ({ body, who }) =>
        changeOwn(app, who, 'staff.wishes', body, (tx, { id }) => {
          const before = personById(tx, id)
          const preferences = withWeights(body.preferences ?? [], before.preferences)
          changePerson(tx, before, normalisePerson({ preferences }))
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
      ({ query, who, request }) => paged(query, request, page => noticesOf(db, ownStaff(db, signedIn(who)).id, page)),
      {
        may: 'member',
        ...listRoute('Notices about your shifts, leave and swaps, newest first', 'notices', noticeSchema),
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
      async ({ who, request }) => {
        const token = await changeOwn(app, who, 'calendar.renew', {}, (tx, me, at) =>
          renewCalendarAddress(tx, me.id, at),
        )
        return { url: `${reachedUrl(request, app.config)}${calendarPath(token)}` }
      },
      {
        may: 'member',
        ...createRoute(
          'A new private address for your calendar (iCalendar); the previous one stops working',
          t.Object({
            url: t.String({
              description: 'Shown only once: anyone with it can read your shifts',
              examples: ['https://rota.example.org/calendar/shifts.ics?token=…'],
            }),
          }),
        ),
      },
    )
    .delete(
      '/me/calendar',
      ({ who }) =>
        changeOwn(app, who, 'calendar.end', {}, (tx, me) => {
          if (!endCalendarAddress(tx, me.id)) refuse('not_found', 'Your calendar has no address')
          return { deleted: true }
        }),
      { may: 'member', detail: describe('End the address of your calendar', t.Object({ deleted: t.Boolean() })) },
    )
}
