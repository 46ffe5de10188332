/** The week as a grid: people by day, or sites by day. What can be moved is a button; `plan.js` moves it. */

import { type Content, type Html, html } from '../../platform/html.ts'
import { name, number } from '../../ui/parts/values.ts'
import { pinMark, shiftNeeds, shiftTimes, shortDay } from '../calendar-view.ts'
import { absencesOf, type PersonView } from '../person.ts'
import type { ShownShift } from '../roster-view.ts'
import type { Site } from '../site.ts'
import { dutyKey } from '../solving/problem.ts'

export type Grid = {
  days: readonly string[]
  today: string
  shifts: readonly ShownShift[]
  people: readonly PersonView[]
  sites: readonly Site[]
  /** Messages of broken rules, by `dutyKey`. */
  broken: ReadonlyMap<string, readonly string[]>
  /** An unpublished draft: its duties can be moved. */
  isOpen: boolean
  canMove(shift: ShownShift): boolean
  /** Hours of each person in these days, at all sites. */
  hours: ReadonlyMap<number, number>
}

const dayHeads = ({ days, today }: Grid): Html[] =>
  days.map(date => html`<th scope="col"${date === today && html` class="today"`}>${shortDay(date)}</th>`)

type Placed = { shift: ShownShift; person?: { staff_id: number; name: string; pinned: boolean } }

/** One place: somebody's, or an open one. */
function chip(grid: Grid, { shift, person }: Placed, words: Content): Html {
  const why = person && grid.broken.get(dutyKey(shift.id, person.staff_id))
  const classes = ['chip', !person && 'open', why && 'broken', person?.pinned && 'pinned'].filter(Boolean).join(' ')
  const label = `${person?.name ?? 'Open place'}, ${shortDay(shift.date)} ${shiftTimes(shift)}, ${shift.site}`
  const inside = html`${words}${person?.pinned && pinMark}${why && html` <small class="why">${why.join('; ')}</small>`}`
  const id = `c-${shift.id}-${person?.staff_id ?? 'open'}`
  if (!grid.canMove(shift) || person?.pinned) return html`<span class="${classes}" id="${id}">${inside}</span>`
  return html`<button type="button" class="${classes}" id="${id}" draggable="true" aria-pressed="false" aria-label="${label}${why && `: ${why.join('; ')}`}" data-shift="${shift.id}" data-date="${shift.date}" data-site="${shift.site_id}" data-times="${shiftTimes(shift)}"${person && html` data-staff="${person.staff_id}"`}>${inside}</button>`
}

const shiftText = (shift: ShownShift, saysSite: boolean): Html =>
  html`<b>${shiftTimes(shift)}</b> <small>${saysSite && name(shift.site)} ${shiftNeeds(shift)}</small>`

export function peopleGrid(grid: Grid): Html {
  const { days, shifts, people, sites } = grid
  const saysSite = sites.length > 1
  const byPerson = new Map<number, Placed[]>()
  for (const shift of shifts)
    for (const person of shift.staff)
      byPerson.set(person.staff_id, [...(byPerson.get(person.staff_id) ?? []), { shift, person }])
  const openOn = (date: string) => shifts.filter(shift => shift.date === date && shift.open > 0)
  return html`<div class="sheet plan-scroll" role="region" aria-label="People by day" tabindex="0"><table class="plan" data-plan="people">
<caption class="sr">People by day</caption>
<thead><tr><th scope="col">Person</th>${dayHeads(grid)}</tr></thead>
<tbody>
<tr class="open-row"><th scope="row">Open places</th>${days.map(
    date =>
      html`<td data-target="open" data-date="${date}" tabindex="-1">${openOn(date).map(shift => chip(grid, { shift }, html`${shiftText(shift, saysSite)}${shift.open > 1 && html` ×${number(shift.open)}`}`))}</td>`,
  )}</tr>
${people.map(person => {
  const placed = byPerson.get(person.id) ?? []
  const hours = grid.hours.get(person.id) ?? 0
  return html`<tr id="p-${person.id}"><th scope="row">${name(person.name)} <small class="${hours > person.max_hours_week ? 'loss' : 'quiet'}">${number(hours)} of ${number(person.max_hours_week)}\u202fh</small></th>${days.map(
    date =>
      html`<td data-target="person" data-staff="${person.id}" data-name="${person.name}" data-date="${date}" tabindex="-1"${isAway(person, date) && html` class="away"`}>${isAway(person, date) && html`<small class="quiet">away</small>`}${placed
        .filter(({ shift }) => shift.date === date)
        .map(one => chip(grid, one, shiftText(one.shift, saysSite)))}</td>`,
  )}</tr>`
})}
</tbody></table></div>`
}

const isAway = (person: PersonView, date: string) =>
  absencesOf(person).some(({ from, to }) => from.slice(0, 10) <= date && to.slice(0, 10) >= date)

/** Sites below each other, so that a day of all sites is one column. */
export function sitesGrid(grid: Grid): Html {
  const { days, shifts, sites } = grid
  const at = (siteId: number, date: string) => shifts.filter(one => one.site_id === siteId && one.date === date)
  return html`<div class="sheet plan-scroll" role="region" aria-label="Sites by day" tabindex="0"><table class="plan" data-plan="sites">
<caption class="sr">Sites by day</caption>
<thead><tr><th scope="col">Site</th>${dayHeads(grid)}</tr></thead>
<tbody>
${sites.map(
  site =>
    html`<tr id="site-${site.id}"><th scope="row">${name(site.name)} <small class="quiet">${site.timezone}</small></th>${days.map(
      date =>
        html`<td>${at(site.id, date).map(
          shift => html`<div class="slot" id="slot-${shift.id}" data-target="shift" data-shift="${shift.id}" data-date="${shift.date}" data-name="${shiftTimes(shift)} at ${shift.site}" tabindex="-1"><a href="/rota/shifts/${shift.id}">${shiftText(shift, false)}</a>
${shift.staff.map(person => chip(grid, { shift, person }, name(person.name)))}${shift.open > 0 && chip(grid, { shift }, html`${number(shift.open)} open`)}</div>`,
        )}</td>`,
    )}</tr>`,
)}
${grid.isOpen && html`<tr class="off-row"><th scope="row">Take off</th><td colspan="${days.length}" data-target="off" data-name="Off the shift" tabindex="-1">Drop somebody here to take them off their shift</td></tr>`}
</tbody></table></div>`
}
