/** Where players start, and passes over all players that compare their current values with it. Runs in the worker thread. */
import type { Database } from 'bun:sqlite'
import { rowCount, type TextColumn } from '../../leaderboard/text.ts'
import { extraStartsOf } from './extra-columns.ts'
import { latecomersOf, type PausableWork } from './latecomers.ts'
import { type NumberColumn, readNumbers } from './number-column.ts'
import type { SnapshotSelection } from './snapshot-selection.ts'
import { allocateShared, matchStored, readIds, readValues, SnapshotWindow } from './snapshots/read.ts'
import { type SheetColumns, type Snapshot, snapshotOf } from './snapshots/snapshot.ts'

/**
 * Where the players of a snapshot start. `rows[row]` is a row of `baseline`; or OWN, where the player
 * starts from their row in the snapshot itself; or LATE minus a row of `latecomers`.
 */
export type BaselineRows = {
  baseline: number
  latecomers: number | null
  /** Start values in columns of extra sheets, row by row, NaN where unknown; other columns start from 0. */
  extras?: number
  rows: Int32Array
}
const OWN = -1
const LATE = -2

/** Some columns, read from the first row to the last: the value of a row from `first` to `end` is `values[column][row - first]`. */
type ColumnWindow = Pick<SnapshotWindow, 'values' | 'length' | 'first' | 'end' | 'moveTo'>

/** The players of a snapshot. `rowsIn` finds them in another snapshot, by row; -1 if they are not in it. */
export type Players = {
  snapshot: Snapshot
  rowsIn(other: number): Int32Array
  window(metrics: readonly string[]): ColumnWindow
}

export const storedPlayers = (scores: Database, snapshot: Snapshot): Players => ({
  snapshot,
  rowsIn: rowMatcher(scores, readIds(scores, snapshot)),
  window: metrics => new SnapshotWindow(scores, snapshot, metrics),
})

/** The players of an imported sheet that is still in memory, in id order. */
export const sheetPlayers = (scores: Database, snapshot: Snapshot, sheet: SheetColumns): Players => ({
  snapshot,
  rowsIn: rowMatcher(scores, sheet.ids),
  window: metrics => new SheetWindow(sheet, metrics),
})

const WINDOW = 1 << 12 // rows

class SheetWindow implements ColumnWindow {
  readonly values: Float64Array[]
  readonly length: number
  first = 0
  end = 0
  private readonly players: number
  private readonly columns: (NumberColumn | undefined)[]

  constructor({ ids, metrics }: SheetColumns, names: readonly string[]) {
    this.players = rowCount(ids)
    this.length = Math.min(WINDOW, this.players)
    this.columns = names.map(name => metrics.find(metric => metric.name === name)?.values)
    this.values = names.map(() => new Float64Array(this.length).fill(Number.NaN))
  }

  moveTo(row: number): void {
    this.first = row
    this.end = Math.min(this.players, row + WINDOW)
    for (const [m, column] of this.columns.entries())
      if (column) readNumbers(column, this.first, this.end, this.values[m]!)
  }
}

function rowMatcher(scores: Database, ids: TextColumn) {
  const matched = new Map<number, Int32Array>()
  return (other: number): Int32Array => {
    const inMemory = matched.get(other)
    if (inMemory) return inMemory
    const rows = matchStored(scores, ids, snapshotOf(scores, other), allocateShared)
    matched.set(other, rows)
    return rows
  }
}

export async function baselineRowsOf(
  scores: Database,
  { snapshot, rowsIn }: Players,
  selection: SnapshotSelection,
  work: PausableWork,
): Promise<BaselineRows> {
  const { baseline } = selection
  const newRows = () => new Int32Array(allocateShared(snapshot.players * 4))
  const extras = await extraStartsOf(scores, selection, work)
  if (baseline === selection.scan) return { baseline, latecomers: null, extras, rows: newRows().fill(OWN) }
  const latecomers = await latecomersOf(scores, selection, work)
  const baselineRows = rowsIn(baseline)
  if (!latecomers?.players) return { baseline, latecomers: null, extras, rows: baselineRows }
  const latecomerRows = rowsIn(latecomers.id)
  const rows = newRows()
  for (let row = 0; row < rows.length; row++) {
    const isLate = baselineRows[row] === OWN && latecomerRows[row]! >= 0
    rows[row] = isLate ? LATE - latecomerRows[row]! : baselineRows[row]!
  }
  return { baseline, latecomers: latecomers.id, extras, rows }
}

