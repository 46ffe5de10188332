/** Dates of sheets, and sheets that are held because they look wrong. */
import { expect, test } from 'bun:test'
import { holdImports, newLeague, upload } from './sheets.ts'
import { board, type caller, refusalOf, shared, start } from './start.ts'

type Call = ReturnType<typeof caller>

/** Ten players, each with so many kill points beyond a thousand. */
const scan = (kills: number, players = 10) =>
  `ID,Name,Power,Kill Points,Deads\n${Array.from({ length: players }, (_, i) => `${i + 1},P${i + 1},${5000 + i},${1000 + kills * (i + 1)},${kills}`).join('\n')}\n`

/** Shared by tests that only look at a league of their own. */
const service = shared(() => start())

const top = async (call: Call, id: number) => (await board(call, id)).rows[0]
const alertsAbout = async (call: Call, uploadId: number) =>
  (await call.get('/admin/monitoring/alerts/json?type=feed_held')).alerts.filter(
    ({ data }: { data: { upload_id?: number } }) => data.upload_id === uploadId,
  )

async function leagueWithScans(open: typeof service = service) {
  const fieldhouse = await open()
  const { call, finished } = fieldhouse
  const { id } = await newLeague(call)
  await finished(upload(call, id, scan(0), { kind: 'baseline', taken_at: '2026-03-01T00:00:00Z' }))
  await finished(upload(call, id, scan(50), { taken_at: '2026-03-05T00:00:00Z' }))
  return { ...fieldhouse, id }
}

test('the date in a sheet takes precedence over the one in its name, and a given one over both', async () => {
  const { call, finished } = await service()
  const { id } = await newLeague(call)
  const takenAtOf = async (content: string, name: string, fields = {}) => {
    const { upload_id, ...job } = await upload(call, id, content, fields, name)
    await finished(job)
    const { taken_at, taken_from } = await call.get(`/api/v1/uploads/${upload_id}`)
    return [taken_at, taken_from]
  }
  const inside = `Scan taken 2026-03-02 10:30 UTC\n${scan(1)}`
  expect(await takenAtOf(inside, 'scan_2026-03-03.csv')).toEqual(['2026-03-02T10:30:00.000Z', 'sheet'])
  expect(await takenAtOf(scan(2), 'scan_20260303_1215.csv')).toEqual(['2026-03-03T12:15:00.000Z', 'filename'])
  expect(await takenAtOf(scan(3), '04.03.2026.csv')).toEqual(['2026-03-04T00:00:00.000Z', 'filename'])
  expect(await takenAtOf(scan(4), 'Scan 05.03.26 18-30.csv')).toEqual(['2026-03-05T18:30:00.000Z', 'filename'])
  expect(await takenAtOf(scan(7), 'Scan 2026-03-05 11.05.26.csv')).toEqual(['2026-03-05T11:05:26.000Z', 'filename'])
  expect(await takenAtOf(scan(8), 'v1.2.2026-03-06.csv')).toEqual(['2026-03-06T00:00:00.000Z', 'filename'])
  expect((await takenAtOf(scan(9), '25-11-2025-12-30.csv'))[1]).toBe('sent')
  expect(await takenAtOf(scan(10), 'Kingdom 1247 10 2026-03-07.csv')).toEqual(['2026-03-07T00:00:00.000Z', 'filename'])
  expect((await takenAtOf(scan(6), 'tool 1.05.03.26 export.csv'))[1]).toBe('sent')
  expect(await takenAtOf(`${inside}\n`, 'x.csv', { taken_at: '2026-03-01T00:00:00Z' })).toEqual([
    '2026-03-01T00:00:00.000Z',
    'given',
  ])
  const later = new Date(Date.now() + 3 * 86_400_000).toISOString().slice(0, 10)
  expect((await takenAtOf(scan(5), `scan ${later}.csv`))[1]).toBe('sent')
})

