/** Previews of files, and the mapping that is kept for the next one. */
import { expect, test } from 'bun:test'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { sheetMappings } from '../db/schema.ts'
import { workbook } from './fixtures/sheets/workbook.ts'
import { formOf, newLeague, upload } from './sheets.ts'
import { board, type caller, refusalOf, shared, start } from './start.ts'

type Call = ReturnType<typeof caller>
const preview = (call: Call, id: number, content: string, filename = 'scan.csv', fields = {}) =>
  call.post(`/api/v1/leagues/${id}/uploads/preview`, formOf(content, filename, fields))

const foreign = 'Season scan\nWho;Called;Might;Squad\n7;Ann;100;North\n8;Bob;200;South\n'

/** Shared by tests that only look at a league of their own. */
const service = shared(() => start())

test('a preview shows the columns, the first values and the date, and stores nothing', async () => {
  const { call, dataDir } = await start()
  const { id } = await newLeague(call)
  const answer = await preview(
    call,
    id,
    'ID,Name,Alliance,Rank,Power\n7,Ann,[ABC],1,5\n8,Bob,,2,6\n',
    'scan 2026-03-04.csv',
  )
  expect(answer).toMatchObject({
    format: 'csv',
    header_line: 1,
    taken_at: '2026-03-04T00:00:00.000Z',
    taken_from: 'filename',
    remembered: false,
    problem: null,
    columns: [
      { header: 'ID', as: 'id', samples: ['7', '8'] },
      { header: 'Name', as: 'name' },
      { header: 'Alliance', as: 'label:alliance', samples: ['[ABC]', ''] },
      { header: 'Rank', as: null },
      { header: 'Power', as: 'power', samples: ['5', '6'] },
    ],
  })
  expect(readdirSync(join(dataDir, 'uploads'))).toEqual([])
  expect((await call.get(`/api/v1/leagues/${id}/uploads`)).uploads).toEqual([])
  expect((await refusalOf(preview(call, id, '%PDF-1.7'))).problem).toMatchObject({
    status: 422,
    errors: [{ path: 'file' }],
  })
})

test('a sheet without an id is shown all the same, and says what it lacks', async () => {
  const { call } = await service()
  const { id } = await newLeague(call)
  const answer = await preview(call, id, foreign)
  expect(answer).toMatchObject({ header_line: 2, problem: { code: 'no_id' } })
  expect(answer.columns.map(({ header }: { header: string }) => header)).toEqual(['Who', 'Called', 'Might', 'Squad'])
  const twoRows = await preview(call, id, 'Who;Called;Kills;\n;;T4;T5\n7;Ann;1;2\n8;Bob;3;4\n')
  expect(twoRows.columns.map(({ header }: { header: string }) => header)).toEqual([
    'Who',
    'Called',
    'Kills T4',
    'Kills T5',
  ])
  const mapping = JSON.stringify({ Who: 'id' })
  expect(await preview(call, id, foreign, 'x.csv', { mapping })).toMatchObject({
    problem: null,
    columns: [{ as: 'id' }, {}, {}, {}],
  })
})

test('a preview checks the options in its form as an upload does', async () => {
  const { call } = await service()
  const { id } = await newLeague(call)
  const { status, problem } = await refusalOf(preview(call, id, foreign, 'scan.csv', { kind: 'middle' }))
  expect([status, problem.errors[0].path]).toEqual([422, 'kind'])
})

test('the beginning of a file is enough', async () => {
  const { call } = await service()
  const { id } = await newLeague(call)
  const cut = await preview(call, id, 'ID,Power\n7,5\n8,60', 'scan.csv', { is_cut: 'true' })
  expect(cut.columns[1].samples).toEqual(['5'])
})

test('a chosen mapping reads the next file with the same headings, in whatever order', async () => {
  const { call, finished } = await service()
  const { id } = await newLeague(call)
  const mapping = JSON.stringify({ Who: 'id', Called: 'name', Might: 'power', Squad: 'label:alliance' })
  await finished(upload(call, id, foreign, { mapping, taken_at: '2026-03-01T00:00:00Z' }))
  const next = 'Might;Called;Who;Squad\n300;Ann;7;North\n250;Bob;8;North\n'
  expect(await preview(call, id, next)).toMatchObject({
    remembered: true,
    problem: null,
    columns: [{ as: 'power' }, { as: 'name' }, { as: 'id' }, { as: 'label:alliance' }],
  })
  await finished(upload(call, id, next))
  expect((await board(call, id)).rows[0]).toMatchObject({
    name: 'Ann',
    gains: { power: 200 },
    labels: { alliance: 'North' },
  })
  expect((await preview(call, (await newLeague(call)).id, next)).remembered).toBe(false)
})

