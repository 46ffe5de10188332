import { type BoardRow, GOAL_COLUMN, gainColumn, goalColumn } from '../../leaderboard/page.ts'
import type { GroupTotal } from '../../leaderboard/totals.ts'
import { type Content, type Html, html } from '../../platform/html.ts'
import type { Who } from '../../platform/http/request-context.ts'
import { counted } from '../../platform/number-text.ts'
import { address, type Params } from '../../ui/parts/address.ts'
import { badge, tierBar } from '../../ui/parts/badges.ts'
import { action, type FormChoices, selectOptions } from '../../ui/parts/form.ts'
import { emptyState, notice } from '../../ui/parts/notices.ts'
import { paginationLinks } from '../../ui/parts/pagination-links.ts'
import { table } from '../../ui/parts/table.ts'
import { moment, name, number, time } from '../../ui/parts/values.ts'
import type { BoardView, boardQuery } from '../board.ts'
import { columnsOfRow, joinColumnList, labelColumn, maxColumnsLength, shownColumns, withGains } from '../columns.ts'
import { columnName, type Headings } from '../headings.ts'
import type { KindPages } from '../kind-pages.ts'
import type { FoundMissing, Trends } from '../kinds.ts'
import type { LeagueView } from '../league.ts'
import { boardTableColumns } from './board-columns.ts'
import { leagueHead } from './league-head.ts'

/** As it came in the address; the board has a default for what is missing. */
export type BoardParams = Partial<Record<keyof typeof boardQuery.properties, string>>

export type BoardData = {
  league: LeagueView
  kind: KindPages
  board: BoardView
  /** The leader, if the rows do not start at the top of the board. */
  leader?: BoardRow
  /** Names of the tiers, best first. */
  tiers: readonly string[]
  /** How many players are in each, if everyone on the board is shown. */
  tierCounts?: readonly { name: string; players: number }[]
  /** Past scores of the players on this page. */
  trends?: Trends
  /** The reader on this board, where the league knows. */
  me?: string
  mayJoin?: boolean
  /** Found among players who are no longer on the board. */
  missing?: FoundMissing
  /** Columns instead of the default ones, chosen by the reader or else by the league. */
  columns?: readonly string[]
  hasOwnColumns?: boolean
  /** The total of everyone listed, on all pages. */
  total?: GroupTotal
  /** What leagues of this kind show above their board. */
  above?: Content
  /** What is shown under rows, by player id. */
  underRows?: ReadonlyMap<string, Content>
}

const tiesChoices = {
  '': '1 2 2 4: ties share a rank, next is skipped',
  dense: '1 2 2 3: ties share a rank, none is skipped',
  modified: '1 3 3 4: ties share the lower rank',
  ordinal: '1 2 3 4: no shared ranks',
}
const limits: FormChoices = ['', '100', '200', '500'].map(value => [value, value || '50'])

type PathTo = (change: Params) => string

/** The board of a league: everything on its page that changes when scores do. */
export function boardBody(data: BoardData, params: BoardParams, who: Who | undefined): Html {
  const { league, kind, board, tiers, me, mayJoin, columns, total, above } = data
  const { pagination: pages, rows, state } = board
  const path = `/leagues/${league.id}`
  const to: PathTo = change => address(path, { ...params, ...change })
  const { q, around, at, from, label, tier } = params
  const isWhole = !(q || around || at || from || label || tier)
  const isEmpty = isWhole && pages.total === 0
  const isBestFirst = board.sort_by === 'score' && board.order === kind.bestFirst
  const medal = ({ rank, score }: BoardRow) =>
    isBestFirst && rank !== null && rank <= 3 && score !== null && `top${rank}`
  const mineClass = ({ player_id }: BoardRow) => (player_id === me || player_id === params.around) && 'mine'
  const head = leagueHead({
    league,
    kind,
    who,
    tab: '',
    state: state === 'live' && league.status === 'active' && badge('Active', 'live'),
    figures: isEmpty ? [] : figuresOf(data, params, isWhole && isBestFirst ? rows[0] : data.leader),
    actions: mayJoin && joinButton(league),
  })
  if (isEmpty)
    return html`${head}${above}
${noScores(league, kind, who)}`
  return html`${head}${above}
${board.notes?.map(note => notice(note, 'warn'))}${toolbar(data, params, to)}
${viewSummary(params, board, path)}${data.tierCounts && tierBar(data.tierCounts, tier => to({ tier, page: undefined }))}
${table({
  caption: `Board of ${league.name}`,
  class: 'board',
  rows,
  columns: boardTableColumns({
    board,
    kind,
    tiers,
    columns,
    total,
    trends: data.trends,
    path,
    withLabel: label => to({ label, page: undefined, around: undefined }),
  }),
  key: row => `p-${row.player_id}`,
  rowName: row => row.name || row.player_id,
  under: row => data.underRows?.get(row.player_id),
  rowClass: row => [medal(row), mineClass(row)].filter(Boolean).join(' '),
  sorted: {
    by: board.sort_by,
    order: board.order,
    href: (by, order) => to({ sort_by: by, order, page: undefined, around: undefined }),
  },
  empty: emptyBoard(params, groupName(params, board.headings), to({ q: undefined, page: undefined }), path),
})}
${paginationLinks(pages, page => to({ page, around: undefined }))}${data.missing && missingPart(data.missing, path)}`
}

