/**
 * What the door costs: requests a second of `/livez` against a bare Elysia route that answers the same, in turns, each
 * server a process of its own. Needs wrk.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const rounds = 5
const seconds = 2
const connections = 32

const dataDir = mkdtempSync(join(tmpdir(), 'fieldhouse-bench-'))
const bare = `import { Elysia } from 'elysia'
  const { server } = new Elysia().get('/livez', () => 'ok').listen({ port: 0, hostname: '127.0.0.1' })
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
  const { stdout } = Bun.spawnSync(['wrk', '-t1', `-c${connections}`, `-d${seconds}s`, `${url}/livez`])
  const text = stdout.toString()
  if (/Non-2xx/.test(text)) throw new Error(text)
  return Number(text.match(/Requests\/sec:\s+([\d.]+)/)?.[1])
}

const median = (numbers: number[]) => numbers.sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0

const servers = {
  bare: await serve(['-e', bare]),
  fieldhouse: await serve(['src/main.ts'], {
    PORT: '0',
    HOST: '127.0.0.1',
    DATA_DIR: dataDir,
    ADMIN_TOKEN: 'x'.repeat(20),
  }),
}
const rates = { bare: [] as number[], fieldhouse: [] as number[] }
for (let i = 0; i <= rounds; i++) {
  for (const name of ['bare', 'fieldhouse'] as const) {
    const measured = rate(servers[name].url)
    if (i > 0) rates[name].push(measured) // the first round warms up
  }
}
const [base, ours] = [median(rates.bare), median(rates.fieldhouse)]
console.log(`bare Elysia route  ${Math.round(base)} requests/s`)
console.log(`/livez             ${Math.round(ours)} requests/s`)
console.log(`ratio              ${(ours / base).toFixed(2)}`)
for (const { child } of Object.values(servers)) {
  child.kill()
  await child.exited
}
rmSync(dataDir, { recursive: true })
