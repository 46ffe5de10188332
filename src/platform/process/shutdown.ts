import type { Log } from './log.ts'
import { withTimeout } from './with-timeout.ts'

/** Milliseconds that any one thing may take to close. */
const closeTimeout = 4_500

export type Shutdown = ReturnType<typeof openShutdown>

/** Closes what was opened in reverse order: first the HTTP server, last the database. Safe to call twice. */
export function openShutdown(log: Log) {
  const closers: { name: string; close: () => unknown }[] = []
  let closed: Promise<void> | undefined
  return {
    onClose<T>(name: string, opened: T, close: (opened: T) => unknown): T {
      closers.push({ name, close: () => close(opened) })
      return opened
    },
    close: () =>
      (closed ??= (async () => {
        for (const { name, close } of closers.reverse()) {
          try {
            await withTimeout(close(), closeTimeout, () =>
              log.warn('It did not close in time', { name, after_ms: closeTimeout }),
            )
          } catch (error) {
            log.error('Could not close', { name, error })
          }
        }
      })()),
  }
}

function exitAfter(stop: () => Promise<void>, code: number): void {
  const deadline = setTimeout(() => process.exit(1), 5_000)
  stop().finally(() => {
    clearTimeout(deadline)
    process.exit(code)
  })
}

/** npx signals twice: a second signal within a second of the first is ignored, a later one ends the process at once. */
export function onSignal(stop: () => Promise<void>): void {
  let first = 0
  const handle = () => {
    if (first && performance.now() - first > 1_000) process.exit(1)
    if (first) return
    first = performance.now()
    exitAfter(stop, 0)
  }
  process.on('SIGTERM', handle)
  process.on('SIGINT', handle)
}

/** Errors that nobody caught: after a rejected promise the process goes on, after an exception it closes. Both are logged. */
export function onUncaught(report: (what: string, error: unknown) => void, stop: () => Promise<void>): void {
  process.on('unhandledRejection', error => report('A promise failed and nobody waited for it', error))
  process.on('uncaughtException', error => {
    report('Something was thrown and nobody caught it; closing', error)
    exitAfter(stop, 1)
  })
}
