/** Generating a roster: the form, the progress, and the draft to check before it is published. */

import type { Db } from '../../db/open.ts'
import { type Content, type Html, html } from '../platform/html.ts'
import type { Pagination } from '../platform/http/pagination.ts'
import { isFinished, type Run } from '../platform/jobs/runs.ts'
import { counted } from '../platform/number-text.ts'
import { address } from '../ui/parts/address.ts'
import { badge, status } from '../ui/parts/badges.ts'
import { progress, stats } from '../ui/parts/figures.ts'
import { action, checks, form, formField } from '../ui/parts/form.ts'
import { emptyState, notice } from '../ui/parts/notices.ts'
import { paginationLinks } from '../ui/parts/pagination-links.ts'
import { table } from '../ui/parts/table.ts'
import { money, name, number, percent, time } from '../ui/parts/values.ts'
import { dateSpan, shiftNeeds, shiftTimes, shortDay, timezoneNote, weeksBySite } from './calendar-view.ts'
import { daysAfter, mondayOf } from './date-range.ts'
import { changesText, type Draft, draftName, findDraft } from './drafts.ts'
import { rosterView, type ShownShift, withPeopleOf } from './roster-view.ts'
import type { Site } from './site.ts'
import { todayAtSites } from './site-queries.ts'
import { dutyKey, type EndReason, type RosterSummary, type Unfilled } from './solving/problem.ts'

type GenerateData = { sites: readonly Site[]; drafts: readonly Draft[]; pagination: Pagination; today: string }

const algorithmWords: Record<string, string> = {
  production: 'Good, within seconds',
  optimal: 'Optimal, slow',
  greedy: 'Quick',
}

export function generateBody({ sites, drafts, pagination: pages, today }: GenerateData): Html {
  const monday = daysAfter(mondayOf(today), 7)
  if (!sites.length)
    return emptyState(
      'Nothing to fill yet',
      html`A roster puts people on shifts. It needs a site, its <a href="/rota/shifts">shifts</a>, and the <a href="/rota/staff">people</a> who work them.`,
      html`<a class="button" href="/rota/sites">Make the first site</a>`,
    )
  return html`${form(
    { action: '/api/v1/jobs/roster/generate', goTo: '/rota/drafts/{job_id}' },
    html`<p class="quiet">${timezoneNote(sites)}</p><div class="columns">${formField({ label: 'From day', name: 'start_date', type: 'date', value: monday })}
${formField({ label: 'Through', name: 'end_date', type: 'date', value: daysAfter(monday, 6) })}</div>
${sites.length > 1 && checks({ label: 'Sites', name: 'site_ids', choices: sites.map(({ id, name }) => [id, name]), ticked: () => true, hint: 'Work at the others still takes rest and hours' })}
<div class="columns">${formField({
      label: 'How',
      name: 'algorithm',
      type: 'select',
      value: 'production',
      choices: algorithmWords,
    })}
${formField({ label: 'Time limit (seconds)', name: 'budget_s', type: 'number', optional: true, min: 1, max: 600, hint: 'Blank = 10, or 300 for optimal' })}
${formField({ label: 'Seed', name: 'seed', type: 'number', optional: true, min: 0, hint: 'The same seed gives the same roster' })}</div>`,
    'Generate a roster',
  )}
<section class="part"><h2>Drafts</h2>
${table({
  caption: 'Drafts, newest first',
  rows: drafts,
  pages,
  columns: [
    {
      head: 'Draft',
      names: true,
      cell: draft => html`<a href="/rota/drafts/${draft.jobId}">${name(draftName(draft, sites))}</a>`,
    },
    { head: 'Made', cell: ({ createdAt }) => time(createdAt) },
    {
      head: 'How',
      cell: ({ algorithm, changes }) =>
        html`${algorithmWords[algorithm] ?? algorithm}${changes > 0 && html` <small class="quiet">${changesText(changes)}</small>`}`,
    },
    {
      head: 'Covered',
      numeric: true,
      cell: ({ content }) => percent(content.summary && content.summary.coverage * 100),
    },
    { head: 'Cost', numeric: true, cell: ({ content }) => money(content.summary?.cost_cents) },
    { head: 'State', cell: draftBadge },
  ],
  empty: emptyState('No drafts yet', 'Drafts are kept here for 90 days.'),
})}
${paginationLinks(pages, page => address('/rota/generate', { page }))}</section>`
}

type DraftAsked = {
  jobId: string
  run: Run | undefined
  /** The run it waits for before it starts, if any. */
  waits: string | null
}
type DraftData = DraftAsked & {
  draft: Draft | undefined
  /** The shifts of its days as they are now, with the people of the draft. */
  shifts: readonly ShownShift[]
  isNew(shiftId: number, staffId: number): boolean
  today: string
}

/** The part that updates itself: progress at first, then the result. Made in the reader thread, as that of thousands of shifts takes long. */
export function draftPart(db: Db, { now, ...asked }: DraftAsked & { now: number }): string {
  const draft = findDraft(db, asked.jobId)
  const isUnderWay = asked.run && !isFinished(asked.run)
  const { shifts } = draft && !isUnderWay ? rosterView(db, { range: draft.range, now }) : { shifts: [] }
  const there = new Set(shifts.flatMap(({ id, staff }) => staff.map(({ staff_id }) => dutyKey(id, staff_id))))
  const data: DraftData = {
    ...asked,
    draft,
    today: todayAtSites(db, now),
    isNew: (shiftId, staffId) => draft?.confirmedAt === null && !there.has(dutyKey(shiftId, staffId)),
    shifts: draft ? withPeopleOf(db, draft.content.assignments, shifts) : [],
  }
  return String(html`${stateOf(data)}
${draftContent(data)}`)
}

