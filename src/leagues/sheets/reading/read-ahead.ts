/** In the worker thread: reads a sheet before its import asks for it. One at a time, because its columns are large. */
import { type Growth, growthState, isComplete, nextGrowth, signalUnwanted } from '../../../platform/files/growth.ts'
import { growingSource } from '../../../platform/spreadsheets/source.ts'
import { collectGarbageLater } from '../snapshots/memory.ts'
import { type ReadOptions, type ReadProgress, readSheet, requireImportable, type Sheet } from './sheet.ts'

export type ReadAheadInput = {
  /** The name by which its import asks for it. */
  file: string
  path: string
  expectedBytes: number
  growth: Growth
}

type ReadAhead = {
  file: string
  growth: Growth
  reading: Promise<Sheet>
  abort: AbortController
  listener: Pick<ReadOptions, 'onProgress'>
}
let current: ReadAhead | undefined

const keepForMs = 20_000 // a finished sheet: its import may wait for others, or run in another process

export async function readAhead({ file, path, expectedBytes, growth }: ReadAheadInput): Promise<void> {
  if (current) return
  const abort = new AbortController()
  const listener: ReadAhead['listener'] = {}
  const options = { signal: abort.signal, onProgress: (progress: ReadProgress) => listener.onProgress?.(progress) }
  const mine: ReadAhead = {
    file,
    growth,
    abort,
    listener,
    reading: readSheet(growingSource(path, expectedBytes, growth), options),
  }
  current = mine
  try {
    await mine.reading
    const state = growthState(growth)
    if (current === mine && isComplete(state)) await nextGrowth(growth, state, keepForMs)
  } finally {
    if (current === mine) {
      current = undefined
      collectGarbageLater(expectedBytes) // no import took the sheet; its columns are about as large as the file
    }
  }
}

/** The sheet, if it is being read ahead; undefined after an error, which the import's own `readSheet` meets again. */
export async function takeReadAhead(file: string, options: ReadOptions): Promise<Sheet | undefined> {
  if (current?.file !== file || options.mapping || options.worksheet !== undefined) return undefined
  const taken = current
  current = undefined
  taken.listener.onProgress = options.onProgress
  const cancel = () => taken.abort.abort()
  options.signal?.addEventListener('abort', cancel, { once: true })
  try {
    const sheet = await taken.reading
    signalUnwanted(taken.growth) // ends `readAhead`, which would keep the sheet in memory
    return requireImportable(sheet, options.mode)
  } catch {
    options.signal?.throwIfAborted()
    return undefined
  } finally {
    options.signal?.removeEventListener('abort', cancel)
  }
}
