/**
 * How many rosters are made in a minute by 0, 1, 2 and 4 processes of `ROLE=compute` (0: at home alone). Needs redis-server. All run
 * on this machine, so more of them than it has cores do not help here.
 *
 *   bun scripts/bench/compute.ts [--rosters 12]
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { helpFirst } from '../script-help.ts'
import { startChildServer } from '../trials/child-server.ts'
import { startOwnRedis } from '../trials/own-redis.ts'

helpFirst(import.meta.path, { any: true })
const { values } = parseArgs({ options: { rosters: { type: 'string', default: '12' } } })
const count = Number(values.rosters)
const folder = mkdtempSync(join(tmpdir(), 'fieldhouse-bench-'))
const redis = await startOwnRedis()

async function measure(machines: number): Promise<number> {
  const env = { REDIS_URL: redis.url, NAMESPACE: `bench${machines}` }
  const dataDir = join(folder, String(machines))
  const home = await startChildServer(dataDir, env)
  const helpers = Array.from({ length: machines }, () => startChildServer(dataDir, { ...env, ROLE: 'compute' }))
  const servers = [home, ...(await Promise.all(helpers))]
  const { call } = home
  const dates = { start_date: '2026-03-02', end_date: '2026-03-29' }
  for (let i = 0; i < 30; i++)
    await call.post('/api/v1/roster/staff', { name: `Person ${i}`, skills: ['bar'], hourly_cents: 1500 + i })
  const sites: number[] = []
  for (let i = 0; i < count; i++) {
    const { id } = await call.post('/api/v1/roster/sites', { name: `Site ${i}`, timezone: 'Europe/Berlin' })
    const pattern = { site_id: id, ...dates, weekdays: [1, 2, 3, 4, 5, 6, 7], skill: 'bar', headcount: 3 }
    await call.post('/api/v1/roster/shifts/pattern', { ...pattern, from: '10:00', to: '18:00' })
    sites.push(id)
  }
  const start = performance.now()
  const jobs: string[] = []
  for (const id of sites) {
    const wanted = { ...dates, site_ids: [id], algorithm: 'production', budget_s: 5 }
    jobs.push((await call.post('/api/v1/jobs/roster/generate', wanted)).job_id)
  }
  for (const job of jobs)
    for (let status = ''; status !== 'SUCCESS'; await Bun.sleep(100))
      status = (await call.get(`/api/v1/jobs/status/${job}`)).status
  const perMinute = (60_000 * count) / (performance.now() - start)
  for (const { stop } of servers) await stop()
  return perMinute
}

console.log(`${count} rosters of 30 people and 28 days, ${availableParallelism()} cores\n`)
console.log('| compute processes | rosters a minute |\n| --- | --- |')
for (const machines of [0, 1, 2, 4]) console.log(`| ${machines} | ${(await measure(machines)).toFixed(1)} |`)
await redis.kill()
rmSync(folder, { recursive: true, force: true })
