/** Starts and reads the process of readers for the soak. */
import { join } from 'node:path'
import { linesOf } from '../trials/lines.ts'
import type { ReaderResults } from './readers.ts'

export function startReaders(url: string, readers: number, leagues: readonly number[]) {
  const child = Bun.spawn(
    [process.execPath, join(import.meta.dir, 'readers.ts'), url, ...[readers, ...leagues].map(String)],
    {
      env: { PATH: process.env.PATH, HOME: process.env.HOME, BUN_CONFIG_MAX_HTTP_REQUESTS: String(readers + 10) },
      stdin: 'pipe',
      stdout: 'pipe',
      stderr: 'inherit',
    },
  )
  const lines = linesOf(child.stdout)
  return {
    /** What the readers have seen since the last call. */
    async takeResults(): Promise<ReaderResults> {
      child.stdin.write('\n')
      await child.stdin.flush()
      const { value, done } = await lines.next()
      if (done) throw new Error('The readers have ended')
      return JSON.parse(value)
    },
    async stop() {
      child.kill()
      await child.exited
    },
  }
}
