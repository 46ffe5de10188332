/** Days and duties as pages show them. */
import { compareNames } from '../platform/by-name.ts'
import { type Content, type Html, html } from '../platform/html.ts'
import { badge } from '../ui/parts/badges.ts'
import { name, number } from '../ui/parts/values.ts'
import { datesBetween, daysAfter, mondayOf } from './date-range.ts'
import type { ShownShift } from './roster-view.ts'
import type { Site } from './site.ts'

const format = (options: Intl.DateTimeFormatOptions) =>
  new Intl.DateTimeFormat('en-GB', { timeZone: 'UTC', ...options })
const dayFormat = format({ weekday: 'short', day: 'numeric', month: 'short' })
const spanFormat = format({ day: 'numeric', month: 'short', year: 'numeric' })
const noonOf = (date: string) => new Date(`${date}T12:00:00Z`)

/** `Mon 23 Mar`: local dates, not points in time. */
export const shortDay = (date: string): string => dayFormat.format(noonOf(date)).replace(',', '')
/** `23 – 29 Mar 2026`, and one day alone. */
export const dateSpan = (start: string, end: string): string => spanFormat.formatRange(noonOf(start), noonOf(end))

const maxNamed = 8 // sites: with more, the list would be too long
/** The time zone of the times shown. */
export function timezoneNote(sites: readonly Pick<Site, 'name' | 'timezone'>[]): string {
  const zones = [...new Set(sites.map(({ timezone }) => timezone))]
  const [only] = zones
  if (zones.length < 2) return only ? `Dates and times are those of ${only}.` : ''
  if (sites.length > maxNamed) return 'Dates and times are local to each site.'
  return `Dates and times are local to each site: ${sites.map(({ name, timezone }) => `${name} ${timezone}`).join(', ')}.`
}

type ShownDay = {
  shifts: readonly ShownShift[]
  start: string
  end: string
  today: string
  /** A shift that links to its own page. */
  linked: boolean
  /** Marks people who would be new on the shift. */
  isNew?(shiftId: number, staffId: number): boolean
}

/** By site, then by week. */
export function weeksBySite(shown: ShownDay): Content {
  const { shifts, start, end } = shown
  const bySite = Map.groupBy(shifts, ({ site }) => site)
  const mondays = datesBetween(start, end).filter((date, i) => i === 0 || mondayOf(date) === date)
  return [...bySite]
    .sort(([a], [b]) => compareNames(a, b))
    .map(
      ([site, there]) => html`<section class="part"><h2>${name(site)}</h2>
${mondays.map(first => {
  const monday = mondayOf(first)
  const days = datesBetween(monday, daysAfter(monday, 6))
  const these = there.filter(({ date }) => date >= (days[0] ?? '') && date <= (days[6] ?? ''))
  return these.length > 0 && week(these, days, shown)
})}</section>`,
    )
}

const week = (shifts: readonly ShownShift[], days: string[], shown: ShownDay): Html => {
  const byDay = Map.groupBy(shifts, ({ date }) => date)
  return html`<ol class="week">${days.map(date => {
    const there = byDay.get(date) ?? []
    const classes = [date === shown.today && 'today', !there.length && 'none-here'].filter(Boolean).join(' ')
    return html`<li class="${classes}"><h3>${shortDay(date)}</h3>
<ul>${there.map(shift => html`<li class="duty${(shift.open > 0 || shift.broken > 0) && ' short'}" id="s-${shift.id}">${duty(shift, shown)}</li>`)}</ul></li>`
  })}</ol>`
}

export const shiftTimes = ({ from, to }: Pick<ShownShift, 'from' | 'to'>): string => `${from}–${to}`
type Needs = Pick<ShownShift, 'kind' | 'skill' | 'skills' | 'certification'>
export const shiftNeeds = ({ kind, skill, skills, certification }: Needs): string =>
  [...new Set([kind, skill, ...skills, certification])].filter(Boolean).join(', ')

function duty(shift: ShownShift, { linked, isNew }: ShownDay): Html {
  const times = shiftTimes(shift)
  return html`<p>${linked ? html`<a href="/rota/shifts/${shift.id}">${times}</a>` : times}</p>
${shiftNeeds(shift) && html`<p class="asks">${shiftNeeds(shift)}</p>`}
<ul>${shift.staff.map(
    person =>
      html`<li${isNew?.(shift.id, person.staff_id) && html` class="new"`}>${name(person.name)}${person.pinned && pinMark}${person.broken && brokenMark}</li>`,
  )}${shift.open > 0 && html`<li class="open">${number(shift.open)} open</li>`}</ul>`
}

/** Only officers see the reason, on the page of the shift. */
export const brokenMark: Html = html` ${badge('cannot work', 'bad')}`

export const pinMark: Html = html` <span class="pin" title="Pinned: stays when a new roster is generated">◆<span class="sr">pinned</span></span>`