/** The start values of the players in `rows`: all metrics of `snapshot` for each row, NaN where the start has no such metric. */
export function baselineValues(
  scores: Database,
  snapshot: Snapshot,
  starts: BaselineRows,
  rows: Uint32Array,
  own: Float64Array,
) {
  const columns = snapshot.metrics.length
  const values = own.slice()
  const copyValues = (id: number, from: Int32Array) => {
    const other = snapshotOf(scores, id)
    const found = readValues(scores, other, from)
    for (let c = 0; c < columns; c++) {
      const column = other.metrics.findIndex(({ name }) => name === snapshot.metrics[c]!.name)
      for (let i = 0; i < rows.length; i++) {
        if (from[i]! < 0) continue
        values[i * columns + c] = column < 0 ? Number.NaN : found[i * other.metrics.length + column]!
      }
    }
  }
  const startRows = Int32Array.from(rows, row => starts.rows[row]!)
  copyValues(starts.baseline, startRows)
  if (starts.latecomers !== null)
    copyValues(
      starts.latecomers,
      startRows.map(start => (start <= LATE ? LATE - start : -1)),
    )
  const startOfMetric = extraStarts(scores, snapshot, starts, rows)
  for (const [c, { name, extra }] of snapshot.metrics.entries()) {
    if (!extra) continue
    const start = startOfMetric(name)
    for (let i = 0; i < rows.length; i++) values[i * columns + c] = start(i)
  }
  return values
}

/** The start values of some rows in a column of extra sheets. */
function extraStarts(scores: Database, { metrics }: Snapshot, { extras }: BaselineRows, rows: Uint32Array) {
  const fromZero = () => 0
  if (extras === undefined || !metrics.some(({ extra }) => extra)) return () => fromZero
  const stored = snapshotOf(scores, extras)
  const values = readValues(scores, stored, rows)
  return (metric: string) => {
    const column = stored.metrics.findIndex(({ name }) => name === metric)
    return column < 0 ? fromZero : (i: number) => values[i * stored.metrics.length + column]!
  }
}

/**
 * Some players, the first `length` of each list: of metric `m`, player `rows[i]` has the value `now[m][nowIndexes[i]]` and
 * starts from `start[m][startIndexes[i]]`.
 */
export type PlayerBatch = {
  length: number
  rows: Int32Array
  nowIndexes: Int32Array
  startIndexes: Int32Array
  now: Float64Array[]
  start: Float64Array[]
}

const emptyBatch = ({ length, values }: ColumnWindow, start: Float64Array[]): PlayerBatch => ({
  length: 0,
  rows: new Int32Array(length),
  nowIndexes: new Int32Array(length),
  startIndexes: new Int32Array(length),
  now: values,
  start,
})

/** The rows of `now`, beside the rows of another snapshot in which these players start. */
export function pairRows(now: ColumnWindow, start: SnapshotWindow, each: (batch: PlayerBatch) => void) {
  const batch = emptyBatch(now, start.values)
  /** `startRows`: by row; below 0 for players who do not start there. */
  return (startRows: Int32Array, from: number, to: number): void => {
    for (let row = from; row < to; ) {
      row = addPairs(batch, startRows, row, to, now.first, start.first, start.end)
      if (batch.length > 0) each(batch)
      if (row < to) start.moveTo(startRows[row]!)
    }
  }
}

/** Fills the batch with the rows from `from` on, and returns the row whose start row is not in the window, or `to`. */
function addPairs(
  batch: PlayerBatch,
  startRows: Int32Array,
  from: number,
  to: number,
  nowFirst: number,
  startFirst: number,
  startEnd: number,
): number {
  const { rows, nowIndexes, startIndexes } = batch
  let length = 0
  let row = from
  for (; row < to; row++) {
    const start = startRows[row]!
    if (start < 0) continue
    if (start >= startEnd) break
    rows[length] = row
    nowIndexes[length] = row - nowFirst
    startIndexes[length++] = start - startFirst
  }
  batch.length = length
  return row
}

