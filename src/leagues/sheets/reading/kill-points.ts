import { type NumberColumn, readNumbers } from '../number-column.ts'
import { SheetFindings } from './report.ts'

const ROWS_AT_ONCE = 4096

const metrics = ['kill_points', 'kills_t1', 'kills_t2', 'kills_t3', 'kills_t4', 'kills_t5']

/** The kill points of some rows, and the kills of each tier. */
type KillBatch = readonly Float64Array[]

/** What kills of each tier are worth. Where a scan says otherwise, the scanner misread the row. */
const killPointsOf = (batch: KillBatch, row: number): number =>
  Math.floor(batch[1]![row]! / 5) +
  2 * batch[2]![row]! +
  4 * batch[3]![row]! +
  10 * batch[4]![row]! +
  20 * batch[5]![row]!

/** The next row whose kill points are not what its kills add up to, or `end`. Rows with an unknown value are not checked. */
function nextMisread(batch: KillBatch, from: number, end: number): number {
  const given = batch[0]!
  for (let row = from; row < end; row++) {
    const difference = given[row]! - killPointsOf(batch, row)
    if (difference !== 0 && !Number.isNaN(difference)) return row
  }
  return end
}

/** Rows whose kill points are not what their kills add up to. */
export function misreadKillPoints(
  valuesOf: (metric: string) => NumberColumn | undefined,
  lines: Uint32Array,
  column: string,
): SheetFindings {
  const found = new SheetFindings()
  const columns = metrics.map(valuesOf).filter(values => values !== undefined)
  if (columns.length < metrics.length) return found
  const batch = columns.map(() => new Float64Array(ROWS_AT_ONCE))
  const report = (line: number, given: number, expected: number) =>
    found.add(() => ({ line, column, value: String(given), reason: `the kills add up to ${expected} kill points` }))
  for (let first = 0; first < lines.length; first += ROWS_AT_ONCE) {
    const count = Math.min(ROWS_AT_ONCE, lines.length - first)
    for (const [c, values] of columns.entries()) readNumbers(values, first, first + count, batch[c]!)
    for (let row = nextMisread(batch, 0, count); row < count; row = nextMisread(batch, row + 1, count)) {
      if (found.hasRoom) report(lines[first + row]!, batch[0]![row]!, killPointsOf(batch, row))
      else found.count++
    }
  }
  return found
}