test('a date without script that cannot be read comes back beside its field', async () => {
  const { call, finished, id } = await leagueWithScans()
  const { upload_id, ...job } = await upload(call, id, scan(1), { taken_at: '2026-03-06T00:00:00Z' })
  await finished(job)
  const path = `/leagues/${id}/uploads/${upload_id}`
  const answer = (date: string) =>
    call.raw(`${path}/answer`, { method: 'POST', body: new URLSearchParams({ do: 'date', taken_at: date }) })
  const refused = await answer('3.3.2026 noon')
  const form = await refused.text()
  expect([refused.status, form]).toEqual([422, expect.stringContaining('value="3.3.2026 noon"')])
  expect(form).toContain('id="f-plain-date-error">Write a time such as 2026-03-01T18:00.</p>')
  const answered = await answer('2026-03-03T12:00')
  expect([answered.status, answered.headers.get('location')]).toEqual([303, path])
})

test('seven scans sent in any order end in the right board', async () => {
  const { call, finished } = await service()
  const { id } = await newLeague(call)
  for (const day of [4, 1, 7, 3, 6, 2, 5])
    await finished(upload(call, id, scan(day * 10), { force: 'true' }, `scan_2026-03-0${day}.csv`))
  expect(await board(call, id)).toMatchObject({
    as_of: '2026-03-07T00:00:00.000Z',
    rows: [{ name: 'P10', gains: { kill_points: 600 } }, {}, {}, {}, {}, {}, {}, {}, {}, {}],
  })
})

test('when a sheet was taken can be corrected afterwards, and the board follows', async () => {
  const { call, id, finished } = await leagueWithScans()
  const { upload_id, ...job } = await upload(call, id, scan(80), { taken_at: '2026-03-09T00:00:00Z' })
  await finished(job)
  expect((await top(call, id)).gains.kill_points).toBe(800)
  const path = `/api/v1/uploads/${upload_id}`
  expect(await call.patch(path, { taken_at: '2026-03-03T00:00:00Z' })).toMatchObject({
    taken_at: '2026-03-03T00:00:00.000Z',
    taken_from: 'given',
  })
  expect((await top(call, id)).gains.kill_points).toBe(500)
  expect((await refusalOf(call.patch(path, { taken_at: '2099-01-01T00:00:00Z' }))).problem).toMatchObject({
    status: 422,
    errors: [{ path: 'taken_at' }],
  })
  const { logs } = await call.get('/admin/audit/logs/json')
  expect(logs[0]).toMatchObject({ action: 'upload.date', target: `upload ${upload_id}` })
  await call.post(`${path}/undo`)
  expect((await refusalOf(call.patch(path, { taken_at: '2026-03-02T00:00:00Z' }))).status).toBe(409)
})

test('a sheet that loses more than a fifth of the players is held with an alert, and published on request', async () => {
  const { call, id, finished } = await leagueWithScans()
  const before = await board(call, id)
  const { upload_id, ...job } = await upload(call, id, scan(60, 7))
  expect((await finished(job)).result).toMatchObject({
    status: 'held',
    doubts: [{ reason: 'missing', count: 3, of: 10 }],
  })
  const path = `/api/v1/uploads/${upload_id}`
  expect(await call.get(path)).toMatchObject({ status: 'held', doubts: [{ reason: 'missing' }], rows_ok: 7 })
  expect(await board(call, id)).toEqual(before)
  expect(await alertsAbout(call, upload_id)).toHaveLength(1)
  expect(await upload(call, id, scan(60, 7))).toMatchObject({ duplicate: true, upload_id, status: 'held' })
  expect((await refusalOf(call.post(`/api/v1/leagues/${id}/finalize`))).status).toBe(409)

  expect(await call.post(`${path}/publish`)).toMatchObject({ status: 'done', doubts: null })
  expect((await board(call, id)).rows).toHaveLength(7)
  expect(await alertsAbout(call, upload_id)).toEqual([])
  expect((await refusalOf(call.post(`${path}/publish`))).status).toBe(409)
})

