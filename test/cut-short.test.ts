/** Connections that break off half-way leave nothing behind, and the service stays open. */
import { expect, test } from 'bun:test'
import { readdirSync, readlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { rounds } from './needs.ts'
import { filesOfUploads, newLeague, upload } from './sheets.ts'
import { adminToken, shared, spawnFieldhouse, start, until } from './start.ts'

type Started = Awaited<ReturnType<typeof spawnFieldhouse>>

/** One process shared by the tests that leave nothing behind. */
const sharedFieldhouse = shared(() => spawnFieldhouse())

const boundary = 'x-the-boundary'
const partHead = (name: string, filename = '') =>
  `--${boundary}\r\ncontent-disposition: form-data; name="${name}"${filename && `; filename="${filename}"`}\r\n\r\n`
const sheet = `ID,Name,Power\n${Array.from({ length: 80_000 }, (_, i) => `${i},player ${i},${i}\n`).join('')}`
const closingBoundary = `\r\n--${boundary}--\r\n`

/** Bodies that are cut off at different places. */
const cuts: Record<string, string> = {
  nothing: '',
  'half a boundary': `--${boundary.slice(0, 5)}`,
  'a boundary': `--${boundary}\r\n`,
  'half the headers of a part': partHead('file', 'scan.csv').slice(0, -20),
  'the headers of a part': partHead('file', 'scan.csv'),
  'a little of the file': partHead('file', 'scan.csv') + sheet.slice(0, 500),
  'much of the file': partHead('file', 'scan.csv') + sheet,
  'the file and half the boundary after it': `${partHead('file', 'scan.csv')}${sheet}\r\n--${boundary.slice(0, 5)}`,
  'the file and the boundary after it': `${partHead('file', 'scan.csv')}${sheet}\r\n--${boundary}\r\n`,
  'half of a field': `${partHead('kind')}curr`,
  'a field, and half of the file': `${partHead('kind')}current\r\n${partHead('file', 'scan.csv')}${sheet}`,
  'the file, and half of a field': `${partHead('file', 'scan.csv')}${sheet}\r\n${partHead('kind')}curr`,
  'half of a file that is not asked for': `${partHead('picture', 'me.png')}${sheet}`,
  'half of a second file': `${partHead('file', 'scan.csv')}${sheet}\r\n${partHead('file', 'more.csv')}${sheet}`,
}

type Framing = (path: string, body: string) => { head: string; body: string }
const headOf = (path: string, more: string) =>
  `POST ${path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${adminToken}\r\ncontent-type: multipart/form-data; boundary=${boundary}\r\n${more}\r\n\r\n`
const framings: Record<string, Framing> = {
  'with a length it does not come to': (path, body) => ({
    head: headOf(path, `content-length: ${body.length + 1_000_000}`),
    body,
  }),
  'in chunks': (path, body) => ({
    head: headOf(path, 'transfer-encoding: chunked'),
    body: body && `${body.length.toString(16)}\r\n${body}\r\n`,
  }),
}

const portOf = ({ url }: Started) => Number(new URL(url).port)

/** Sends that much and goes away: politely once all is sent, or torn off once the service is busy with it. */
async function breakOff(fieldhouse: Started, { head, body }: ReturnType<Framing>, isBusy?: () => boolean) {
  const closed = Promise.withResolvers<void>()
  let rest = Buffer.from(head + body)
  const send = (socket: Bun.Socket) => {
    rest = rest.subarray(socket.write(rest))
    if (!rest.length && !isBusy) socket.end()
  }
  const socket = await Bun.connect({
    hostname: '127.0.0.1',
    port: portOf(fieldhouse),
    socket: { open: send, drain: send, data() {}, close: () => closed.resolve(), error: () => closed.resolve() },
  })
  if (isBusy) {
    await until(isBusy)
    socket.terminate()
  }
  await closed.promise
}

const requestCount = ({ lines }: Started, method: string) =>
  lines.filter(line => line.message === 'request' && line.method === method).length
const loggedErrors = ({ lines }: Pick<Started, 'lines'>) => lines.filter(({ level }) => level === 'error')

async function expectNothingLeft(fieldhouse: Started, league: number) {
  await until(() => filesOfUploads(fieldhouse).length === 0)
  expect((await fieldhouse.call.get(`/api/v1/leagues/${league}/uploads`)).uploads).toEqual([])
  expect(fieldhouse.child.exitCode).toBeNull()
  expect(loggedErrors(fieldhouse)).toEqual([])
}

test('an upload whose connection breaks leaves no file and no row, and the service stays open', async () => {
  const fieldhouse = await sharedFieldhouse()
  const { id } = await newLeague(fieldhouse.call)
  const path = `/api/v1/leagues/${id}/uploads`
  for (const framing of Object.values(framings))
    for (const body of Object.values(cuts)) {
      const before = requestCount(fieldhouse, 'POST')
      await breakOff(fieldhouse, framing(path, body))
      await until(() => requestCount(fieldhouse, 'POST') > before)
      await expectNothingLeft(fieldhouse, id)
    }
  for (let i = 0; i < 5; i++) {
    await breakOff(
      fieldhouse,
      framings['in chunks']!(path, cuts['much of the file']!),
      () => filesOfUploads(fieldhouse).length > 0,
    )
    await expectNothingLeft(fieldhouse, id)
  }
}, 60_000)

test('an upload that ends inside a part is refused', async () => {
  const fieldhouse = await sharedFieldhouse()
  const { id } = await newLeague(fieldhouse.call)
  const send = (body: string) =>
    fieldhouse.call.raw(`/api/v1/leagues/${id}/uploads`, {
      method: 'POST',
      headers: { 'content-type': `multipart/form-data; boundary=${boundary}` },
      body,
    })
  for (const [where, body] of Object.entries(cuts)) {
    const answer = await send(body)
    const isOneCutFile = body && where !== 'half of a second file'
    expect([where, answer.status, await answer.json()]).toMatchObject([where, isOneCutFile ? 400 : 422, {}])
    await expectNothingLeft(fieldhouse, id)
  }
  const fields = `\r\n${partHead('dry_run')}true`
  const complete = await send(`${partHead('file', 'scan.csv')}${sheet}${fields}${closingBoundary}`)
  expect(complete.status).toBe(202)
  await fieldhouse.finished(complete.json())
  await expectNothingLeft(fieldhouse, id)
}, 60_000)

test('a boundary longer than any may be is refused', async () => {
  const fieldhouse = await sharedFieldhouse()
  const { id } = await newLeague(fieldhouse.call)
  for (const boundary of ['b'.repeat(500), '', '"', 'b; boundary=c', '=?utf-8?q?']) {
    const answer = await fieldhouse.call.raw(`/api/v1/leagues/${id}/uploads`, {
      method: 'POST',
      headers: { 'content-type': `multipart/form-data; boundary=${boundary}` },
      body: `--${boundary}\r\ncontent-disposition: form-data; name="file"; filename="a.csv"\r\n\r\nid\r\n`,
    })
    expect([boundary, answer.status]).toEqual([boundary, 400])
  }
  await expectNothingLeft(fieldhouse, id)
})

test('a sheet keeps its name, in whatever way the form says it', async () => {
  const { call } = await sharedFieldhouse()
  const { id } = await newLeague(call)
  const names = {
    'filename="ä 白.csv"': 'ä 白.csv',
    "filename*=utf-8''%C3%A4.csv": 'ä.csv',
    'filename="a\\"b.csv"': 'a"b.csv',
    'filename="../c.csv"': 'c.csv',
  }
  for (const [i, [disposition, name]] of Object.entries(names).entries()) {
    const head = `--${boundary}\r\ncontent-disposition: form-data; name="file"; ${disposition}\r\n\r\n`
    const answer = await call.raw(`/api/v1/leagues/${id}/uploads`, {
      method: 'POST',
      headers: { 'content-type': `multipart/form-data; boundary=${boundary}` },
      body: `${head}ID,Name,Power\n${i},x,1\r\n${partHead('kind')}baseline${closingBoundary}`,
    })
    const { upload_id } = await answer.json()
    expect(await call.get(`/api/v1/uploads/${upload_id}`)).toMatchObject({ filename: name, kind: 'baseline' })
  }
})

test('any other body whose connection breaks leaves nothing in the log', async () => {
  const fieldhouse = await sharedFieldhouse()
  const send = async (path: string, type: string, framing: string) => {
    const before = requestCount(fieldhouse, 'POST')
    const request = framings[framing]!(path, '{"name":"No')
    await breakOff(fieldhouse, { ...request, head: request.head.replace(/content-type: .*/, `content-type: ${type}`) })
    await until(() => requestCount(fieldhouse, 'POST') > before)
  }
  for (const framing of Object.keys(framings))
    for (const type of ['application/json', 'text/csv', `multipart/form-data; boundary=${boundary}`])
      for (const path of ['/api/v1/leagues', '/api/v1/shifts/import', '/api/v1/auth/login'])
        await send(path, type, framing)
  expect(loggedErrors(fieldhouse)).toEqual([])
  expect(await fieldhouse.call.get('/livez')).toBe('ok')
})

test('unfinished uploads of a killed process are deleted at the next start, those of a live one stay', async () => {
  const killed = await spawnFieldhouse()
  const { id } = await newLeague(killed.call)
  const alive = await spawnFieldhouse({}, killed.dataDir)
  const path = `/api/v1/leagues/${id}/uploads`
  const parts = () => filesOfUploads(killed).filter(name => name.endsWith('.part'))
  const send = (fieldhouse: Started) =>
    breakOff(fieldhouse, framings['in chunks']!(path, cuts['much of the file']!), () => hasStopped.signal.aborted)
  const hasStopped = new AbortController()

  const receiving = [send(killed)]
  await until(() => parts().length === 1)
  const [leftPart = ''] = parts()
  receiving.push(send(alive))
  await until(() => parts().length === 2)
  const complete = leftPart.replace('.part', '') // killed between the last byte and its row
  writeFileSync(join(killed.dataDir, 'uploads', complete.replace(/.$/, '0')), sheet)
  writeFileSync(join(killed.dataDir, 'uploads', 'somebody’s.csv'), sheet)
  await killed.kill9()

  const next = await start({}, killed.dataDir)
  await until(() => !parts().includes(leftPart))
  await until(() => filesOfUploads(next).length === 2)
  expect(parts()).toHaveLength(1)
  expect(filesOfUploads(next)).toContain('somebody’s.csv')
  hasStopped.abort()
  await Promise.all(receiving)
  await until(() => parts().length === 0)
  expect([...loggedErrors(next), ...loggedErrors(alive)]).toEqual([])
})

test('an answer that is not read to its end leaves nothing open, whatever it is', async () => {
  const fieldhouse = await spawnFieldhouse()
  const { call, child, finished } = fieldhouse
  const { id } = await newLeague(call)
  const longSheet = `ID,Name,Power\n${Array.from({ length: 36_000 }, (_, i) => `${i},${String(i).padEnd(190, '.')},${i}\n`).join('')}`
  const { upload_id, ...started } = await upload(call, id, longSheet)
  await finished(started)
  const { name } = (await finished(call.post('/admin/backups'))).result
  const times = rounds(4, 10)
  const answers = [
    '/api/v1/leagues/1/leaderboard.csv',
    '/api/v1/leagues/1/leaderboard.xlsx',
    `/api/v1/uploads/${upload_id}/file`,
    `/admin/backups/${name}/download`,
    '/admin/audit/logs.csv',
    '/admin/audit/logs/events',
    '/leagues/1/events',
    `/api/v1/jobs/${started.job_id}/events`,
    '/leagues/1',
  ]
  /** How often each file is open, and how many sockets are. A thread that begins meanwhile opens the databases once more. */
  const openFiles = () => {
    const folder = `/proc/${child.pid}/fd`
    const targets = readdirSync(folder).flatMap(fd => {
      try {
        return readlinkSync(join(folder, fd)).replace(/\[\d+\]$/, '')
      } catch {
        return [] // closed meanwhile
      }
    })
    return Map.groupBy(
      targets.filter(target => target.startsWith('/') || target === 'socket:'),
      target => target,
    )
  }
  const readAndLeave = async (path: string, afterBytes: number) => {
    const closed = Promise.withResolvers<void>()
    let received = 0
    let status = ''
    await Bun.connect({
      hostname: '127.0.0.1',
      port: portOf(fieldhouse),
      socket: {
        open: socket =>
          void socket.write(`GET ${path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${adminToken}\r\n\r\n`),
        data(socket, bytes) {
          status ||= bytes.toString('latin1', 0, 12)
          received += bytes.length
          if (received >= afterBytes) socket.terminate()
        },
        close: () => closed.resolve(),
      },
    })
    await closed.promise
    return status === 'HTTP/1.1 200' // exports have few places, and the one before may not have been left yet
  }
  for (const path of answers) await until(() => readAndLeave(path, 1)) // what is opened once stays open
  await until(async () => (await openStreams(fieldhouse)) === 0)
  const before = openFiles()
  for (const path of answers)
    for (let i = 0; i < times; i++)
      await until(() => readAndLeave(path, i % 2 ? 1 : path.includes('events') ? 20 : 300))
  await until(async () => (await openStreams(fieldhouse)) === 0)
  const maxOpen = (target: string) => (before.get(target)?.length ?? 0) + 2
  await until(() =>
    openFiles()
      .entries()
      .every(([target, { length }]) => length <= maxOpen(target)),
  )
  expect(loggedErrors(fieldhouse)).toEqual([])
  expect(child.exitCode).toBeNull()
})

async function openStreams({ call }: Started): Promise<number> {
  return Number(/^fieldhouse_open_streams (\d+)$/m.exec(await call.get('/metrics'))?.[1])
}
