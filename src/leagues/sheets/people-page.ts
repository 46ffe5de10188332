/** The players behind the counts of an upload. */
import { type Content, type Html, html } from '../../platform/html.ts'
import type { Pagination } from '../../platform/http/pagination.ts'
import type { Who } from '../../platform/http/request-context.ts'
import { address } from '../../ui/parts/address.ts'
import { emptyState } from '../../ui/parts/notices.ts'
import { paginationLinks } from '../../ui/parts/pagination-links.ts'
import { table } from '../../ui/parts/table.ts'
import { moment, name, number } from '../../ui/parts/values.ts'
import { type Headings, metricName } from '../headings.ts'
import type { LeagueView } from '../league.ts'
import { leagueHead } from '../pages/league-head.ts'
import { takenText } from './held-page.ts'
import { sheetKindPages } from './kind-pages.ts'
import type { UploadView } from './upload.ts'
import { type ChangedPerson, changeReasons, peopleChangesOf, type UploadChange } from './upload-people.ts'

const changeWords: Record<UploadChange, string> = {
  new: 'New',
  missing: 'Missing',
  renamed: 'Renamed',
  went_down: 'Went down',
  suspicious: 'Suspicious',
  unknown: 'Unknown',
  duplicate: 'Duplicates',
}

type PeopleData = {
  league: LeagueView
  upload: UploadView
  headings: Headings | undefined
  list: {
    change: UploadChange
    comparedTo: { taken_at: string } | null
    people: ChangedPerson[]
    pagination: Pagination
  }
}

export function peoplePageBody({ league, upload, headings, list }: PeopleData, who: Who | undefined): Html {
  const { change, comparedTo, people, pagination } = list
  const path = `/leagues/${league.id}/uploads/${upload.id}`
  const csv = address(`/api/v1/uploads/${upload.id}/people.csv`, { change })
  return html`${leagueHead({ league, kind: sheetKindPages, who, tab: 'uploads', title: html`Players of ${name(upload.filename)}` })}
<div class="toolbar">
<span>${takenText(upload)}${comparedTo && html`; ${change === 'unknown' ? 'the newest scan' : upload.kind === 'extra' ? 'the extra sheet before' : 'the scan before'} was taken ${moment(comparedTo.taken_at)}`}</span>
<span class="actions"><a class="button small quiet" href="${path}">The upload</a><a class="button small quiet" href="${csv}" download>CSV</a></span>
</div>
<nav class="filters" aria-label="What to show">${peopleChangesOf(upload.kind).map(each => html`<a href="${address(`${path}/people`, { change: each })}"${each === change && html` aria-current="true"`}>${changeWords[each]}</a>`)}</nav>
<p class="quiet">Each of these players ${changeReasons[change]}.</p>
${table({
  caption: `${changeWords[change]}: players and what changed`,
  rows: people,
  pages: pagination,
  columns: [
    change !== 'duplicate' && {
      head: 'Name',
      names: true,
      cell: person =>
        person.player_id === null || change === 'unknown'
          ? name(person.name)
          : html`<a href="/leagues/${league.id}/players/${encodeURIComponent(person.player_id)}">${name(person.name || person.player_id)}</a>`,
    },
    { head: 'Id', cell: person => (person.player_id === null ? number(null) : html`<code>${person.player_id}</code>`) },
    people.some(({ line }) => line !== null) && { head: 'Line', numeric: true, cell: person => number(person.line) },
    { head: 'What', cell: person => changeCell(person, headings) },
  ],
  empty: emptyState(
    'Nobody',
    comparedTo || change === 'duplicate'
      ? `Nobody ${changeReasons[change]}.`
      : upload.kind === 'extra'
        ? 'There is no sheet to compare it with.'
        : 'There is no scan before this one.',
  ),
})}
${paginationLinks(pagination, (page, limit) => address(`${path}/people`, { change, page, limit }))}`
}

const changeCell = ({ changes, line, reason }: ChangedPerson, headings: Headings | undefined): Content => [
  line !== null && html`${reason} `,
  changes.map(
    ({ field, before, now }, i) =>
      html`${i > 0 && ' · '}${metricName(field, headings)} ${before !== null && valueText(before)}${before !== null && now !== null && ' → '}${now !== null && valueText(now)}`,
  ),
]

const valueText = (value: string | number): Content => (typeof value === 'number' ? number(value) : name(value))
