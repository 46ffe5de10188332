/** Where players start, and a walk that compares their current values with it. Runs in the worker thread. */
import type { Database } from 'bun:sqlite'
import { matchRows } from '../../leaderboard/gains.ts'
import { rowCount, type TextColumn } from '../../leaderboard/text.ts'
import { extraStartsOf } from './extra-columns.ts'
import { type LatecomersWork, latecomersOf } from './latecomers.ts'
import { readNumbers } from './number-column.ts'
import type { SnapshotSelection } from './snapshot-selection.ts'
import { release } from './snapshots/memory.ts'
import { allocateOwn, ColumnWindow, readIds, readValues } from './snapshots/read.ts'
import { type SheetColumns, type Snapshot, snapshotOf } from './snapshots/snapshot.ts'

/**
 * Where the players of a snapshot start. `rows[row]` is the row in `baseline`, or OWN: the row itself, or, from LATE
 * downwards, a row of `latecomers`.
 */
export type BaselineRows = {
  baseline: number
  latecomers: number | null
  /** Start values in columns of extra sheets, row by row; players who are missing there start from 0. */
  extras?: number
  rows: Int32Array
}
const OWN = -1
export const LATE = -2

/** A walk over some columns from the first row to the last: the value of a row is `values[column][at(row)]`. */
type Walking = Pick<ColumnWindow, 'values' | 'at' | 'holds'>

/** The players of a snapshot. `rowsIn` finds them in another snapshot, by row; -1 if they are not in it. */
export type Players = {
  snapshot: Snapshot
  rowsIn(other: number): Int32Array
  walk(metrics: readonly string[]): Walking
}

export const storedPlayers = (scores: Database, snapshot: Snapshot): Players => ({
  snapshot,
  rowsIn: finder(scores, readIds(scores, snapshot, allocateOwn)),
  walk: metrics => new ColumnWindow(scores, snapshot, metrics),
})

/** The same while the imported sheet is still in memory, in id order. */
export const sheetPlayers = (scores: Database, snapshot: Snapshot, sheet: SheetColumns): Players => ({
  snapshot,
  rowsIn: finder(scores, sheet.ids),
  walk: metrics => sheetWalk(sheet, metrics),
})

const WINDOW = 1 << 12 // rows

function sheetWalk({ ids, metrics }: SheetColumns, names: readonly string[]): Walking {
  const players = rowCount(ids)
  const columns = names.map(name => metrics.find(metric => metric.name === name)?.values)
  const values = names.map(() => new Float64Array(Math.min(WINDOW, players)).fill(Number.NaN))
  let [first, end] = [0, 0]
  return {
    values,
    holds: row => row < end,
    at(row) {
      if (row >= end) {
        first = row
        end = Math.min(players, first + WINDOW)
        for (const [m, column] of columns.entries()) if (column) readNumbers(column, first, end, values[m]!)
      }
      return row - first
    },
  }
}

function finder(scores: Database, ids: TextColumn) {
  const found = new Map<number, Int32Array>()
  return (other: number): Int32Array => {
    const known = found.get(other)
    if (known) return known
    const others = readIds(scores, snapshotOf(scores, other), allocateOwn)
    const rows = matchRows(ids, others)
    release(others.bytes, others.offsets)
    found.set(other, rows)
    return rows
  }
}

