/** The entries of a league: one's own, the form that makes another, and everyone's with live scores. */

import { type Content, type Html, html } from '../../platform/html.ts'
import type { Pagination } from '../../platform/http/pagination.ts'
import type { Who } from '../../platform/http/request-context.ts'
import { address } from '../../ui/parts/address.ts'
import { action, type FormChoice, form, formField } from '../../ui/parts/form.ts'
import { emptyState, notice } from '../../ui/parts/notices.ts'
import { paginationLinks } from '../../ui/parts/pagination-links.ts'
import { table } from '../../ui/parts/table.ts'
import { countdown, name, number, time, toPar } from '../../ui/parts/values.ts'
import type { LeagueView } from '../league.ts'
import { leagueHead } from '../pages/league-head.ts'
import type { TourRules } from './config.ts'
import type { EntryView } from './entry.ts'
import { type Golfer, isOut } from './feeds/board.ts'
import { tourKindPages } from './kind-pages.ts'
import { feedNotice, pickList } from './page-parts.ts'
import type { Picks } from './picks.ts'
import type { Tour } from './tour.ts'

export type RankedEntry = EntryView & { rank: number | null; change: number | null }

export type EntriesData = {
  league: LeagueView
  rules: TourRules
  tour: Tour | undefined
  picking: Picks
  open: boolean
  /** A page of all entries by rank. */
  ranked: readonly RankedEntry[]
  pagination: Pagination
  mine: readonly EntryView[]
  /** The own entry that is being changed. */
  editing: EntryView | undefined
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
  return html`${leagueHead({ league, kind: tourKindPages, who, tab: 'entries', figures })}${!isOver && feedNotice(tour)}
${isPlayer && mine.length > 0 && own(data)}
${open && isPlayer && (mine.length < rules.max_entries || data.editing) && entryForm(data)}
${open && !who && notice(html`<a href="/sign-in?next=/leagues/${league.id}/entries">Sign in</a> to make an entry.`)}
<section class="part">
<h2>Everyone</h2>
${everyone}
</section>`
}

function own({ league, mine, open }: EntriesData): Html {
  const path = `/leagues/${league.id}/entries`
  return html`<section class="part">
<h2>${mine.length === 1 ? 'My entry' : 'My entries'}</h2>
${table({
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
    { head: 'Picks', cell: entry => (entry.scores ? pickList(entry.scores) : number(entry.picks?.length)) },
    open && {
      head: html`<span class="sr">Actions</span>`,
      cell: entry =>
        html`<a class="button small" href="${address(path, { edit: entry.id })}#entry">Change</a>${action({
          label: 'Withdraw',
          small: true,
          danger: true,
          method: 'delete',
          action: `/api/v1${path}/${entry.id}`,
          confirm: `Withdraw ${entry.name}?`,
          done: 'Withdrawn',
        })}`,
    },
  ],
})}
</section>`
}

function entryForm({ league, rules, picking, editing }: EntriesData): Html {
  const field_ = picking.board?.golfers ?? []
  const path = `/leagues/${league.id}/entries`
  if (field_.length === 0)
    return html`<section class="part" id="entry">${emptyState('No field yet', picking.why ?? 'Picks can be made once the feed shows who plays.')}</section>`
  const choices = choicesOf(field_)
  return html`<section class="part" id="entry">
<h2>${editing ? html`Change ${name(editing.name)}` : 'Make your entry'}</h2>
<p>${number(rules.picks)} picks, the best ${number(rules.best)} count; lower is better. They can be changed until ${time(picking.closesAt)}.</p>
${form(
  {
    method: editing ? 'put' : 'post',
    action: editing ? `/api/v1${path}/${editing.id}` : `/api/v1${path}`,
    goTo: path,
    done: editing ? 'Changed' : 'You are in',
  },
  html`${formField({ label: 'Team name', name: 'name', optional: true, maxlength: 60, value: editing?.name, hint: 'Shown on the board; blank = your name' })}
<fieldset><legend>Picks</legend><div class="columns">
${Array.from({ length: rules.picks }, (_, i) =>
  formField({ label: `Pick ${i + 1}`, name: `picks[${i}]`, type: 'select', value: editing?.picks?.[i] ?? '', choices }),
)}
</div></fieldset>
${
  rules.tiebreak === 'guess' &&
  formField({
    label: 'Guess the winning score, to par',
    name: 'tiebreaker',
    type: 'number',
    optional: true,
    min: -99,
    max: 199,
    value: editing?.tiebreaker,
    hint: 'Such as −12. The nearest guess breaks ties',
  })
}`,
  editing ? 'Save' : 'Enter',
)}
</section>`
}

/** By name, as one looks for somebody; typing the first letters finds them. */
const choicesOf = (golfers: readonly Golfer[]): FormChoice[] => [
  { value: '', label: '–' },
  ...golfers
    .filter(golfer => !isOut(golfer))
    .map(golfer => ({ value: golfer.player_id, label: golfer.name }))
    .sort((a, b) => a.label.localeCompare(b.label, 'en')),
]

/** The part that keeps itself fresh. */
export function everyoneBody({ league, ranked, pagination: pages, open }: EntriesData): Html {
  const path = `/leagues/${league.id}/entries`
  return html`${table({
    caption: 'Entries by rank',
    rows: ranked,
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
      { head: 'By', cell: entry => name(entry.username) },
      !open && { head: 'To par', numeric: true, class: 'score', cell: entry => toPar(entry.total) },
      !open && { head: 'Guess', numeric: true, cell: entry => toPar(entry.tiebreaker) },
      open
        ? { head: 'Made', cell: entry => time(entry.updated_at) }
        : { head: 'Picks', cell: (entry): Content => entry.scores && pickList(entry.scores) },
    ],
    empty: emptyState('No entries yet', open ? 'The first one could be yours.' : 'Nobody entered in time.'),
  })}
${open && ranked.length > 0 && html`<p class="quiet">Everyone’s picks are shown once the picks are closed.</p>`}
${paginationLinks(pages, page => address(path, { page }))}`
}
