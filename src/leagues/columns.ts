/**
 * The columns of a board by name: `score`, `tier`, `goal_pct`, `label:alliance`, a metric, what was gained in it (`deads.gain`).
 * Rank, movement and name are always shown, so they have none here.
 */
import { GOAL, gainColumn, goalColumn, metricOfGain, metricOfGoal, type Row } from '../leaderboard/page.ts'
import type { Cell } from '../platform/files/workbook.ts'
import { metricName } from './pages/words.ts'

const LABEL = 'label:'
export const labelColumn = (label: string): string => `${LABEL}${label}`
export const labelOfColumn = (column: string): string | undefined =>
  column.startsWith(LABEL) ? column.slice(LABEL.length) : undefined

export const longestColumns = 4_000 // characters, in an address or a cookie

/** All that the rows of a board have, in the usual order. */
export function columnsOfRow(row: Row | undefined): string[] {
  if (!row) return []
  const targets = Object.keys(row.goals ?? {})
  const metrics = Object.keys(row.metrics).filter(each => each !== 'score')
  return [
    'score',
    ...('tier' in row ? ['tier'] : []),
    ...(targets.length > 0 ? [GOAL] : []),
    ...(targets.length > 1 ? targets.map(goalColumn) : []),
    ...Object.keys(row.labels ?? {}).map(labelColumn),
    ...metrics,
    ...Object.keys(row.gains ?? {}).map(gainColumn),
  ]
}

/** Those to show: as chosen, else all but gains, which stand beside their metric anyway. What the board is ranked by is among them. */
export function shownColumns(
  there: readonly string[],
  chosen: readonly string[] | undefined,
  sort_by: string,
): string[] {
  const usual = there.filter(column => metricOfGain(column) === undefined)
  const wanted = chosen?.filter(column => there.includes(column)) ?? []
  const shown = wanted.length > 0 ? wanted : usual
  const isSeen = shown.includes(sort_by) || shown.includes(metricOfGain(sort_by) ?? '') || !there.includes(sort_by)
  return isSeen ? shown : [...shown, sort_by]
}

/** What a column is called over a table. */
export function columnName(column: string, scoreName: string): string {
  if (column === 'score') return scoreName
  if (column === GOAL) return 'Goal'
  const [gained, reached, label] = [metricOfGain(column), metricOfGoal(column), labelOfColumn(column)]
  if (gained !== undefined) return `${metricName(gained)}: gained`
  return reached !== undefined ? `${metricName(reached)}: goal` : metricName(label ?? column)
}

const UNITS = 'units:'
const CENTS = 'cents:'
/** Money is written in currency units, and beside them in the cents it is counted in. */
export const moneyColumns = (column: string): string[] => [`${UNITS}${column}`, `${CENTS}${column}`]

function moneyCell(column: string, form: typeof UNITS | typeof CENTS): { head: string; cell(row: Row): Cell } {
  const name = column.replace(/_cents$/, '')
  const { cell } = exportedColumn(column)
  if (form === CENTS) return { head: `${name}_cents`, cell }
  const inUnits = (cents: Cell) => (typeof cents === 'number' ? cents / 100 : cents)
  return { head: name, cell: row => inUnits(cell(row)) }
}

/** How a column is written in a file: its heading, and its cell in a row. */
export function exportedColumn(column: string): { head: string; cell(row: Row): Cell } {
  for (const form of [UNITS, CENTS] as const)
    if (column.startsWith(form)) return moneyCell(column.slice(form.length), form)
  if (column === 'score') return { head: column, cell: ({ score }) => score }
  if (column === 'tier') return { head: column, cell: ({ tier = null }) => tier }
  if (column === GOAL) return { head: column, cell: ({ goal_pct = null }) => goal_pct }
  const [gained, reached, label] = [metricOfGain(column), metricOfGoal(column), labelOfColumn(column)]
  if (label !== undefined) return { head: label, cell: ({ labels }) => labels?.[label] ?? null }
  if (gained !== undefined) return { head: `${gained}_gain`, cell: ({ gains }) => gains?.[gained] ?? null }
  if (reached !== undefined) return { head: `${reached}_${GOAL}`, cell: ({ goals }) => goals?.[reached] ?? null }
  return { head: column, cell: ({ metrics }) => metrics[column] ?? null }
}

/** As they are written in an address or a cookie. */
export const writtenColumns = (columns: readonly string[]): string => columns.map(encodeURIComponent).join(',')
export const readColumnList = (text: string): string[] =>
  text
    .slice(0, longestColumns)
    .split(',')
    .flatMap(part => decoded(part.trim()) || [])

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return ''
  }
}
