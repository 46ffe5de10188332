import type { Log } from './log.ts'

/** What was opened is closed in reverse: first the door, last the database. Closing twice is closing once. */
export function openClosing(log: Log) {
  const closers: { name: string; close: () => unknown }[] = []
  let closed: Promise<void> | undefined
  return {
    keep<T>(name: string, opened: T, close: (opened: T) => unknown): T {
      closers.push({ name, close: () => close(opened) })
      return opened
    },
    close: () =>
      (closed ??= (async () => {
        for (const { name, close } of closers.reverse()) {
          try {
            await close()
          } catch (error) {
            log.error('Could not close', { name, error })
          }
        }
      })()),
  }
}
