/**
 * The columns of a board by name: `score`, `tier`, `goal_pct`, `label:alliance`, a metric, the gain in a metric (`deads.gain`).
 * Rank, movement and name are always shown, so they are not among them.
 */
import { type BoardRow, GOAL_COLUMN, gainColumn, goalColumn, metricOfGain, metricOfGoal } from '../leaderboard/page.ts'
import type { Cell } from '../platform/files/xlsx.ts'

const LABEL_PREFIX = 'label:'
export const labelColumn = (label: string): string => `${LABEL_PREFIX}${label}`
export const isLabel = (column: string): boolean => column.startsWith(LABEL_PREFIX)
export const labelOfColumn = (column: string): string | undefined =>
  isLabel(column) ? column.slice(LABEL_PREFIX.length) : undefined

export const maxColumnsLength = 4_000 // characters, in an address or a cookie

/** All columns of the board, in their default order. */
export function columnsOfRow(row: BoardRow | undefined): string[] {
  if (!row) return []
  const targets = Object.keys(row.goals ?? {})
  const metrics = Object.keys(row.metrics).filter(each => each !== 'score')
  return [
    'score',
    ...('tier' in row ? ['tier'] : []),
    ...(targets.length > 0 ? [GOAL_COLUMN] : []),
    ...(targets.length > 1 ? targets.map(goalColumn) : []),
    ...Object.keys(row.labels ?? {}).map(labelColumn),
    ...metrics,
    ...Object.keys(row.gains ?? {}).map(gainColumn),
  ]
}

/** The columns to show: the chosen ones, or else all but gains, which are shown next to their metric. The sort column is always among them. */
export function shownColumns(
  available: readonly string[],
  chosen: readonly string[] | undefined,
  sort_by: string,
): string[] {
  const defaults = available.filter(column => metricOfGain(column) === undefined)
  const existing = chosen?.filter(column => available.includes(column)) ?? []
  const shown = existing.length > 0 ? existing : defaults
  const isSortShown =
    shown.includes(sort_by) || shown.includes(metricOfGain(sort_by) ?? '') || !available.includes(sort_by)
  return isSortShown ? shown : [...shown, sort_by]
}

/** The columns shown, with the gain that stands beside each metric whose gain has no column of its own. */
export const withGains = (shown: readonly string[], available: readonly string[]): string[] =>
  shown.flatMap(column => {
    const gain = gainColumn(column)
    return available.includes(gain) && !shown.includes(gain) ? [column, gain] : [column]
  })

const UNITS_PREFIX = 'units:'
const CENTS_PREFIX = 'cents:'
/** Money is written twice: in currency units and in cents. */
export const moneyColumns = (column: string): string[] => [`${UNITS_PREFIX}${column}`, `${CENTS_PREFIX}${column}`]

function moneyCell(
  column: string,
  unit: typeof UNITS_PREFIX | typeof CENTS_PREFIX,
): { head: string; cell(row: BoardRow): Cell } {
  const name = column.replace(/_cents$/, '')
  const { cell } = exportedColumn(column)
  if (unit === CENTS_PREFIX) return { head: `${name}_cents`, cell }
  const inUnits = (cents: Cell) => (typeof cents === 'number' ? cents / 100 : cents)
  return { head: name, cell: row => inUnits(cell(row)) }
}

/** How a column is written to a file: its heading, and its cell in a row. */
export function exportedColumn(column: string): { head: string; cell(row: BoardRow): Cell } {
  for (const unit of [UNITS_PREFIX, CENTS_PREFIX] as const)
    if (column.startsWith(unit)) return moneyCell(column.slice(unit.length), unit)
  if (column === 'score') return { head: column, cell: ({ score }) => score }
  if (column === 'tier') return { head: column, cell: ({ tier = null }) => tier }
  if (column === GOAL_COLUMN) return { head: column, cell: ({ goal_pct = null }) => goal_pct }
  const [gained, reached, label] = [metricOfGain(column), metricOfGoal(column), labelOfColumn(column)]
  if (label !== undefined) return { head: label, cell: ({ labels }) => labels?.[label] ?? null }
  if (gained !== undefined) return { head: `${gained}_gain`, cell: ({ gains }) => gains?.[gained] ?? null }
  if (reached !== undefined) return { head: `${reached}_${GOAL_COLUMN}`, cell: ({ goals }) => goals?.[reached] ?? null }
  return { head: column, cell: ({ metrics }) => metrics[column] ?? null }
}

/** The format of a column list in an address or a cookie. */
export const joinColumnList = (columns: readonly string[]): string => columns.map(encodeURIComponent).join(',')
export const readColumnList = (text: string): string[] =>
  text
    .slice(0, maxColumnsLength)
    .split(',')
    .flatMap(part => decoded(part.trim()) || [])

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return ''
  }
}
