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
import { bundledMain } from '../build.ts'
import { demoCaller, operatorToken } from '../demo/call.ts'
import { helpFirst } from '../script-help.ts'

helpFirst(import.meta.path, { any: true })
const { values } = parseArgs({ options: { rosters: { type: 'string', default: '12' } } })
const count = Number(values.rosters)
const redisPort = 20_000 + (process.pid % 10_000)
const folder = mkdtempSync(join(tmpdir(), 'fieldhouse-bench-'))
const main = await bundledMain()
const children: Bun.Subprocess[] = []

function spawn(command: string[], env: Record<string, string> = {}) {
  const child = Bun.spawn(command, {
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env },
    stdout: 'pipe',
    stderr: 'inherit',
  })
  children.push(child)
  return child
}

/** Returns its URL once it is open. */
async function spawnFieldhouse(env: Record<string, string>): Promise<string> {
  const child = spawn([process.execPath, main], {
    PORT: '0',
    HOST: '127.0.0.1',
    ADMIN_TOKEN: operatorToken,
    RATE_LIMIT: '0',
    REDIS_URL: `redis://127.0.0.1:${redisPort}`,
    ...env,
  })
  let text = ''
  for await (const chunk of child.stdout.pipeThrough(new TextDecoderStream())) {
    text += chunk
    const url = /"message":"Fieldhouse is open","url":"([^"]+)"/.exec(text)?.[1]
    if (url) {
      child.stdout.cancel().catch(() => {})
      return url
    }
  }
  throw new Error(text)
}

async function measure(machines: number): Promise<number> {
  const home = await spawnFieldhouse({
    DATA_DIR: join(folder, String(machines)),
    NAMESPACE: `bench${machines}`,
    LOG_LEVEL: 'info',
  })
  for (let i = 0; i < machines; i++) await spawnFieldhouse({ ROLE: 'compute', NAMESPACE: `bench${machines}` })
  const call = demoCaller(home, operatorToken)
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
  return (60_000 * count) / (performance.now() - start)
}

try {
  spawn([
    'redis-server',
    '--port',
    String(redisPort),
    '--save',
    '',
    '--appendonly',
    'no',
    '--dir',
    folder,
    '--loglevel',
    'warning',
  ])
  await Bun.sleep(500)
  console.log(
    `${count} rosters of 30 people and 28 days, ${availableParallelism()} cores\n\n| compute processes | rosters a minute |\n| --- | --- |`,
  )
  for (const machines of [0, 1, 2, 4]) {
    console.log(`| ${machines} | ${(await measure(machines)).toFixed(1)} |`)
    for (const child of children.splice(1)) {
      child.kill()
      await child.exited
    }
  }
} finally {
  for (const child of children) child.kill()
  rmSync(folder, { recursive: true, force: true })
}
