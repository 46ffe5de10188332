/**
 * `bun run soak`: loads a separate server for as long as you like, and reports how it performs. Readers request boards and pages and
 * keep live pages open, while sheets are uploaded, prices sent and trades made. Each minute it prints memory, response times, answers by
 * status, open handles and files. Then it measures the idle server too. Ends with 1 if memory grew by 50 MB after the first minute, if
 * handles or files were left, if an answer was an error, or if it takes more than 1 % of a core or 130 MB when idle. Linux only.
 *
 *   --minutes N     minutes of load (10)
 *   --readers N     number of readers at once (1000)
 *   --idle N        seconds to measure the idle server, before and after (60)
 *   --seed N        repeats the sheets and orders of that seed; otherwise one is chosen and printed
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { demoCaller, demoMember } from './demo/call.ts'
import { randomFrom } from './random.ts'
import { filesIn, quantileOf, usageOf } from './soak/measure.ts'
import { startReaders } from './soak/reader-process.ts'
import { startChildServer } from './trials/child-server.ts'
import { trialOptions } from './trials/options.ts'

const { minutes, readers, idle, seed } = trialOptions(import.meta.path, { minutes: 10, readers: 1000, idle: 60 })
const limits = { growthMb: 50, handles: 20, files: 5, idleCpu: 1, idleMb: 130 }
const refusals = new Set(['429', '503'])

const random = randomFrom(seed)
const dataDir = mkdtempSync(join(tmpdir(), 'fieldhouse-soak-'))
const server = await startChildServer(dataDir)
const { call, url, pid } = server
const findings: string[] = []

/** The share of a core, in percent, and the memory that the server takes without requests. */
async function idleUsage(when: string) {
  await Bun.sleep(15_000) // work under way finishes
  const before = usageOf(pid)
  await Bun.sleep(idle * 1000)
  const after = usageOf(pid)
  const cpu = (100 * (after.cpuSeconds - before.cpuSeconds)) / idle
  console.log(
    `idle ${when}: ${cpu.toFixed(2)} % of a core, ${after.rssMb} MB, ${after.handles} handles, ${after.threads} threads`,
  )
  return { cpu, ...after }
}
const idleBefore = idle ? await idleUsage('before') : undefined

const season = {
  starts_at: new Date(Date.now() - 864e5).toISOString(),
  ends_at: new Date(Date.now() + 30 * 864e5).toISOString(),
}
const sheets = await call.post('/api/v1/leagues', { name: 'Sheets', kind: 'sheet', ...season })
const market = await call.post('/api/v1/leagues', { name: 'Trades', kind: 'market', ...season })
const symbols = ['ACME', 'BETA', 'GAMA']
const sendQuotes = () =>
  call.post('/api/v1/quotes', { quotes: symbols.map(symbol => ({ symbol, price_cents: random.whole(950, 1050) })) })
const counts = { uploads: 0, trades: 0, quotes: 0 }

async function upload(rows: number) {
  const form = new FormData()
  const lines = Array.from(
    { length: rows },
    (_, i) => `${i},player ${i},${random.whole(0, 1e6)},${random.whole(0, 1e5)}`,
  )
  form.set('file', new File([`ID,Name,Power,Deads\n${lines.join('\n')}\n`], 'scan.csv'))
  await call.done(await call.post(`/api/v1/leagues/${sheets.id}/uploads?force=true`, form))
  counts.uploads++
}

await upload(1000)
await sendQuotes()
const traders = await Promise.all(
  Array.from({ length: 5 }, async (_, i) => demoCaller(url, await (await demoMember(call, `trader${i}`)).makeKey())),
)
for (const trader of traders) await trader.post(`/api/v1/leagues/${market.id}/join`)

async function trade() {
  const order = { symbol: random.pick(symbols), side: random.chance(0.5) ? 'buy' : 'sell', quantity: 1 }
  // Selling shares that are not held is refused.
  await random.pick(traders).post(`/api/v1/leagues/${market.id}/trades`, order).catch(expectRefusal)
  counts.trades++
}
function expectRefusal(error: Error) {
  if (!/: (409|429) /.test(error.message)) findings.push(error.message.slice(0, 300))
}