/** The top of the board, for chats; empty where nobody is ranked. */
export const boardSummary = ({ kind, board: { rows, sort_by } }: BoardData): string =>
  rows
    .slice(0, 3)
    .filter(({ rank, score }) => rank !== null && score !== null)
    .map(
      ({ rank, name, player_id, score }) =>
        `${rank}. ${name || player_id}${sort_by === 'score' ? ` ${kind.score(score)}` : ''}`,
    )
    .join(' · ')

const missingPart = ({ players, since }: FoundMissing, path: string): Content =>
  (players.length > 0 || since !== null) &&
  html`<section class="part">
<h2>Missing from the newest scan</h2>
${
  players.length > 0 &&
  table({
    caption: 'Players who are missing from the newest scan',
    stack: false,
    rows: players,
    columns: [
      {
        head: 'Name',
        names: true,
        cell: each => html`<a href="${path}/players/${encodeURIComponent(each.player_id)}">${name(each.name)}</a>`,
      },
      { head: 'Id', cell: ({ player_id }) => html`<code>${player_id}</code>` },
      { head: 'Last seen', cell: ({ last_seen }) => moment(last_seen) },
    ],
  })
}
${since && html`<p class="quiet">${players.length === 0 && 'Nobody found here. '}Scans before ${moment(since)} are not searched.</p>`}
</section>`

function figuresOf(
  { league, kind, board }: BoardData,
  { q, around, at, label, tier }: BoardParams,
  first: BoardRow | undefined,
) {
  const { state, as_of, pagination } = board
  const shown = at
    ? { label: 'As of', value: moment(as_of) }
    : state === 'final'
      ? { label: 'Final since', value: time(league.finalized_at ?? as_of) }
      : { label: 'Updated', value: time(as_of) }
  return [
    !q &&
      !around &&
      !label &&
      !tier && {
        label: kind.entrants,
        value: number(pagination.total - (board.left_out ?? 0)),
        note: board.left_out !== undefined && `${board.left_out} left out`,
      },
    first?.rank === 1 &&
      first.score !== null && {
        label: 'Leader',
        value: name(first.name),
        note: kind.score(first.score),
      },
    shown,
    state === 'live' && league.status === 'active' && { label: 'Ends', value: time(league.ends_at) },
  ]
}

function toolbar(data: BoardData, params: BoardParams, to: PathTo): Html {
  const { league, kind, me } = data
  const path = `/leagues/${league.id}`
  const quiet = 'button small quiet'
  const around = (player?: string) => to({ around: player, page: undefined, q: undefined })
  return html`<div class="toolbar">
<form class="search" id="board-search" method="get" action="${path}" role="search" data-filters>
<input type="search" name="q" id="board-q" value="${params.q}" placeholder="Search names and ids" aria-label="Search names and ids" maxlength="100" autocomplete="off" /><kbd aria-hidden="true">/</kbd>
${(kind.hasGains ? (['order', 'label', 'tier'] as const) : (['sort_by', 'order'] as const)).map(key => params[key] && html`<input type="hidden" name="${key}" value="${params[key]}" />`)}
</form>
${viewMenu(data, params)}
<span class="actions">
${me ? html`<a class="${quiet}" href="${around(me)}">Around me</a>` : html`<a class="${quiet}" hidden data-around-me="${league.id}" href="${around()}">Around me</a>`}
${exportMenu(data, params)}
</span>
</div>`
}

const joinButton = ({ id, name }: LeagueView): Html =>
  action({ label: 'Join', look: 'small', action: `/api/v1/leagues/${id}/join`, done: `You joined ${name}` })

