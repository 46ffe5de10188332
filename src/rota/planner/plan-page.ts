/** The planner's page: the published week, or a draft of it to change. */
import { csrfInput } from '../../accounts/csrf.ts'
import { type Content, type Html, html } from '../../platform/html.ts'
import type { Who } from '../../platform/http/request-context.ts'
import { counted } from '../../platform/number-text.ts'
import { address } from '../../ui/parts/address.ts'
import { badge } from '../../ui/parts/badges.ts'
import { action, form, formField, selectOptions } from '../../ui/parts/form.ts'
import { andMore, emptyState, notice } from '../../ui/parts/notices.ts'
import { money, name, number } from '../../ui/parts/values.ts'
import { dateSpan, shiftTimes, shortDay, timezoneNote } from '../calendar-view.ts'
import { daysAfter, mondayOf } from '../date-range.ts'
import { changesText, type Draft, draftName, type NamedDraft } from '../drafts.ts'
import { importForm } from '../imports.ts'
import { siteSelect } from '../rota-layout.ts'
import { hoursOf } from '../shift.ts'
import type { Site } from '../site.ts'
import { type Grid, peopleGrid, sitesGrid } from './grid.ts'

export type PlanView = 'people' | 'sites'
export type PlanData = {
  view: PlanView
  monday: string
  siteId: number | undefined
  allSites: readonly Site[]
  draft: Draft | undefined
  /** Unpublished drafts of these days, newest first. */
  drafts: readonly NamedDraft[]
  templates: { templates: readonly { id: number; name: string }[]; total: number }
  /** Of all its days, with the first one that each is about. */
  conflicts: readonly { message: string; day: string | undefined }[]
  /** How many people have no row, as there are very many. */
  hiddenPeople: number
  /** Leave and swaps that wait for an officer. */
  requests: number
  grid: Grid
}

/** A move by the form that was refused, and why. */
export type RefusedMove = { place: string; to: number | '' | undefined; status: number; message: string }

const planPath = (
  { view, monday, siteId, draft }: PlanData,
  change: Partial<Record<'week' | 'view' | 'draft', string>> = {},
) => address('/rota/plan', { week: monday, site_id: siteId, view, draft: draft?.jobId, ...change })

const isOpen = (draft: Draft | undefined): draft is Draft => draft !== undefined && draft.confirmedAt === null

/** The part that changes as a whole with another week or draft. */
export function planHead(data: PlanData): Html {
  const { monday, siteId, view, allSites, draft, drafts } = data
  const views = [
    ['people', 'By person'],
    ['sites', 'By site'],
  ] as const
  return html`<div class="rota-bar"><strong>${dateSpan(monday, daysAfter(monday, 6))}</strong>
<nav class="filters" aria-label="Weeks"><a rel="prev" href="${planPath(data, { week: daysAfter(monday, -7) })}">← Before</a><a rel="next" href="${planPath(data, { week: daysAfter(monday, 7) })}">After →</a></nav>
<nav class="filters" aria-label="View">${views.map(([key, label]) => html`<a href="${planPath(data, { view: key })}" ${key === view && html`aria-current="page"`}>${label}</a>`)}</nav>
<form method="get" action="/rota/plan"><input type="hidden" name="week" value="${monday}" /><input type="hidden" name="view" value="${view}" />
${siteSelect(allSites, siteId)}
<select name="draft" aria-label="Roster or draft">${selectOptions([['', 'The published roster'], ...drafts.map(one => [one.jobId, draftName(one, allSites)] as const)], draft?.jobId)}</select>
<button type="submit" class="small quiet">Show</button></form></div>
<p class="quiet">${timezoneNote(data.grid.sites)}${data.requests > 0 && html` <a href="/rota/requests">${counted(data.requests, 'request waits', 'requests wait')}</a> for an answer.`}</p>
${draft ? draftBar(data, draft) : rosterBar(data)}`
}

function rosterBar(data: PlanData): Html {
  const { monday: start_date, siteId } = data
  const end_date = daysAfter(start_date, 6)
  return html`<div class="actions plan-actions">${form(
    { action: '/api/v1/roster/drafts', goTo: `/rota/plan?draft={job_id}&view=${data.view}` },
    html`<input type="hidden" name="start_date" value="${start_date}" /><input type="hidden" name="end_date" value="${end_date}" />${siteInputs(siteId ? [siteId] : [])}`,
    'Change this week',
  )}<a class="button quiet" href="/rota/generate">Generate a roster</a>${
    data.grid.shifts.length > 0 &&
    action({
      label: 'Clear this week',
      look: 'danger',
      action: '/api/v1/roster/clear',
      body: { start_date, end_date, ...(siteId && { 'site_ids[]': siteId }) },
      confirm: `Take everybody off the shifts of ${dateSpan(start_date, end_date)} at ${siteId ? 'this site' : 'all sites'}? Pinned people stay. Everyone taken off is notified.`,
      done: 'The week has been cleared',
    })
  }</div>
<p class="quiet">This is the published roster. Changes are made in a draft, which people see once it is published.</p>`
}