const endsAt = performance.now() + minutes * 60_000
/** Repeats the act until the end, with a pause between. */
async function repeat(pauseMs: number, action: () => Promise<unknown>) {
  while (performance.now() < endsAt && !server.hasEnded()) {
    await action().catch(expectRefusal)
    await Bun.sleep(pauseMs)
  }
}
const activities = [
  repeat(1_000, () => upload(random.whole(200, 1000))),
  repeat(200, trade),
  repeat(2_000, async () => {
    await sendQuotes()
    counts.quotes++
  }),
  repeat(5_000, () => call.get('/api/v1/stats/dashboard')),
]

const before = { ...usageOf(pid), files: filesIn(dataDir) }
const readerProcess = startReaders(url, readers, [sheets.id, market.id])
const memory: number[] = []
const answers: Record<string, number> = {}
for (let minute = 1; performance.now() < endsAt && !server.hasEnded(); minute++) {
  const cpuBefore = usageOf(pid).cpuSeconds
  await Bun.sleep(Math.min(60_000, endsAt - performance.now()))
  if (server.hasEnded()) break
  const { times, answers: minuteAnswers } = await readerProcess.takeResults()
  const usage = usageOf(pid)
  memory.push(usage.rssMb)
  for (const [answer, count] of Object.entries(minuteAnswers)) answers[answer] = (answers[answer] ?? 0) + count
  const quantile = (share: number) => `${Math.round(quantileOf(times, share))} ms`
  console.log(
    `minute ${minute}: ${usage.rssMb} MB, ${times.length} answers, p50 ${quantile(0.5)}, p99 ${quantile(0.99)}, ${usage.handles} handles, ${usage.threads} threads, ` +
      `${filesIn(dataDir)} files, ${Math.round((usage.cpuSeconds - cpuBefore) / 0.6)} % of a core, ${JSON.stringify({ ...minuteAnswers, ...counts })}`,
  )
}
await Promise.all(activities)
await readerProcess.stop()

if (server.hasEnded()) findings.push(`the server ended: ${server.errors.at(-1)}`)
else {
  const maxMb = Math.max(...memory)
  const [firstMb = maxMb] = memory
  console.log(
    `grown by ${maxMb - firstMb} MB at most since the first minute, by ${maxMb - before.rssMb} MB since before it`,
  )
  if (maxMb - firstMb >= limits.growthMb) findings.push(`memory grew by ${maxMb - firstMb} MB after the first minute`)
  for (const [answer, count] of Object.entries(answers))
    if (!refusals.has(answer) && !/^(2\d\d|304|live)$/.test(answer)) findings.push(`${count} readers got ${answer}`)
  for (const path of ['/', `/leagues/${sheets.id}`, `/api/v1/leagues/${market.id}/leaderboard`]) {
    let { status } = await fetch(url + path)
    // An overloaded server admits everyone again about 20 seconds later.
    for (let tries = 0; status === 503 && tries < 60; tries++) {
      await Bun.sleep(1_000)
      status = (await fetch(url + path)).status
    }
    if (status !== 200) findings.push(`${path} still answers ${status}`)
  }
  const after = { ...(idle ? await idleUsage('after') : usageOf(pid)), files: filesIn(dataDir) }
  for (const resource of ['handles', 'files'] as const)
    if (after[resource] - before[resource] > limits[resource])
      findings.push(`${after[resource] - before[resource]} ${resource} more than before`)
  if (idleBefore && idleBefore.cpu > limits.idleCpu)
    findings.push(`idle it takes ${idleBefore.cpu.toFixed(2)} % of a core`)
  if (idleBefore && idleBefore.rssMb > limits.idleMb) findings.push(`idle it takes ${idleBefore.rssMb} MB`)
}
for (const line of server.errors) findings.push(`logged: ${line.slice(0, 300)}`)
await server.stop()
rmSync(dataDir, { recursive: true, force: true })

for (const finding of new Set(findings)) console.log(finding)
console.log(`${new Set(findings).size} findings, seed ${seed}`)
process.exit(findings.length ? 1 : 0)
