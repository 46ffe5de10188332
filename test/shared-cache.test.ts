/** A real nginx in front, with deploy/nginx.conf: it caches what strangers read for two seconds at most, and nothing private. */
import { afterEach, expect } from 'bun:test'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { freePort } from '../scripts/trials/free-port.ts'
import { nginx, nginxTest } from './needs.ts'
import { newLeague, upload } from './sheets.ts'
import { adminToken, board, caller, killAfterTest, start, stopEverything, temporaryFolder, until } from './start.ts'

afterEach(stopEverything)

/** The repository's nginx.conf, changed only in ports and folders. */
async function startNginx(appUrl: string): Promise<string> {
  const folder = temporaryFolder()
  const port = freePort()
  const ours = readFileSync(join(import.meta.dir, '../deploy/nginx.conf'), 'utf8')
    .replace('/var/cache/nginx-fieldhouse', join(folder, 'cache'))
    .replace('listen 80;', `listen 127.0.0.1:${port};`)
    .replaceAll('http://127.0.0.1:3000', appUrl)
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
  for (const name of temporary) mkdirSync(join(folder, name))
  const config = `daemon off; master_process off; pid ${folder}/pid; error_log stderr;
events { worker_connections 512; }
http {
  access_log off;
  ${temporary.map(name => `${name}_temp_path ${folder}/${name};`).join(' ')}
  ${ours}
}`
  writeFileSync(join(folder, 'nginx.conf'), config)
  const child = Bun.spawn([nginx ?? 'nginx', '-p', folder, '-c', join(folder, 'nginx.conf'), '-e', 'stderr'], {
    stdout: 'ignore',
    stderr: 'pipe',
  })
  killAfterTest(child)
  const url = `http://127.0.0.1:${port}`
  await until(async () => {
    if (child.exitCode !== null) throw new Error(await new Response(child.stderr).text())
    return fetch(`${url}/livez`).then(
      ({ ok }) => ok,
      () => false,
    )
  })
  return url
}

async function startBehindNginx() {
  const fieldhouse = await start({ TRUST_PROXY: '1' })
  const { id } = await newLeague(fieldhouse.call)
  await fieldhouse.finished(upload(fieldhouse.call, id, 'ID,Name,Power\n1,ann,5\n2,bob,7\n'))
  const front = await startNginx(fieldhouse.url)
  return { ...fieldhouse, id, front, path: `/api/v1/leagues/${id}/leaderboard` }
}

const cacheState = (response: Response) => response.headers.get('x-front-cache')

nginxTest(
  'of many strangers who read a board at once few reach Fieldhouse, and all get the complete board',
  async () => {
    const { front, path, call } = await startBehindNginx()
    const expected = await call.get(path)
    const readers = Array.from({ length: 20 }, async () => {
      const states: (string | null)[] = []
      for (let read = 0; read < 50; read++) {
        const response = await fetch(front + path)
        expect((await response.json()).rows).toEqual(expected.rows)
        states.push(cacheState(response))
      }
      return states
    })
    const began = performance.now()
    const allStates = (await Promise.all(readers)).flat()
    const seconds = (performance.now() - began) / 1_000
    const reachedFieldhouse = allStates.filter(state => state !== 'HIT' && state !== 'STALE' && state !== 'UPDATING')
    expect(reachedFieldhouse.length).toBeLessThan(2 * (seconds + 2)) // one a second, however many read
  },
)

nginxTest('a change is soon seen by strangers, on the page as in the API', async () => {
  const { front, path, id, call, finished } = await startBehindNginx()
  const page = async () => (await fetch(`${front}/leagues/${id}`, { headers: { accept: 'text/html' } })).text()
  const stranger = caller(front)
  expect((await stranger.get(path)).rows).toHaveLength(2)
  expect(await page()).not.toContain('carla')
  await finished(upload(call, id, 'ID,Name,Power\n1,ann,5\n2,bob,7\n3,carla,9\n'))
  await until(async () => (await stranger.get(path)).rows.length === 3)
  await until(async () => (await page()).includes('carla'))
})

nginxTest('answers that depend on the reader are not cached, and no stranger gets them', async () => {
  const { front, path, call } = await startBehindNginx()
  const operator = caller(front, adminToken)
  for (const own of [path, '/api/v1/auth/me', '/api/v1/users', '/api/v1/keys', '/', '/admin/task-monitor'])
    for (let read = 0; read < 2; read++) {
      const response = await operator.raw(own)
      expect([own, response.status, cacheState(response)]).toEqual([own, 200, 'MISS'])
      expect(response.headers.get('cache-control')).toMatch(/^(private|no-store)/)
    }
  await fetch(front + path) // now cached for strangers
  expect(cacheState(await operator.raw(path))).toBe('MISS')

  const { id: secret } = await newLeague(call, { public: false })
  await board(operator, secret)
  const refused = await fetch(`${front}/api/v1/leagues/${secret}/leaderboard`)
  expect([refused.ok, refused.headers.get('cache-control')]).toEqual([false, 'no-store'])
})

nginxTest('a cached board page stays in no browser for longer than two seconds', async () => {
  const { front, path } = await startBehindNginx()
  const response = await fetch(front + path)
  expect(response.headers.get('cache-control')).toBe('public, max-age=0, s-maxage=1, stale-while-revalidate=1')
  const tag = response.headers.get('etag') ?? ''
  expect((await fetch(front + path, { headers: { 'if-none-match': tag } })).status).toBe(304)
})