test('an old scan sent as new is held, and takes its place once its date is given', async () => {
  const { call, id, finished } = await leagueWithScans()
  const { upload_id, ...job } = await upload(call, id, scan(20))
  expect((await finished(job)).result).toMatchObject({ doubts: [{ reason: 'went_down', of: 20, count: 20 }] })
  const published = call.post(`/api/v1/uploads/${upload_id}/publish`, { taken_at: '2026-03-03T00:00:00Z' })
  expect(await published).toMatchObject({ status: 'done', taken_at: '2026-03-03T00:00:00.000Z', taken_from: 'given' })
  expect((await top(call, id)).gains.kill_points).toBe(500)
})

test('a scan in which a column is missing says so, and which are new', async () => {
  const { call, finished, id } = await leagueWithScans()
  const renamed = scan(60).replace('Power', 'Might')
  const { result } = await finished(upload(call, id, renamed, { taken_at: '2026-03-06T00:00:00Z' }))
  expect(result).toMatchObject({
    status: 'done',
    warnings: [
      'Missing, but in the scan before: Power. New: Might. If a column only has another heading now, choose what it is read as when you send the file.',
    ],
  })
})

test('a sheet without most columns of the scan before names ten of them, and says how many more there are', async () => {
  const { call, id, finished } = await leagueWithScans()
  const added = Array.from({ length: 12 }, (_, i) => `Extra ${i + 1}`)
  const wide = scan(60)
    .split('\n')
    .map((line, i) => `${line},${i === 0 ? added : added.map(() => 1)}`)
    .join('\n')
  await finished(upload(call, id, wide, { taken_at: '2026-03-06T00:00:00Z' }))
  const { result } = await finished(upload(call, id, scan(70), { taken_at: '2026-03-07T00:00:00Z' }))
  expect(result).toMatchObject({ status: 'held', doubts: [{ reason: 'columns', count: 12, of: 15 }] })
  expect(result.doubts[0].message).toEndWith('Extra 9, Extra 10 and 2 more')
})

test('a scan without a column by which the league scores is held, as nobody would have a score', async () => {
  const { call, finished } = await service()
  const { id } = await newLeague(call, { weights: { deads: 1 } })
  await finished(upload(call, id, scan(0), { taken_at: '2026-03-01T00:00:00Z' }))
  await finished(upload(call, id, scan(50), { taken_at: '2026-03-05T00:00:00Z' }))
  const renamed = scan(60).replace('Deads', 'Fallen')
  const { result } = await finished(upload(call, id, renamed, { taken_at: '2026-03-06T00:00:00Z' }))
  const message = 'The board is scored by Deads, which the scan before had and this sheet does not'
  expect(result).toMatchObject({ status: 'held', doubts: [{ reason: 'columns', count: 1, of: 3, message }] })
  expect(await board(call, id)).toMatchObject({ as_of: '2026-03-05T00:00:00.000Z', rows: { 0: { score: 50 } } })
})

test('a sheet with far fewer columns is held, and discarded leaves nothing', async () => {
  const { call, id, finished } = await leagueWithScans()
  const { upload_id, ...job } = await upload(
    call,
    id,
    scan(70)
      .replaceAll(/,\d+,\d+$/gm, '')
      .replace(',Kill Points,Deads', ''),
  )
  expect((await finished(job)).result).toMatchObject({ doubts: [{ reason: 'columns', count: 2, of: 3 }] })
  expect(await alertsAbout(call, upload_id)).toHaveLength(1)
  expect(await call.post(`/api/v1/uploads/${upload_id}/discard`)).toMatchObject({ status: 'cancelled' })
  expect(await alertsAbout(call, upload_id)).toEqual([])
  expect((await call.raw(`/api/v1/uploads/${upload_id}/file`)).status).toBe(410)
  expect((await top(call, id)).gains.kill_points).toBe(500)
})

test('a sheet with a second table is held, the first one of a league too', async () => {
  const { call, finished } = await service()
  const { id } = await newLeague(call)
  const { upload_id, ...job } = await upload(call, id, `${scan(1, 3)}\nRank,Bank,Value,Total,Date\n1,Wood,9,9,9\n`)
  expect((await finished(job)).result).toMatchObject({ status: 'held', doubts: [{ reason: 'second_table', count: 1 }] })
  expect(await call.get(`/leagues/${id}/uploads/${upload_id}`)).toContain('headings of a second table: 1 row below it')
  expect((await board(call, id)).rows).toEqual([])
})

