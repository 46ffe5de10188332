/** What people call the columns of a board: as their sheets do. */
import { GOAL_COLUMN, metricOfGain, metricOfGoal } from '../leaderboard/page.ts'
import { labelColumn, labelOfColumn } from './columns.ts'

/** How sheets head their columns, by metric or `label:alliance`, where that is not the name in plain words: `{ k_d_pct: 'K/D %' }`. */
export type Headings = Readonly<Record<string, string>>

type Headed = { name: string; heading?: string }

/** Where several sheets have a column, the first counts. Undefined if all columns are headed by their names. */
export function headingsOf(...sheets: Record<'metrics' | 'labels', readonly Headed[]>[]): Headings | undefined {
  const columns = sheets.flatMap(({ metrics, labels }) => [
    ...metrics,
    ...labels.map(({ name, heading }) => ({ name: labelColumn(name), heading })),
  ])
  const firstOfEach = new Map(columns.reverse().map(column => [column.name, column]))
  const headed = [...firstOfEach.values()]
    .reverse()
    .flatMap(({ name, heading }): [string, string][] =>
      heading === undefined || heading === metricName(name, undefined) ? [] : [[name, heading]],
    )
  return headed.length > 0 ? Object.fromEntries(headed) : undefined
}

/** What people call a metric or a label: as in the sheets, else `Kill points` for `kill_points`. */
export function metricName(column: string, headings: Headings | undefined): string {
  const heading = headings?.[column]
  if (heading !== undefined) return heading
  const words = (labelOfColumn(column) ?? column).replace(/_(pct|cents)$/, '').replaceAll('_', ' ')
  return words.charAt(0).toUpperCase() + words.slice(1)
}

export function columnName(column: string, scoreName: string, headings: Headings | undefined): string {
  if (column === 'score') return scoreName
  if (column === GOAL_COLUMN) return 'Goal'
  const [gained, reached] = [metricOfGain(column), metricOfGoal(column)]
  if (gained !== undefined) return `${metricName(gained, headings)}: gained`
  return metricName(reached ?? column, headings) + (reached === undefined ? '' : ': goal')
}
