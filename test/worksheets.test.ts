/** A workbook with a worksheet for each week: any of them can be read. */
import { expect, test } from 'bun:test'
import { openBrowser, signInBrowser } from './browser.ts'
import { workbook } from './fixtures/sheets/workbook.ts'
import { browserTest } from './needs.ts'
import { formOf, newLeague, upload } from './sheets.ts'
import { board, refusalOf, start, until } from './start.ts'

const week = (name: string, power: number) => ({
  name,
  rows: [
    ['ID', 'Name', 'Power'],
    [1, 'Ann', power],
    [2, 'Bob', power + 5],
  ],
})
const season = workbook([
  { name: 'Notes', rows: [['Scan taken', '2026-03-20 10:00 UTC']] },
  week('2026-03-01', 100),
  week('2026-03-08', 120),
  week('2026-03-15', 150),
  { ...week('Old', 1), hidden: true },
])

test('any worksheet of a workbook is read by its name, which may be its date; the same one twice is the same upload', async () => {
  const { call, finished } = await start()
  const { id } = await newLeague(call)
  const path = `/api/v1/leagues/${id}/uploads`
  const preview = (fields = {}) => call.post(`${path}/preview`, formOf(season, 'season.xlsx', fields))
  expect(await preview()).toMatchObject({
    worksheet: '2026-03-01',
    worksheets: ['2026-03-01', '2026-03-08', '2026-03-15'].map(name => ({ name, alike: true })),
    taken_at: '2026-03-01T00:00:00.000Z',
    taken_from: 'sheet',
  })
  const third = await preview({ worksheet: '2026-03-15' })
  expect([third.worksheet, third.taken_at]).toEqual(['2026-03-15', '2026-03-15T00:00:00.000Z'])

  await finished(upload(call, id, season, { kind: 'baseline' }, 'season.xlsx'))
  await finished(upload(call, id, season, { worksheet: '2026-03-15' }, 'season.xlsx'))
  await finished(call.post(`${path}?worksheet=2026-03-08`, formOf(season, 'season.xlsx')))
  expect((await board(call, id)).rows[0]).toMatchObject({
    player_id: '1',
    metrics: { power: 150 },
    gains: { power: 50 },
  })
  const { uploads } = await call.get(path)
  expect(uploads.map((each: { worksheet: string }) => each.worksheet)).toEqual([
    '2026-03-08',
    '2026-03-15',
    '2026-03-01',
  ])
  const named = { kind: 'baseline', worksheet: '2026-03-01' }
  expect(await upload(call, id, season, named, 'season.xlsx')).toMatchObject({ upload_id: 1, duplicate: true })

  const first = (fields = {}) => finished(upload(call, id, season, { mode: 'strict', ...fields }, 'season.xlsx'))
  await first({ worksheet: '2026-03-01' })
  expect((await first()).error).toContain('“2026-03-01” of this file was sent before, as upload 4')
})

test('a worksheet that a file does not have is refused with those it has', async () => {
  const { call, finished } = await start()
  const { id } = await newLeague(call)
  const named = { worksheet: 'Week 9' }
  const refused = await refusalOf(call.post(`/api/v1/leagues/${id}/uploads/preview`, formOf(season, 's.xlsx', named)))
  expect(refused.problem).toMatchObject({
    reason: 'unknown_worksheet',
    errors: [{ path: 'worksheet', message: expect.stringContaining('It has “Notes”, “2026-03-01”, “2026-03-08”') }],
  })
  for (const [content, filename, why] of [
    [season, 's.xlsx', 'no worksheet “Week 9”'],
    ['ID,Power\n1,2\n', 's.csv', 'Only a workbook has worksheets'],
  ] as const)
    expect(await finished(upload(call, id, content, named, filename))).toMatchObject({
      status: 'FAILURE',
      error: expect.stringContaining(why),
    })
  const unnamed = upload(call, id, 'ID,Power\n1,2\n', { worksheet: '' }, 's.csv') // a field that was left empty
  expect((await finished(unnamed)).status).toBe('SUCCESS')
})

test('without JavaScript another worksheet is chosen from a list, and its columns are shown before it is imported', async () => {
  const { call } = await start()
  const { id } = await newLeague(call)
  const path = `/leagues/${id}/uploads`
  const sent = await call.raw(path, { method: 'POST', body: formOf(season, 'season.xlsx') })
  const draft = sent.headers.get('location') ?? ''
  const page = async () => (await call.raw(draft)).text()
  const click = (worksheet: string) => {
    const columns = ['ID', 'Name', 'Power'].flatMap((header, i) => [
      ['header', header],
      ['role', ['id', 'name', 'metric'][i]!],
      ['called', header],
    ])
    return call.raw(draft, {
      method: 'POST',
      body: new URLSearchParams([['do', 'import'], ['worksheet', worksheet], ...columns]),
    })
  }
  expect(await page()).toContain('<option value="2026-03-01" selected>')
  expect(await (await click('Week 9')).text()).toContain('no worksheet “Week 9”')
  expect(await page()).toContain('<option value="2026-03-01" selected>')
  expect((await click('2026-03-08')).headers.get('location')).toBe(draft)
  expect(await page()).toContain('<option value="2026-03-08" selected>')
  expect(await page()).toContain('value="2026-03-08T00:00"')
  expect((await click('2026-03-08')).headers.get('location')).toBe(`${path}/1`)
  await until(async () => (await call.get('/api/v1/uploads/1')).status === 'done')
  expect(await (await call.raw(`${path}/1`)).text()).toContain('worksheet “<bdi class="name">2026-03-08')
})

browserTest('an officer imports all weeks of one workbook', async () => {
  const { call, url } = await start()
  const { id } = await newLeague(call)
  const olga = { email: 'olga@example.org', username: 'olga', password: 'long enough for all', role: 'officer' }
  await call.post('/api/v1/users', olga)
  const page = await openBrowser()
  await signInBrowser(page, url, olga.email, olga.password)
  await page.goto(`${url}/leagues/${id}/uploads`)
  await page.setInputFiles('input[type=file]', { name: 'season.xlsx', mimeType: '', buffer: Buffer.from(season) })
  await page.click('text=Add the other 2 too')
  await page.waitForSelector('.file:nth-child(3) >> text=worksheet “2026-03-15”')
  await page.selectOption('.file:nth-child(2) >> label:text("Worksheet") + select', '2026-03-01')
  await page.waitForSelector('.file:nth-child(2) >> text=worksheet “2026-03-01”')
  await page.selectOption('.file:nth-child(2) >> label:text("Worksheet") + select', '2026-03-08')
  await page.waitForSelector('.file:nth-child(2) >> text=worksheet “2026-03-08”')
  await page.click('button:text("Import") >> visible=true')
  await page.waitForSelector('.file:nth-child(3) >> text=On the board. 2 rows.')
  const { uploads } = await call.get(`/api/v1/leagues/${id}/uploads`)
  expect(uploads.map((each: { worksheet: string; kind: string }) => [each.worksheet, each.kind])).toEqual([
    ['2026-03-15', 'current'],
    ['2026-03-08', 'current'],
    ['2026-03-01', 'baseline'],
  ])
})
