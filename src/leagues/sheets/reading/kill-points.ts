import { SheetFindings } from './report.ts'

/** What kills of each tier are worth. Where a scan says otherwise, the scanner misread the row. */
const killPointsOf = (t1: number, t2: number, t3: number, t4: number, t5: number): number =>
  Math.floor(t1 / 5) + 2 * t2 + 4 * t3 + 10 * t4 + 20 * t5

/** Rows whose kill points are not what their kills add up to. Rows with an unknown value are not checked. */
export function misread(
  valuesOf: (metric: string) => Float64Array | undefined,
  lines: Uint32Array,
  column: string,
): SheetFindings {
  const found = new SheetFindings()
  const killPoints = valuesOf('kill_points')
  const [t1, t2, t3, t4, t5] = [1, 2, 3, 4, 5].map(tier => valuesOf(`kills_t${tier}`))
  if (!killPoints || !t1 || !t2 || !t3 || !t4 || !t5) return found
  const report = (line: number, given: number, expected: number) =>
    found.add(() => ({ line, column, value: String(given), reason: `the kills add up to ${expected} kill points` }))
  for (let row = 0; row < lines.length; row++) {
    const expected = killPointsOf(t1[row]!, t2[row]!, t3[row]!, t4[row]!, t5[row]!)
    const given = killPoints[row]!
    if (given === expected || Number.isNaN(expected) || Number.isNaN(given)) continue
    if (found.hasRoom) report(lines[row]!, given, expected)
    else found.count++
  }
  return found
}
