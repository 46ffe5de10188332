/** “My shifts”, designed for a phone: the next shifts first, the rest folded below. */
import { csrfInput } from '../../accounts/csrf.ts'
import type { Refusal } from '../../errors.ts'
import { type Content, type Html, html } from '../../platform/html.ts'
import type { Pagination } from '../../platform/http/pagination.ts'
import type { Who } from '../../platform/http/request-context.ts'
import { badge } from '../../ui/parts/badges.ts'
import { action, answer, type FormField, form, formField } from '../../ui/parts/form.ts'
import { emptyState, notice } from '../../ui/parts/notices.ts'
import { beyondTheEnd, paginationLinks } from '../../ui/parts/pagination-links.ts'
import { about, name, number, time } from '../../ui/parts/values.ts'
import { dateSpan, shortDay } from '../calendar-view.ts'
import { daysAfter } from '../date-range.ts'
import type { StaffNotice } from '../notices.ts'
import type { PersonView } from '../person.ts'
import { localDate } from '../shift.ts'
import type { Site } from '../site.ts'
import { certificates, wishRows } from '../staff-page.ts'
import { namesText } from '../staff-queries.ts'
import type { LeaveView } from './leave.ts'
import type { OwnDuty } from './own-duties.ts'
import type { DutyToGive, OwnSwap } from './swaps.ts'

export type MyShifts = {
  person: PersonView
  weekHours: number
  duties: readonly OwnDuty[]
  pagination: Pagination
  past: boolean
  /** Unread, oldest first. */
  news: readonly StaffNotice[]
  notices: { notices: readonly StaffNotice[]; pagination: Pagination }
  swaps: { swaps: readonly OwnSwap[]; pagination: Pagination }
  /** Their duties that may be given in return. */
  giving: readonly DutyToGive[]
  leave: { leave: readonly LeaveView[]; pagination: Pagination }
  /** The address of other pages of the lists. */
  to(pages: { page?: number; swaps?: number; leave?: number; notices?: number }): string
  calendarSince: number | null
  sites: readonly Site[]
  csrfToken: string | undefined
  /** Leave that was asked for without script, and why not. */
  refusedLeave?: { given: Record<string, string>; refusal: Refusal }
  now: number
  today: string
}

export const notLinked = ({ username }: Who): Html =>
  emptyState(
    'Your account is not linked to the staff',
    html`An officer links it on the page of the person, by your name here: ${name(username)}.`,
  )

/** `part`: what updates itself. The calendar's address is shown once and is not part of it. */
export const myShiftsBody = (data: MyShifts, part: Html): Html => html`<div class="mine">${part}
${wishesFold(data)}
${calendarFold(data)}</div>`

export const myShiftsPart = (data: MyShifts): Html => html`${newsPart(data.news)}
${dutyList(data)}
${swapsFold(data)}
${leaveFold(data)}
${certificatesFold(data)}
${noticesFold(data)}`

function newsPart(news: readonly StaffNotice[]): Content {
  const newest = news.at(-1)
  if (!newest) return null
  return notice(html`<ul class="items">${news.map(({ message }) => html`<li>${message}</li>`)}</ul>
${action({ label: 'I have read this', look: 'quiet small', action: '/api/v1/roster/me/notices/seen', body: { up_to: newest.id } })}`)
}

function dutyList({ duties, pagination, past, person, weekHours, now, to }: MyShifts): Html {
  const switcher = past
    ? html`<a href="/rota/mine">Upcoming shifts</a>`
    : html`<a href="/rota/mine?past=true">Past shifts</a>`
  const zones = [...new Set(duties.map(({ timezone }) => timezone))]
  const zone = zones.length === 1 ? zones[0] : undefined
  return html`<p class="quiet">${number(weekHours, { unit: 'h' })} of ${number(person.max_hours_week, { unit: 'h' })} this week · ${switcher}${zone && html` · ${zone} time`}</p>
${
  duties.length
    ? html`<ol class="duties">${duties.map(duty => dutyItem(duty, { now, past, saysZone: zone === undefined }))}</ol>`
    : beyondTheEnd(pagination) ||
      emptyState(
        past ? 'No past shifts' : 'No upcoming shifts',
        past
          ? 'Shifts that are over appear here.'
          : 'As soon as a roster with you is published, your shifts appear here.',
      )
}
${paginationLinks(pagination, page => to({ page }))}`
}

