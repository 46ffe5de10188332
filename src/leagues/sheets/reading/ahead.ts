/** In the worker thread: a sheet is read before its import asks for it. One at a time, as its columns are large. */
import { changeOf, type Growth, gone, isWhole, stateOf } from '../../../platform/files/growth.ts'
import { growingSource } from '../../../platform/spreadsheets/source.ts'
import { accepted, type ReadOptions, type ReadProgress, readSheet, type Sheet } from './sheet.ts'

export type AheadInput = {
  /** What its import will ask for it by. */
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

const patience = 20_000 // ms from its end until it is forgotten: it waits for other imports, or is read by another process

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
    const state = stateOf(growth)
    if (ahead === one && isWhole(state)) await changeOf(growth, state, patience)
  } finally {
    if (ahead === one) ahead = undefined
  }
}

/** The sheet, if it is being read ahead; what is wrong with it is left for `readSheet` to find. */
export async function readBefore(file: string, options: ReadOptions): Promise<Sheet | undefined> {
  if (ahead?.file !== file || options.mapping) return undefined
  const one = ahead
  ahead = undefined
  one.listener.onProgress = options.onProgress
  const cancel = () => one.stop.abort()
  options.signal?.addEventListener('abort', cancel, { once: true })
  try {
    const sheet = await one.reading
    gone(one.growth) // else what was read would be held on to
    return accepted(sheet, options.mode)
  } catch {
    options.signal?.throwIfAborted()
    return undefined
  } finally {
    options.signal?.removeEventListener('abort', cancel)
  }
}
