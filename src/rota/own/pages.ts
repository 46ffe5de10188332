/** “My shifts”, the calendar at its private address, and what waits for an officer. */
import { type Static, t } from 'elysia'
import { reachedUrl } from '../../accounts/origin.ts'
import type { App } from '../../context.ts'
import { Refusal } from '../../errors.ts'
import type { Html } from '../../platform/html.ts'
import { signedIn } from '../../platform/http/access.ts'
import { checkedInput } from '../../platform/http/field-errors.ts'
import { pageOf, pageQuery, withPagination } from '../../platform/http/pagination.ts'
import type { Who } from '../../platform/http/request-context.ts'
import { seeOther } from '../../platform/http/responses.ts'
import { sentFields } from '../../platform/http/shared-schemas.ts'
import { pageRouter } from '../../ui/layout.ts'
import { address } from '../../ui/parts/address.ts'
import { type LiveRequest, liveHandlers } from '../../ui/parts/live.ts'
import { noticesOf, unseenNotices } from '../notices.ts'
import { rotaPage, rotaVersion } from '../rota-layout.ts'
import { allSites, todayAtSites } from '../site-queries.ts'
import { personById } from '../staff-queries.ts'
import { calendarOf, calendarSince } from './calendar.ts'
import { icalType, toIcal } from './ical.ts'
import { askForOwnLeave, listLeave, newLeave, othersAway } from './leave.ts'
import { type MyShifts, myShiftsBody, myShiftsPart, notLinked } from './my-shifts-page.ts'
import { hoursOfWeek, ownDuties, ownStaff, staffOfUser } from './own-duties.ts'
import { requestsBody } from './requests-page.ts'
import { dutiesToGive, listSwaps, swapsFor } from './swaps.ts'

const dutiesShown = 6 // a phone's screen
const newsShown = 20

const mineQuery = t.Object({
  past: t.Optional(t.Boolean()),
  page: pageQuery.page,
  swaps: pageQuery.page,
  leave: pageQuery.page,
  notices: pageQuery.page,
})
type MineQuery = Static<typeof mineQuery>
const mineAddress = ({ past, ...pages }: MineQuery) =>
  address('/rota/mine', {
    past: past ? 'true' : undefined,
    ...Object.fromEntries(Object.entries(pages).filter(([, page]) => page !== 1)),
  })
const requestsQuery = t.Object({ swaps: pageQuery.page, page: pageQuery.page })
type RequestsQuery = Static<typeof requestsQuery>

export const ownRotaPages = (app: App) => {
  const { db, clock, config, reader, stamps, streams } = app

  const version = () => rotaVersion(stamps, ['requests'])

  async function myShifts(who: Who, query: MineQuery): Promise<MyShifts> {
    const me = ownStaff(db, who)
    const now = clock.now()
    const slice = pageOf({ page: query.page, limit: dutiesShown })
    const ofSwaps = pageOf({ page: query.swaps })
    const ofLeave = pageOf({ page: query.leave })
    const ofNotices = pageOf({ page: query.notices })
    const own = await reader.read(ownDuties, { staffId: me.id, now, past: query.past, slice })
    const swaps = await reader.read(swapsFor, { staffId: me.id, now, slice: ofSwaps, exceptOwn: true })
    return {
      person: personById(db, me.id),
      weekHours: hoursOfWeek(db, me.id, now),
      ...withPagination(own, slice),
      past: query.past ?? false,
      news: unseenNotices(db, me.id, newsShown),
      notices: withPagination(noticesOf(db, me.id, ofNotices), ofNotices),
      swaps: withPagination(swaps, ofSwaps),
      giving: swaps.total > 0 ? dutiesToGive(db, me.id, now) : [],
      leave: withPagination(listLeave(db, { staffId: me.id }, ofLeave), ofLeave),
      to: pages => mineAddress({ ...query, ...pages }),
      calendarSince: calendarSince(db, me.id),
      sites: allSites(db),
      csrfToken: who.csrfToken,
      now,
      today: todayAtSites(db, now),
    }
  }

  const mine = liveHandlers(streams, {
    id: 'mine',
    version,
    read: ({ query, who }: LiveRequest<MineQuery>) => myShifts(signedIn(who), query),
    content: myShiftsPart,
    page: (shown, data, { who }) => showMine(who, myShiftsBody(data, shown)),
  })
  const showMine = (who: Who | undefined, body: Html, status?: number) =>
    rotaPage({ tab: 'mine', title: 'My shifts', who, body, status })

  function requestsMarkup(query: RequestsQuery): Html {
    const ofSwaps = pageOf({ page: query.swaps, limit: 50 })
    const ofLeave = pageOf({ page: query.page, limit: 50 })
    const now = clock.now()
    return requestsBody({
      swaps: withPagination(listSwaps(db, now, ofSwaps), ofSwaps),
      leave: withPagination(listLeave(db, {}, ofLeave), ofLeave),
      othersAway: leave => othersAway(db, leave),
      to: pages => address('/rota/requests', { ...query, ...pages }),
      today: todayAtSites(db, now),
    })
  }

  const requests = liveHandlers(streams, {
    id: 'requests',
    fast: true,
    version,
    read: ({ query }: LiveRequest<RequestsQuery>) => requestsMarkup(query),
    content: markup => markup,
    page: (body, _, { who }) => rotaPage({ tab: 'requests', title: 'Requests', who, body }),
  })

  const ofMine = { query: mineQuery, may: 'member' } as const
  const ofRequests = { query: requestsQuery, may: 'officer' } as const
  return pageRouter(app)
    .get(
      '/rota/mine',
      asked => {
        const me = signedIn(asked.who)
        return staffOfUser(db, me.id) ? mine.page(asked) : showMine(me, notLinked(me))
      },
      ofMine,
    )
    .post(
      '/rota/mine', // asks for leave; at the address of the page, which is the answer if it is refused
      async ({ body, who }) => {
        const me = signedIn(who)
        try {
          await askForOwnLeave(app, me, checkedInput(newLeave, body))
          return seeOther('/rota/mine')
        } catch (refusal) {
          if (!(refusal instanceof Refusal)) throw refusal
          const data = { ...(await myShifts(me, {})), refusedLeave: { given: body, refusal } }
          return showMine(me, myShiftsBody(data, myShiftsPart(data)), refusal.status)
        }
      },
      { body: sentFields, may: 'member' },
    )
    .get('/rota/mine/part', mine.part, ofMine)
    .get('/rota/mine/events', mine.events, ofMine)
    .get('/rota/requests', requests.page, ofRequests)
    .get('/rota/requests/part', requests.part, ofRequests)
    .get('/rota/requests/events', requests.events, ofRequests)
    .get(
      '/calendar/shifts.ics',
      async ({ query: { token }, request }) => {
        const { host } = new URL(reachedUrl(request, config))
        const calendar = await reader.read(calendarOf, { token, now: clock.now(), host })
        return new Response(toIcal(calendar), {
          headers: { 'content-type': icalType, 'content-disposition': 'inline; filename="shifts.ics"' },
        })
      },
      { query: t.Object({ token: t.String({ minLength: 1, maxLength: 100 }) }), may: 'anyone' },
    )
}
