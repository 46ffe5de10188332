/** The people who can be planned: the list, and the form of one person. */

import { type Content, type Html, html } from '../platform/html.ts'
import type { Pagination } from '../platform/http/pagination.ts'
import { address } from '../ui/parts/address.ts'
import { badge } from '../ui/parts/badges.ts'
import { action, type FormField, form, formField } from '../ui/parts/form.ts'
import { emptyState } from '../ui/parts/notices.ts'
import { paginationLinks } from '../ui/parts/pagination-links.ts'
import { table } from '../ui/parts/table.ts'
import { money, name, number } from '../ui/parts/values.ts'
import { dateSpan } from './calendar-view.ts'
import { daysAfter } from './date-range.ts'
import { staffColumns } from './import-staff.ts'
import { importForm } from './imports.ts'
import { longDate } from './long-date.ts'
import { absencesOf, type PersonView } from './person.ts'
import { rulesFields } from './rules-fields.ts'
import type { Site } from './site.ts'

type StaffData = { staff: readonly PersonView[]; pagination: Pagination; q: string | undefined; today: string }

export function staffBody({ staff, pagination: pages, q, today }: StaffData): Html {
  return html`<div class="toolbar"><form class="search" method="get" action="/rota/staff" role="search">
<input type="search" name="q" value="${q}" placeholder="Search staff" aria-label="Search staff" maxlength="80" autocomplete="off" /><kbd aria-hidden="true">/</kbd>
</form><span class="actions"><a class="button" href="/rota/staff/new">Add person</a></span></div>
${table({
  caption: 'Staff',
  rows: staff,
  pages,
  columns: [
    {
      head: 'Name',
      names: true,
      cell: person =>
        html`<a href="/rota/staff/${person.id}">${name(person.name)}</a>${!person.active && html` ${badge('inactive', 'quiet')}`}`,
    },
    { head: 'Skills', cell: ({ skills }) => skills.join(', ') || html`<span class="quiet">none</span>` },
    { head: 'Certificates', cell: ({ certifications }) => certificates(certifications, today) },
    { head: 'Max hours per week', numeric: true, cell: ({ max_hours_week }) => number(max_hours_week) },
    { head: 'Wage per hour', numeric: true, cell: ({ hourly_cents }) => money(hourly_cents) },
    { head: 'Away', cell: person => nextAbsence(person, today) },
  ],
  empty: q
    ? emptyState('No match', html`No name here contains “${q}”.`)
    : emptyState(
        'No people yet',
        'People are planned by their skills, certificates, hours and absences.',
        html`<a class="button" href="/rota/staff/new">Add person</a>`,
      ),
})}
${paginationLinks(pages, page => address('/rota/staff', { q, page }))}
${importForm({
  title: 'Import people',
  action: '/api/v1/roster/staff/import',
  columns: staffColumns,
  example:
    'name,skills,max_hours_week,hourly_wage,certifications\nAnn Berg,bar | steward,24,15.50,first aid 2027-12-31',
  more: 'Existing people, matched by id or name, are changed; empty cells leave values as they are. Commas or | separate several values in a cell; one value that has a comma ends with |, as “crowd, control |”.',
})}`
}

export const certificates = (held: PersonView['certifications'], today: string): Content =>
  held.map(({ name: title, expires_on }) => {
    const tone = expires_on < today ? 'bad' : expires_on <= daysAfter(today, 30) ? 'warn' : 'quiet'
    const words = expires_on < today ? 'ran out' : 'until'
    return html`<div>${name(title)} ${tone === 'quiet' ? html`<small class="quiet">${words} ${longDate(expires_on)}</small>` : badge(`${words} ${longDate(expires_on)}`, tone)}</div>`
  })

function nextAbsence(person: PersonView, today: string): Content {
  const [next] = absencesOf(person)
    .filter(({ to }) => to.slice(0, 10) >= today)
    .sort((a, b) => a.from.localeCompare(b.from))
  if (!next) return null
  const [from, to] = [next.from.slice(0, 10), next.to.slice(0, 10)]
  return from === to ? longDate(from) : dateSpan(from, to)
}

const weekdays = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday']
const blankRows = 2