const siteInputs = (ids: readonly number[]): Html[] =>
  ids.map(id => html`<input type="hidden" name="site_ids[]" value="${id}" data-type="number" />`)

function draftBar(data: PlanData, draft: Draft): Html {
  const { jobId, range } = draft
  const api = `/api/v1/roster/drafts/${jobId}`
  const title = html`<p><strong>${name(draftName(draft, data.allSites))}</strong> ${draft.confirmedAt === null ? badge('draft', 'warn') : badge('published', 'good')} ${draft.changes > 0 && html`<span class="quiet">${changesText(draft.changes)}</span>`}</p>`
  const compare = html`<a class="button quiet" href="/rota/drafts/${jobId}/compare">Compare</a>`
  if (draft.confirmedAt !== null)
    return html`${title}<div class="actions plan-actions">${compare}${form(
      { action: '/api/v1/roster/drafts', goTo: `/rota/plan?draft={job_id}&view=${data.view}` },
      html`<input type="hidden" name="start_date" value="${range.start}" /><input type="hidden" name="end_date" value="${range.end}" /><input type="hidden" name="from" value="${jobId}" />${siteInputs(range.siteIds)}`,
      'Make a draft of it',
    )}</div>`
  const days = { start: data.monday, end: daysAfter(data.monday, 6) }
  return html`${title}<div class="actions plan-actions">${action({
    label: 'Publish',
    action: '/api/v1/roster/confirm',
    body: { job_id: jobId },
    confirm: `Publish this as the roster of ${dateSpan(range.start, range.end)}? People who get or lose a shift are notified.`,
    goTo: address('/rota/plan', { week: data.monday, view: data.view }),
    done: 'Published; everyone affected is notified',
  })}${compare}${action({
    label: 'Clear this week',
    look: 'quiet',
    action: `${api}/clear`,
    body: days,
    confirm: 'Take everybody off in this draft? Pinned people stay.',
    done: 'The week has been cleared in this draft',
  })}${action({
    label: 'Name it',
    look: 'quiet',
    method: 'patch',
    action: api,
    confirm: 'Give this draft a name of its own?',
    ask: { name: 'name', label: 'Name' },
    done: 'Named',
  })}${action({
    label: 'Discard',
    look: 'danger',
    method: 'delete',
    action: api,
    confirm: 'Discard this draft? The published roster stays as it is.',
    goTo: address('/rota/plan', { week: data.monday, view: data.view }),
    done: 'Discarded',
  })}</div>`
}

/** The part that updates itself: conflicts, and the grid. */
export function planBody(data: PlanData, who: Who | undefined, refused?: RefusedMove): Html {
  const { grid, view, draft, conflicts } = data
  if (!grid.shifts.length)
    return emptyState(
      'No shifts in this week',
      'Make them from a weekly pattern, a template, another week or a plan in a spreadsheet.',
      html`<a class="button" href="/rota/shifts">Plan shifts</a>`,
    )
  return html`${conflicts.length > 0 && notice(brokenRules(data), 'bad')}
<p>${weekTotals(grid)}</p>
${isOpen(draft) && html`<p class="quiet needs-js">Drag a place to a person or a day. By keyboard: Enter picks it up, the arrows choose where, Enter drops it, Escape cancels.</p>`}
<div data-plan-draft="${isOpen(draft) && draft.jobId}" data-from="${grid.days[0]}" data-to="${grid.days.at(-1)}">${view === 'people' ? peopleGrid(grid) : sitesGrid(grid)}</div>
${view === 'people' && andMore(grid.people.length + data.hiddenPeople, grid.people.length, '/rota/staff')}
${isOpen(draft) && moveForm(data, draft, who, refused)}`
}

const maxConflicts = 200 // listed
const firstConflicts = 5 // to be seen at once

/** Each leads to its week. */
function brokenRules(data: PlanData): Html {
  const { conflicts } = data
  const list = (some: PlanData['conflicts']) =>
    html`<ul>${some.map(({ message, day }) => html`<li>${day ? html`<a href="${planPath(data, { week: mondayOf(day) })}">${message}</a>` : message}</li>`)}</ul>`
  const others = conflicts.slice(firstConflicts, maxConflicts)
  return html`<p>${conflicts.length === 1 ? 'A rule is broken' : html`${number(conflicts.length)} rules are broken`}:</p>${list(conflicts.slice(0, firstConflicts))}
${others.length > 0 && html`<details><summary>${number(others.length)} more</summary>${list(others)}</details>`}${andMore(conflicts.length, firstConflicts + others.length)}`
}

