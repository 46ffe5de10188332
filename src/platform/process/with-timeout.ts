/**
 * What others may answer late or never (Redis above all) is not waited for longer than this. `onTimeout` says what is
 * answered instead (`() => {}`: just go on), or throws; without it a late answer is an error.
 */
export async function withTimeout<T, Late = never>(
  answer: T | Promise<T>,
  patienceMs = 700,
  onTimeout: () => Late = () => refuseLate(patienceMs),
): Promise<T | Late> {
  const late = Promise.withResolvers<Late>()
  const timer = setTimeout(() => {
    try {
      late.resolve(onTimeout())
    } catch (error) {
      late.reject(error)
    }
  }, patienceMs)
  try {
    return await Promise.race([answer, late.promise])
  } catch (error) {
    throw noConnection.test(String(error)) ? new Error('no connection to it', { cause: error }) : error
  } finally {
    clearTimeout(timer)
  }
}

/** It may only be slow: that is no fault of it. */
export class NoAnswer extends Error {
  override readonly name = 'NoAnswer'
}

function refuseLate(patienceMs: number): never {
  throw new NoAnswer(`No answer within ${patienceMs} ms`)
}

/** As ioredis says it. */
const noConnection = /enableOfflineQueue|connection is closed|max retries per request|ECONNREFUSED/i

/** What the work answers; or, once aborted, at the latest `graceMs` later the reason. */
export async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal, graceMs = 0): Promise<T> {
  const aborted = Promise.withResolvers<never>()
  let timer: ReturnType<typeof setTimeout> | undefined
  const onAbort = () => {
    timer = setTimeout(() => aborted.reject(signal.reason), graceMs)
  }
  if (signal.aborted) onAbort()
  else signal.addEventListener('abort', onAbort, { once: true })
  try {
    return await Promise.race([work, aborted.promise])
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', onAbort)
  }
}
