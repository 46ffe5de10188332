/** One shift: the people on it, who else could work it, requests, and its fields. */
import { type Content, type Html, html } from '../platform/html.ts'
import { action, form, formField } from '../ui/parts/form.ts'
import { andMore, emptyState } from '../ui/parts/notices.ts'
import { actionsHeading, table } from '../ui/parts/table.ts'
import { money, name, number } from '../ui/parts/values.ts'
import type { BrokenDutyRule } from './broken-duties.ts'
import { brokenMark, pinMark } from './calendar-view.ts'
import type { Candidate } from './replacements.ts'
import type { ShownShift } from './roster-view.ts'
import { kindChoices, kindField } from './rules-fields.ts'
import { peopleAre } from './shift.ts'
import type { ShiftRequest } from './shift-requests.ts'
import { dutyKey } from './solving/problem.ts'
import type { HeldQualifications } from './staff-queries.ts'

/** Rarely used fields of a shift. */
export const moreShiftFields = (shift?: ShownShift): Html => html`${kindChoices}
<details><summary>More skills, and prices of too few or too many people</summary>
<div class="columns">
${formField({ label: 'More skills', name: 'skills', type: 'list', optional: true, value: shift?.skills.join('\n'), hint: 'One per line; everybody on the shift needs all of them' })}
${formField({ label: 'Price of each missing person', name: 'under_cents', type: 'cents', optional: true, min: 0, value: shift?.under_cents, hint: 'Blank: an open place outweighs all cost' })}
${formField({ label: 'People at most', name: 'most', type: 'number', optional: true, min: 1, max: 500, value: shift?.most, hint: 'Blank: as many as there are places' })}
${formField({ label: 'Price of each person beyond the places', name: 'over_cents', type: 'cents', optional: true, min: 0, value: shift?.over_cents })}</div></details>`

/** What somebody has is offered, because another spelling is another skill. */
export const qualificationFields = ({ skills, certificates }: HeldQualifications, shift?: ShownShift): Html =>
  html`${formField({ label: 'Skill', name: 'skill', optional: true, maxlength: 60, value: shift?.skill, list: 'skills-held' })}
${formField({ label: 'Certificate', name: 'certification', optional: true, maxlength: 60, value: shift?.certification, list: 'certificates-held' })}
<datalist id="skills-held">${skills.map(skill => html`<option value="${skill}"></option>`)}</datalist>
<datalist id="certificates-held">${certificates.map(held => html`<option value="${held}"></option>`)}</datalist>`

type ShiftData = {
  shift: ShownShift
  /** By `dutyKey`. */
  against: ReadonlyMap<string, readonly BrokenDutyRule[]>
  candidates: readonly Candidate[]
  /** Whether all candidates are shown, rather than the first of them. */
  all?: boolean
  requests: readonly ShiftRequest[]
  /** People who can ask for it or against it. */
  people: readonly { id: number; name: string }[]
  held: HeldQualifications
}

const shownAtFirst = 50

export function shiftBody({ shift, against, candidates, requests, people, held, all }: ShiftData): Html {
  const maxShown = all ? candidates.length : shownAtFirst
  const api = `/api/v1/roster/shifts/${shift.id}`
  const [may, mayNot] = [candidates.filter(({ allowed }) => allowed), candidates.filter(({ allowed }) => !allowed)]
  return html`<p>${name(shift.site)} · ${number(shift.filled)} of ${number(shift.headcount)} places filled · its times are those of ${shift.timezone}</p>
${table({
  caption: 'People on this shift',
  rows: shift.staff,
  columns: [
    {
      head: 'Name',
      names: true,
      cell: person =>
        html`<a href="/rota/staff/${person.staff_id}">${name(person.name)}</a>${person.pinned && pinMark}${person.broken && brokenMark}${against
          .get(dutyKey(shift.id, person.staff_id))
          ?.map(({ message }) => html`<div><small class="quiet">${message}</small></div>`)}`,
    },
  ],
  actions: ({ id, name: who, pinned }) => placeActions(id, who, pinned),
  empty: emptyState('Nobody yet', 'Assign somebody, or generate a roster.'),
})}
<section class="part"><h2>Who could work this shift</h2>
${candidatesTable(shift, may, maxShown)}
${whoMayNot(shift, mayNot, maxShown)}</section>
${
  shift.open > 0 &&
  may.length > 0 &&
  html`<section class="part"><h2>Put somebody here</h2>
${form(
  { action: '/api/v1/roster/assignments', done: 'They have this shift now' },
  html`<input type="hidden" name="shift_id" value="${shift.id}" data-type="number" />
${formField({
  label: 'Person',
  name: 'staff_id',
  type: 'select',
  sends: 'number',
  hint: 'Only people whom no rule excludes. They are pinned: a new roster keeps them here.',
  choices: may.map(({ staff_id, name }) => [staff_id, name]),
})}`,
  'Put them here',
)}</section>`
}
${requestsPart(api, requests, people)}
<section class="part"><h2>Change it</h2>
${form(
  { action: api, method: 'patch', done: 'Saved' },
  html`<div class="columns">
${formField({ label: 'Begins', name: 'starts_at', type: 'time', zone: shift.timezone, value: shift.starts_at })}
${formField({ label: 'Ends', name: 'ends_at', type: 'time', zone: shift.timezone, value: shift.ends_at })}
${formField({ label: 'Places', name: 'headcount', type: 'number', min: 0, max: 500, value: shift.headcount })}
${qualificationFields(held, shift)}
${kindField('Kind', 'kind', shift.kind)}</div>
${moreShiftFields(shift)}`,
  'Save',
)}
${action({ label: 'Delete the shift', look: 'danger', method: 'delete', action: `${api}?confirm=true`, confirm: shift.filled ? `Delete this shift? ${peopleAre(shift.filled)} on it.` : 'Delete this shift?', goTo: '/rota/shifts', done: 'Deleted' })}
</section>`
}

