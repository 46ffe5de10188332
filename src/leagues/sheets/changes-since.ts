/** What a sheet changed since the scan before it. It takes as long as scoring does, so for a large sheet the storing thread does it. */
import type { Database } from 'bun:sqlite'
import { compareTexts, type TextColumn } from '../../leaderboard/text.ts'
import { type Players, sheetPlayers } from './baseline-rows.ts'
import { countFallen } from './doubts.ts'
import type { LatecomersWork } from './latecomers.ts'
import { release } from './snapshots/memory.ts'
import { allocateOwn, readNames } from './snapshots/read.ts'
import type { SheetColumns, Snapshot } from './snapshots/snapshot.ts'

export type SheetSince = {
  snapshot: Snapshot
  sheet: SheetColumns
  since: Snapshot
  /** For each row of the sheet the row in `since` with the same id, or -1. */
  rows: Int32Array
}

/** `fallen` of `counters` that were above 0 are lower now. */
export type ChangesSince = { fallen: number; counters: number; new: number; missing: number; renamed: number }

/** The sheet is in id order. */
export async function changesSince(
  scores: Database,
  { snapshot, sheet, since, rows }: SheetSince,
  work: LatecomersWork,
): Promise<ChangesSince> {
  const players: Players = { ...sheetPlayers(scores, snapshot, sheet), rowsIn: () => rows }
  const { fallen, counters } = await countFallen(scores, players, since, work)
  return { fallen, counters, ...countMoves(scores, sheet.names, since, rows) }
}

/** Who is new, gone or renamed. */
function countMoves(scores: Database, names: TextColumn, since: Snapshot, rows: Int32Array) {
  const namesBefore = readNames(scores, since, allocateOwn)
  let fresh = 0
  let renamed = 0
  for (let row = 0; row < rows.length; row++) {
    const earlier = rows[row]!
    if (earlier < 0) fresh++
    else if (compareTexts(names, row, namesBefore, earlier) !== 0) renamed++
  }
  release(namesBefore.bytes, namesBefore.offsets)
  return { new: fresh, missing: since.players - (rows.length - fresh), renamed }
}
