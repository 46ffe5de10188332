import { expect, test } from 'bun:test'
import { cpSync } from 'node:fs'
import { randomFrom } from '../scripts/random.ts'
import { readSheet } from '../src/leagues/sheets/reading/sheet.ts'
import { type Cell, fitsWorkbook, workbookOf } from '../src/platform/files/xlsx.ts'
import { texts } from './fixtures/sheets/reads.ts'
import { newCup } from './market.ts'
import { firstSeed } from './seeded.ts'
import { newLeague, upload } from './sheets.ts'
import { afterTest, board, type Env, shared, start, temporaryFolder, until } from './start.ts'

async function readWorkbook(bytes: ArrayBuffer) {
  const { default: ExcelJS } = await import('exceljs')
  const workbook = new ExcelJS.Workbook()
  await workbook.xlsx.load(bytes)
  return workbook.worksheets[0]!
}

async function bytesOf(pieces: AsyncIterable<Uint8Array>): Promise<ArrayBuffer> {
  const chunks: Uint8Array[] = []
  for await (const piece of pieces) chunks.push(piece)
  return new Blob(chunks.map(piece => Uint8Array.from(piece))).arrayBuffer()
}

test('a workbook reads back as it was written, whatever its cells contain', async () => {
  const { seed, below, pick, next } = randomFrom(firstSeed)
  const contents = [
    '=1+1',
    '',
    '  two  spaces ',
    'Zoë <b> & "c"',
    '日本 🎉',
    'line\nbreak',
    "it's",
    '007',
    '-0',
    'x'.repeat(40_000),
  ]
  const cell = (): Cell => pick<Cell>([null, below(1e9), -next() * 1e12, 0, 1e21, pick(contents)])
  const heading = Array.from({ length: 30 }, (_, i) => `column ${i}`) // past Z
  const rows = Array.from({ length: 150 }, () => heading.map(cell))
  const slices = Array.from({ length: 6 }, (_, i) => rows.slice(i * 30, i * 30 + 30)) // the last is empty
  const sheet = await readWorkbook(await bytesOf(workbookOf("Cup [1/2]: a'", heading, slices)))
  expect(sheet.name).toBe('Cup  1 2   a')
  expect(sheet.rowCount).toBe(151)
  for (const [i, cells] of [heading, ...rows].entries()) {
    const read = cells.map((_, c) => sheet.getRow(i + 1).getCell(c + 1).value || null)
    const expected = cells.map(value => (typeof value === 'string' ? value.slice(0, 32_767) : value) || null)
    expect([seed, i, read]).toEqual([seed, i, expected])
  }
  expect(sheet.getCell('A1').font).toMatchObject({ bold: true })
})

test('characters that XML cannot hold are left out of a workbook, and infinity is written as text', async () => {
  const rows: Cell[][] = [['a\u0000b\u001f\ud800c', Number.POSITIVE_INFINITY, 1]]
  const sheet = await readWorkbook(await bytesOf(workbookOf('', ['one', 'two', 'three'], [rows])))
  expect([sheet.name, sheet.getCell('A2').value, sheet.getCell('B2').value, sheet.getCell('C2').value]).toEqual([
    'Sheet',
    'abc',
    'Infinity',
    1,
  ])
})

test('a workbook names its sheet so that Excel opens it', async () => {
  const names: [title: string, name: string][] = [
    ['History', 'Sheet'],
    [`${'x'.repeat(30)}'s cup`, 'x'.repeat(30)],
    ["' '", 'Sheet'],
  ]
  for (const [title, name] of names) {
    const sheet = await readWorkbook(await bytesOf(workbookOf(title, ['one'], [])))
    expect(sheet.name).toBe(name)
  }
})

test('a workbook takes what Excel and an archive can hold', () => {
  expect(fitsWorkbook(1_048_575, 35)).toBe(true)
  expect(fitsWorkbook(1_048_576, 35)).toBe(false)
  expect(fitsWorkbook(1_000_000, 200)).toBe(false)
})

const players = 20_500 // a thread reads 20,000 at a time
const longSheet = `ID,Name,Power\n${Array.from({ length: players }, (_, i) => `${i},player ${i},${(i * 7_919) % 30_011}`).join('\n')}\n`

