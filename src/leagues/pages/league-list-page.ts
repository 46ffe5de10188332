import type { Static } from 'elysia'
import { type Content, type Html, html } from '../../platform/html.ts'
import { isAtLeast } from '../../platform/http/access.ts'
import type { Pagination } from '../../platform/http/pagination.ts'
import type { Who } from '../../platform/http/request-context.ts'
import { address, type Params } from '../../ui/parts/address.ts'
import { status } from '../../ui/parts/badges.ts'
import { emptyState } from '../../ui/parts/notices.ts'
import { paginationLinks } from '../../ui/parts/pagination-links.ts'
import { table } from '../../ui/parts/table.ts'
import { localDay, name, number } from '../../ui/parts/values.ts'
import type { Kinds } from '../kinds.ts'
import { type LeagueView, leagueStatuses } from '../league.ts'
import type { leagueListQuery } from '../league-list.ts'

type LeagueList = { leagues: readonly LeagueView[]; pagination: Pagination }

/** The page of leagues: current, upcoming and past. */
export function leaguesBody(
  list: LeagueList,
  query: Static<typeof leagueListQuery>,
  kinds: Kinds,
  who: Who | undefined,
  first?: Content,
): Html {
  const { kind, status: statusFilter, q } = query
  const to = (change: Params) => address('/', { kind, status: statusFilter, q, ...change })
  const isFiltered = Boolean(kind || statusFilter || q)
  const mayMake = isAtLeast(who, 'officer')
  return html`<header class="head">
<h1>Leagues</h1>
${mayMake && html`<a class="button" href="/leagues/new">New league</a>`}
</header>
${first}${
  (isFiltered || list.leagues.length > 0) &&
  html`<div class="toolbar">
<nav class="filters" aria-label="Status">${[undefined, ...leagueStatuses].map(each => choice(each ?? 'current', to({ status: each }), each === statusFilter))}</nav>
<nav class="filters" aria-label="Kind">${choice('all kinds', to({ kind: undefined }), !kind)}${Object.entries(kinds).map(([each, { pages }]) => choice(pages.name, to({ kind: each }), each === kind))}</nav>
<form class="search" method="get" action="/" role="search">
${statusFilter && html`<input type="hidden" name="status" value="${statusFilter}" />`}${kind && html`<input type="hidden" name="kind" value="${kind}" />`}
<input type="search" name="q" value="${q}" placeholder="Search leagues" aria-label="Search leagues" maxlength="100" /><kbd aria-hidden="true">/</kbd>
</form>
</div>`
}
${table({
  caption: 'Leagues, newest first',
  class: 'leagues',
  rows: list.leagues,
  pages: list.pagination,
  columns: [
    { head: 'League', names: true, cell: league => html`<a href="/leagues/${league.id}">${name(league.name)}</a>` },
    { head: 'Status', cell: league => status(league.status) },
    { head: 'Kind', cell: league => kinds[league.kind]?.pages.name },
    { head: 'Starts', cell: league => localDay(league.starts_at) },
    { head: 'Ends', cell: league => localDay(league.ends_at) },
    { head: 'Players', numeric: true, cell: ({ players, members }) => number(players ?? members) },
  ],
  empty: isFiltered ? noneMatches : html`${!first && (mayMake ? startHere : nothingYet(who))}${exampleBoard}`,
})}
${paginationLinks(list.pagination, (page, limit) => to({ page, limit }))}`
}

const choice = (label: Content, href: string, isChosen: boolean) =>
  html`<a href="${href}"${isChosen && html` aria-current="true"`}>${label}</a>`

const noneMatches = emptyState(
  'No league matches',
  'No league has this status, kind and name.',
  html`<a href="/">Show all leagues</a>`,
)

const startHere = emptyState(
  'No leagues yet',
  'A league has a name, a start and an end. Its scores come from sheets you upload, from a live tour, or from paper trading.',
  html`<a class="button" href="/leagues/new">Make the first league</a>`,
)

const nothingYet = (who: Who | undefined) =>
  emptyState(
    'No leagues yet',
    'As soon as an officer makes a league, its board appears here.',
    !who && html`<a class="button" href="/sign-in">Sign in</a>`,
  )

const exampleRows = [
  { rank: 1, name: 'Ann Bolt', score: 18_420 },
  { rank: 2, name: 'Björn Ærø', score: 17_905 },
  { rank: 3, name: 'Cassia', score: 15_310 },
]

/** Shows what this page will look like. */
const exampleBoard = html`<section class="part example">
<h2>A board will look like this</h2>
${table({
  caption: 'An example of a board',
  stack: false,
  class: 'board',
  rows: exampleRows,
  rowClass: ({ rank }) => `top${rank}`,
  columns: [
    {
      head: html`<abbr title="Rank">#</abbr>`,
      class: 'rank',
      numeric: true,
      cell: ({ rank }) => html`<span>${rank}</span>`,
    },
    { head: 'Name', names: true, cell: row => name(row.name) },
    { head: 'Score', numeric: true, class: 'score', cell: ({ score }) => number(score) },
  ],
})}
</section>`
