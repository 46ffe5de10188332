/**
 * What the door costs: `/livez` and a cached board page, for strangers and signed-in readers, each against a bare Elysia route that answers the same bytes, in
 * turns in one run, each server a process of its own. Where other programs share the machine, only processor time tells.
 * Needs wrk and Linux.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
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

/** Starts a server and answers its address, from the first line that has one. Its log goes to a file, as it would anywhere. */
async function serve(name: string, args: string[], env: Record<string, string> = {}) {
  const log = join(folder, `${name}.log`)
  const child = Bun.spawn([process.execPath, ...args], {
    cwd: join(import.meta.dir, '../..'),
    env: { PATH: process.env.PATH, HOME: process.env.HOME, NODE_ENV: 'production', ...env },
    stdout: Bun.file(log),
    stderr: 'inherit',
  })
  for (;;) {
    const url = (await Bun.file(log).text()).match(/"url":"([^"]+)"/)?.[1]
    if (url) return { url, child }
    await Bun.sleep(20)
  }
}

/** Processor time of all threads of a process, in µs. */
function cpuOf(pid: number): number {
  let ns = 0
  for (const thread of readdirSync(`/proc/${pid}/task`))
    ns += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0])
  return ns / 1000
}

/** `cookie`: who reads is signed in. */
type Server = Awaited<ReturnType<typeof serve>> & { cookie?: string }
type Measured = { rate: number; cpu: number }

function measure({ url, child, cookie }: Server, path: string): Measured {
  const before = cpuOf(child.pid)
  const headers = cookie ? ['-H', `cookie: ${cookie}`] : []
  const { stdout } = Bun.spawnSync(['wrk', '-t1', `-c${connections}`, `-d${seconds}s`, ...headers, url + path])
  const text = stdout.toString()
  if (/Non-2xx/.test(text)) throw new Error(text)
  const requests = Number(text.match(/(\d+) requests in/)?.[1])
  return { rate: Number(text.match(/Requests\/sec:\s+([\d.]+)/)?.[1]), cpu: (cpuOf(child.pid) - before) / requests }
}

const median = (numbers: number[]) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0

const settings = { PORT: '0', HOST: '127.0.0.1', DATA_DIR: folder, ADMIN_TOKEN: token }
const fieldhouse = await serve('fieldhouse', ['src/main.ts'], { ...settings, RATE_LIMIT: '100000000' }) // counted, never over
const call = demoCaller(fieldhouse.url, token)
const times = { starts_at: '2026-01-01T00:00:00Z', ends_at: '2099-01-01T00:00:00Z' }
await call.post('/api/v1/leagues', { name: 'Bench', kind: 'sheet', ...times })
const form = new FormData()
const rows = Array.from({ length: 200 }, (_, i) => `${i},player ${i},${i * 7},${i * 3},${i}`)
form.set('file', new File([`ID,Name,Power,Kill Points,Deads\n${rows.join('\n')}\n`], 'scan.csv'))
await call.done(await call.post('/api/v1/leagues/1/uploads', form))
const board = '/api/v1/leagues/1/leaderboard'
await Bun.write(page, await (await fetch(fieldhouse.url + board)).bytes())
const reader = { email: 'reader@example.org', username: 'reader', password: 'correct horse battery' }
await call.post('/api/v1/users', { ...reader, role: 'member' })
const signedIn = await fetch(`${fieldhouse.url}/api/v1/auth/login`, {
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(reader),
})
const servers: Record<string, Server> = {
  'bare Elysia route': await serve('elysia', ['-e', bare]),
  Fieldhouse: fieldhouse,
  'signed in': { ...fieldhouse, cookie: signedIn.headers.get('set-cookie')?.split(';')[0] },
  'with RATE_LIMIT=0': await serve('unlimited', ['src/main.ts'], { ...settings, RATE_LIMIT: '0' }),
}

for (const path of ['/livez', board]) {
  const seen = Object.entries(servers).map(([name, server]) => ({ name, server, measured: [] as Measured[] }))
  for (let i = 0; i <= rounds; i++)
    for (const { server, measured } of seen) {
      const one = measure(server, path)
      if (i > 0) measured.push(one) // the first round warms up
    }
  console.log(path)
  const medians = seen.map(({ name, measured }) => ({
    name,
    rate: median(measured.map(({ rate }) => rate)),
    cpu: median(measured.map(({ cpu }) => cpu)),
  }))
  const [base] = medians
  for (const { name, rate, cpu } of medians)
    console.log(
      `  ${name.padEnd(18)} ${Math.round(rate).toString().padStart(7)} requests/s ${cpu.toFixed(1).padStart(6)} µs of processor time a request` +
        `   ratio ${(rate / (base?.rate ?? 1)).toFixed(2)}, by processor time ${((base?.cpu ?? 0) / cpu).toFixed(2)}`,
    )
}
for (const { child } of Object.values(servers)) {
  child.kill()
  await child.exited
}
rmSync(folder, { recursive: true })
