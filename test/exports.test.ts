import { expect, test } from 'bun:test'
import { type Cell, fitsWorkbook, workbookOf } from '../src/platform/files/workbook.ts'
import { chance } from './seeded.ts'
import { board, newLeague, upload } from './sheets.ts'
import { start, until } from './start.ts'

async function readBack(bytes: ArrayBuffer) {
  const { default: ExcelJS } = await import('exceljs')
  const workbook = new ExcelJS.Workbook()
  await workbook.xlsx.load(bytes)
  return workbook.worksheets[0]!
}

async function wholeOf(pieces: AsyncIterable<Uint8Array>): Promise<ArrayBuffer> {
  const all: Uint8Array[] = []
  for await (const piece of pieces) all.push(piece)
  return new Blob(all.map(piece => Uint8Array.from(piece))).arrayBuffer()
}

test('a workbook reads back as it was written, whatever stands in its cells', async () => {
  const { seed, below, one, real } = chance()
  const texts = [
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
  const cell = (): Cell => one<Cell>([null, below(1e9), -real() * 1e12, 0, 1e21, one(texts)])
  const heading = Array.from({ length: 30 }, (_, i) => `column ${i}`) // past Z
  const rows = Array.from({ length: 500 }, () => heading.map(cell))
  const slices = Array.from({ length: 6 }, (_, i) => rows.slice(i * 100, i * 100 + 100)) // the last is empty
  const sheet = await readBack(await wholeOf(workbookOf("Cup [1/2]: a'", heading, slices)))
  expect(sheet.name).toBe('Cup  1 2   a')
  expect(sheet.rowCount).toBe(501)
  for (const [i, cells] of [heading, ...rows].entries())
    for (const [c, value] of cells.entries()) {
      const read = sheet.getRow(i + 1).getCell(c + 1).value
      const meant = typeof value === 'string' ? value.slice(0, 32_767) : value
      expect([seed, i, c, read || null]).toEqual([seed, i, c, meant || null])
    }
  expect(sheet.getCell('A1').font).toMatchObject({ bold: true })
})

test('what XML cannot hold is left out of a workbook, and numbers that are none are told as text', async () => {
  const rows: Cell[][] = [['a\u0000b\u001f\ud800c', Number.POSITIVE_INFINITY, 1]]
  const sheet = await readBack(await wholeOf(workbookOf('', ['one', 'two', 'three'], [rows])))
  expect([sheet.name, sheet.getCell('A2').value, sheet.getCell('B2').value, sheet.getCell('C2').value]).toEqual([
    'Sheet',
    'abc',
    'Infinity',
    1,
  ])
})

test('a workbook takes what Excel and an archive can hold', () => {
  expect(fitsWorkbook(1_048_575, 35)).toBe(true)
  expect(fitsWorkbook(1_048_576, 35)).toBe(false)
  expect(fitsWorkbook(1_000_000, 200)).toBe(false)
})

const players = 20_500 // a thread reads 20,000 at a time
const long = `ID,Name,Power\n${Array.from({ length: players }, (_, i) => `${i},player ${i},${(i * 7_919) % 30_011}`).join('\n')}\n`

test('an exported board is the board, row for row, however long, sorted, searched or as of a time', async () => {
  const { call, finished } = await start()
  const { id } = await newLeague(call)
  const path = `/api/v1/leagues/${id}/leaderboard.csv`
  expect(await call.get(path)).toBe('rank,change,player_id,name,score\r\n')
  await finished(upload(call, id, long, { taken_at: '2026-02-01T00:00:00Z' }))
  await finished(upload(call, id, long.replaceAll(/(\d+)\n/g, '1$1\n'), { taken_at: '2026-02-02T00:00:00Z' }))
  const linesOf = async (query: string) => {
    const [heading, ...lines] = String(await call.get(path + query)).split('\r\n')
    expect(heading).toBe('rank,change,player_id,name,score,tier,power,power_gain')
    expect(lines.pop()).toBe('')
    return lines
  }
  const shown = async (query: string, pages: number[]) => {
    const lines: string[] = []
    for (const page of pages)
      for (const { rank, change, player_id, name, score, tier, metrics, gains } of (
        await board(call, id, `${query}&limit=500&page=${page}`)
      ).rows)
        lines.push([rank, change, player_id, name, score, tier, metrics.power, gains.power].join(','))
    return lines
  }
  const whole = await linesOf('?sort_by=power')
  expect(whole).toHaveLength(players)
  expect(new Set(whole.map(line => line.split(',')[2])).size).toBe(players)
  expect(whole.slice(0, 1_000)).toEqual(await shown('?sort_by=power', [1, 2]))
  expect(whole.slice(19_500)).toEqual(await shown('?sort_by=power', [40, 41]))
  for (const query of ['?q=player%201999', '?at=2026-02-01T12:00:00Z&order=asc&q=77', '?ties=dense&q=player%20204'])
    expect(await linesOf(query)).toEqual(await shown(query, [1, 2]))
  expect(await linesOf('?around=77&page=9')).toEqual(await linesOf(''))
  const sheet = await readBack(await (await call.raw(path.replace('.csv', '.xlsx'))).arrayBuffer())
  expect(sheet.rowCount).toBe(players + 1)
  expect((await call.raw(`${path}?sort_by=nothing`)).status).toBe(400)
})

test('only a few boards are exported at once, and a download that is given up makes room', async () => {
  const { as, call, finished } = await start()
  const { id } = await newLeague(call)
  await finished(upload(call, id, long))
  const path = `/api/v1/leagues/${id}/leaderboard.csv`
  await call.raw(path).then(answer => answer.text())
  const answers = await Promise.all(Array.from({ length: 8 }, () => call.raw(path)))
  const refused = answers.filter(({ status }) => status === 503)
  expect(refused.length).toBeGreaterThan(0)
  expect(Number(refused[0]?.headers.get('retry-after'))).toBeGreaterThan(0)
  const [first, ...others] = answers.filter(({ status }) => status === 200)
  for (const other of others) await other.body?.cancel()
  expect((await first!.text()).split('\r\n')).toHaveLength(players + 2)
  await until(async () => (await as().raw(path)).status === 200)
})
