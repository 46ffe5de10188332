import type { Log } from './log.ts'
import { withTimeout } from './with-timeout.ts'

/** How long any one thing may take to close, in milliseconds. */
const patience = 4_500

/** What was opened is closed in reverse: first the HTTP server, last the database. Closing twice is closing once. */
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
            await withTimeout(close(), patience, () => log.warn('Left unclosed', { name, after_ms: patience }))
          } catch (error) {
            log.error('Could not close', { name, error })
          }
        }
      })()),
  }
}
