/**
 * The monitor over a million finished runs, 100,000 users and a month of traffic: how long searches and pages take. `bun scripts/bench/monitor.ts
 * [runs] [users]`. Each is requested once to warm up, then five times; it prints the median and the worst.
 */
import type { Database } from 'bun:sqlite'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { databaseFile } from '../../db/open.ts'
import { hour, minute } from '../../src/platform/clock.ts'
import { emptyHistogram } from '../../src/platform/process/metrics.ts'
import { helpFirst } from '../script-help.ts'
import { answerMs } from './comparison.ts'
import { seed } from './seed.ts'
import { openFieldhouse } from './subjects/fieldhouse.ts'

helpFirst(import.meta.path, { words: 100 })

const runs = Number(process.argv[2] ?? 1_000_000)
const users = Number(process.argv[3] ?? 100_000)
const folder = mkdtempSync(join(tmpdir(), 'bench-monitor-'))

/** Traffic of 150 routes: a month by the hour, and the last two hours by the minute. */
function traffic(db: Database, now: number) {
  const histogram = Buffer.from(Uint32Array.from(emptyHistogram(), (_, i) => (i > 10 && i < 43 ? 2 : 0)).buffer)
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
const megabytes = (path: string) => `${Math.round(Bun.file(path).size / 1e6)} MB`

const server = await openFieldhouse(folder, {}, dataDir => {
  console.log(`seeding ${runs} runs and ${users} users`)
  const began = performance.now()
  const { $client: db } = seed(dataDir, { runs, users })
  db.transaction(() => traffic(db, Date.now()))()
  db.run('PRAGMA wal_checkpoint(TRUNCATE)')
  db.close()
  console.log(`  ${((performance.now() - began) / 1000).toFixed(1)} s, ${megabytes(databaseFile(dataDir))}`)
})
const { call, dataDir } = server
const ask = (path: string) => answerMs(server.url + path, server.operator)
const runJob = async (path: string, body: object) => call.done(await call.post(path, body))
const tasks = '/admin/task-monitor'
const indexing = await took(() => runJob(`${tasks}/schedule/run`, { name: 'runs.index' }))
console.log(`indexing: ${(indexing / 1000).toFixed(1)} s, ${megabytes(join(dataDir, 'search.db'))}`)

async function measure(label: string, path: string) {
  await ask(path)
  const times: number[] = []
  for (let i = 0; i < 5; i++) times.push(await ask(path))
  const sorted = times.sort((a, b) => a - b)
  console.log(`${label.padEnd(44)} ${sorted[2]?.toFixed(1).padStart(7)} ms, worst ${sorted[4]?.toFixed(1)} ms`)
}

for (const q of ['task', 'task.7', 'reach feed', '"leagueId":123', 'nothing like this', 'task.7 123'])
  await measure(`search ${q}`, `/api/v1/jobs?q=${encodeURIComponent(q)}`)
await measure('search task, failed', '/api/v1/jobs?q=task&status=FAILURE')
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
  worst = Math.max(worst, await ask('/api/v1/leagues'))
  await Bun.sleep(10)
}
console.log(
  `${runs / 50} failed runs removed by one request: ${((await removing) / 1000).toFixed(1)} s, others wait ${worst.toFixed(1)} ms at most`,
)

await server.stop()
rmSync(folder, { recursive: true, force: true })
