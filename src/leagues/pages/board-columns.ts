import {
  type BoardRow,
  GOAL_COLUMN,
  gainColumn,
  metricOfGain,
  metricOfGoal,
  type PlayerMarkView,
} from '../../leaderboard/page.ts'
import type { GroupTotal } from '../../leaderboard/totals.ts'
import { type Content, type Html, html } from '../../platform/html.ts'
import { movement, tier } from '../../ui/parts/badges.ts'
import { sparkline } from '../../ui/parts/figures.ts'
import type { Column } from '../../ui/parts/table.ts'
import { name, number, percent } from '../../ui/parts/values.ts'
import type { BoardView } from '../board.ts'
import { columnsOfRow, exportedColumn, labelOfColumn, shownColumns } from '../columns.ts'
import { columnName } from '../headings.ts'
import type { KindPages } from '../kind-pages.ts'
import type { Trends } from '../kinds.ts'

type ShownBoard = {
  board: BoardView
  kind: KindPages
  /** Names of the tiers, best first. */
  tiers: readonly string[]
  /** Columns to show, in this order, instead of the default ones. */
  columns?: readonly string[]
  /** The total of everyone listed. */
  total?: GroupTotal
  trends?: Trends
  path: string
  withLabel(label: string): string
}

/** Rank, movement and name, then the columns shown. A column that is empty in every row is left out. */
export function boardTableColumns(shownBoard: ShownBoard): (Column<BoardRow> | false)[] {
  const { board, columns } = shownBoard
  const { rows, sort_by } = board
  const shown = shownColumns(columnsOfRow(rows[0]), columns, sort_by)
  const filled = shown.filter(column => column !== 'tier' || rows.some(row => row.tier))
  const main = mainColumns(filled, sort_by)
  return [
    rankColumn(board),
    rows.some(({ change }) => change !== null) && movementColumn,
    nameColumn(shownBoard),
    trendColumn(shownBoard),
    ...filled.map(column => ({ ...valueColumn(shownBoard, column, shown), folds: !main.includes(column) })),
  ]
}

function rankColumn({ sort_by }: BoardView): Column<BoardRow> {
  const { cell: rankedBy } = exportedColumn(sort_by)
  return {
    head: html`<abbr title="Rank">#</abbr>`,
    class: 'rank',
    numeric: true,
    cell: row => html`<span>${number(rankedBy(row) === null ? null : row.rank)}</span>`,
  }
}

const movementColumn: Column<BoardRow> = {
  head: html`<span class="sr">Movement</span>`,
  class: 'moved',
  cell: row => !isRowLeftOut(row) && movement(row.change),
}

function nameColumn({ board: { rows }, total, path }: ShownBoard): Column<BoardRow> {
  const namesakes = new Set(rows.map(row => row.name).filter((each, i, all) => all.indexOf(each) !== i))
  return {
    head: 'Name',
    names: true,
    foot: total && html`Total of ${number(total.players)}`,
    cell: row =>
      html`<a href="${path}/players/${encodeURIComponent(row.player_id)}">${row.name ? name(row.name) : name(row.player_id)}</a>${row.name && namesakes.has(row.name) && html` <small>${row.player_id}</small>`}${row.mark && html` ${markBadge(row.mark)}`}`,
  }
}

function trendColumn({ board: { rows }, trends = {}, kind: { scoreName } }: ShownBoard): Column<BoardRow> | false {
  const trendOf = ({ player_id }: BoardRow) => (Object.hasOwn(trends, player_id) ? trends[player_id] : undefined)
  return (
    rows.some(row => isLine(trendOf(row))) && {
      head: 'Trend',
      class: 'trend',
      folds: true,
      cell: row => trendLine(trendOf(row), scoreName),
    }
  )
}

/** A column of values; `shown`: all of them. */
function valueColumn(shownBoard: ShownBoard, column: string, shown: readonly string[]): Column<BoardRow> {
  const { kind, tiers, withLabel } = shownBoard
  const head = columnName(column, kind.scoreName, shownBoard.board.headings)
  if (column === 'score') return scoreColumn(shownBoard, head)
  if (column === 'tier')
    return { head, cell: row => tier(row.tier, row.tier ? tiers.indexOf(row.tier) : -1, tiers.length) }
  if (column === GOAL_COLUMN) return goalTableColumn(head, column, row => row.goal_pct)
  const [gained, reached, label] = [metricOfGain(column), metricOfGoal(column), labelOfColumn(column)]
  if (reached !== undefined) return goalTableColumn(head, column, row => row.goals?.[reached])
  if (label !== undefined) return { head, cell: row => labelLink(label, row.labels?.[label], withLabel) }
  if (gained === undefined) return metricColumn(shownBoard, head, column, shown.includes(gainColumn(column)))
  return {
    head,
    numeric: true,
    sort: { by: column },
    foot: shownBoard.total && number(shownBoard.total.gains[gained]?.sum),
    cell: row => number(row.gains?.[gained]),
  }
}