test('a mapping that an earlier version remembered for a sheet with K/D, which it took for KD, is still known', async () => {
  const { call, app } = await service()
  const { id } = await newLeague(call)
  const headings = new Bun.CryptoHasher('sha256').update('["kd","power","who"]').digest('hex')
  const mapping = { Who: 'id', 'K/D': 'ratio' }
  app.db.insert(sheetMappings).values({ leagueId: id, headings, mapping, usedAt: 1 }).run()
  expect(await preview(call, id, 'Who,Power,K/D\n7,5,2.5\n')).toMatchObject({
    remembered: true,
    columns: [{ as: 'id' }, { as: 'power' }, { as: 'ratio' }],
  })
})

test('a file larger than any JSON body is previewed too', async () => {
  const { call } = await service()
  const { id } = await newLeague(call)
  const rows = Array.from({ length: 200_000 }, (_, i) => `${i},player ${i},5`).join('\n')
  expect(await preview(call, id, `ID,Name,Power\n${rows}\n`)).toMatchObject({ problem: null })
})

test('a kingdom, a server and a domain are labels, ids of alliances, coordinates and dates are left out', async () => {
  const { call } = await service()
  const { id } = await newLeague(call)
  const { columns } = await preview(
    call,
    id,
    'ID,Name,Power,Kingdom,Domain ID,Server,Alliance ID,X,Y,Last Seen,Kills of Wolves\n7,Ann,5,1247,3,88,12,500,20,20260301,9\n',
  )
  expect(columns.map(({ as }: { as: string | null }) => as)).toEqual([
    ...['id', 'name', 'power', 'label:kingdom', 'label:domain', 'label:server'],
    ...[null, null, null, null],
    'kills_of_wolves',
  ])
})

test('a preview says what would surprise: worksheets that look the same, a player in place of the headings, decimals, hidden rows and columns, merged cells', async () => {
  const { call } = await service()
  const { id } = await newLeague(call)
  const rows = [
    ['ID', 'Power'],
    [1, 5],
  ]
  const weeks = ['Nov 1', 'Nov 8'].map(name => ({ name, rows }))
  const book = formOf(workbook([...weeks, { name: 'Totals', rows: [['Alliance', 'Power']] }]), 'weeks.xlsx')
  const { worksheet, notes } = await call.post(`/api/v1/leagues/${id}/uploads/preview`, book)
  expect([worksheet, notes]).toEqual(['Nov 1', [expect.stringContaining('same headings: “Nov 8”.')]])
  expect((await preview(call, id, '10001,Ann,100\n10002,Bob,200\n')).notes).toEqual([
    expect.stringContaining('Line 1 is read as the headings but looks like a player'),
  ])
  const written = [
    ['ID', 'Power', 'Kingdom'],
    ['123.0', 5, '3101.0'],
  ]
  const before = '<cols><col min="2" max="2" hidden="1"/></cols>'
  const after = '<mergeCells><mergeCell ref="C2:C3"/></mergeCells>'
  const filtered = formOf(workbook([{ name: 'Scan', rows: written, hiddenRows: [2], before, after }]), 'scan.xlsx')
  expect((await call.post(`/api/v1/leagues/${id}/uploads/preview`, filtered)).notes).toEqual([
    '“ID” is written with decimals: 123.0 is read as 123.',
    '“Kingdom” is written with decimals: 3101.0 is read as 3101.',
    'Hidden rows of the workbook, such as row 2, are read too.',
    'Hidden columns of the workbook were read too: “Power”.',
    'Cells of “Kingdom” are merged over several rows: each row has the value of the first, unless that row is left out.',
  ])
})

test('with the baseline alone, the board says that the next sheet begins it', async () => {
  const { call, url, finished } = await service()
  const { id } = await newLeague(call)
  await finished(upload(call, id, 'ID,Power\n1,5\n', { kind: 'baseline' }))
  expect(await (await fetch(`${url}/leagues/${id}`)).text()).toContain('The baseline is here.')
  await finished(upload(call, id, 'ID,Power\n1,6\n'))
  expect(await (await fetch(`${url}/leagues/${id}`)).text()).not.toContain('The baseline is here.')
  const page = async (query: string) =>
    (await fetch(`${url}/leagues/${id}?${query}`, { headers: { accept: 'text/html' } })).text()
  expect(await page('at=2020-01-01T00:00')).toContain('There was no scan yet on')
  const refused = await page('at=yesterday')
  expect(refused).toContain(`href="/leagues/${id}">The page without these choices`)
  expect(refused).not.toMatch(/^\s*0$/m)
})
