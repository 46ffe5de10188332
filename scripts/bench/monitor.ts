/**
 * The monitor over a million finished runs, 100,000 users and a month of traffic: how long searches and pages take. `bun scripts/bench/monitor.ts
 * [runs] [users]`. Each is requested once to warm up, then five times; it prints the median and the worst.
 */
import type { Database } from 'bun:sqlite'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { databaseFile, openDatabase } from '../../db/open.ts'
import { startFieldhouse } from '../../src/app.ts'
import { readConfig } from '../../src/config.ts'
import { operatorToken } from '../demo/call.ts'
import { helpFirst } from '../script-help.ts'

helpFirst(import.meta.path, { words: 100 })

const runs = Number(process.argv[2] ?? 1_000_000)
const users = Number(process.argv[3] ?? 100_000)
const folder = mkdtempSync(join(tmpdir(), 'bench-monitor-'))
const day = 86_400_000

const names = ['sheets.import', 'jobs.sweep', 'alerts.check', 'update_player_scores', 'ensure_updates', 'backups.make']
const errors = [
  'ENOENT: no such file',
  'The feed answered 503 after',
  'database is locked while writing',
  'Row 12 has no id',
]

function seed() {
  const { $client: db } = openDatabase(folder)
  const now = Date.now()
  db.run('PRAGMA synchronous = OFF')
  const run = db.query(
    `insert into runs (id, name, queue, input, status, progress, error, fingerprint, attempts, max_attempts, created_at, started_at, completed_at)
    values (?, ?, 'quick', ?, 'PROGRESS', 100, ?, ?, 1, 3, ?, ?, ?)`,
  )
  const user = db.query(
    `insert into users (email, username, password_hash, role, country, created_at, last_login_at, last_seen_at) values (?, ?, '', 'member', 'SE', ?, ?, ?)`,
  )
  db.transaction(() => {
    for (let i = 0; i < runs; i++) {
      const at = Math.floor(now - 89 * day * (1 - i / runs))
      const name = names[(i * 7919) % names.length] ?? ''
      const failed = i % 50 === 0
      const input = name === 'sheets.import' ? { uploadId: i, leagueId: i % 50 } : { tour: ['pga', 'euro'][i % 2] }
      const error = failed ? `${errors[(i / 50) % 4]} ${i}` : null
      const id = Bun.randomUUIDv7('hex', at)
      run.run(id, name, JSON.stringify(input), error, failed ? `f${i % 4}` : null, at, at + 20, at + 20 + (i % 900))
    }
    for (let i = 0; i < users; i++) {
      const seen = now - ((i * 7919) % (60 * day))
      user.run(`u${i}@example.org`, `user ${i}`, now - (i % 900) * day, seen, seen)
    }
    // An update, as when runs end, so that the triggers count them.
    db.run(`update runs set status = iif(error is null, 'SUCCESS', 'FAILURE')`)
    traffic(db, now)
  })()
  db.run('PRAGMA wal_checkpoint(TRUNCATE)')
  db.close()
}

/** Traffic of 150 routes: a month by the hour, and the last two hours by the minute. */
function traffic(db: Database, now: number) {
  const [minute, hour] = [60_000, 3_600_000]
  const histogram = Buffer.from(Uint32Array.of(0, 10, 40, 9, 3, 2, 1, 0, 1, 0, 0, 0, 0).buffer)
  for (const [table, step, count] of [
    ['request_hours', hour, 30 * 24],
    ['request_stats', minute, 2 * 60],
  ] as const) {
    const insert = db.query(`insert into ${table} values (?, ?, 66, 1, 900, ?)`)
    for (let ago = 1; ago <= count; ago++)
      for (let route = 0; route < 150; route++)
        insert.run(now - (now % step) - ago * step, `GET /api/v1/route/${route}/:id`, histogram)
  }
}

const took = async (work: () => Promise<unknown>) => {
  const began = performance.now()
  await work()
  return performance.now() - began
}

console.log(`seeding ${runs} runs and ${users} users`)
console.log(
  `  ${((await took(async () => seed())) / 1000).toFixed(1)} s, ${Math.round(Bun.file(databaseFile(folder)).size / 1e6)} MB`,
)
const config = readConfig({
  PORT: '0',
  HOST: '127.0.0.1',
  DATA_DIR: folder,
  ADMIN_TOKEN: operatorToken,
  LOG_LEVEL: 'error',
  RATE_LIMIT: '0',
})
const fieldhouse = await startFieldhouse(config)
const headers = { authorization: `Bearer ${operatorToken}` }
async function ask(path: string, init: RequestInit = {}): Promise<string> {
  const response = await fetch(fieldhouse.url + path, {
    ...init,
    headers: { ...headers, 'content-type': 'application/json' },
  })
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`)
  return response.text()
}

/** Starts a job and waits for its end. */
async function runJob(path: string, body: object): Promise<void> {
  const { job_id } = JSON.parse(await ask(path, { method: 'POST', body: JSON.stringify(body) }))
  while (/PENDING|PROGRESS/.test(await ask(`/api/v1/jobs/status/${job_id}`))) await Bun.sleep(100)
}
const tasks = '/admin/task-monitor'
const indexing = await took(() => runJob(`${tasks}/schedule/run`, { name: 'runs.index' }))
console.log(
  `indexing: ${(indexing / 1000).toFixed(1)} s, ${Math.round(Bun.file(join(folder, 'search.db')).size / 1e6)} MB`,
)

async function measure(label: string, path: string) {
  await ask(path)
  const times: number[] = []
  for (let i = 0; i < 5; i++) times.push(await took(() => ask(path)))
  const sorted = times.sort((a, b) => a - b)
  console.log(`${label.padEnd(44)} ${sorted[2]?.toFixed(1).padStart(7)} ms, worst ${sorted[4]?.toFixed(1)} ms`)
}

for (const q of ['import', 'euro', '503 after', '"uploadId":123', 'ENOENT', 'nothing like this', 'sheets 12345'])
  await measure(`search ${q}`, `/api/v1/jobs?q=${encodeURIComponent(q)}`)
await measure('search import, failed', '/api/v1/jobs?q=import&status=FAILURE')
await measure('failed, page 500', '/api/v1/jobs?status=FAILURE&page=500')
for (const page of [
  'task-monitor',
  'task-monitor/jobs',
  'task-monitor/jobs?status=FAILURE',
  'monitoring/',
  'monitoring/?period=last_month',
  'monitoring/overview',
  'monitoring/active-users?period=last_month',
  'monitoring/engagement',
  'monitoring/trading-activity?hours=720',
  'monitoring/league-activity',
  'monitoring/risk-assessment',
  'monitoring/alerts',
  'monitoring/performance',
  'monitoring/performance?period=last_week',
  'monitoring/cache',
  'audit/logs',
  'archives',
  'backups',
  'users',
])
  await measure(`/admin/${page}`, `/admin/${page}`)

let [worst, isOver] = [0, false]
const removing = took(() => runJob(`${tasks}/jobs/bulk`, { action: 'remove', status: 'FAILURE' })).finally(() => {
  isOver = true
})
while (!isOver) {
  worst = Math.max(worst, await took(() => ask('/api/v1/leagues')))
  await Bun.sleep(10)
}
console.log(
  `${runs / 50} failed runs removed by one request: ${((await removing) / 1000).toFixed(1)} s, others wait ${worst.toFixed(1)} ms at most`,
)

await fieldhouse.stop()
rmSync(folder, { recursive: true, force: true })
process.exit(0)
