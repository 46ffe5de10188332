/** “My shifts”, the calendar behind its private address, and what waits for an officer. */
import { Elysia, t } from 'elysia'
import { siteUrl } from '../../accounts/origin.ts'
import type { App } from '../../context.ts'
import { access, signedIn } from '../../platform/http/access.ts'
import { pageOf, pageQuery, pagination } from '../../platform/http/pagination.ts'
import type { Who } from '../../platform/http/request-context.ts'
import { hidden, page } from '../../ui/layout.ts'
import { noticesOf } from '../notices.ts'
import { allSites } from '../site-queries.ts'
import { personById } from '../staff-queries.ts'
import { calendarOf, calendarSince } from './calendar.ts'
import { icalOf, icalType } from './ical.ts'
import { listLeave } from './leave.ts'
import { myShiftsBody, notLinked } from './my-shifts-page.ts'
import { hoursOfWeek, ownDuties, staffOfUser } from './own-duties.ts'
import { requestsBody } from './requests-page.ts'
import { listSwaps, swapsFor } from './swaps.ts'

const dutiesShown = 6 // a phone's screen
const beside = pageOf({ limit: 20 })

export const ownRotaPages = (app: App) => {
  const { db, clock, config } = app

  function myShifts(who: Who, query: { past?: boolean; page?: number }) {
    const me = staffOfUser(db, who.id)
    if (!me) return notLinked(who)
    const now = clock.now()
    const asked = pageOf({ page: query.page, limit: dutiesShown })
    const { duties, total } = ownDuties(db, { staffId: me.id, now, past: query.past }, asked)
    const data = {
      person: personById(db, me.id),
      weekHours: hoursOfWeek(db, me.id, now),
      duties,
      pagination: pagination(asked, total),
      past: query.past ?? false,
      notices: noticesOf(db, me.id, beside).notices,
      swaps: swapsFor(db, me, now, beside).swaps,
      leave: listLeave(db, { staffId: me.id }, beside).leave,
      calendarSince: calendarSince(db, me.id),
      sites: allSites(db),
      now,
    }
    return myShiftsBody(data, who)
  }

  return new Elysia()
    .use(access(app))
    .get(
      '/rota/mine',
      ({ query, who }) =>
        page({ title: 'My shifts', who, nav: 'rota', styles: ['rota.css'], body: myShifts(signedIn(who), query) }),
      { query: t.Object({ past: t.Optional(t.Boolean()), page: pageQuery.page }), may: 'member', detail: hidden },
    )
    .get(
      '/rota/requests',
      ({ query, who }) => {
        const asked = pageOf({ page: query.page, limit: 50 })
        const { leave, total } = listLeave(db, {}, asked)
        const { swaps } = listSwaps(db, clock.now(), pageOf({ limit: 100 }))
        const body = requestsBody({ leave, pagination: pagination(asked, total), swaps }, who)
        return page({ title: 'Requests', who, nav: 'rota', styles: ['rota.css'], body })
      },
      { query: t.Object({ page: pageQuery.page }), may: 'officer', detail: hidden },
    )
    .get(
      '/calendar/shifts.ics',
      ({ query: { token }, request }) => {
        const { host } = new URL(siteUrl(request, config))
        const calendar = calendarOf(db, token, clock.now(), host)
        return new Response(icalOf(calendar), {
          headers: { 'content-type': icalType, 'content-disposition': 'inline; filename="shifts.ics"' },
        })
      },
      { query: t.Object({ token: t.String({ minLength: 1, maxLength: 100 }) }), may: 'anyone', detail: hidden },
    )
}
