/** What stands in for Redis: the queue's file, as SQLite sees it. */
import { Database } from 'bun:sqlite'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { type Static, t } from 'elysia'
import type { App } from '../../context.ts'
import { second } from '../../platform/clock.ts'
import { processesOf } from '../processes.ts'

const number = t.Nullable(t.Number())
export const embeddedSchema = t.Object({
  file: t.String(),
  queue_file_bytes: number,
  wal_bytes: t.Nullable(
    t.Number({ description: 'The write-ahead log: what is not copied into the file yet, or free for reuse' }),
  ),
  page_size: number,
  page_count: number,
  free_pages: number,
  checkpoint_age_s: t.Nullable(t.Number({ description: 'Since something was last copied from the log into the file' })),
})
type Embedded = Static<typeof embeddedSchema>
type Warning = { level: 'WARNING' | 'CRITICAL' | 'ERROR'; message: string }

const mb = 1024 ** 2
const [longLog, veryLongLog] = [256 * mb, 1024 * mb]

export function embeddedStats(app: App) {
  const file = join(app.config.dataDir, 'queue.db')
  const sizeOf = (path: string) => statSync(path, { throwIfNoEntry: false })
  const [main, log] = [sizeOf(file), sizeOf(`${file}-wal`)]
  const { pages, error } = pagesOf(file)
  const alerts: Warning[] = []
  if (error) alerts.push({ level: 'ERROR', message: `queue.db cannot be read: ${error}` })
  const bytes = log?.size ?? 0
  if (bytes > longLog)
    alerts.push({
      level: bytes > veryLongLog ? 'CRITICAL' : 'WARNING',
      message: `The write-ahead log of the queue has grown to ${Math.round(bytes / mb)} MB`,
    })
  const embedded: Embedded = {
    file: 'queue.db',
    queue_file_bytes: main?.size ?? null,
    wal_bytes: log?.size ?? null,
    ...pages,
    // By the file's own time, not by our clock: both are the machine's.
    checkpoint_age_s: main ? Math.max(0, Math.round((Date.now() - main.mtimeMs) / second)) : null,
  }
  const { rss } = process.memoryUsage()
  const memory = { used_memory_human: human(app.cache.usage().bytes), used_memory_rss_human: human(rss) }
  return { embedded, alerts, memory, processes: processesOf(app).filter(({ alive }) => alive).length }
}

function pagesOf(file: string) {
  const unknown = { page_size: null, page_count: null, free_pages: null }
  try {
    const db = new Database(file, { readonly: true })
    try {
      const ask = (pragma: string) => Number(Object.values(db.query(`PRAGMA ${pragma}`).get() ?? {})[0] ?? 0)
      return {
        pages: { page_size: ask('page_size'), page_count: ask('page_count'), free_pages: ask('freelist_count') },
      }
    } finally {
      db.close()
    }
  } catch (error) {
    return { pages: unknown, error: error instanceof Error ? error.message : String(error) }
  }
}

/** As Redis writes it: `1.50M`. */
const human = (bytes: number) => (bytes < mb ? `${(bytes / 1024).toFixed(2)}K` : `${(bytes / mb).toFixed(2)}M`)