test('an exported board is the board, row for row, however long, sorted, searched or as of a time', async () => {
  const { call, finished } = await start()
  const { id } = await newLeague(call)
  const path = `/api/v1/leagues/${id}/leaderboard.csv`
  expect(await call.get(path)).toBe('rank,change,player_id,name,score\r\n')
  await finished(upload(call, id, longSheet, { taken_at: '2026-02-01T00:00:00Z' }))
  await finished(upload(call, id, longSheet.replaceAll(/(\d+)\n/g, '1$1\n'), { taken_at: '2026-02-02T00:00:00Z' }))
  const linesOf = async (query: string) => {
    const [heading, ...lines] = String(await call.get(path + query)).split('\r\n')
    expect(heading).toBe('rank,change,player_id,name,score,tier,power,power_gain')
    expect(lines.pop()).toBe('')
    return lines
  }
  const boardLines = async (query: string, pages: number[]) => {
    const lines: string[] = []
    for (const page of pages)
      for (const { rank, change, player_id, name, score, tier, metrics, gains } of (
        await board(call, id, `${query}&limit=500&page=${page}`)
      ).rows)
        lines.push([rank, change, player_id, name, score, tier, metrics.power, gains.power].join(','))
    return lines
  }
  const exported = await linesOf('?sort_by=power')
  expect(exported).toHaveLength(players)
  expect(new Set(exported.map(line => line.split(',')[2])).size).toBe(players)
  expect(exported.slice(0, 1_000)).toEqual(await boardLines('?sort_by=power', [1, 2]))
  expect(exported.slice(19_500)).toEqual(await boardLines('?sort_by=power', [40, 41]))
  for (const query of ['?q=player%201999', '?at=2026-02-01T12:00:00Z&order=asc&q=77', '?ties=dense&q=player%20204'])
    expect(await linesOf(query)).toEqual(await boardLines(query, [1, 2]))
  const lines = await linesOf('')
  expect(await linesOf('?q=77&around=77&page=9')).toEqual(await linesOf('?q=77'))
  const sheet = await readSheet(await (await call.raw(path.replace('.csv', '.xlsx'))).bytes())
  expect(texts(sheet.ids)).toEqual(lines.map(line => line.split(',')[2]!))
  expect((await call.raw(`${path}?sort_by=nothing`)).status).toBe(400)
})

test('a long board of a market league is exported as a workbook too', async () => {
  const { app, call } = await start()
  const { id } = await newCup(call)
  const traders = 3_000
  const numbers = `with recursive n(i) as (select 1 union all select i + 1 from n where i < ${traders})`
  app.db.$client.run(`${numbers} insert into users (id, email, username, password_hash, role, created_at)
    select 100 + i, i, 'trader ' || i, '', 'member', 0 from n`)
  app.db.$client.run(`${numbers} insert into portfolios (league_id, user_id, granted_cents, cash_cents, created_at)
    select ${id}, 100 + i, 1, i * 7919 % 65536, 0 from n`)
  const workbook = await call.raw(`/api/v1/leagues/${id}/leaderboard.xlsx`)
  expect((await readSheet(await workbook.bytes())).rows).toBe(traders)
})

const manyNames = 36_000 // more bytes than a connection buffers for a client that does not read
const wideSheet = `ID,Name,Power\n${Array.from({ length: manyNames }, (_, i) => `${i},${String(i).padEnd(190, '.')},${i}\n`).join('')}`

/** Imported once; each test starts on a copy of the folder. */
const wideFolder = shared(async () => {
  const { call, finished, stop, dataDir } = await start()
  const { id } = await newLeague(call)
  await finished(upload(call, id, wideSheet))
  await stop()
  return { dataDir, path: `/api/v1/leagues/${id}/leaderboard.csv` }
})