test('force publishes at once, also what is held already', async () => {
  const { call, id, finished } = await leagueWithScans()
  const sheet = scan(60, 7)
  await finished(upload(call, id, sheet))
  expect(await upload(call, id, sheet, { force: 'true' })).toMatchObject({ status: 'done', duplicate: true })
  expect((await board(call, id)).rows).toHaveLength(7)
  const forced = await finished(upload(call, id, scan(10, 3), { force: 'true' }))
  expect(forced.result).toMatchObject({ status: 'done' })
  expect((await board(call, id)).rows).toHaveLength(3)
})

test('force also publishes a sheet that was sent before and still waits to be read', async () => {
  const { app, call, id, finished } = await leagueWithScans()
  const release = await holdImports(app, id)
  const sheet = scan(60, 7)
  const { upload_id } = await upload(call, id, sheet)
  const again = await upload(call, id, sheet, { force: 'true' })
  expect(again).toMatchObject({ upload_id, duplicate: true })
  await release()
  expect((await finished(again)).result).toMatchObject({ status: 'done', doubts: [{ reason: 'missing' }] })
  expect((await board(call, id)).rows).toHaveLength(7)
})

test('a baseline without most players of the board is held, and one with them is not', async () => {
  const { call, id, finished } = await leagueWithScans()
  const before = await board(call, id)
  const foreign = 'ID,Name,Power\n77,Ann,5\n78,Bob,6\n10,P10,7\n'
  const { upload_id, ...job } = await upload(call, id, foreign, { kind: 'baseline', taken_at: '2026-03-02T00:00:00Z' })
  await finished(job)
  expect(await call.get(`/api/v1/uploads/${upload_id}`)).toMatchObject({
    status: 'held',
    doubts: [{ reason: 'missing', count: 9, of: 10, message: expect.stringContaining('not in this baseline') }],
  })
  expect((await board(call, id)).rows).toEqual(before.rows)
  await call.post(`/api/v1/uploads/${upload_id}/discard`)
  const own = await upload(call, id, scan(10, 6), { kind: 'baseline', taken_at: '2026-03-02T00:00:00Z' })
  await finished({ job_id: own.job_id })
  expect((await call.get(`/api/v1/uploads/${own.upload_id}`)).status).toBe('done')
})

test('a scan from between the baseline and the newest scan is compared with the baseline', async () => {
  const { call, id, finished } = await leagueWithScans()
  const { result } = await finished(upload(call, id, scan(20), { taken_at: '2026-03-03T00:00:00Z' }))
  expect(result).toMatchObject({ status: 'done', doubts: [] })
})

test('a date that is given with force is that of a held sheet', async () => {
  const { call, id, finished } = await leagueWithScans()
  await finished(upload(call, id, scan(20)))
  const given = { force: 'true', taken_at: '2026-03-03T00:00:00Z' }
  const { upload_id } = await upload(call, id, scan(20), given)
  expect(await call.get(`/api/v1/uploads/${upload_id}`)).toMatchObject({
    status: 'done',
    taken_at: '2026-03-03T00:00:00.000Z',
    taken_from: 'given',
  })
  expect((await top(call, id)).gains.kill_points).toBe(500)
})

test('a held sheet of a league that ended long ago can be answered, so that the league can be final', async () => {
  const { call, id, finished, clock } = await leagueWithScans(start)
  await call.patch(`/api/v1/leagues/${id}`, { ends_at: new Date(clock.now() + 3_600_000).toISOString() })
  const [published, discarded] = [await upload(call, id, scan(60, 7)), await upload(call, id, scan(60, 6))]
  await Promise.all([finished(published), finished(discarded)])
  clock.forward(40 * 86_400_000)
  expect((await refusalOf(call.post(`/api/v1/leagues/${id}/finalize`))).status).toBe(409)
  await call.post(`/api/v1/uploads/${published.upload_id}/publish`)
  await call.post(`/api/v1/uploads/${discarded.upload_id}/discard`)
  expect(await call.post(`/api/v1/leagues/${id}/finalize`)).toMatchObject({ status: 'final' })
})
