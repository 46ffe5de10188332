/** What a sheet changed since the scan before it. It takes as long as scoring does, so for a large sheet the storing thread does it. */
import type { Database } from 'bun:sqlite'
import { compareTexts, type TextColumn } from '../../leaderboard/text.ts'
import { type Players, sheetPlayers } from './baseline-rows.ts'
import { countFallenCounters } from './doubts.ts'
import type { PausableWork } from './latecomers.ts'
import { freeBuffers } from './snapshots/memory.ts'
import { allocateOwn, readNames } from './snapshots/read.ts'
import type { SheetColumns, Snapshot } from './snapshots/snapshot.ts'

export type SheetComparison = {
  snapshot: Snapshot
  sheet: SheetColumns
  before: Snapshot
  /** For each row of the sheet the row in `before` with the same id, or -1. */
  rows: Int32Array
}

/** `fallen` of `counters` that were above 0 are lower now. */
export type ChangesSince = { fallen: number; counters: number; new: number; missing: number; renamed: number }

/** The sheet is in id order. */
export async function changesSince(
  scores: Database,
  { snapshot, sheet, before, rows }: SheetComparison,
  work: PausableWork,
): Promise<ChangesSince> {
  const players: Players = { ...sheetPlayers(scores, snapshot, sheet), rowsIn: () => rows }
  const { fallen, counters } = await countFallenCounters(scores, players, before, work)
  return { fallen, counters, ...countPlayerChanges(scores, sheet.names, before, rows) }
}

/** Who is new, gone or renamed. */
function countPlayerChanges(scores: Database, names: TextColumn, before: Snapshot, rows: Int32Array) {
  const namesBefore = readNames(scores, before, allocateOwn)
  let newPlayers = 0
  let renamed = 0
  for (let row = 0; row < rows.length; row++) {
    const rowBefore = rows[row]!
    if (rowBefore < 0) newPlayers++
    else if (compareTexts(names, row, namesBefore, rowBefore) !== 0) renamed++
  }
  freeBuffers(namesBefore.bytes, namesBefore.offsets)
  return { new: newPlayers, missing: before.players - (rows.length - newPlayers), renamed }
}