export function personBody(
  person: PersonView | undefined,
  { sites, today }: { sites: readonly Site[]; today: string },
): Html {
  const leave = person?.leave.filter(({ to }) => to >= today) ?? []
  const api = person ? `/api/v1/roster/staff/${person.id}` : '/api/v1/roster/staff'
  return html`<section class="part">
${form(
  { action: api, method: person ? 'put' : 'post', goTo: '/rota/staff', done: person ? 'Saved' : 'Added' },
  html`<div class="columns">${formField({ label: 'Name', name: 'name', value: person?.name, maxlength: 80, autofocus: !person })}
${formField({ label: 'Max hours per week', name: 'max_hours_week', type: 'number', min: 0, max: 168, step: 'any', value: person?.max_hours_week ?? 40 })}
${formField({ label: 'Hourly wage', name: 'hourly_cents', type: 'cents', min: 0, value: person?.hourly_cents ?? 0 })}</div>
${formField({ label: 'Skills', name: 'skills', type: 'list', optional: true, value: person?.skills.join('\n'), placeholder: 'bar\nsteward', hint: 'One per line, named as in the shifts' })}
${formField({ label: 'Account', name: 'account', optional: true, value: person?.account, maxlength: 40, hint: 'Their user name here: they see their shifts under “My shifts”' })}
${rows('Certificates', person?.certifications ?? [], (held, i) => [
  { label: 'Name', name: `certifications[${i}].name`, value: held?.name, maxlength: 60 },
  { label: 'Valid through', name: `certifications[${i}].expires_on`, type: 'date', value: held?.expires_on },
])}
${rows(
  'Away',
  person?.unavailable ?? [],
  (away, i) => [
    { label: 'From', name: `unavailable[${i}].from`, type: dayOrMoment(away?.from), value: away?.from },
    { label: 'To', name: `unavailable[${i}].to`, type: dayOrMoment(away?.to), value: away?.to },
  ],
  html`Days at the site, both included${leave.length > 0 && html`; <a href="/rota/requests">approved leave</a> counts too: ${leave.map(({ from, to }) => dateSpan(from, to)).join(', ')}`}`,
)}
${wishRows(person?.preferences ?? [], sites)}
${rulesFields(person?.rules ?? {}, { isSite: false })}
${formField({ label: 'Active (schedulable)', name: 'active', type: 'checkbox', value: person?.active ?? true, hint: 'Inactive people keep their history' })}`,
  person ? 'Save' : 'Add person',
)}
${
  person &&
  html`<div class="steps"><div class="step"><h2>Delete</h2><p class="quiet">Removes them and every shift they were on, past ones too.</p>
${action({ label: 'Delete for good', look: 'danger', method: 'delete', action: `${api}?confirm=true`, confirm: `Delete ${person.name} and every shift they were on?`, goTo: '/rota/staff', done: 'Deleted' })}</div></div>`
}
</section>`
}

/** Programs can also set times instead of days. */
const dayOrMoment = (at: string | undefined) => (at?.includes('T') ? 'text' : 'date')

/** The existing absences and some empty ones; an emptied row is deleted. */
function rows<Row>(
  legend: string,
  given: readonly Row[],
  fields: (row: Row | undefined, i: number) => FormField[],
  hint?: Content,
): Html {
  const all = [...given, ...Array.from({ length: blankRows }, () => undefined)]
  return html`<fieldset class="rows"><legend>${legend}</legend>
${hint && html`<p class="hint quiet">${hint}</p>`}
${all.map((row, i) => html`<div class="columns">${fields(row, i).map(one => formField({ ...one, optional: true }))}</div>`)}</fieldset>`
}

/** Only officers decide how much a wish counts. A wish for a deleted site is left out: without the site it would be for all. */
export const wishRows = (wishes: PersonView['preferences'], sites: readonly Site[], isOwn = false): Html =>
  rows(
    'Wishes',
    wishes.filter(({ site_id }) => !site_id || sites.some(({ id }) => id === site_id)),
    (wish, i) => wishFields(wish, i, sites).filter(({ name }) => !isOwn || !name.endsWith('.weight')),
    `Blank means any; the times are of the start of a shift.${isOwn ? '' : ' A wish that counts 3 weighs as much as three others.'}`,
  )

type Wish = PersonView['preferences'][number]

const wishFields = (wish: Wish | undefined, i: number, sites: readonly Site[]): FormField[] => {
  const choice = (
    label: string,
    part: string,
    value: string | number | undefined,
    choices: (readonly [value: string | number, label: string])[],
  ): FormField => ({
    label,
    name: `preferences[${i}].${part}`,
    type: 'select',
    value: value ?? '',
    choices: [['', '–'], ...choices],
  })
  return [
    choice('Wish', 'want', wish?.want, [
      ['prefer', 'prefers'],
      ['avoid', 'avoids'],
    ]),
    {
      ...choice(
        'Day',
        'weekday',
        wish?.weekday,
        weekdays.map((label, day) => [day + 1, label]),
      ),
      sends: 'number',
    },
    {
      ...choice(
        'Site',
        'site_id',
        wish?.site_id,
        sites.map(({ id, name }) => [id, name]),
      ),
      sends: 'number',
    },
    { label: 'Date', name: `preferences[${i}].date`, type: 'date', value: wish?.date },
    { label: 'From', name: `preferences[${i}].from`, type: 'clock', value: wish?.from },
    { label: 'To', name: `preferences[${i}].to`, type: 'clock', value: wish?.to },
    {
      label: 'Counts',
      name: `preferences[${i}].weight`,
      type: 'number',
      min: 0.1,
      max: 100,
      step: 'any',
      value: wish?.weight,
      placeholder: '1',
    },
  ]
}
