/** The list of shifts, and the ways to make many. */

import { type Html, html } from '../platform/html.ts'
import type { Pagination } from '../platform/http/pagination.ts'
import { countText } from '../platform/number-text.ts'
import { address } from '../ui/parts/address.ts'
import { action, checks, form, formField } from '../ui/parts/form.ts'
import { emptyState } from '../ui/parts/notices.ts'
import { paginationLinks } from '../ui/parts/pagination-links.ts'
import { table } from '../ui/parts/table.ts'
import { name, number } from '../ui/parts/values.ts'
import { brokenMark, shiftTimes, shortDay, timezoneNote } from './calendar-view.ts'
import { daysAfter, mondayOf } from './date-range.ts'
import { importForm } from './imports.ts'
import type { ShownShift } from './roster-view.ts'
import { shiftsAddress, siteSelect } from './rota-layout.ts'
import { kindField } from './rules-fields.ts'
import { moreShiftFields, qualificationFields } from './shift-page.ts'
import type { ShiftsFilter } from './shift-queries.ts'
import type { Site } from './site.ts'
import type { HeldQualifications } from './staff-queries.ts'

type ShiftsData = {
  shifts: readonly ShownShift[]
  pagination: Pagination
  sites: readonly Site[]
  query: ShiftsFilter
  /** Whose shifts these are, if only theirs are shown. */
  person?: string
  held: HeldQualifications
  today: string
}

const weekdayChoices = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'].map((day, i) => [i + 1, day] as const)

export function shiftsBody({ shifts, pagination: pages, sites, query, person, held, today }: ShiftsData): Html {
  if (!sites.length)
    return emptyState(
      'No sites yet',
      'A shift takes place at a site, so make one first.',
      html`<a class="button" href="/rota/sites">Make the first site</a>`,
    )
  const monday = mondayOf(today)
  return html`<div class="rota-bar"><form method="get" action="/rota/shifts">
${siteSelect(sites, query.site_id)}
<input type="date" name="start" value="${query.start}" aria-label="From" /><input type="date" name="end" value="${query.end}" aria-label="To" />
<input name="skill" value="${query.skill}" list="skills-held" placeholder="Any skill" aria-label="Skill" />
<label><input type="checkbox" name="open" value="true" ${query.open && html`checked`} /> Only with open places</label>${person && html`<input type="hidden" name="staff_id" value="${query.staff_id}" />`}
<button type="submit" class="small quiet">Show</button></form></div>
${person && html`<p>Only the shifts of ${name(person)}. <a href="${shiftsAddress({ ...query, staff_id: undefined })}">Those of everybody</a></p>`}
${table({
  caption: 'Shifts by their start',
  rows: shifts,
  pages,
  key: shift => `s-${shift.id}`,
  columns: [
    {
      head: 'When',
      names: true,
      cell: shift =>
        html`<a href="/rota/shifts/${shift.id}">${shortDay(shift.date)}, ${shiftTimes(shift)}</a>${shift.broken > 0 && brokenMark}`,
    },
    { head: 'Site', cell: shift => name(shift.site) },
    { head: 'Kind', cell: shift => name(shift.kind) },
    { head: 'Skill', cell: shift => name([shift.skill, ...shift.skills].filter(Boolean).join(', ') || null) },
    { head: 'Certificate', cell: shift => name(shift.certification) },
    { head: 'Places', numeric: true, cell: shift => number(shift.headcount) },
    {
      head: 'Open',
      numeric: true,
      cell: shift => (shift.open ? html`<strong class="loss">${number(shift.open)}</strong>` : number(0)),
    },
  ],
  empty: query.open
    ? emptyState('No open places here', 'All places of these shifts are filled.')
    : emptyState('No shifts here', 'Make them below.'),
})}
${paginationLinks(pages, page => shiftsAddress({ ...query, page }))}
${!person && pages.total > 0 && deleteAction(query, pages.total)}
<section class="part"><h2>Make shifts</h2>
<p class="quiet">${timezoneNote(sites)}</p>
${form(
  { action: '/api/v1/roster/shifts/pattern', done: 'Shifts made: {created}; there already: {skipped}' },
  html`<div class="columns">${siteField(sites)}
${formField({ label: 'From day', name: 'start_date', type: 'date', value: monday })}
${formField({ label: 'Through', name: 'end_date', type: 'date', value: daysAfter(monday, 27) })}</div>
${checks({ label: 'On', name: 'weekdays', choices: weekdayChoices, ticked: day => day < 6 })}
${placeFields(held)}`,
  'Make them',
)}</section>
<section class="part"><h2>Copy</h2>
${form(
  { action: '/api/v1/roster/shifts/copy', done: 'Shifts copied: {created}; there already: {skipped}' },
  html`<div class="columns">${formField({ label: 'From day', name: 'from', id: 'f-copy-from', type: 'date', value: monday })}
${formField({ label: 'Through', name: 'to', id: 'f-copy-to', type: 'date', value: daysAfter(monday, 6) })}
${formField({ label: 'Weeks later', name: 'weeks', type: 'number', min: 1, max: 104, value: 1, hint: 'At the same time of day, though the clocks change' })}</div>`,
  'Copy them',
)}</section>
${importForm({
  title: 'Import shifts',
  action: '/api/v1/roster/shifts/import',
  columns: ['site', 'date', 'from', 'to', 'skill', 'certification', 'headcount', 'kind'],
  example: `site,date,from,to,skill,certification,headcount,kind\n${sites[0]?.name},${monday},18:00,23:00,bar,,2,late`,
  more: html`Who works them comes with <a href="/rota/plan">a plan</a>. ${timezoneNote(sites)}`,
})}`
}

const deleteAction = ({ start, end, site_id, skill, open }: ShiftsFilter, total: number): Html => {
  const these = total === 1 ? 'this shift' : `these ${countText(total)} shifts`
  return action({
    label: `Delete ${these}`,
    method: 'delete',
    action: address('/api/v1/roster/shifts', {
      start,
      end,
      site_id,
      skill,
      open: open ? 'true' : null,
      confirm: total,
    }),
    look: 'danger small',
    confirm: `Delete ${these}? Whoever is on one is taken off, and told of those to come.`,
    done: 'Shifts deleted: {deleted}',
  })
}

const siteField = (sites: readonly Site[]): Html =>
  formField({
    label: 'Site',
    name: 'site_id',
    type: 'select',
    sends: 'number',
    choices: sites.map(({ id, name }) => [id, name]),
  })

const placeFields = (held: HeldQualifications): Html => html`<div class="columns">
${formField({ label: 'Starts', name: 'from', type: 'clock', hint: 'Time of day at the site' })}
${formField({ label: 'Ends', name: 'to', type: 'clock', hint: 'Earlier than the start means the next day' })}
${formField({ label: 'Places', name: 'headcount', type: 'number', min: 1, max: 500, value: 1 })}
${qualificationFields(held)}
${kindField('Kind', 'kind')}</div>
${moreShiftFields()}`