function scoreColumn({ board, kind, total }: ShownBoard, head: string): Column<BoardRow> {
  const { score, bestFirst, scoreBars } = kind
  const highest = Math.max(0, ...board.rows.map(row => row.score ?? 0))
  const hasBars = scoreBars && highest > 0 && board.sort_by === 'score' && board.order === 'desc'
  return {
    head,
    numeric: true,
    class: 'score',
    sort: { by: 'score', first: bestFirst },
    foot: total && score(total.score.sum),
    cell: row => html`${score(row.score)}${hasBars && bar((row.score ?? 0) / highest)}`,
  }
}

/** With the gain in it, unless that has a column of its own. */
function metricColumn(
  { board: { sort_by }, kind: { metric }, total }: ShownBoard,
  head: string,
  column: string,
  isGainShown: boolean,
): Column<BoardRow> {
  const cell = (value: number | null | undefined, gain: number | null | undefined) =>
    html`${metric(column, value ?? null)}${!isGainShown && gainCell(gain)}`
  return {
    head,
    numeric: true,
    sort: { by: sort_by === gainColumn(column) && !isGainShown ? sort_by : column },
    foot: total && cell(total.metrics[column]?.sum, total.gains[column]?.sum),
    cell: row => cell(row.metrics[column], row.gains?.[column]),
  }
}

const labelLink = (label: string, text: string | null | undefined, withLabel: ShownBoard['withLabel']): Content =>
  text ? html`<a href="${withLabel(`${label}:${text}`)}">${name(text)}</a>` : number(null)

const isLine = (values: readonly unknown[] | undefined): boolean =>
  values !== undefined && values.filter(value => value !== null).length >= 3

const trendLine = (values: readonly (number | null)[] | undefined, scoreName: string): Content =>
  values && isLine(values) && sparkline(values, `${scoreName} over ${values.length} moments`)

/** The columns that a phone shows next to the name: the sort column, score and tier, or else the first ones. */
function mainColumns(columns: readonly string[], sortBy: string): readonly string[] {
  const first = [sortBy, metricOfGain(sortBy) ?? '', 'score', 'tier', ...columns].filter(column =>
    columns.includes(column),
  )
  return [...new Set(first)].slice(0, 2)
}

const isRowLeftOut = ({ mark }: BoardRow) => mark?.counted === false

/** `farm account`, `on vacation`, `left out`: a mark in a word or two. */
export const markName = ({ reason, counted }: Pick<PlayerMarkView, 'reason' | 'counted'>): string =>
  reason === 'farm' ? 'farm account' : reason === 'vacation' ? 'on vacation' : counted ? 'marked' : 'left out'

const markBadge = (mark: PlayerMarkView): Html =>
  html`<span class="badge quiet" title="${[mark.farm_of && `of ${mark.farm_of.name}`, mark.note].filter(Boolean).join('. ')}">${markName(mark)}</span>`

/** How much of a goal, or of one of its targets, has been reached. */
const goalTableColumn = (
  head: string,
  by: string,
  reached: (row: BoardRow) => number | null | undefined,
): Column<BoardRow> => ({
  head,
  numeric: true,
  sort: { by, first: 'desc' },
  cell: row => percent(reached(row) ?? null),
})

export const gainCell = (value: number | null | undefined): Content =>
  value !== null &&
  value !== undefined &&
  value !== 0 &&
  html` <small class="${value > 0 ? 'gain' : 'loss'}">${number(value, { signed: true })}</small>`

/** The score as a share of the best one, as a bar under it. */
const bar = (part: number): Html =>
  html`<svg class="bar" viewBox="0 0 100 2" preserveAspectRatio="none" aria-hidden="true"><rect width="${Math.max(0, Math.round(part * 100))}" height="2" /></svg>`
