/**
 * What a queue on SQLite costs that has much in it, or nothing to do: memory for 100,000 waiting jobs, counts and first pages
 * at a million, the processor time of an idle worker, and how soon one in another process wakes.
 *
 *   bun bench/footprint.ts [jobs = 1000000]
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { withBackend } from 'bullmq'
import { createSqliteBackend } from '../src/index.ts'

const { Queue, Worker } = withBackend(createSqliteBackend)
const payload = (n: number) => ({ league: n, upload: n * 7, name: 'northern division', rows: 120 })
const states = ['waiting', 'delayed', 'prioritized', 'completed', 'failed', 'active'] as const
const mb = () => {
  Bun.gc(true)
  return process.memoryUsage.rss() / 2 ** 20
}

if (process.argv[2] === '--worker') await idleWorker(process.argv[3] ?? '')
else {
  const folder = mkdtempSync(join(tmpdir(), 'bench-crowd-'))
  try {
    await crowd(join(folder, 'crowd.db'), Number(process.argv[2] ?? 1_000_000))
    await wakeUps(join(folder, 'idle.db'))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function crowd(path: string, jobs: number): Promise<void> {
  const queue = new Queue('crowd', { connection: { path } })
  await queue.waitUntilReady()
  const before = mb()
  const kinds = [{}, { delay: 3_600_000 }, { priority: 7 }]
  for (let at = 0; at < jobs; at += 1_000) {
    const opts = at < 100_000 ? {} : (kinds[(at / 1_000) % kinds.length] ?? {})
    await queue.addBulk(Array.from({ length: 1_000 }, (_, n) => ({ name: 'job', data: payload(at + n), opts })))
    if (at + 1_000 === 100_000) console.log(`100,000 waiting jobs take ${(mb() - before).toFixed(0)} MB of memory`)
  }
  console.log(`${jobs.toLocaleString('en')} jobs take ${(mb() - before).toFixed(0)} MB of memory\n`)
  console.log('the slowest of 50, milliseconds')
  console.log(`counts of all states  ${(await slowest(() => queue.getJobCounts())).toFixed(2)}`)
  for (const state of states)
    console.log(`first page, ${state.padEnd(11)} ${(await slowest(() => queue.getJobs([state], 0, 49))).toFixed(2)}`)
  await queue.close()
}

async function slowest(ask: () => Promise<unknown>): Promise<number> {
  let most = 0
  for (let i = 0; i < 50; i++) {
    const began = performance.now()
    await ask()
    most = Math.max(most, performance.now() - began)
  }
  return most
}

/** A worker in a process of its own that has nothing to do for ten seconds, then one job every half a second. */
async function wakeUps(path: string): Promise<void> {
  const queue = new Queue('idle', { connection: { path } })
  await queue.waitUntilReady()
  const child = Bun.spawn([process.execPath, import.meta.path, '--worker', path], { stdout: 'pipe', stderr: 'inherit' })
  const lines = child.stdout.pipeThrough(new TextDecoderStream()).getReader()
  const line = async () => (await lines.read()).value?.trim() ?? ''
  console.log(`\nan idle worker takes ${await line()} % of a core`)
  const waits: number[] = []
  for (let i = 0; i < 20; i++) {
    await Bun.sleep(500)
    const added = Date.now()
    await queue.add('job', {})
    waits.push(Number(await line()) - added)
  }
  waits.sort((a, b) => a - b)
  console.log(`it wakes for a job of another process after ${waits[10]} ms, at the latest after ${waits.at(-1)} ms`)
  child.kill()
  await child.exited
  await queue.close()
}

async function idleWorker(path: string): Promise<void> {
  const worker = new Worker('idle', async () => console.log(Date.now()), { connection: { path } })
  await worker.waitUntilReady()
  await Bun.sleep(1_000)
  const before = process.cpuUsage()
  await Bun.sleep(10_000)
  const { user, system } = process.cpuUsage(before)
  console.log(((user + system) / 1e7 / 1e-2).toFixed(1))
}
