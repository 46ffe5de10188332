/**
 * What the door costs: `/livez` and a cached board page, each against a bare Elysia route that answers the same bytes, in
 * turns in one run, each server a process of its own. Needs wrk.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { demoCaller } from '../demo/call.ts'

const rounds = 5
const seconds = 2
const connections = 32
const token = 'x'.repeat(20)

const folder = mkdtempSync(join(tmpdir(), 'fieldhouse-bench-'))
const page = join(folder, 'page.json')
const bare = `import { Elysia } from 'elysia'
  const page = await Bun.file(${JSON.stringify(page)}).bytes()
  const board = () => new Response(page, { headers: { 'content-type': 'application/json' } })
  const { server } = new Elysia().get('/livez', () => 'ok').get('/api/v1/leagues/1/leaderboard', board).listen({ port: 0, hostname: '127.0.0.1' })
  console.log(JSON.stringify({ url: 'http://127.0.0.1:' + server.port }))`

/** Starts a server and answers its address, from the first line that has one. */
async function serve(args: string[], env: Record<string, string> = {}) {
  const child = Bun.spawn([process.execPath, ...args], {
    cwd: join(import.meta.dir, '../..'),
    env: { PATH: process.env.PATH, HOME: process.env.HOME, NODE_ENV: 'production', ...env },
    stdout: 'pipe',
    stderr: 'inherit',
  })
  const url = Promise.withResolvers<string>()
  const read = async () => {
    for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
      const found = text.match(/"url":"([^"]+)"/)?.[1]
      if (found) url.resolve(found)
    }
  }
  read()
  return { url: await url.promise, child }
}

function rate(url: string): number {
  const { stdout } = Bun.spawnSync(['wrk', '-t1', `-c${connections}`, `-d${seconds}s`, url])
  const text = stdout.toString()
  if (/Non-2xx/.test(text)) throw new Error(text)
  return Number(text.match(/Requests\/sec:\s+([\d.]+)/)?.[1])
}

const median = (numbers: number[]) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0

const fieldhouse = await serve(['src/main.ts'], {
  PORT: '0',
  HOST: '127.0.0.1',
  DATA_DIR: folder,
  ADMIN_TOKEN: token,
  RATE_LIMIT: '100000000', // counted, but never over
})
const call = demoCaller(fieldhouse.url, token)
const times = { starts_at: '2026-01-01T00:00:00Z', ends_at: '2099-01-01T00:00:00Z' }
await call.post('/api/v1/leagues', { name: 'Bench', kind: 'sheet', ...times })
const form = new FormData()
const rows = Array.from({ length: 200 }, (_, i) => `${i},player ${i},${i * 7},${i * 3},${i}`)
form.set('file', new File([`ID,Name,Power,Kill Points,Deads\n${rows.join('\n')}\n`], 'scan.csv'))
await call.done(await call.post('/api/v1/leagues/1/uploads', form))
const board = '/api/v1/leagues/1/leaderboard'
await Bun.write(page, await (await fetch(fieldhouse.url + board)).bytes())
const elysia = await serve(['-e', bare])

for (const path of ['/livez', board]) {
  const rates = { bare: [] as number[], ours: [] as number[] }
  for (let i = 0; i <= rounds; i++) {
    const measured = { bare: rate(elysia.url + path), ours: rate(fieldhouse.url + path) }
    if (i === 0) continue // the first round warms up
    rates.bare.push(measured.bare)
    rates.ours.push(measured.ours)
  }
  const [base, ours] = [median(rates.bare), median(rates.ours)]
  console.log(`${path}\n  bare Elysia route ${Math.round(base).toString().padStart(8)} requests/s`)
  console.log(
    `  Fieldhouse        ${Math.round(ours).toString().padStart(8)} requests/s   ratio ${(ours / base).toFixed(2)}`,
  )
}
for (const { child } of [fieldhouse, elysia]) {
  child.kill()
  await child.exited
}
rmSync(folder, { recursive: true })
