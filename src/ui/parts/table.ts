import { type Content, type Html, html } from '../../platform/html.ts'
import type { Pagination } from '../../platform/http/pagination.ts'
import { beyondTheEnd } from './pagination-links.ts'

export type SortOrder = 'asc' | 'desc'

export type Column<Row> = {
  head: Content
  cell(row: Row): Content
  /** Below all rows: a sum, or what the last line is. */
  foot?: Content
  /** Numbers stand in line at the right. */
  numeric?: boolean
  /** The cell names its row: screen readers say it before the others, and it stays visible on a phone. */
  names?: boolean
  class?: string
  /** On a phone it is shown under its row, which opens on a tap. */
  folds?: boolean
  /** What a click on the heading sorts by, and in which order first. */
  sort?: { by: string; first?: SortOrder }
}

export type Table<Row> = {
  /** Says what the table is, for screen readers. */
  caption: string
  columns: readonly (Column<NoInfer<Row>> | false | null | undefined)[]
  /** Buttons, in a last column whose heading is for screen readers only. */
  actions?: Column<NoInfer<Row>>['cell'] | false
  rows: readonly Row[]
  /** In place of rows: say what to do next. */
  empty?: Content
  /** Of a list with pages: a page beyond its end is not `empty`. */
  pages?: Pagination
  /** An id unique on the page: lets a refresh change only what is new. */
  key?(row: Row): string
  rowClass?(row: Row): string | undefined
  /** Content under a row, across all columns. */
  under?(row: Row): Content
  sorted?: { by: string; order: SortOrder; href(by: string, order: SortOrder): string }
  /** Narrow rows. */
  dense?: boolean
  /** On a phone each row is a block, its values named by their headings: by default where no columns fold. */
  stack?: boolean
  /** Names a row in words, where columns fold: the button that opens it says them. What is under a row folds too. */
  rowName?(row: Row): string
  class?: string
}

export const actionsHeading = html`<span class="sr">Actions</span>`

/** A table with rules and no boxes, like a printed one. Wider than the screen, it scrolls in its own frame. */
export function table<Row>({
  caption,
  columns,
  actions,
  rows,
  empty,
  pages,
  key,
  rowClass,
  under,
  sorted,
  dense,
  rowName,
  stack = !rowName,
  ...more
}: Table<Row>): Content {
  const instead = rows.length === 0 && ((pages && beyondTheEnd(pages)) || empty)
  if (instead) return instead
  const buttons: Column<Row> | false | undefined = actions && {
    head: actionsHeading,
    cell: actions,
    class: dense ? 'doing' : undefined,
  }
  const wanted = [...columns, buttons].filter(column => !!column)
  const isFolding = rowName && (under || wanted.some(({ folds }) => folds))
  const shown = isFolding ? [...wanted, unfolding(rowName, wanted)] : wanted
  return html`<div class="sheet" role="region" aria-label="${caption}" tabindex="0">
<table class="${[dense && 'dense', stack && 'stack', isFolding && 'folding', more.class].filter(Boolean).join(' ')}">
<caption class="sr">${caption}</caption>
<thead><tr>${shown.map(column => heading(column, sorted))}</tr></thead>
<tbody>
${rows.map(
  row => html`<tr${key && html` id="${key(row)}"`}${rowClass?.(row) && html` class="${rowClass(row)}"`}>${shown.map(column => cell(column, row, stack))}</tr>
${underRow(row)}`,
)}</tbody>
${
  shown.some(({ foot }) => foot !== undefined) &&
  html`<tfoot><tr>${shown.map(column => (column.names ? html`<th scope="row"${classes(column)}>${column.foot}</th>` : html`<td${classes(column)}${isFolding && named(column)}>${column.foot}</td>`))}</tr></tfoot>
`
}</table>
</div>`

  function underRow(row: Row): Content {
    const content = under?.(row)
    if (!content) return null
    return html`<tr class="under"${key && html` id="${key(row)}-under"`}><td colspan="${shown.length}">${content}</td></tr>
`
  }
}

/** With narrow rows, as all tables of the monitor are. */
export const denseTable = <Row>(given: Table<Row>): Content => table({ ...given, dense: true })

/** Opens a row on a phone: a checkbox, so that it works without script. */
const unfolding = <Row>(rowName: (row: Row) => string, columns: readonly Column<Row>[]): Column<Row> => ({
  head: html`<span class="sr">More</span>`,
  class: 'unfold',
  cell: row => unfold(`More of ${rowName(row)}`),
  foot: columns.some(({ foot, folds }) => foot && folds) ? unfold('More of all') : undefined,
})
const unfold = (label: string): Html =>
  html`<label><input type="checkbox" aria-label="${label}" autocomplete="off" /></label>`

const classOf = <Row>({ numeric, names, folds, class: own }: Column<Row>) =>
  [numeric && 'num', names && 'names', folds && 'folded', own].filter(Boolean).join(' ')
const classes = <Row>(column: Column<Row>) => classOf(column) && html` class="${classOf(column)}"`

function cell<Row>(column: Column<Row>, row: Row, isNamed: boolean): Html {
  if (column.names) return html`<th scope="row"${classes(column)}>${column.cell(row)}</th>`
  return html`<td${classes(column)}${(isNamed || column.folds) && named(column)}>${column.cell(row)}</td>`
}

const named = <Row>({ head }: Column<Row>) => typeof head === 'string' && html` data-head="${head}"`

function heading<Row>(column: Column<Row>, sorted: Table<Row>['sorted']): Html {
  const { sort, head } = column
  if (!sort || !sorted) return html`<th scope="col"${classes(column)}>${head}</th>`
  const isSorted = sorted.by === sort.by
  const first = sort.first ?? 'desc'
  const next = !isSorted ? first : sorted.order === 'asc' ? 'desc' : 'asc'
  const arrow = isSorted && html`<span class="arrow" aria-hidden="true">${sorted.order === 'asc' ? '▲' : '▼'}</span>`
  const state = isSorted && html` aria-sort="${sorted.order === 'asc' ? 'ascending' : 'descending'}"`
  return html`<th scope="col"${classes(column)}${state}><a href="${sorted.href(sort.by, next)}">${head}${arrow}</a></th>`
}
