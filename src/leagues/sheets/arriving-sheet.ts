/** Reads a large sheet while it arrives, before its import asks for it. */
import { newGrowth, signalComplete, signalGrowth, signalUnwanted } from '../../platform/files/growth.ts'
import type { SheetThread } from './sheet-thread.ts'

export type ArrivingSheet = {
  /** Text is read as it arrives, from the file to which it is written. */
  written(path: string, isText: boolean): void
  /** A workbook is read only once it is complete, as its directory is at its end. */
  arrived(path: string): void
  cancel(): void
}

/** `file` is the name its import will ask for it by, `expectedBytes` about how many bytes it will have. */
export function arrivingSheet(thread: SheetThread, file: string, expectedBytes: number): ArrivingSheet {
  const growth = newGrowth()
  let isRead = false
  const startReading = (path: string) => {
    if (isRead) return
    isRead = true
    thread.run('readAhead', { file, path, expectedBytes, growth }).catch(() => {}) // its import reads it again and reports the error
  }
  return {
    written(path, isText) {
      signalGrowth(growth)
      if (isText) startReading(path)
    },
    arrived(path) {
      signalComplete(growth)
      startReading(path)
    },
    cancel: () => signalUnwanted(growth),
  }
}
