/** Fills in names that a sheet does not have. Runs in the worker thread. */
import type { Database } from 'bun:sqlite'
import { freeBuffers } from '../../leaderboard/free-buffers.ts'
import { rowCount, type TextColumn, textAt, textColumn } from '../../leaderboard/text.ts'
import { byTakenAt, type Published, scansOf } from './snapshot-selection.ts'
import { matchStored, readNames } from './snapshots/read.ts'
import { type SheetColumns, storedSnapshot } from './snapshots/snapshot.ts'
import { bringToIdOrder } from './snapshots/write.ts'

const maxSnapshots = 10 // searched for a name

/**
 * Fills in the names that a sheet lacks, all or some, from the league's scans: first those before it, the nearest
 * first. A player whose name is unknown gets their id as name.
 */
export function fillInNames(
  scores: Database,
  sheet: SheetColumns,
  hasNames: boolean,
  { published, takenAt }: { published: readonly Published[]; takenAt: number },
): void {
  let unnamed = hasNames ? emptyTexts(sheet.names) : rowCount(sheet.names)
  const scansNewestFirst = byTakenAt(scansOf(published)).reverse()
  const nearest = [
    ...scansNewestFirst.filter(scan => scan.takenAt <= takenAt),
    ...scansNewestFirst.filter(scan => scan.takenAt > takenAt).reverse(),
  ]
  if (unnamed === 0 || nearest.length === 0) return
  bringToIdOrder(sheet)
  const texts = Array.from({ length: rowCount(sheet.ids) }, (_, row) => (hasNames ? textAt(sheet.names, row) : ''))
  for (const { snapshot: id } of nearest.slice(0, maxSnapshots)) {
    const snapshot = storedSnapshot(scores, id)
    if (!snapshot) continue
    const others = readNames(scores, snapshot)
    const rows = matchStored(scores, sheet.ids, snapshot)
    for (let row = 0; row < rows.length; row++) {
      if (texts[row] || rows[row]! < 0) continue
      const name = textAt(others, rows[row]!)
      if (!name || name === textAt(sheet.ids, row)) continue // another sheet without names
      texts[row] = name
      unnamed--
    }
    freeBuffers(others.bytes, others.offsets)
    if (unnamed === 0) break
  }
  sheet.names = textColumn(texts.map((text, row) => text || textAt(sheet.ids, row)))
}

function emptyTexts({ offsets }: TextColumn): number {
  let empty = 0
  for (let row = 1; row < offsets.length; row++) if (offsets[row] === offsets[row - 1]) empty++
  return empty
}
