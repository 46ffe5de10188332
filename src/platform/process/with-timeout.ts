/**
 * Waits at most `timeoutMs` for what may answer late or never, Redis above all. `onTimeout` returns what is used instead
 * (`() => {}`: just go on), or throws; without it a late answer is an error.
 */
export async function withTimeout<T, Late = never>(
  answer: T | Promise<T>,
  timeoutMs = 700,
  onTimeout: () => Late = () => throwNoAnswer(timeoutMs),
): Promise<T | Late> {
  const late = Promise.withResolvers<Late>()
  const timer = setTimeout(() => {
    try {
      late.resolve(onTimeout())
    } catch (error) {
      late.reject(error)
    }
  }, timeoutMs)
  try {
    return await Promise.race([answer, late.promise])
  } catch (error) {
    throw noConnection.test(String(error)) ? new Error('no connection to it', { cause: error }) : error
  } finally {
    clearTimeout(timer)
  }
}

/** No answer in time, which is no fault: the other side may only be slow. */
export class NoAnswer extends Error {
  override readonly name = 'NoAnswer'
}

function throwNoAnswer(timeoutMs: number): never {
  throw new NoAnswer(`No answer within ${timeoutMs} ms`)
}

/** Messages of ioredis. */
const noConnection = /enableOfflineQueue|connection is closed|max retries per request|ECONNREFUSED/i

/** For work that is awaited later: a failure is thrown there, and is no unhandled rejection until then. */
export function throwWhenAwaited<T>(work: Promise<T>): Promise<T> {
  work.catch(() => {})
  return work
}

/** The result of `work`; once aborted it rejects with the reason, at the latest `graceMs` later. */
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
