/**
 * `bun run torture`: kills a server of its own with `kill -9` at random moments of uploads, trades, prices, invitations, new
 * leagues and backups, and then looks whether everything that was acknowledged is there, once; whether the ledgers add up,
 * every file is sound and nothing is left over. Ends with 1 where something was lost. No running installation is touched.
 *
 *   --rounds N      how often (20)
 *   --processes N   over one folder, all killed at once (1)
 *   --seed N        the same moments again, as far as the machine allows; one is chosen and printed otherwise
 *   --redis URL     with a Redis between them, whose data is kept
 */
import { Database } from 'bun:sqlite'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { demoMember } from './demo/call.ts'
import { random as randomOf } from './demo/random.ts'
import { type ChildServer, startChildServer } from './trials/child-server.ts'
import { trialOptions } from './trials/options.ts'

const { rounds, processes, seed, redis } = trialOptions(import.meta.path, { rounds: 20, processes: 1 }, ['redis'])
const random = randomOf(seed)
const dataDir = mkdtempSync(join(tmpdir(), 'fieldhouse-torture-'))
const env = { REDIS_URL: redis }
const findings: string[] = []
const found = (what: string) => void findings.push(what)

/** What was acknowledged: the id of each, by kind. */
const acknowledged = {
  leagues: [] as number[],
  uploads: [] as number[],
  trades: [] as number[],
  invitations: [] as number[],
}
const season = { starts_at: '2026-01-01T00:00:00Z', ends_at: '2099-01-01T00:00:00Z' }

let server = await startChildServer(dataDir, env)
const sheet = await server.call.post('/api/v1/leagues', { name: 'Sheets', kind: 'sheet', ...season })
const market = await server.call.post('/api/v1/leagues', { name: 'Trades', kind: 'market', ...season })
const quote = () => ({ quotes: [{ symbol: 'ACME', price_cents: 1000 }] })
await server.call.post('/api/v1/quotes', quote())
const member = await demoMember(server.call, 'trader')
const key = await member.makeKey()
await post(server, key, `/api/v1/leagues/${market.id}/join`, {})

async function post({ url }: ChildServer, bearer: string, path: string, body: object) {
  const answer = await fetch(url + path, {
    method: 'POST',
    headers: { authorization: `Bearer ${bearer}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`)
  return answer.json()
}

function scan(): FormData {
  const form = new FormData()
  const rows = Array.from({ length: random.whole(5, 3000) }, (_, i) => `${i},player ${i},${random.whole(0, 1e6)}`)
  form.set('file', new File([`ID,Name,Power\n${rows.join('\n')}\n`], 'scan.csv'))
  return form
}

/** Each does one thing and notes it once it is acknowledged. */
const acts: ((to: ChildServer) => Promise<unknown>)[] = [
  async ({ call }) =>
    acknowledged.leagues.push((await call.post('/api/v1/leagues', { name: 'One more', kind: 'sheet', ...season })).id),
  async ({ call }) =>
    acknowledged.uploads.push((await call.post(`/api/v1/leagues/${sheet.id}/uploads`, scan())).upload_id),
  async to => {
    const order = { symbol: 'ACME', side: 'buy', quantity: 1 }
    const { trade, id } = await post(to, key, `/api/v1/leagues/${market.id}/trades`, order)
    acknowledged.trades.push(trade?.id ?? id)
  },
  async ({ call }) => acknowledged.invitations.push((await call.post('/api/v1/invitations', { role: 'member' })).id),
  ({ call }) => call.post('/api/v1/quotes', quote()),
  ({ call }) =>
    random.chance(0.1) ? call.post('/admin/backups') : call.get(`/api/v1/leagues/${sheet.id}/leaderboard`),
]

/** Acts until it is killed under it; other refusals than that are told. */
async function act(to: ChildServer): Promise<void> {
  while (!to.hasEnded())
    try {
      await random.pick(acts)(to)
    } catch (error) {
      if (error instanceof Error && / (4\d\d|500) /.test(error.message) && !/ (409|429) /.test(error.message))
        found(error.message)
      if (!to.hasEnded()) await Bun.sleep(20)
    }
}

for (let round = 0; round < rounds; round++) {
  const others = await Promise.all(Array.from({ length: processes - 1 }, () => startChildServer(dataDir, env)))
  const all = [server, ...others]
  const acting = all.flatMap(one => [act(one), act(one), act(one)])
  await Bun.sleep(random.whole(50, 1500))
  await Promise.all(all.map(one => one.kill()))
  await Promise.all(acting)
  server = await startChildServer(dataDir, env)
}

/** Every page of a list, as the ids on it. */
async function idsOf(path: string, name: string): Promise<number[]> {
  const ids: number[] = []
  for (let page = 1; ; page++) {
    const answer = await server.call.get(`${path}${path.includes('?') ? '&' : '?'}limit=500&page=${page}`)
    ids.push(...answer[name].map(({ id }: { id: number }) => id))
    if (page >= answer.pagination.pages) return ids
  }
}
function compare(kind: keyof typeof acknowledged, there: number[]): void {
  const times = Map.groupBy(there, id => id)
  for (const id of acknowledged[kind])
    if (times.get(id)?.length !== 1) found(`${kind} ${id} is there ${times.get(id)?.length ?? 0} times`)
}
compare('leagues', await idsOf('/api/v1/leagues', 'leagues'))
compare('invitations', await idsOf('/api/v1/invitations', 'invitations'))
compare('trades', await idsOf(`/api/v1/leagues/${market.id}/trades`, 'trades'))
for (const id of acknowledged.uploads) {
  const endsAt = performance.now() + 120_000
  let status = ''
  while (performance.now() < endsAt) {
    status = (await server.call.get(`/api/v1/uploads/${id}`)).status
    if (status !== 'queued' && status !== 'processing' && status !== 'pending' && status !== 'running') break
    await Bun.sleep(50)
  }
  if (status !== 'done' && status !== 'held') found(`upload ${id} is ${status}`)
}
await server.stop()

for (const name of readdirSync(dataDir, { recursive: true }).map(String)) {
  // A lock file of a killed process stays until somebody looks for the dead.
  if (/\.part$|\.tmp$/.test(name)) found(`left over: ${name}`)
  if (!/^[^/]+\.db$/.test(name)) continue
  const file = new Database(join(dataDir, name))
  const [first] = file.query<{ integrity_check: string }, []>('PRAGMA integrity_check').all()
  if (first?.integrity_check !== 'ok') found(`${name}: ${first?.integrity_check}`)
  file.close()
}
const audit = Bun.spawnSync([process.execPath, join(import.meta.dir, 'audit-ledger.ts')], {
  env: { PATH: process.env.PATH, HOME: process.env.HOME, DATA_DIR: dataDir },
})
if (audit.exitCode !== 0) found(`the ledger: ${audit.stdout}${audit.stderr}`)
rmSync(dataDir, { recursive: true, force: true })

const counts = Object.entries(acknowledged).map(([kind, ids]) => `${ids.length} ${kind}`)
console.log(`${rounds} kills of ${processes} processes, acknowledged: ${counts.join(', ')}`)
for (const what of new Set(findings)) console.log(what)
console.log(`${new Set(findings).size} findings, seed ${seed}`)
process.exit(findings.length ? 1 : 0)
