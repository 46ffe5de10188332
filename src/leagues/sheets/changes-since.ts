/**
 * What a sheet changed since the scan before it. Of a large sheet two threads count the changes: the one that scores it and the
 * one that stores it. Whichever is done with that takes the next rows that are not counted yet.
 */
import type { Database } from 'bun:sqlite'
import { areSameTexts, compareTexts, type TextColumn } from '../../leaderboard/text.ts'
import { type Players, sheetPlayers } from './baseline-rows.ts'
import { fallenCounter } from './doubts.ts'
import type { PausableWork } from './latecomers.ts'
import { eachTexts } from './snapshots/read.ts'
import type { SheetColumns, Snapshot } from './snapshots/snapshot.ts'

export type SheetComparison = {
  snapshot: Snapshot
  /** In id order. */
  sheet: SheetColumns
  before: Snapshot
  /** For each row of the sheet the row in `before` with the same id, or -1. */
  rows: Int32Array
  countsFallen: boolean
  /** The first row that no thread has taken yet. */
  untaken: Int32Array<SharedArrayBuffer>
}

/** `fallen` of `counters` that were above 0 are lower now. */
export type ChangesSince = { fallen: number; counters: number; new: number; renamed: number }

const rowsAtOnce = 1 << 14

/** Counts the changes in the rows that no other thread takes. */
export async function changesSince(
  scores: Database,
  { snapshot, sheet, before, rows, countsFallen, untaken }: SheetComparison,
  { pause }: PausableWork,
): Promise<ChangesSince> {
  const players: Players = { ...sheetPlayers(scores, snapshot, sheet), rowsIn: () => rows }
  const counter = countsFallen ? fallenCounter(scores, players, before) : undefined
  let newPlayers = 0
  let renamed = 0
  for (;;) {
    const from = Atomics.add(untaken, 0, rowsAtOnce)
    if (from >= rows.length) return { fallen: 0, counters: 0, ...counter?.counts, new: newPlayers, renamed }
    const to = Math.min(rows.length, from + rowsAtOnce)
    counter?.add(from, to)
    for (let row = from; row < to; row++) if (rows[row]! < 0) newPlayers++
    renamed += countRenamed(scores, sheet.names, before, rows, from, to)
    await pause()
  }
}

export const sumOfChanges = (a: ChangesSince, b: ChangesSince): ChangesSince => ({
  fallen: a.fallen + b.fallen,
  counters: a.counters + b.counters,
  new: a.new + b.new,
  renamed: a.renamed + b.renamed,
})

function countRenamed(
  scores: Database,
  names: TextColumn,
  before: Snapshot,
  rows: Int32Array,
  from: number,
  to: number,
): number {
  while (from < to && rows[from]! < 0) from++
  while (from < to && rows[to - 1]! < 0) to--
  if (from === to) return 0
  let renamed = 0
  let row = from
  const countGroup = (namesBefore: TextColumn, first: number, end: number) => {
    if (isRun(rows, row, to, first, end) && areSameTexts(names, row, namesBefore, 0, end - first)) {
      row += end - first
      return
    }
    for (; row < to && rows[row]! < end; row++) {
      const rowBefore = rows[row]!
      if (rowBefore >= 0 && compareTexts(names, row, namesBefore, rowBefore - first) !== 0) renamed++
    }
  }
  eachTexts(scores, before, 'names', countGroup, rows[from]!, rows[to - 1]!)
  return renamed
}

/** Whether the rows from `row` on, before `to`, are `first` to `end`. */
function isRun(rows: Int32Array, row: number, to: number, first: number, end: number): boolean {
  if (row + end - first > to) return false
  for (let before = first; before < end; before++) if (rows[row++] !== before) return false
  return true
}