function dutyItem(duty: OwnDuty, { now, past, saysZone }: { now: number; past: boolean; saysZone: boolean }): Html {
  const { date, from, to, site, timezone, kind, skill, colleagues, against, offered } = duty
  const what = [kind, skill].filter(Boolean).join(', ')
  const localToday = localDate(now, timezone)
  const when = date === localToday ? 'Today' : date === daysAfter(localToday, 1) ? 'Tomorrow' : shortDay(date)
  return html`<li class="duty${against.length > 0 && ' short'}" id="d-${duty.assignment_id}">
<p><strong>${when}</strong> ${from}–${to}${saysZone && html` <small class="quiet">${timezone}</small>`}</p>
<p>${name(site)}${what && html` · ${what}`}${colleagues.length > 0 && html` <small class="quiet">with ${namesText(colleagues)}</small>`}</p>
${against.map(({ message }) => html`<p>${badge('cannot work', 'bad')} ${message}</p>`)}
${!past && offerState(duty, `${when}, ${from}–${to}`, offered)}</li>`
}

const offerState = ({ assignment_id }: OwnDuty, words: string, offered: OwnDuty['offered']): Html =>
  offered
    ? html`<p>${badge(offered.taken_by ? html`${name(offered.taken_by)} would take it` : 'offered', 'warn')} ${action({ label: 'Keep it', of: words, look: 'quiet small', method: 'delete', action: `/api/v1/roster/me/swaps/${offered.id}` })}</p>`
    : action({
        label: 'Offer it',
        of: words,
        look: 'quiet small',
        action: '/api/v1/roster/me/swaps',
        body: { assignment_id },
        confirm: `${words}: offer it to your colleagues? It stays yours until somebody takes it.`,
        ask: { name: 'note', label: 'A note to them', optional: true },
        done: 'Offered',
      })

type Fold = {
  /** What waits for them in it; `hasMore`: on other pages too. */
  count?: number
  hasMore?: boolean
  isOpen?: boolean
}

const fold = (title: string, { count = 0, hasMore, isOpen }: Fold, content: Content): Html =>
  html`<details class="fold" id="fold-${title.toLowerCase().replaceAll(' ', '-')}"${isOpen && html` open`}><summary>${title}${count > 0 && html` ${badge(html`${number(count)}${hasMore && '+'}`, 'warn')}`}</summary>
${content}</details>`

function swapsFold({ swaps: { swaps, pagination }, giving, to }: MyShifts): Html {
  const takeable = swaps.filter(({ state, against }) => state === 'open' && !against.length)
  return fold(
    'Offered by colleagues',
    { count: takeable.length, hasMore: pagination.pages > 1, isOpen: pagination.page > 1 },
    pagination.total
      ? html`<ul class="items">${swaps.map(swap => offerItem(swap, giving))}</ul>${beyondTheEnd(pagination)}
${paginationLinks(pagination, swaps => to({ swaps }), 'Pages of offers')}`
      : html`<p class="quiet">Nobody offers a shift.</p>`,
  )
}

/** Giving a duty in return changes nothing about these. */
const isForGood = ({ rule }: OwnSwap['against'][number]) =>
  ['skill', 'certification', 'unavailable', 'unknown', 'twice', 'headcount'].includes(rule)

function offerItem(swap: OwnSwap, giving: readonly DutyToGive[]): Html {
  const head = html`<p>${name(swap.name)} offers <strong>${swap.words}</strong>${swap.note && html`: ${swap.note}`}</p>`
  if (swap.state === 'taken')
    return html`<li>${head}<p>${badge('you offered to take it', 'warn')}${swap.in_return && html` for ${swap.in_return.words}`} ${action({ label: 'Withdraw', of: `${swap.words}, ${swap.name}`, look: 'quiet small', method: 'delete', action: `/api/v1/roster/me/swaps/${swap.id}` })}</p></li>`
  const isAgainst = swap.against.length > 0
  const reasons = swap.against.map(({ message }) => message).join('; ')
  if (isAgainst && (giving.length === 0 || swap.against.some(isForGood)))
    return html`<li>${head}<p class="quiet">Not for you: ${reasons}</p></li>`
  return html`<li>${head}${isAgainst && html`<p class="quiet">Only for one of yours: ${reasons}</p>`}
${form(
  { action: `/api/v1/roster/swaps/${swap.id}/take`, done: 'Taken' },
  formField({
    label: 'For',
    name: 'in_return',
    id: `f-return-${swap.id}`,
    type: 'select',
    sends: 'number',
    optional: !isAgainst,
    choices: [
      ['', isAgainst ? 'Choose yours' : 'nothing in return'],
      ...giving.map(({ id, words }) => [id, `my ${words}`] as const),
    ],
  }),
  html`Take it${about(`${swap.words}, ${swap.name}`)}`,
)}</li>`
}