/** Totals of the week, as far as it is shown. */
function weekTotals({ shifts, people }: Grid): Html {
  const wages = new Map(people.map(({ id, hourly_cents }) => [id, hourly_cents]))
  const [places, filled] = [sum(shifts, one => one.headcount), sum(shifts, one => Math.min(one.filled, one.headcount))]
  const hours = sum(shifts, one => hoursOf(one) * one.filled)
  const cents = sum(shifts, one => hoursOf(one) * sum(one.staff, ({ staff_id }) => wages.get(staff_id) ?? 0))
  return html`<strong>${number(filled)} of ${number(places)}</strong> places filled · ${number(hours, { unit: 'h' })} · cost ${money(Math.round(cents))}`
}

const sum = <T>(all: readonly T[], of: (one: T) => number): number => all.reduce((total, one) => total + of(one), 0)

/** The same without script, and for people who prefer lists. */
function moveForm(
  { grid, monday, siteId, view }: PlanData,
  { jobId }: Draft,
  who: Who | undefined,
  refused: RefusedMove | undefined,
): Html {
  const words = (shift: Grid['shifts'][number]) => `${shortDay(shift.date)} ${shiftTimes(shift)}, ${shift.site}`
  const places = grid.shifts.flatMap(shift => [
    ...shift.staff
      .filter(({ pinned }) => !pinned)
      .map(person => [`${shift.id}/${person.staff_id}`, `${words(shift)}: ${person.name}`] as const),
    ...(shift.open > 0 ? [[`${shift.id}/`, `${words(shift)}: open`] as const] : []),
  ])
  return html`<details class="fold" ${refused && html`open`}><summary>Move by form</summary>
<form class="form" method="post" action="${address(`/rota/plan/${jobId}/move`, { week: monday, site_id: siteId, view })}">
${csrfInput(who)}
<div class="columns">${formField({ label: 'Place', name: 'place', id: 'f-place', type: 'select', choices: places, value: refused?.place, error: refused?.message, autofocus: refused !== undefined })}
${formField({
  label: 'To',
  name: 'to',
  id: 'f-to',
  type: 'select',
  optional: true,
  value: refused?.to,
  choices: [['', 'nobody: take off'], ...grid.people.map(({ id, name }) => [id, name] as const)],
})}</div>
<div class="submit"><button type="submit">Move</button></div></form></details>`
}

const templatesPart = ({ monday, siteId, templates: { templates, total } }: PlanData): Content =>
  html`<section class="part templates"><h2>Templates</h2>
${form(
  { action: '/api/v1/roster/templates', done: 'The week is saved as a template' },
  html`<input type="hidden" name="monday" value="${monday}" />${siteInputs(siteId ? [siteId] : [])}
<div class="columns">${formField({ label: 'Name', name: 'name', maxlength: 80, placeholder: 'A summer week' })}</div>`,
  'Save this week as a template',
)}
${
  templates.length > 0 &&
  html`<ul class="items">${templates.map(
    ({ id, name: title }) =>
      html`<li>${name(title)} <span class="actions">${action({ label: 'Make its shifts in this week', of: title, look: 'small', action: `/api/v1/roster/templates/${id}/apply`, body: { monday }, confirm: `Make the shifts of “${title}” in the week of ${shortDay(monday)}? Existing shifts stay.`, done: 'The shifts have been made' })}${action({ label: 'With its people, as a draft', of: title, look: 'quiet small', action: `/api/v1/roster/templates/${id}/apply`, body: { monday, people: true }, confirm: `Make the shifts of “${title}” in the week of ${shortDay(monday)}, and a draft with its people?`, goTo: '/rota/plan?draft={draft_id}' })}${action({ label: 'Delete', of: title, look: 'danger small', method: 'delete', action: `/api/v1/roster/templates/${id}`, confirm: `Delete the template “${title}”? Shifts made from it stay.` })}</span></li>`,
  )}</ul>${andMore(total, templates.length)}`
}</section>`

const importPart = ({ monday, allSites }: PlanData): Content =>
  allSites[0] &&
  importForm({
    title: 'Import a plan',
    action: '/api/v1/roster/drafts/import',
    goTo: '/rota/plan?draft={draft_id}',
    month: monday.slice(0, 7),
    example: `date,from,to,site,person\n${monday},07:00,15:00,${allSites[0].name},"Ann Berg, Bob Moss"`,
    more: `Shifts that are missing are made where the times are known. Who works becomes a draft: it marks the rules that are broken, and nobody is told before it is published. ${timezoneNote(allSites)}`,
    forms: [
      html`<b>A list:</b> date, from, to, site and person, with several names separated by commas. Perhaps kind, skill, certification and headcount of the shift.`,
      html`<b>A month by person:</b> name, and a column for each day. In its cells the kind of a shift or its first letter, times such as 07:00–15:00, or U for leave.`,
      html`<b>Days by shift:</b> date, and a column for each kind of shift, with the names in its cells.`,
    ],
  })

/** Below the week: what makes others. */
export const planFoot = (data: PlanData): Html => html`${templatesPart(data)}${importPart(data)}`
