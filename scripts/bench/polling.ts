/**
 * How often a feed is polled in an evening with many supervising processes and many updates by hand. The evening is compressed to
 * intervals of a second. It counts the requests that reach the feed.
 *
 *   bun scripts/bench/polling.ts [--intervals 15]
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { startFieldhouse } from '../../src/app.ts'
import { readConfig } from '../../src/config.ts'
import { ensureUpdates } from '../../src/leagues/tours/supervisor.ts'
import { openLog } from '../../src/platform/process/log.ts'
import { demoCaller, operatorToken } from '../demo/call.ts'
import { startFakeFeed } from '../fake-feed.ts'
import { helpFirst } from '../script-help.ts'
import { startAnsweringChild } from '../trials/answering-child.ts'
import { trialSettings } from '../trials/child-env.ts'

helpFirst(import.meta.path, { options: ['--intervals'], words: 100 })

const { values, positionals } = parseArgs({
  options: { intervals: { type: 'string', default: '15' } },
  allowPositionals: true,
})
const intervalMs = 1_000
const superviseEvery = 100 // ms, in each process

const [sharedFolder] = positionals
if (sharedFolder) await supervise(sharedFolder)
else await compare(Number(values.intervals))

/** A separate process on the shared folder, whose supervisor checks all the time. */
async function supervise(dataDir: string): Promise<void> {
  const log = openLog('error', Date.now)
  const { app, url } = await startFieldhouse(readConfig(trialSettings(dataDir, operatorToken)), { log })
  console.log(url)
  let checks = 0
  setInterval(() => {
    app.jobs.start(ensureUpdates, {}).then(
      () => checks++,
      () => {},
    )
  }, superviseEvery)
  for await (const _ of console) console.log(checks)
}

type Evening = { supervisors: number; checks: number; byHand: number; calls: number; nearestMs: number }

async function compare(intervals: number): Promise<void> {
  const cases = [
    { supervisors: 1, byHand: 0 },
    { supervisors: 1, byHand: 500 },
    { supervisors: 4, byHand: 0 },
    { supervisors: 4, byHand: 2_000 },
  ]
  const rows: Evening[] = []
  for (const { supervisors, byHand } of cases) rows.push(await evening(supervisors, byHand, intervals))
  console.log(`An evening of ${intervals} intervals of ${intervalMs / 1_000} s`)
  console.table(
    rows.map(row => ({
      supervisors: row.supervisors,
      'supervisor checks': row.checks,
      'asked by hand': row.byHand,
      'calls to the feed': row.calls,
      'calls an interval': (row.calls / intervals).toFixed(2),
      'nearest two calls': `${(row.nearestMs / intervalMs).toFixed(2)} intervals`,
    })),
  )
}

async function evening(supervisors: number, byHand: number, intervals: number): Promise<Evening> {
  const dataDir = mkdtempSync(join(tmpdir(), 'fieldhouse-bench-'))
  const feed = startFakeFeed({ speed: 2, from: 60 })
  const processes = await Promise.all(Array.from({ length: supervisors }, () => startProcess(dataDir)))
  const calls = processes.map(({ url }) => demoCaller(url, operatorToken))
  try {
    const first = calls[0]!
    await first.post('/api/v1/tours', {
      slug: 'bench',
      name: 'Bench',
      feed_url: feed.url,
      format: 'fieldhouse',
      interval_s: intervalMs / 1_000,
    })
    const times = {
      starts_at: new Date(Date.now() - 60_000).toISOString(),
      ends_at: new Date(Date.now() + 3_600_000).toISOString(),
    }
    const config = { tour: 'bench', event: 'coastal' }
    await first.post('/api/v1/leagues', { name: 'Bench', kind: 'tour', ...times, config })
    while (feed.requests.length < 2) await Bun.sleep(20)

    const start = performance.now()
    const before = feed.requests.length
    let asked = 0
    for (let i = 1; i <= intervals; i++) {
      const upTo = Math.round((byHand * i) / intervals)
      const end = start + i * intervalMs
      const pause = intervalMs / Math.max(1, upTo - asked)
      while (performance.now() < end) {
        if (asked < upTo) calls[asked++ % calls.length]!.post('/api/v1/tours/bench/update').catch(() => {})
        await Bun.sleep(Math.min(pause, Math.max(0, end - performance.now())))
      }
    }
    const at = feed.requests.slice(before - 1).map(request => request.at)
    const gaps = at.slice(1).map((time, i) => time - (at[i] ?? 0))
    const checks = (await Promise.all(processes.map(({ checks }) => checks()))).reduce((sum, count) => sum + count, 0)
    return { supervisors, checks, byHand: asked, calls: gaps.length, nearestMs: Math.min(...gaps) }
  } finally {
    for (const { stop } of processes) await stop()
    feed.stop()
    rmSync(dataDir, { recursive: true, force: true })
  }
}

async function startProcess(dataDir: string) {
  const child = startAnsweringChild('A supervising process', [import.meta.path, dataDir])
  return {
    url: await child.nextLine(),
    checks: async () => Number(await child.ask()),
    stop: child.kill,
  }
}
