/** In the worker thread: reads a sheet before its import asks for it. One at a time, because its columns are large. */
import { setImmediate } from 'node:timers'
import { type Growth, growthState, isComplete, nextGrowth, signalUnwanted } from '../../../platform/files/growth.ts'
import { growingSource } from '../../../platform/spreadsheets/source.ts'
import { collectGarbage } from '../snapshots/memory.ts'
import { accepted, type ReadOptions, type ReadProgress, readSheet, type Sheet } from './sheet.ts'

export type AheadInput = {
  /** The name by which its import asks for it. */
  file: string
  path: string
  /** About how many bytes it will have. */
  expected: number
  growth: Growth
}

type Ahead = {
  file: string
  growth: Growth
  reading: Promise<Sheet>
  stop: AbortController
  listener: Pick<ReadOptions, 'onProgress'>
}
let ahead: Ahead | undefined

const keepFor = 20_000 // ms that a read sheet is kept: its import may wait for others, or run in another process

export async function readAhead({ file, path, expected, growth }: AheadInput): Promise<void> {
  if (ahead) return
  const stop = new AbortController()
  const listener: Ahead['listener'] = {}
  const options = { signal: stop.signal, onProgress: (progress: ReadProgress) => listener.onProgress?.(progress) }
  const one: Ahead = {
    file,
    growth,
    stop,
    listener,
    reading: readSheet(growingSource(path, expected, growth), options),
  }
  ahead = one
  try {
    await one.reading
    const state = growthState(growth)
    if (ahead === one && isComplete(state)) await nextGrowth(growth, state, keepFor)
  } finally {
    if (ahead === one) {
      ahead = undefined
      setImmediate(() => collectGarbage(expected)) // no import took it; its columns are about as large as the file
    }
  }
}

/** The sheet, if it is being read ahead; undefined after an error, which `readSheet` then finds again. */
export async function readBefore(file: string, options: ReadOptions): Promise<Sheet | undefined> {
  if (ahead?.file !== file || options.mapping) return undefined
  const one = ahead
  ahead = undefined
  one.listener.onProgress = options.onProgress
  const cancel = () => one.stop.abort()
  options.signal?.addEventListener('abort', cancel, { once: true })
  try {
    const sheet = await one.reading
    signalUnwanted(one.growth) // lets `readAhead` end, which would else hold on to the sheet
    return accepted(sheet, options.mode)
  } catch {
    options.signal?.throwIfAborted()
    return undefined
  } finally {
    options.signal?.removeEventListener('abort', cancel)
  }
}