/** Exports what is shown, all pages of it, or everyone with all columns. */
function exportMenu({ league, board, columns }: BoardData, params: BoardParams): Html {
  const available = columnsOfRow(board.rows[0])
  const shown = shownColumns(available, columns, board.sort_by)
  const list = joinColumnList(withGains(shown, available))
  const { sort_by, order, ties, at, from } = params
  const file = (format: string, query: Params) =>
    html`<a class="button small quiet" href="${address(`/api/v1/leagues/${league.id}/leaderboard.${format}`, { ...query, headings: board.headings && 'sheet' })}" download>${format.toUpperCase()}</a>`
  const shownParams = {
    ...params,
    page: undefined,
    limit: undefined,
    around: undefined,
    columns: list.length <= maxColumnsLength ? list : undefined, // all, if there are too many to name
  }
  const all = { sort_by, order, ties, at, from }
  return html`<details class="menu" id="board-export"><summary>Export</summary><div>
<p>What is shown, on all pages<br />${file('csv', shownParams)} ${file('xlsx', shownParams)}</p>
<p>Everyone, with every column<br />${file('csv', all)} ${file('xlsx', all)}</p>
</div></details>`
}

/** The options for viewing the board: part of the search form. */
function viewMenu({ league, kind, board, hasOwnColumns }: BoardData, params: BoardParams): Html {
  const { hasPast, hasGains, scoreName } = kind
  const { sort_by, ties, limit, at, from } = params
  const select = (name: string, label: string, choices: FormChoices, chosen: string) =>
    html`<label>${label} <select form="board-search" name="${name}" id="board-${name}">${selectOptions(choices, chosen)}</select></label>`
  return html`<details class="menu" id="board-view"><summary>View</summary><div>
${hasGains && select('sort_by', 'Rank by', rankings(board, scoreName), sort_by ?? '')}${select('ties', 'Players with the same score', tiesChoices, ties ?? '')}
${select('limit', 'Rows on a page', limits, limit ?? '')}
${hasPast && html`<label>As of, in UTC <input form="board-search" type="datetime-local" name="at" id="board-at" value="${at?.slice(0, 16)}" /></label>`}${hasGains && html`<label>Gains since, in UTC <input form="board-search" type="datetime-local" name="from" id="board-from" value="${from?.slice(0, 16)}" /></label>`}
<p class="needs-js"><kbd>j</kbd> and <kbd>k</kbd>, or the arrows, walk the rows; <kbd>Enter</kbd> opens the player</p>
<p><a href="/leagues/${league.id}/columns">Choose columns</a>${hasOwnColumns && ' · your own are shown'}</p>
<button form="board-search" class="small without-js">Show</button>
</div></details>`
}

/** Every metric, and the gain in it. */
const rankings = ({ rows, headings, sort_by }: BoardView, scoreName: string): FormChoices => [
  [sort_by === 'score' ? '' : 'score', scoreName],
  ...[
    ...Object.keys(rows[0]?.metrics ?? {}).flatMap(metric => [metric, gainColumn(metric)]),
    ...(rows[0]?.goals ? [GOAL_COLUMN, ...Object.keys(rows[0].goals).map(goalColumn)] : []),
  ].map(value => [value, columnName(value, scoreName, headings)] as const),
]

/** Says that this is not the whole board, and links back to it. */
function viewSummary(
  params: BoardParams,
  { pagination: { total }, gains_from, headings, rows }: BoardView,
  path: string,
): Content {
  const { q, around, at, label, tier } = params
  const facts = [
    q && html`${counted(total, 'match', 'matches')} for “${q}”`,
    around && html`around ${name(rows.find(row => row.player_id === around)?.name || around)}`,
    at && html`as of ${moment(at)}`,
    (label || tier) && html`${groupName(params, headings)}: ${counted(total, 'player')}`,
    gains_from && html`gains since the scan of ${moment(gains_from)}`,
  ].filter(Boolean)
  return (
    facts.length > 0 &&
    html`<p class="viewing" role="status">${facts.map((fact, i) => [i > 0 && ', ', fact])} · <a href="${path}">whole board</a></p>`
  )
}

function groupName({ label, tier }: BoardParams, headings: Headings | undefined): string {
  const named = label?.replace(/^([^:]*):/, (_, name: string) => `${headings?.[labelColumn(name)] ?? name} `)
  return [named, tier].filter(Boolean).join(', ')
}

function emptyBoard({ q, at, page, label, tier }: BoardParams, group: string, all: string, path: string): Html {
  if (q)
    return emptyState('No match', html`No name or id here contains “${q}”.`, html`<a href="${all}">Show everyone</a>`)
  const whole = html`<a href="${path}">Whole board</a>`
  if ((label || tier) && !page) return emptyState('Nobody here', `No player of this board is in ${group}.`, whole)
  if (at && !page) return emptyState('No board yet', html`There was no scan yet on ${moment(at)}.`, whole)
  return emptyState('Nobody here', 'The board ends before this page.', html`<a href="${all}">To the first page</a>`)
}

function noScores({ id }: LeagueView, kind: KindPages, who: Who | undefined): Html {
  const { text, tab } = kind.noScores(who)
  return emptyState(
    'No scores yet',
    text,
    tab && html`<a class="button" href="/leagues/${id}/${tab.path}">${tab.label}</a>`,
  )
}
