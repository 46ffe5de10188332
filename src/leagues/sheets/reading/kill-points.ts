import { type NumberColumn, readNumbers } from '../number-column.ts'
import { SheetFindings } from './report.ts'

const ROWS_AT_ONCE = 4096

/** What kills of each tier are worth. Where a scan says otherwise, the scanner misread the row. */
const killPointsOf = (t1: number, t2: number, t3: number, t4: number, t5: number): number =>
  Math.floor(t1 / 5) + 2 * t2 + 4 * t3 + 10 * t4 + 20 * t5

/** Rows whose kill points are not what their kills add up to. Rows with an unknown value are not checked. */
export function misreadKillPoints(
  valuesOf: (metric: string) => NumberColumn | undefined,
  lines: Uint32Array,
  column: string,
): SheetFindings {
  const found = new SheetFindings()
  const columns = ['kill_points', ...[1, 2, 3, 4, 5].map(tier => `kills_t${tier}`)].map(valuesOf)
  if (columns.includes(undefined)) return found
  const batches = columns.map(() => new Float64Array(ROWS_AT_ONCE))
  const [killPoints, t1, t2, t3, t4, t5] = batches
  if (!killPoints || !t1 || !t2 || !t3 || !t4 || !t5) return found
  const report = (line: number, given: number, expected: number) =>
    found.add(() => ({ line, column, value: String(given), reason: `the kills add up to ${expected} kill points` }))
  for (let first = 0; first < lines.length; first += ROWS_AT_ONCE) {
    const count = Math.min(ROWS_AT_ONCE, lines.length - first)
    for (const [c, batch] of batches.entries()) readNumbers(columns[c]!, first, first + count, batch)
    for (let i = 0; i < count; i++) {
      const expected = killPointsOf(t1[i]!, t2[i]!, t3[i]!, t4[i]!, t5[i]!)
      const given = killPoints[i]!
      if (given === expected || Number.isNaN(expected) || Number.isNaN(given)) continue
      if (found.hasRoom) report(lines[first + i]!, given, expected)
      else found.count++
    }
  }
  return found
}
