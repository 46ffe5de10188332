/** Fills a database with a history: finished runs over ninety days, users over a year, and recent activity. */
import { type Db, openDatabase } from '../../db/open.ts'
import { day } from '../../src/platform/clock.ts'

const numbers = (count: number) =>
  `WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ${count})`

export function seed(dataDir: string, { runs, users }: { runs: number; users: number }): Db {
  const db = openDatabase(dataDir)
  const { $client: client } = db
  const now = Date.now()
  const ago = 90 * day
  client.run('PRAGMA synchronous = OFF')
  client.run('BEGIN')
  client.run(`${numbers(users)} INSERT INTO users (email, username, password_hash, role, country, created_at, last_login_at, last_seen_at)
    SELECT 'user' || i || '@bench.test', 'user' || i, '', 'member', substr('SEDEUSFRGBPLNLTRVNBR', 1 + 2 * (i % 10), 2),
      ${now} - (i * 7919 % 365) * ${day} - i * 613 % ${day}, ${now} - (i * 31 % 60) * ${day}, ${now} - (i * 31 % 60) * ${day} FROM n`)
  client.run(`${numbers(Math.min(users, 20_000) * 10)} INSERT OR IGNORE INTO user_activity (unit, start, user_id)
    SELECT 'day', (${now} / ${day} - i % 30) * ${day}, 1 + (i * 31) % ${users} FROM n`)
  const time = `${now} - (i * 2654435761 % ${ago})`
  client.run(`${numbers(runs)} INSERT INTO runs (id, name, queue, input, status, progress, attempts, max_attempts, error, fingerprint, created_at, started_at)
    SELECT printf('%08x-bench-%d', i * 2654435761 % 4294967296, i), 'task.' || (i % 20), 'quick', '{"leagueId":' || (i % 500) || '}', 'PROGRESS', 100, 1, 3,
      iif(i % 50 = 0, 'Could not reach feed ' || (i % 7) || ' in time', NULL), iif(i % 50 = 0, 'f' || (i % 7), NULL), ${time}, ${time} FROM n`)
  client.run(
    `UPDATE runs SET status = iif(error IS NULL, 'SUCCESS', 'FAILURE'), completed_at = started_at + (rowid * 7919 % 4000) WHERE id LIKE '%bench%'`,
  )
  client.run('COMMIT')
  client.run('PRAGMA synchronous = FULL')
  return db
}
