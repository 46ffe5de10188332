/** The memory of a sheet: shared between threads, and freed here, as the garbage collector by itself would keep some hundred megabytes of it. */
import { fullGC } from 'bun:jsc'
import { freeBuffers } from '../../../leaderboard/free-buffers.ts'
import type { TextColumn } from '../../../leaderboard/text.ts'
import { copyNumbers, type NumberColumn } from '../number-column.ts'
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

/**
 * Lets go of the memory of a sheet that nobody reads any more. Returns how much of it is shared: the garbage collector has to free that.
 * It takes whatever lies on the stack for a reference, and an old one to the sheet would keep all of it.
 */
export function dropColumns({ ids, names, metrics, labels }: SheetColumns): number {
  let sharedBytes = 0
  const drop = (view: Uint8Array | NumberColumn) => {
    if (view.buffer instanceof SharedArrayBuffer) sharedBytes += view.byteLength
    freeBuffers(view)
  }
  for (const metric of metrics) {
    drop(metric.values)
    metric.values = new Uint32Array()
  }
  for (const column of [ids, names, ...labels.map(({ texts }) => texts)]) {
    drop(column.bytes)
    drop(column.offsets)
    column.bytes = new Uint8Array()
    column.offsets = new Uint32Array()
  }
  return sharedBytes
}

const COLLECT_ABOVE = 16 * 2 ** 20
const COLLECT_AFTER_MS = 30
const COLLECT_AGAIN_AFTER_MS = 250
let pending = 0
let again: Timer | undefined

/**
 * Counts garbage, and collects it once there is enough, which takes some ten milliseconds: when the first page of the sheet's board is made
 * and nothing refers to the sheet any more. Shared memory is freed once all threads that share it have collected theirs. After `Bun.gc`
 * some sheets stayed until the next upload. So did one of five after the first collection, which is why there is a second one.
 */
export function collectGarbageLater(bytes: number): void {
  pending += bytes
  if (pending < COLLECT_ABOVE) return
  pending = 0
  setTimeout(fullGC, COLLECT_AFTER_MS)
  clearTimeout(again)
  again = setTimeout(fullGC, COLLECT_AGAIN_AFTER_MS)
}