/** Fills the batch with the rows from `from` to `to` of players who start from these rows. */
function addOwnRows(batch: PlayerBatch, startRows: Int32Array, from: number, to: number, nowFirst: number): void {
  const { rows, nowIndexes, startIndexes } = batch
  let length = 0
  for (let row = from; row < to; row++) {
    if (startRows[row] !== OWN) continue
    rows[length] = row
    nowIndexes[length] = row - nowFirst
    startIndexes[length++] = row - nowFirst
  }
  batch.length = length
}

const PAUSE_EVERY = 1 << 16 // players between two pauses

/**
 * Current and start values of some metrics for everyone, without a whole column in memory. It works on many players at once: column by
 * column takes a third of the time of row by row. Players with the same kind of start come in the order of their rows.
 */
export async function eachBatch(
  scores: Database,
  { snapshot, window }: Players,
  starts: BaselineRows,
  metrics: readonly string[],
  { pause }: PausableWork,
  each: (batch: PlayerBatch, isOfBaseline: boolean) => void,
): Promise<void> {
  const now = window(metrics)
  const isExtra = (m: number) => snapshot.metrics.some(({ name, extra }) => extra && name === metrics[m])
  const extraMetrics = metrics.map((_, m) => m).filter(isExtra)
  const extraStart = extraMetrics.length > 0 ? extraStartReader(scores, starts, metrics) : undefined
  const extraStarts = extraMetrics.map(() => new Float64Array(now.length)) // 0 unless an extra sheet says otherwise
  const eachWithExtras = (batch: PlayerBatch, isOfBaseline: boolean) => {
    const { length, nowIndexes, startIndexes, start } = batch
    for (const [e, m] of extraMetrics.entries())
      for (let i = 0; i < length; i++) start[m]![startIndexes[i]!] = extraStarts[e]![nowIndexes[i]!]!
    if (length > 0) each(batch, isOfBaseline)
  }
  const windowOf = (id: number) => new SnapshotWindow(scores, snapshotOf(scores, id), metrics)
  const addOfBaseline = pairRows(now, windowOf(starts.baseline), batch => eachWithExtras(batch, true))
  const addLate =
    starts.latecomers === null
      ? undefined
      : pairRows(now, windowOf(starts.latecomers), batch => eachWithExtras(batch, false))
  const lateRows = addLate && starts.rows.map(start => LATE - start)
  // Start values of extra columns are written where those of other columns are read, and never over current values.
  const ownStarts = now.values.map((values, m) => (extraMetrics.includes(m) ? new Float64Array(values.length) : values))
  const own = emptyBatch(now, ownStarts)
  let paused = 0
  for (let row = 0; row < snapshot.players; row = now.end) {
    now.moveTo(row)
    if (extraStart)
      for (let i = row; i < now.end; i++)
        for (const [e, m] of extraMetrics.entries()) extraStarts[e]![i - now.first] = extraStart(m, i)
    addOfBaseline(starts.rows, row, now.end)
    if (lateRows) addLate(lateRows, row, now.end)
    addOwnRows(own, starts.rows, row, now.end, now.first)
    eachWithExtras(own, false)
    if (now.end - paused >= PAUSE_EVERY) {
      paused = now.end
      await pause()
    }
  }
}

/** For metric `m`, the value is `now[m][nowIndex]` and the start value `start[m][startIndex]`. */
type EachPlayer = (
  row: number,
  now: Float64Array[],
  nowIndex: number,
  start: Float64Array[],
  startIndex: number,
) => void

/** Calls `each` for one player after another, for work that needs whole rows. Rows do not come in order. */
export const eachPlayer = (
  scores: Database,
  players: Players,
  starts: BaselineRows,
  metrics: readonly string[],
  work: PausableWork,
  each: EachPlayer,
): Promise<void> =>
  eachBatch(scores, players, starts, metrics, work, ({ length, rows, nowIndexes, startIndexes, now, start }) => {
    for (let i = 0; i < length; i++) each(rows[i]!, now, nowIndexes[i]!, start, startIndexes[i]!)
  })

/** The start value of a row in a column of extra sheets. */
function extraStartReader(scores: Database, { extras }: BaselineRows, metrics: readonly string[]) {
  if (extras === undefined) return undefined
  const stored = snapshotOf(scores, extras)
  const columns = new SnapshotWindow(scores, stored, metrics)
  const hasColumn = metrics.map(metric => stored.metrics.some(({ name }) => name === metric))
  return (m: number, row: number): number => (hasColumn[m] ? columns.values[m]![columns.at(row)]! : 0)
}