function requestsPart(api: string, requests: ShiftData['requests'], people: ShiftData['people']): Content {
  if (!people.length) return null
  return html`<section class="part"><h2>Who wants it, and who does not</h2>
${
  requests.length > 0 &&
  table({
    caption: 'Requests',
    rows: requests,
    columns: [
      { head: 'Name', names: true, cell: one => name(one.name) },
      { head: 'Asks', cell: ({ want }) => (want === 'on' ? 'to be here' : 'not to be here') },
      { head: 'Price if not followed', numeric: true, cell: ({ price_cents }) => money(price_cents) },
    ],
    actions: ({ staff_id, name }) =>
      action({
        label: 'Take back',
        of: name,
        look: 'quiet small',
        method: 'delete',
        action: `${api}/requests/${staff_id}`,
        done: 'Taken back',
      }),
  })
}
<details><summary>Add a request</summary>
${form(
  { action: `${api}/requests`, method: 'put', done: 'Saved: the next roster respects it' },
  html`<div class="columns">
${formField({ label: 'Person', id: 'f-request-staff', name: 'staff_id', type: 'select', sends: 'number', choices: people.map(({ id, name }) => [id, name]) })}
${formField({
  label: 'Asks',
  name: 'want',
  type: 'select',
  choices: { off: 'not to be here', on: 'to be here' },
})}
${formField({ label: 'Price if not followed', name: 'price_cents', type: 'cents', min: 0, value: 1000 })}</div>`,
  'Add it',
)}</details></section>`
}

function candidatesTable(shift: ShownShift, may: readonly Candidate[], maxShown: number): Html {
  const broken = shift.staff.filter(one => one.broken)
  return html`${table({
    caption: 'Allowed by all rules, best first',
    rows: may.slice(0, maxShown),
    columns: [
      { head: 'Name', names: true, cell: one => html`<a href="/rota/staff/${one.staff_id}">${name(one.name)}</a>` },
      {
        head: actionsHeading,
        cell: ({ staff_id, name: who }) =>
          html`<span class="actions">${broken.map(one =>
            action({
              label: html`Instead of ${name(one.name)}`,
              of: who,
              look: 'small',
              action: `/api/v1/roster/assignments/${one.id}/replace`,
              body: { staff_id },
              done: 'They have this shift now',
            }),
          )}${
            shift.open > 0 &&
            action({
              label: 'Put here',
              of: who,
              look: 'quiet small',
              action: '/api/v1/roster/assignments',
              body: { shift_id: shift.id, staff_id },
              done: 'They have this shift now',
            })
          }</span>`,
      },
      {
        head: 'Rest before or after',
        numeric: true,
        cell: ({ rest_hours }) => (rest_hours === null ? 'no work nearby' : html`${number(rest_hours)} h`),
      },
      {
        head: 'Hours that week',
        numeric: true,
        cell: one => html`${number(one.week_hours)} of ${number(one.max_hours_week)} h`,
      },
      { head: 'Cost', numeric: true, cell: ({ cost_cents }) => money(cost_cents) },
    ],
    empty: emptyState('Nobody else can work this shift', 'A rule excludes everyone else: see below.'),
  })}${andMore(may.length, maxShown, allOf(shift))}`
}

const allOf = ({ id }: ShownShift) => `/rota/shifts/${id}?all=true`

const whoMayNot = (shift: ShownShift, people: readonly Candidate[], maxShown: number): Content =>
  people.length > 0 &&
  html`<details><summary>Who may not, and why (${number(people.length)})</summary>
<ul>${people.slice(0, maxShown).map(one => html`<li>${one.against.map(({ message }) => message).join('; ')}</li>`)}</ul>${andMore(people.length, maxShown, allOf(shift))}</details>`

const placeActions = (id: number, who: string, pinned: boolean): Content =>
  html`<span class="actions">${action({
    label: pinned ? 'Unpin' : 'Pin',
    of: who,
    look: 'quiet small',
    action: `/api/v1/roster/assignments/${id}/${pinned ? 'unpin' : 'pin'}`,
  })}${action({
    label: 'Take off',
    of: who,
    look: 'danger small',
    method: 'delete',
    action: `/api/v1/roster/assignments/${id}`,
    confirm: `Take ${who} off this shift?`,
    done: 'Taken off',
  })}</span>`
