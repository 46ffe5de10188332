/** The rota of a week, by site and by person. */

import type { Db } from '../../db/open.ts'
import { byName } from '../platform/by-name.ts'
import { type Html, html } from '../platform/html.ts'
import { address } from '../ui/parts/address.ts'
import { partsBar, stats } from '../ui/parts/figures.ts'
import { emptyState } from '../ui/parts/notices.ts'
import { table } from '../ui/parts/table.ts'
import { countLink, name, number, percent } from '../ui/parts/values.ts'
import {
  brokenMark,
  dateSpan,
  pinMark,
  shiftNeeds,
  shiftTimes,
  shortDay,
  timezoneNote,
  weeksBySite,
} from './calendar-view.ts'
import { type DateRange, datesBetween, daysAfter, mondayOf } from './date-range.ts'
import { type RosterView, rosterView, type ShownShift } from './roster-view.ts'
import { shiftsAddress, siteSelect } from './rota-layout.ts'
import { hoursOf } from './shift.ts'
import type { Site } from './site.ts'
import { allSites } from './site-queries.ts'

type RotaWeek = { range: DateRange; siteId: number | undefined; today: string }
type RotaData = RotaWeek & { view: RosterView; sites: readonly Site[]; isOfficer: boolean }

/** Above the part that changes: the week and the site. */
export function rotaBar(
  path: string,
  sites: readonly Site[],
  { range: { start, end }, siteId, today }: RotaWeek,
): Html {
  const days = datesBetween(start, end).length
  const to = (first: string) => address(path, { start: first, end: daysAfter(first, days - 1), site_id: siteId })
  const by = path === '/rota' ? 'site' : 'person'
  return html`<div class="rota-bar">
<strong>${dateSpan(start, end)}</strong>
<nav class="filters" aria-label="Weeks"><a rel="prev" href="${to(daysAfter(start, -days))}">← Before</a><a href="${address(path, { site_id: siteId })}" ${start === mondayOf(today) && html`aria-current="date"`}>This week</a><a rel="next" href="${to(daysAfter(start, days))}">After →</a></nav>
<form method="get" action="${path}">
${siteSelect(sites, siteId)}
<input type="date" name="start" value="${start}" aria-label="From" /><input type="date" name="end" value="${end}" aria-label="To" />
<button type="submit" class="small quiet">Show</button>
<a class="button small quiet" href="${address('/api/v1/roster/export', { by, start, end, site_id: siteId })}">CSV</a>
</form>
</div>
<p class="quiet">${timezoneNote(siteId === undefined ? sites : sites.filter(({ id }) => id === siteId))}</p>
${dayPicker(start, end, today)}`
}

/** On a phone one day of the week is shown at a time; see rota.css. */
function dayPicker(start: string, end: string, today: string): Html {
  const monday = mondayOf(start)
  const isOneWeek = end <= daysAfter(monday, 6) // otherwise each is that weekday of several weeks
  const days = datesBetween(monday, daysAfter(monday, 6))
  const chosen = Math.max(0, days.indexOf(today))
  return html`<fieldset class="day-picker"><legend class="sr">Day to show</legend>${days.map(
    (date, i) =>
      html`<label><input type="radio" name="day" value="${i + 1}" ${i === chosen && html`checked`} /> ${shortDay(date).slice(0, 3)} ${isOneWeek && html`<small>${Number(date.slice(8))}</small>`}</label>`,
  )}</fieldset>`
}

type RotaAsked = RotaWeek & { tab: keyof typeof bodies; isOfficer: boolean; now: number }

/** The part that updates itself. Made in the reader thread, because the markup of thousands of shifts takes longer than 10 ms. */
export function rotaPart(db: Db, { tab, now, ...asked }: RotaAsked): string {
  const view = rosterView(db, { range: asked.range, now })
  const data = { ...asked, view, sites: allSites(db) }
  return String(view.shifts.length ? bodies[tab](data) : noShifts(data))
}

const bodies = { rota: rotaBody, people: peopleBody }

function rotaBody({ view, today, siteId, isOfficer }: RotaData): Html {
  const { shifts, start, end } = view
  return html`${isOfficer && summaryFigures(view, siteId)}${coverage(view)}
${weeksBySite({ shifts, start, end, today, linked: isOfficer })}`
}

