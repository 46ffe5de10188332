/** Starts and reads the process of readers for the soak. */
import { join } from 'node:path'
import { startAnsweringChild } from '../trials/answering-child.ts'
import type { ReaderResults } from './readers.ts'

export function startReaders(url: string, readers: number, leagues: readonly number[]) {
  const args = [join(import.meta.dir, 'readers.ts'), url, ...[readers, ...leagues].map(String)]
  const { PATH, HOME } = process.env
  const env = { PATH, HOME, BUN_CONFIG_MAX_HTTP_REQUESTS: String(readers + 10) }
  const child = startAnsweringChild('The process of readers', args, { env })
  return {
    /** What the readers have seen since the last call. */
    takeResults: async (): Promise<ReaderResults> => JSON.parse(await child.ask()),
    stop: child.kill,
  }
}
