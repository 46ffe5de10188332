/** Reads a large sheet while it arrives, before its import asks for it. */
import {
  type Growth,
  inBlocks,
  newGrowth,
  signalComplete,
  signalNoReader,
  signalUnwanted,
} from '../../platform/files/growth.ts'
import { isZip } from '../../platform/spreadsheets/sniff.ts'
import type { SheetThread } from './sheet-thread.ts'

export type ArrivingSheet = {
  /** Its chunks, as they are to be written to the file: text, of one sheet at a time, in blocks that are read meanwhile. */
  read(chunks: AsyncGenerator<Uint8Array>, path: string): AsyncGenerator<Uint8Array>
  /** A workbook is read only once it is complete, as its directory is at its end. */
  arrived(path: string): void
  cancel(): void
}

let isOneInBlocks = false // the thread reads one at a time: blocks of others would only take memory
let lastArrived: Growth | undefined

/** `file` is the name its import will ask for it by, `expectedBytes` about how many bytes it will have. */
export function arrivingSheet(thread: SheetThread, file: string, expectedBytes: number): ArrivingSheet {
  const growth = newGrowth()
  let isRead = false
  const startReading = (path: string) => {
    if (isRead) return
    isRead = true
    thread
      .run('readAhead', { file, path, expectedBytes, growth })
      .catch(() => {}) // its import reads it again and reports the error
      .then(() => signalNoReader(growth))
  }
  return {
    async *read(chunks, path) {
      const first = await chunks.next()
      if (first.done) return
      const all = startingWith(first.value, chunks)
      if (isZip(first.value) || isOneInBlocks) return yield* all
      isOneInBlocks = true
      const blocks = inBlocks(all, growth, lastArrived)
      lastArrived = undefined
      try {
        for await (const block of blocks) {
          startReading(path)
          yield block
        }
      } finally {
        isOneInBlocks = false
      }
    },
    arrived(path) {
      signalComplete(growth)
      startReading(path)
      if (growth.blocks) lastArrived = growth
    },
    cancel: () => signalUnwanted(growth),
  }
}

async function* startingWith<T>(first: T, rest: AsyncIterable<T>) {
  yield first
  yield* rest
}