const leaveTones = { pending: 'warn', approved: 'good', declined: 'bad', withdrawn: 'quiet' } as const

const leaveFold = ({ leave: { leave, pagination }, refusedLeave, csrfToken, today, to }: MyShifts): Html =>
  fold(
    'Leave',
    {
      count: leave.filter(({ state }) => state === 'pending').length,
      isOpen: pagination.page > 1 || refusedLeave !== undefined,
    },
    html`${form(
      { action: '/api/v1/roster/me/leave', plain: '/rota/mine', done: 'Asked for' },
      html`${csrfInput({ csrfToken })}
${leaveFields(refusedLeave)}`,
      'Ask for leave',
    )}
<ul class="items">${leave.map(
      ({ id, from, to, state, reason, duties }) =>
        html`<li>${dateSpan(from, to)} ${badge(state, leaveTones[state])}${reason && html` ${reason}`}${state === 'pending' && duties > 0 && html` <small class="quiet">You have ${duties === 1 ? 'a shift' : html`${number(duties)} shifts`} then</small>`}
${(state === 'pending' || (state === 'approved' && from > today)) && action({ label: 'Withdraw', of: dateSpan(from, to), look: 'quiet small', method: 'delete', action: `/api/v1/roster/me/leave/${id}`, confirm: 'Withdraw this leave?' })}</li>`,
    )}</ul>${beyondTheEnd(pagination)}
${paginationLinks(pagination, leave => to({ leave }), 'Pages of leave')}`,
  )

const leaveInputs: FormField[] = [
  { label: 'From day', name: 'from', type: 'date', hint: 'Days at the site, both included' },
  { label: 'Through', name: 'to', type: 'date' },
  { label: 'Why', name: 'note', optional: true, maxlength: 500 },
]

function leaveFields(refused: MyShifts['refusedLeave']): Html {
  const errors = new Map(refused?.refusal.extra.errors?.map(({ path, message }) => [path, message]))
  const isShown = leaveInputs.some(({ name }) => errors.has(name))
  return html`${refused && !isShown && notice(refused.refusal.detail, 'bad')}
<div class="columns">${leaveInputs.map(field => formField({ ...field, value: refused?.given[field.name], error: errors.get(field.name) }))}</div>`
}

const certificatesFold = ({ person, today }: MyShifts): Content =>
  person.certifications.length > 0 &&
  fold(
    'Certificates',
    {},
    html`${certificates(person.certifications, today)}<p class="quiet">An officer enters a renewed one.</p>`,
  )

const wishesFold = ({ person, sites }: MyShifts): Html =>
  fold(
    'Wishes',
    {},
    form(
      { action: '/api/v1/roster/me/wishes', method: 'put', done: 'Your wishes are saved' },
      wishRows(person.preferences, sites, true),
      'Save my wishes',
    ),
  )

const calendarFold = ({ calendarSince }: MyShifts): Html =>
  fold(
    'In my calendar',
    {},
    html`<p>Your phone’s calendar can subscribe to your shifts by a private address. Anyone with the address can read them, so keep it to yourself; a new one replaces the old one.</p>
${calendarSince !== null && html`<p class="quiet">The address in use was made ${time(calendarSince)}; it was shown once.</p>`}
${form({ action: '/api/v1/roster/me/calendar', done: 'Copy it now: it is not shown again' }, answer('url', 'Subscribe to', 'Open in my calendar'), calendarSince === null ? 'Make an address' : 'Make a new address')}
${calendarSince !== null && action({ label: 'End the address', look: 'danger small', method: 'delete', action: '/api/v1/roster/me/calendar', confirm: 'End the address? Calendars that subscribe to it will show no new shifts.' })}`,
  )

const noticesFold = ({ notices: { notices, pagination }, to }: MyShifts): Content =>
  pagination.total > 0 &&
  fold(
    'Notices',
    { isOpen: pagination.page > 1 },
    html`<ul class="items">${notices.map(({ at, message }) => html`<li>${message} <small class="quiet">${time(at)}</small></li>`)}</ul>${beyondTheEnd(pagination)}
${paginationLinks(pagination, notices => to({ notices }), 'Pages of notices')}`,
  )
