/** A board as a table for export: the headings and the cells of a row. */
import { type BoardRow, GOAL_COLUMN, metricOfGain, metricOfGoal } from '../leaderboard/page.ts'
import type { Cell } from '../platform/files/xlsx.ts'
import { columnsOfRow, exportedColumn, moneyColumns } from './columns.ts'
import type { Headings } from './headings.ts'

const firstColumns = ['rank', 'change', 'player_id', 'name']
const markColumns = ['mark', 'farm_of', 'counted', 'note']
const computedSuffix = new RegExp(`^(.+)[_ ](gain|${GOAL_COLUMN})$`)
const computedColumns = ['rank', 'change', 'score', 'tier', GOAL_COLUMN]

/** Of the headings of an exported board, those of what the board works out itself; none if it is another table, or its first columns are not where they were. */
export function computedHeadings(headings: readonly string[]): string[] {
  if (!firstColumns.every((column, i) => headings[i] === column)) return []
  const all = new Set(headings)
  const hasMarks = markColumns.every(column => all.has(column))
  const computed = new Set([...computedColumns, ...(hasMarks ? markColumns : [])])
  const isOfMetric = (heading: string) => {
    const [, metric] = computedSuffix.exec(heading) ?? []
    return metric !== undefined && all.has(metric)
  }
  return headings.filter(heading => computed.has(heading) || isOfMetric(heading))
}

/** The columns to write: the `chosen` ones, or else all, with goals last. Columns that `isMoney` are written in units and in cents. */
export const columnsToExport = (
  row: BoardRow | undefined,
  chosen: readonly string[] | undefined,
  isMoney: (column: string) => boolean = () => false,
): readonly string[] =>
  (chosen ?? allColumns(row)).flatMap(column => (isMoney(column) ? moneyColumns(column) : [column]))

function allColumns(row: BoardRow | undefined): readonly string[] {
  if (!row) return ['score']
  const isGoal = (column: string) => column === GOAL_COLUMN || metricOfGoal(column) !== undefined
  const all = columnsOfRow(row)
  return [...all.filter(column => !isGoal(column)), ...all.filter(isGoal)]
}

export const exportHeading = (
  columns: readonly string[],
  row: BoardRow | undefined,
  headings: Headings | undefined,
): string[] => [
  ...firstColumns,
  ...columns.map(column => headOf(column, headings)),
  ...(row?.mark !== undefined ? markColumns : []),
]

/** Without `headings`, the key of the column; with them `T4-Kills gain` for `kills_t4_gain`. */
function headOf(column: string, headings: Headings | undefined): string {
  const { head } = exportedColumn(column)
  const metric = metricOfGain(column) ?? metricOfGoal(column) ?? column
  const heading = headings?.[metric]
  return heading === undefined ? head : heading + head.slice(metric.length).replace('_', ' ')
}

export function exportCells(columns: readonly string[]): (row: BoardRow) => Cell[] {
  const readers = columns.map(column => exportedColumn(column).cell)
  return row => [
    row.rank,
    row.change,
    row.player_id,
    row.name,
    ...readers.map(read => read(row)),
    ...markCells(row.mark),
  ]
}

function markCells(mark: BoardRow['mark']): Cell[] {
  if (mark === undefined) return []
  if (mark === null) return [null, null, 'yes', null]
  return [mark.reason, mark.farm_of?.player_id ?? null, mark.counted ? 'yes' : 'no', mark.note]
}