async function withWideBoard(env: Env = {}, exportIdleTimeoutMs?: number) {
  const { dataDir, path } = await wideFolder()
  const folder = temporaryFolder()
  cpSync(dataDir, folder, { recursive: true })
  const fieldhouse = await start(env, folder, { exportIdleTimeoutMs })
  /** Asks for the file and reads nothing. Call the answer to go away. */
  async function requestWithoutReading(address: string, then: 'stay' | 'go' = 'stay', method = 'GET') {
    const socket = await Bun.connect({
      hostname: '127.0.0.1',
      port: Number(new URL(fieldhouse.url).port),
      socket: { data() {} },
    })
    socket.write(`${method} ${path} HTTP/1.1\r\nhost: x\r\nx-forwarded-for: ${address}\r\n\r\n`)
    socket.pause()
    if (then === 'go') socket.terminate()
    afterTest(() => socket.terminate())
    return () => socket.terminate()
  }
  const requestCount = () => fieldhouse.lines.filter(line => line.path === path && line.method === 'GET').length
  const download = (address: string, caller = fieldhouse.as()) =>
    caller.raw(path, { headers: { 'x-forwarded-for': address } })
  /** Whether one may: the file is not taken. */
  const statusOf = async (address: string, caller = fieldhouse.as()) => {
    const answer = await download(address, caller)
    await answer.body?.cancel()
    return answer.status
  }
  return { ...fieldhouse, path, download, requestWithoutReading, requestCount, statusOf }
}

test('a caller exports two boards at once, and a download that is given up makes room', async () => {
  const { call, path } = await withWideBoard()
  const answers = await Promise.all(Array.from({ length: 6 }, () => call.raw(path)))
  expect(answers.map(({ status }) => status).sort()).toEqual([200, 200, 429, 429, 429, 429])
  expect(Number(answers.find(({ status }) => status === 429)?.headers.get('retry-after'))).toBeGreaterThan(0)
  const [first, second] = answers.filter(({ status }) => status === 200)
  await second?.body?.cancel()
  expect((await first!.text()).split('\r\n')).toHaveLength(manyNames + 2)
  await until(async () => (await call.raw(path)).status === 200)
})

test('strangers who do not read their exports block neither members nor, for long, other strangers', async () => {
  const patience = 8_000
  const { app, call, lines, requestWithoutReading, requestCount, statusOf } = await withWideBoard(
    { TRUST_PROXY: '1' },
    patience,
  )
  for (const address of ['10.1.1.1', '10.1.1.2', '10.1.1.3', '10.1.1.4']) await requestWithoutReading(address)
  await until(() => requestCount() === 4)
  expect(await statusOf('10.1.1.5')).toBe(503)
  expect(await statusOf('10.1.1.5', call)).toBe(200)
  await until(() => app.exports.concurrency.taken() < 3, 60_000) // all that strangers get
  expect(await statusOf('10.1.1.5')).toBe(200)
  app.log.flush()
  expect(lines.filter(({ level }) => level === 'error')).toEqual([])
})

test('strangers have two exports per address, and an IPv6 network counts as one address', async () => {
  const { download, requestWithoutReading, requestCount, statusOf } = await withWideBoard({ TRUST_PROXY: '1' })
  const leaves = [await requestWithoutReading('2001:db8::1'), await requestWithoutReading('2001:db8::2')]
  await until(() => requestCount() === 2)
  expect(await statusOf('2001:db8::3')).toBe(429)
  expect(await statusOf('2001:db8:1::3')).toBe(200)
  for (const leave of leaves) leave()
  await until(async () => (await statusOf('2001:db8::3')) === 200)
  expect((await (await download('10.1.1.1')).text()).split('\r\n')).toHaveLength(manyNames + 2)
})

test('slow readers get the whole board, and readers who leave at once occupy no slot', async () => {
  const { call, requestWithoutReading, requestCount, download, app, lines, path } = await withWideBoard({}, 5_000)
  const pieces: Uint8Array[] = []
  for await (const piece of (await download('')).body ?? []) {
    if (pieces.length % 50 === 0) await Bun.sleep(100)
    pieces.push(piece)
  }
  expect((await new Blob(pieces as BlobPart[]).text()).split('\r\n')).toHaveLength(manyNames + 2)
  for (let i = 0; i < 10; i++) await requestWithoutReading('', 'go')
  for (let i = 0; i < 5; i++) expect((await call.raw(path, { method: 'HEAD' })).status).toBe(200)
  await until(() => requestCount() >= 2)
  await until(() => app.exports.concurrency.taken() === 0)
  app.log.flush()
  expect(lines.filter(({ level }) => level === 'error')).toEqual([])
})