function draftContent(data: DraftData): Html {
  const { run, draft, jobId } = data
  if (run && !isFinished(run)) return underWay(run, data.waits)
  if (!draft)
    return html`${notice(html`${run?.status === 'CANCELLED' ? 'It was cancelled before there was a roster.' : (run?.error ?? 'There is no draft.')}`, 'bad')}
<p><a class="button" href="/rota/generate">Try again</a></p>`
  return review(data, draft, jobId)
}

const underWay = (
  run: Run,
  waits: string | null,
): Html => html`<section class="part"><h2>${run.stage ?? 'Waiting for its turn'}</h2>
${waits && html`<p>${waits}.</p>`}
${progress(run.progress, 'How far it is')}
<p>${number(run.progress)} %${run.message && html` · ${run.message}`}</p>
${action({ label: 'Stop and keep the best so far', look: 'quiet', method: 'delete', action: `/api/v1/jobs/cancel/${run.id}`, goTo: 'stay' })}</section>`

const endedWords: Record<EndReason, string> = {
  proved: 'proved optimal',
  heuristic: 'good, not proved optimal',
  budget: 'time limit reached',
  cancelled: 'stopped',
  failed: 'the exact solver failed; this is the best roster before that',
}

function review({ shifts, isNew, today }: DraftData, draft: Draft, jobId: string): Html {
  const { summary, unfilled } = draft.content
  const { start, end } = draft.range
  const added = shifts.reduce((all, { id, staff }) => all + staff.filter(one => isNew(id, one.staff_id)).length, 0)
  return html`${summary ? summaryPart(summary, unfilled) : html`<p>Changed by hand: ${counted(unfilled.length, 'place')} open.</p>`}
${
  draft.confirmedAt
    ? notice(
        html`Published ${time(draft.confirmedAt)}: it is the roster. <a href="/rota?start=${start}&amp;end=${end}">See it</a>`,
        'good',
      )
    : html`<div class="actions">${action({
        label: 'Publish this roster',
        action: '/api/v1/roster/confirm',
        body: { job_id: jobId },
        confirm: `Publish this as the roster of ${dateSpan(start, end)}? Everyone who is not pinned there is replaced. People who get or lose a shift are notified.`,
        goTo: address('/rota', { start, end }),
        done: 'Published; everyone affected is notified',
      })}<a class="button quiet" href="${address('/rota/plan', { draft: jobId })}">Change it in the grid</a>${action({
        label: 'Discard',
        look: 'quiet',
        method: 'delete',
        action: `/api/v1/roster/drafts/${jobId}`,
        confirm: 'Discard this draft? The published roster stays as it is.',
        goTo: '/rota/generate',
        done: 'Discarded',
      })}<span class="quiet">${counted(added, 'place')} would be newly filled, marked in green.</span></div>`
}
${unfilled.length > 0 && openPlaces(unfilled, shifts)}
${weeksBySite({ shifts, start, end, today, linked: true, isNew })}`
}

const summaryPart = (summary: RosterSummary, unfilled: readonly Unfilled[]): Html => html`${stats([
  { label: 'Covered', value: percent(summary.coverage * 100), note: openText(unfilled.length, summary.open_bound) },
  { label: 'Cost', value: money(summary.cost_cents), note: 'wages' },
  ...(summary.penalty_cents
    ? [{ label: 'Price of rules not kept', value: money(summary.penalty_cents), note: 'and of requests and numbers' }]
    : []),
  {
    label: 'Possible saving at most',
    value: percent(summary.gap * 100, { digits: 2 }),
    note: endedWords[summary.ended],
  },
  { label: 'Fairness', value: percent(summary.fairness * 100), note: '100 % means everyone gets the same share' },
  { label: 'Wishes', value: number(summary.preferences, { signed: true }), note: 'wishes met minus wishes refused' },
])}
${[...(summary.unmet ?? []), ...(summary.advice ?? [])].map(sentence => html`<p>${sentence}</p>`)}`

const openText = (open: number, bound: number): string =>
  !open ? 'no place open' : `${open} open${bound ? `, ${bound} of them whatever the roster` : ''}`

function openPlaces(unfilled: readonly Unfilled[], shifts: readonly ShownShift[]): Content {
  const known = new Map(shifts.map(shift => [shift.id, shift]))
  const rows = [...Map.groupBy(unfilled, ({ shift_id }) => shift_id).values()].flatMap(places => {
    const [first] = places
    const shift = first && known.get(first.shift_id)
    return first && shift ? [{ shift, message: first.message, places: places.length }] : []
  })
  return html`<section class="part"><h2>Places that stay open</h2>
${table({
  caption: 'Places that stay open, and why',
  rows,
  columns: [
    {
      head: 'Shift',
      names: true,
      cell: ({ shift }) => html`<a href="/rota/shifts/${shift.id}">${shortDay(shift.date)}, ${shiftTimes(shift)}</a>`,
    },
    { head: 'Site', cell: ({ shift }) => name(shift.site) },
    { head: 'Asks for', cell: ({ shift }) => shiftNeeds(shift) },
    { head: 'Open', numeric: true, cell: ({ places }) => number(places) },
    { head: 'Why', cell: ({ message }) => message },
  ],
})}</section>`
}

const stateOf = ({ run, draft }: DraftData): Content =>
  run &&
  html`<p>${run.status === 'SUCCESS' && draft ? draftBadge(draft) : status(run.status)} ${draft && html`<span class="quiet">${algorithmWords[draft.algorithm] ?? draft.algorithm}, seed ${draft.seed}</span>`}</p>`

const draftBadge = ({ confirmedAt }: Draft): Content => (confirmedAt ? badge('published', 'good') : badge('draft'))