/** Filled and total places, day by day over all sites shown. */
const coverage = ({ shifts, start, end }: RosterView): Html => {
  const byDay = Map.groupBy(shifts, ({ date }) => date)
  const sum = (date: string, of: 'headcount' | 'open') =>
    (byDay.get(date) ?? []).reduce((all, shift) => all + shift[of], 0)
  return html`<ol class="coverage" aria-label="Places filled by day">${datesBetween(start, end).map(date => {
    const [wanted, open] = [sum(date, 'headcount'), sum(date, 'open')]
    return html`<li><span>${shortDay(date)}</span> ${
      wanted > 0
        ? html`<strong class="${open > 0 ? 'loss' : 'gain'}">${number(wanted - open)} of ${number(wanted)}</strong>${partsBar(
            [
              { size: wanted - open, tone: 'filled' },
              { size: open, tone: 'open' },
            ],
          )}`
        : html`<span class="quiet">no places</span>`
    }</li>`
  })}</ol>`
}

function summaryFigures({ start, end, summary, shifts: shown }: RosterView, site_id: number | undefined): Html {
  const { shifts, places, open, broken, coverage } = summary
  const these = { start, end, site_id }
  const firstBroken = shown.find(({ broken }) => broken > 0)
  return stats([
    { label: 'Shifts', value: html`<a href="${shiftsAddress(these)}">${number(shifts)}</a>` },
    { label: 'Places', value: number(places) },
    {
      label: 'Open',
      value: countLink(open, shiftsAddress({ ...these, open: true })),
    },
    firstBroken && {
      label: 'Cannot work',
      value: countLink(broken, `#s-${firstBroken.id}`),
      note: 'stand there although a rule is against it: each is marked below',
    },
    { label: 'Covered', value: percent(coverage === null ? null : coverage * 100) },
  ])
}

function noShifts({ sites, isOfficer }: RotaData): Html {
  if (!isOfficer) return emptyState('No shifts here', 'As soon as an officer plans shifts, they appear here.')
  return sites.length
    ? emptyState(
        'No shifts here',
        'Make them from a weekly pattern, copy those of another week, or import a spreadsheet.',
        html`<a class="button" href="/rota/shifts">Plan shifts</a>`,
      )
    : emptyState(
        'No sites yet',
        'A site is a location with its own time zone. Its shifts are worked by people with the right skills.',
        html`<a class="button" href="/rota/sites">Make the first site</a>`,
      )
}

type Stint = { shift: ShownShift; pinned: boolean; broken: boolean }
type Person = { name: string; stints: Stint[] }

function peopleBody({ view }: RotaData): Html {
  const { shifts, start, end } = view
  const people = new Map<number, Person>()
  for (const shift of shifts)
    for (const { staff_id, name, pinned, broken } of shift.staff) {
      const person = people.get(staff_id) ?? { name, stints: [] }
      person.stints.push({ shift, pinned, broken })
      people.set(staff_id, person)
    }
  const hours = (stints: Stint[]) => stints.reduce((all, { shift }) => all + hoursOf(shift), 0)
  const severalSites = new Set(shifts.map(({ site_id }) => site_id)).size > 1
  return html`${table({
    caption: 'Who works when',
    stack: false,
    class: 'people',
    rows: [...people].sort(([, a], [, b]) => byName(a, b)),
    key: ([id]) => `p-${id}`,
    columns: [
      { head: 'Person', names: true, cell: ([, person]) => name(person.name) },
      { head: 'Hours', numeric: true, cell: ([, { stints }]) => number(hours(stints)) },
      ...datesBetween(start, end).map(date => ({
        head: shortDay(date),
        cell: ([, { stints }]: [number, Person]) =>
          stints
            .filter(({ shift }) => shift.date === date)
            .map(
              ({ shift, pinned, broken }) =>
                html`<div>${shiftTimes(shift)}${pinned && pinMark}${broken && brokenMark}<small class="quiet">${severalSites && name(shift.site)} ${shiftNeeds(shift)}</small></div>`,
            ),
      })),
    ],
    empty: emptyState('Nobody has a shift yet', 'All places on these days are open.'),
  })}`
}
