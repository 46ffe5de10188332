/** Compares a draft with the roster or another draft: only what differs. */
import { type Html, html } from '../../platform/html.ts'
import type { Pagination } from '../../platform/http/pagination.ts'
import { address } from '../../ui/parts/address.ts'
import { stats } from '../../ui/parts/figures.ts'
import { type FormChoices, selectOptions } from '../../ui/parts/form.ts'
import { emptyState } from '../../ui/parts/notices.ts'
import { paginationLinks } from '../../ui/parts/pagination-links.ts'
import { table } from '../../ui/parts/table.ts'
import { name, number } from '../../ui/parts/values.ts'
import { type Draft, draftName, type NamedDraft } from '../drafts.ts'
import type { Site } from '../site.ts'
import type { Difference } from './hand-drafts.ts'

type Sides = {
  draft: Draft
  /** Undefined: the published roster. */
  other: Draft | undefined
  sites: readonly Site[]
}
type DraftComparison = Sides & {
  drafts: readonly NamedDraft[]
  same: number
  differences: readonly Difference[]
  pagination: Pagination
}

const otherName = ({ other, sites }: Sides) => (other ? draftName(other, sites) : 'the published roster')

export const compareHeading = (sides: Sides): Html =>
  html`${name(draftName(sides.draft, sides.sites))} beside ${otherName(sides)}`

export function compareBody(data: DraftComparison): Html {
  const { draft, other, drafts, sites, same, differences, pagination } = data
  const path = `/rota/drafts/${draft.jobId}/compare`
  const listed = other && !drafts.some(({ jobId }) => jobId === other.jobId) ? [other, ...drafts] : drafts
  const others = listed.filter(({ jobId }) => jobId !== draft.jobId)
  const choices: FormChoices = [
    ['roster', 'The published roster'],
    ...others.map(one => [one.jobId, draftName(one, sites)] as const),
  ]
  const people = (side: Difference['here']) =>
    side.length
      ? side.map((one, i) => html`${i > 0 && ', '}${name(one.name)}`)
      : html`<span class="quiet">nobody</span>`
  return html`<div class="rota-bar"><a href="${address('/rota/plan', { draft: draft.jobId })}">Back to the draft</a>
<form method="get" action="${path}"><select name="with" aria-label="Compare with">${selectOptions(choices, other?.jobId ?? 'roster')}</select>
<button type="submit" class="small quiet">Compare</button></form></div>
${stats([
  { label: 'Shifts that differ', value: number(pagination.total) },
  { label: 'Places the same', value: number(same) },
])}
${table({
  caption: 'Shifts that differ',
  rows: differences,
  pages: pagination,
  columns: [
    {
      head: 'Shift',
      names: true,
      cell: ({ shift_id, words }) => html`<a href="/rota/shifts/${shift_id}">${words}</a>`,
    },
    { head: 'Only in this draft', cell: ({ here }) => people(here) },
    { head: `Only in ${otherName(data)}`, cell: ({ there }) => people(there) },
  ],
  empty: emptyState('No difference', 'Both put the same people on the same shifts.'),
})}
${paginationLinks(pagination, page => address(path, { with: other?.jobId ?? 'roster', page }))}`
}
