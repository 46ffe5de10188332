/** Fieldhouse as a separate process on an empty folder, with its log in a file. */
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { bundledMain } from '../../build.ts'
import { demoCaller, demoMember, operatorToken } from '../../demo/call.ts'
import type { Stretches } from '../comparison.ts'
import { uploadForm } from '../upload-form.ts'
import { memoryMb, peakMb, processorMs, waitFor } from './processes.ts'

/** `fill` prepares the folder before the start. */
export async function openFieldhouse(
  parent: string,
  env: Record<string, string> = {},
  fill?: (dataDir: string) => unknown,
) {
  const dataDir = await mkdtemp(join(parent, 'fieldhouse-'))
  await fill?.(dataDir)
  const log = join(dataDir, 'log.jsonl')
  const main = await bundledMain()
  const began = performance.now()
  const child = Bun.spawn([process.execPath, main], {
    env: {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      NODE_ENV: 'production',
      PORT: '0',
      HOST: '127.0.0.1',
      DATA_DIR: dataDir,
      ADMIN_TOKEN: operatorToken,
      RATE_LIMIT: '0',
      LOG_LEVEL: 'info',
      ...env,
    },
    stdout: Bun.file(log),
    stderr: 'inherit',
  })
  const pids = [child.pid]
  let url = ''
  const isOpen = async () => (url = /"url":"([^"]+)"/.exec(readFileSync(log, 'utf8'))?.[1] ?? '') !== ''
  await waitFor(isOpen, child)
  await waitFor(async () => (await fetch(`${url}/readyz`)).ok, child)
  const readyMs = performance.now() - began
  const call = demoCaller(url, operatorToken)
  const operator = { authorization: `Bearer ${operatorToken}` }
  return {
    url,
    dataDir,
    call,
    operator,
    readyMs,
    processorMs: () => processorMs(pids),
    peakMb: () => peakMb(pids),
    memoryMb: () => memoryMb(pids),
    /** A new user with a session and a key, as headers. */
    async reader(name: string) {
      const member = await demoMember(call, name)
      return { key: { authorization: `Bearer ${await member.makeKey()}` }, session: { cookie: member.cookie } }
    },
    async stretches(): Promise<Stretches> {
      const text = await (await fetch(`${url}/metrics`, { headers: operator })).text()
      const counted = text.matchAll(/^fieldhouse_http_thread_long_stretches_total\{over="([\d.]+)"\} (\d+)$/gm)
      return new Map([...counted].map(([, over, count]) => [Number(over) * 1000, Number(count)]))
    },
    async newLeague(
      config: Record<string, unknown> = { weights: { kills_t4: 10, kills_t5: 30, deads: 80 } },
      kind = 'sheet',
    ) {
      const times = { starts_at: '2026-01-01T00:00:00Z', ends_at: '2099-01-01T00:00:00Z' }
      const league = await call.post('/api/v1/leagues', { name: 'Bench', kind, ...times, config })
      return Number(league.id)
    },
    /** Resolves once the job is done; `posted` is how long the upload took to be accepted, in ms. */
    async upload(league: number, file: string | Blob, kind: 'baseline' | 'current') {
      const form = typeof file === 'string' ? await uploadForm(file) : file
      const began = performance.now()
      const accepted = await call.post(`/api/v1/leagues/${league}/uploads?kind=${kind}`, form)
      const posted = performance.now() - began
      await call.done(accepted)
      return { posted, id: Number(accepted.upload_id) }
    },
    async stop() {
      child.kill()
      const killTimer = setTimeout(() => child.kill(9), 10_000)
      await child.exited
      clearTimeout(killTimer)
      await rm(dataDir, { recursive: true, force: true })
    },
  }
}