export async function baselineRowsOf(
  scores: Database,
  { snapshot, rowsIn }: Players,
  selection: SnapshotSelection,
  working: LatecomersWork,
): Promise<BaselineRows> {
  const { baseline } = selection
  const rows = new Int32Array(new SharedArrayBuffer(snapshot.players * 4)).fill(OWN)
  const extras = await extraStartsOf(scores, selection, working)
  if (baseline === selection.scan) return { baseline, latecomers: null, extras, rows }
  const latecomers = await latecomersOf(scores, selection, working)
  rows.set(rowsIn(baseline))
  if (latecomers && latecomers.players > 0) {
    const late = rowsIn(latecomers.id)
    for (let row = 0; row < rows.length; row++) if (rows[row] === OWN && late[row]! >= 0) rows[row] = LATE - late[row]!
  }
  return { baseline, latecomers: latecomers?.id ?? null, extras, rows }
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
  const takeFrom = (id: number, from: Int32Array) => {
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
  const placed = Int32Array.from(rows, row => starts.rows[row]!)
  takeFrom(starts.baseline, placed)
  if (starts.latecomers !== null)
    takeFrom(
      starts.latecomers,
      placed.map(start => (start <= LATE ? LATE - start : -1)),
    )
  const startsOf = extraStarts(scores, snapshot, starts, rows)
  for (const [c, { name, extra }] of snapshot.metrics.entries()) {
    if (!extra) continue
    const start = startsOf(name)
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
 * Some players of a walk, the first `length` of each list: of metric `m`, player `rows[i]` has the value `now[m][ats[i]]` and
 * starts from `then[m][froms[i]]`.
 */
export type PlayerBatch = {
  length: number
  rows: Int32Array
  ats: Int32Array
  froms: Int32Array
  now: Float64Array[]
  then: Float64Array[]
}

const MOST = 1 << 12 // players of a batch
const MANY = 1 << 16 // players between two pauses

/**
 * Current and start values of some metrics for everyone, without a whole column in memory. It works on many players at once: column by
 * column takes a third of the time of row by row. Players with the same kind of start come in the order of their rows.
 */
export async function eachBatch(
  scores: Database,
  { snapshot, walk }: Players,
  starts: BaselineRows,
  metrics: readonly string[],
  { pause }: LatecomersWork,
  each: (batch: PlayerBatch) => void,
): Promise<void> {
  const now = walk(metrics)
  const baseline = new ColumnWindow(scores, snapshotOf(scores, starts.baseline), metrics)
  const late =
    starts.latecomers === null ? now : new ColumnWindow(scores, snapshotOf(scores, starts.latecomers), metrics)
  const isExtra = (m: number) => snapshot.metrics.some(({ name, extra }) => extra && name === metrics[m])
  const added = metrics.map((_, m) => m).filter(isExtra)
  const extraStart = added.length > 0 ? extraStartWalk(scores, starts, metrics) : undefined
  // Start values of extra columns are written where those of other columns are read, and never over current values.
  const own = now.values.map((values, m) => (added.includes(m) ? new Float64Array(values.length) : values))
  const [ofBaseline, ofOwn, ofLate] = [baseline.values, own, late.values].map(then =>
    emptyBatch(Math.min(MOST, snapshot.players), now.values, then),
  )
  const batches = [ofBaseline!, ofOwn!, ofLate!]
  const flush = () => {
    for (const batch of batches) {
      if (batch.length > 0) each(batch)
      batch.length = 0
    }
  }
  const isWithin = (row: number, start: number) =>
    now.holds(row) && (start === OWN || (start >= 0 ? baseline.holds(start) : late.holds(LATE - start)))
  for (let row = 0; row < snapshot.players; row++) {
    const start = starts.rows[row]!
    const batch = start >= 0 ? ofBaseline! : start === OWN ? ofOwn! : ofLate!
    if (batch.length === MOST || !isWithin(row, start)) flush()
    const at = now.at(row)
    const from = start >= 0 ? baseline.at(start) : start === OWN ? at : late.at(LATE - start)
    for (const m of added) batch.then[m]![from] = extraStart?.(m, row) ?? 0
    batch.rows[batch.length] = row
    batch.ats[batch.length] = at
    batch.froms[batch.length++] = from
    if (row % MANY === MANY - 1) {
      flush()
      await pause()
    }
  }
  flush()
}

const emptyBatch = (most: number, now: Float64Array[], then: Float64Array[]): PlayerBatch => ({
  length: 0,
  rows: new Int32Array(most),
  ats: new Int32Array(most),
  froms: new Int32Array(most),
  now,
  then,
})

/** For metric `m` of the walk, the value is `now[m][at]` and the start `then[m][from]`. */
export type EachPlayer = (row: number, now: Float64Array[], at: number, then: Float64Array[], from: number) => void

/** The same one by one, for more than a sum. Rows do not come in order. */
export const eachPlayer = (
  scores: Database,
  players: Players,
  starts: BaselineRows,
  metrics: readonly string[],
  working: LatecomersWork,
  each: EachPlayer,
): Promise<void> =>
  eachBatch(scores, players, starts, metrics, working, ({ length, rows, ats, froms, now, then }) => {
    for (let i = 0; i < length; i++) each(rows[i]!, now, ats[i]!, then, froms[i]!)
  })

/** The start value of a row in a column of extra sheets. */
function extraStartWalk(scores: Database, { extras }: BaselineRows, metrics: readonly string[]) {
  if (extras === undefined) return undefined
  const stored = snapshotOf(scores, extras)
  const walk = new ColumnWindow(scores, stored, metrics)
  const isThere = metrics.map(metric => stored.metrics.some(({ name }) => name === metric))
  return (m: number, row: number): number => (isThere[m] ? walk.values[m]![walk.at(row)]! : 0)
}
