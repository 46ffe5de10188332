/** The entries of a league: the reader's own, the form for another, and everyone's with live scores. */

import { type Content, type Html, html } from '../../platform/html.ts'
import { isAtLeast } from '../../platform/http/access.ts'
import type { Pagination } from '../../platform/http/pagination.ts'
import type { Who } from '../../platform/http/request-context.ts'
import { address } from '../../ui/parts/address.ts'
import { action } from '../../ui/parts/form.ts'
import { emptyState, notice } from '../../ui/parts/notices.ts'
import { paginationLinks } from '../../ui/parts/pagination-links.ts'
import { table } from '../../ui/parts/table.ts'
import { about, countdown, name, number, time, toPar } from '../../ui/parts/values.ts'
import type { LeagueView } from '../league.ts'
import { leagueHead } from '../pages/league-head.ts'
import type { TourRules } from './config.ts'
import type { EntryView } from './entry.ts'
import { entryForm, type RefusedEntry } from './entry-form.ts'
import { tourKindPages } from './kind-pages.ts'
import { feedNotice, pickList } from './page-parts.ts'
import { isFieldKnown, type Picks } from './picks.ts'
import { golferField, type PickScore, scorePick } from './scoring.ts'
import type { Tour } from './tour.ts'

type RankedEntry = EntryView & { rank: number | null; change: number | null }

export type EntriesData = {
  league: LeagueView
  rules: TourRules
  tour: Tour | undefined
  picking: Picks
  open: boolean
  /** One page of all entries by rank. */
  ranked: readonly RankedEntry[]
  pagination: Pagination
  mine: readonly EntryView[]
  /** The reader's entry that is being changed. */
  editing: EntryView | undefined
  refused?: RefusedEntry
}

export function entriesBody(data: EntriesData, everyone: Html, who: Who | undefined): Html {
  const { league, picking, open, rules, mine, tour } = data
  const { closesAt, event } = picking
  const isPlayer = who !== undefined && who.id !== null
  const isOver = league.finalized_at !== null
  const figures = [
    { label: open ? 'Picks close in' : 'Picks closed', value: open ? countdown(closesAt) : time(closesAt) },
    event && {
      label: 'Event',
      value: html`<a href="/tours/${rules.tour}">${name(event.name)}</a>`,
      note: event.round && html`round ${number(event.round)}`,
    },
    { label: 'Best that count', value: html`${number(rules.best)} of ${number(rules.picks)}` },
    { label: 'Entries', value: number(data.pagination.total) },
  ]
  return html`${leagueHead({ league, kind: tourKindPages, who, tab: 'entries', figures })}${!isOver && feedNotice(tour, event)}
${data.refused && notice(data.refused.message, 'bad')}${unknownNotice(data, who)}${isPlayer && mine.length > 0 && ownEntriesPart(data)}
${open && isPlayer && (mine.length < rules.max_entries || data.editing) && entryPart(data, who)}
${!open && data.pagination.total === 0 && league.status !== 'final' && isAtLeast(who, 'officer') && notice(html`Nobody entered, and picks are closed. A later <a href="/leagues/${league.id}/settings">deadline for picks</a> opens them again.`)}
${open && !who && notice(html`<a href="/sign-in?next=/leagues/${league.id}/entries">Sign in</a> to make an entry.`)}
<section class="part">
<h2>Everyone</h2>
${everyone}
</section>`
}

/** For officers: groups in the league's config that match nobody in the field. */
function unknownNotice({ picking: { groups }, open, league }: EntriesData, who: Who | undefined): Content {
  if (!open || !groups?.unknown.length || !isAtLeast(who, 'officer')) return null
  return notice(
    html`Of the groups of this league, ${groups.unknown.join(', ')} ${groups.unknown.length === 1 ? 'is' : 'are'} not in the field: <a href="/leagues/${league.id}/settings">correct the groups</a>.`,
    'warn',
  )
}

/** Before picks close, owners see their own picks without scores, and which golfers are out. */
function unscoredPicks({ picks }: EntryView, { board }: Picks): PickScore[] {
  const field = golferField(board?.golfers ?? [])
  return (picks ?? []).map(id => ({ ...scorePick(id, field, { rule: 'actual' }), score: null, thru: null }))
}

function ownEntriesPart({ league, mine, open, picking }: EntriesData): Html {
  const path = `/leagues/${league.id}/entries`
  return html`<section class="part">
<h2>${mine.length === 1 ? 'My entry' : 'My entries'}</h2>
${table<EntryView>({
  caption: 'My entries',
  rows: mine,
  columns: [
    {
      head: 'Entry',
      names: true,
      cell: entry => html`<a href="/leagues/${league.id}/players/${entry.id}">${name(entry.name)}</a>`,
    },
    { head: 'To par', numeric: true, cell: entry => toPar(entry.total) },
    { head: 'Guess', numeric: true, cell: entry => toPar(entry.tiebreaker) },
    { head: 'Picks', cell: entry => pickList(entry.scores ?? unscoredPicks(entry, picking)) },
  ],
  actions:
    open &&
    (entry =>
      html`<a class="button small" href="${address(path, { edit: entry.id })}#entry">Change${about(entry.name)}</a> ${action(
        {
          label: 'Withdraw',
          of: entry.name,
          look: 'danger small',
          method: 'delete',
          action: `/api/v1${path}/${entry.id}`,
          confirm: `Withdraw ${entry.name}? It leaves the board, and its picks are deleted.`,
          done: 'Withdrawn',
        },
      )}`),
})}
</section>`
}

function entryPart({ league, rules, picking, mine, editing, refused }: EntriesData, who: Who): Html {
  if (isFieldKnown(picking))
    return entryForm({ leagueId: league.id, rules, picking, who, entered: mine.length, editing, refused })
  const next =
    isAtLeast(who, 'officer') &&
    html`<a class="button" href="/tours/${rules.tour}/upcoming">Enter the field of the coming event</a>`
  const why = picking.why ?? 'Picks can be made once the feed shows who plays'
  return html`<section class="part" id="entry">${emptyState('No field yet', `${why}.`, next)}</section>`
}

/** The part that updates itself. */
export function everyoneBody({ league, ranked, pagination: pages, open }: EntriesData): Html {
  const path = `/leagues/${league.id}/entries`
  return html`${table({
    caption: open ? 'Entries' : 'Entries by rank',
    rows: ranked,
    pages,
    ...(!open && { rowName: (entry: RankedEntry) => entry.name }),
    key: entry => `e-${entry.id}`,
    columns: [
      !open && {
        head: html`<abbr title="Rank">#</abbr>`,
        class: 'rank',
        numeric: true,
        cell: entry => number(entry.rank),
      },
      {
        head: 'Entry',
        names: true,
        cell: entry => html`<a href="/leagues/${league.id}/players/${entry.id}">${name(entry.name)}</a>`,
      },
      { head: 'By', folds: !open, cell: entry => name(entry.username) },
      !open && { head: 'To par', numeric: true, class: 'score', cell: entry => toPar(entry.total) },
      !open && { head: 'Guess', numeric: true, folds: true, cell: entry => toPar(entry.tiebreaker) },
      open
        ? { head: 'Made', cell: entry => time(entry.updated_at) }
        : { head: 'Picks', folds: true, cell: (entry): Content => entry.scores && pickList(entry.scores) },
    ],
    empty: emptyState('No entries yet', open ? 'The first one could be yours.' : 'Nobody entered in time.'),
  })}
${open && ranked.length > 0 && html`<p class="quiet">Everyone’s picks are shown once the picks are closed.</p>`}
${paginationLinks(pages, (page, limit) => address(path, { page, limit }))}`
}
