import { writeSync } from 'node:fs'
import { errorCodeOf } from '../../../db/open-errors.ts'

export type Output = {
  /** Returns false if the text was left out, because a slow reader has too much to read already. */
  write(text: string): boolean
  /** Before the process ends. */
  drain(): void
}

const retryAfter = 5 // ms
const lastRetries = 100 // half a second at the end of the process

/**
 * Writes to the standard output, which may be a full pipe: what does not fit is kept and written as soon as it does, so that no
 * line is cut off and nobody waits for the reader. `maxKept`: bytes.
 */
export function openOutput(fd = 1, maxKept = 4 * 2 ** 20): Output {
  const kept: Uint8Array[] = []
  let keptBytes = 0
  let timer: ReturnType<typeof setTimeout> | undefined

  function writeKept(): void {
    clearTimeout(timer)
    try {
      for (let first = kept[0]; first; first = kept[0]) {
        const written = writeSync(fd, first)
        keptBytes -= written
        if (written < first.length) kept[0] = first.subarray(written)
        else kept.shift()
      }
    } catch (error) {
      if (errorCodeOf(error) !== 'EAGAIN') keptBytes = kept.length = 0 // nobody reads the output: a closed pipe must not end the service
    }
    timer = kept.length ? setTimeout(writeKept, retryAfter) : undefined
  }

  return {
    write(text) {
      if (keptBytes > maxKept) writeKept()
      if (keptBytes > maxKept) return false
      const bytes = Buffer.from(text)
      kept.push(bytes)
      keptBytes += bytes.length
      if (!timer) writeKept()
      return true
    },
    drain() {
      for (let retry = 0; kept.length && retry < lastRetries; retry++) {
        writeKept()
        if (kept.length) Bun.sleepSync(retryAfter)
      }
    },
  }
}
