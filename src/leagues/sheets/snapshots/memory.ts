/** The memory of a sheet: shared between threads, and collected, of which the garbage collector by itself would keep some hundred megabytes. */
import { freeBuffers } from '../../../leaderboard/memory.ts'
import type { TextColumn } from '../../../leaderboard/text.ts'
import { copyNumbers } from '../number-column.ts'
import type { SheetColumns } from './snapshot.ts'

/** Moves a sheet into memory that threads share, and frees what it was in. */
export function shareColumns(sheet: SheetColumns): void {
  for (const metric of sheet.metrics) {
    if (metric.values.buffer instanceof SharedArrayBuffer) continue
    const before = metric.values
    metric.values = copyNumbers(before, bytes => new SharedArrayBuffer(bytes))
    freeBuffers(before)
  }
  const before = [sheet.ids, sheet.names, ...sheet.labels.map(({ texts }) => texts)]
  sheet.ids = sharedTexts(sheet.ids)
  sheet.names = sharedTexts(sheet.names)
  for (const label of sheet.labels) label.texts = sharedTexts(label.texts)
  for (const { bytes, offsets } of before) freeBuffers(bytes, offsets)
}

function sharedTexts(column: TextColumn): TextColumn {
  const { bytes, offsets } = column
  if (bytes.buffer instanceof SharedArrayBuffer && offsets.buffer instanceof SharedArrayBuffer) return column
  const shared = {
    bytes: new Uint8Array(new SharedArrayBuffer(bytes.length)),
    offsets: new Uint32Array(new SharedArrayBuffer(offsets.length * 4)),
  }
  shared.bytes.set(bytes)
  shared.offsets.set(offsets)
  return shared
}

const COLLECT_ABOVE = 16 * 2 ** 20
let pending = 0

/** Counts garbage, and collects it once there is enough, which takes some milliseconds. */
export function collectGarbage(bytes: number): void {
  pending += bytes
  if (pending < COLLECT_ABOVE) return
  pending = 0
  Bun.gc(true)
}
