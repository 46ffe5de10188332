import { expect, test } from 'bun:test'
import { truncateSync } from 'node:fs'
import { join } from 'node:path'
import { eq } from 'drizzle-orm'
import { runs, uploads } from '../db/schema.ts'
import { newTrader } from './market.ts'
import { filesOfUploads, formOf, holdImports, newLeague, upload } from './sheets.ts'
import { board, refusalOf, shared, start, until } from './start.ts'

const baseline = 'ID,Name,Power,Kill Points\n1,ann,100,10\n2,bob,200,20\n3,cy,300,30\n'
const current = 'ID,Name,Power,Kill Points\n1,ann,110,70\n2,bobby,190,50\n4,dan,400,5\n'

/** Shared by tests that only look at a league of their own. */
const service = shared(() => start())

test('an uploaded sheet moves the standings', async () => {
  const { call, finished } = await start()
  const { id } = await newLeague(call)
  await finished(upload(call, id, baseline, { kind: 'baseline' }))
  const run = await finished(upload(call, id, current))
  expect(run).toMatchObject({
    status: 'SUCCESS',
    result: { players: 3, new: 1, missing: 1, renamed: 1, is_newest: true },
  })
  const page = await board(call, id)
  expect(page).toMatchObject({
    league: { id, kind: 'sheet', status: 'active' },
    state: 'live',
    sort_by: 'score',
    order: 'desc',
    pagination: { page: 1, limit: 50, total: 3, pages: 1 },
  })
  expect(
    page.rows.map((row: { rank: number; name: string; score: number }) => [row.rank, row.name, row.score]),
  ).toEqual([
    [1, 'ann', 60],
    [2, 'bobby', 30],
    [3, 'dan', 0],
  ])
  expect(page.rows[0]).toMatchObject({
    player_id: '1',
    metrics: { power: 110, kill_points: 70 },
    gains: { power: 10, kill_points: 60 },
  })
  expect(await call.get(`/api/v1/leagues/${id}/players/1`)).toMatchObject({
    player_id: '1',
    rank: 1,
    metrics: { kill_points: { current: 70, baseline: 10, gain: 60, rank: 1 } },
    history: [{ kind: 'baseline' }, { kind: 'current', score: 60 }],
  })
  expect(await call.get(`/api/v1/leagues/${id}/players?q=BOB`)).toMatchObject({
    players: [{ player_id: '2', rank: 2 }],
  })
  expect((await call.get('/api/v1/leagues')).leagues).toMatchObject([{ id, members: 0, players: 3 }])
  expect(
    (await call.get(`/api/v1/leagues/${id}/classifications`)).tiers.map((tier: { players: number }) => tier.players),
  ).toEqual([0, 1, 1, 1, 0])
})

test('the result of an import tells of bad rows, and whether a newer sheet is shown instead', async () => {
  const { call, finished } = await service()
  const { id } = await newLeague(call)
  await finished(upload(call, id, current, { taken_at: '2026-01-09T00:00:00Z' }))
  const older = upload(call, id, `${current}5,eve,many,1\n`, { taken_at: '2026-01-02T00:00:00Z' })
  expect((await finished(older)).result).toMatchObject({
    status: 'done',
    is_newest: false,
    rows_total: 4,
    rows_ok: 3,
    rows_bad: 1,
  })
})

test('the same bytes again are the first upload', async () => {
  const { call, finished, dataDir } = await start()
  const { id } = await newLeague(call)
  const first = await upload(call, id, current)
  const second = await upload(call, id, current)
  expect(second).toMatchObject({ upload_id: first.upload_id, job_id: first.job_id, duplicate: true })
  await finished(first)
  expect(await upload(call, id, current)).toMatchObject({ upload_id: first.upload_id, status: 'done', duplicate: true })
  expect((await call.get(`/api/v1/leagues/${id}/uploads`)).uploads).toHaveLength(1)
  expect(filesOfUploads({ dataDir })).toHaveLength(1)
  expect(await upload(call, id, current, { kind: 'baseline' })).not.toHaveProperty('duplicate')
})

test('the same bytes for another date are another scan, of people whose figures are as they were', async () => {
  const { call, finished } = await service()
  const { id } = await newLeague(call)
  const send = (options: Record<string, string>, name?: string) => upload(call, id, current, options, name)
  const first = await send({ taken_at: '2026-01-02T00:00:00Z' })
  await finished(first)
  await finished(upload(call, id, `${current}5,eve,9,1\n`, { taken_at: '2026-01-09T00:00:00Z' }))
  const again = await send({ taken_at: '2026-01-16T00:00:00Z' })
  expect(again).not.toHaveProperty('duplicate')
  expect((await finished(again)).result).toMatchObject({ status: 'done', is_newest: true })
  expect((await call.get(`/api/v1/leagues/${id}/leaderboard`)).as_of).toBe('2026-01-16T00:00:00.000Z')
  const named = await send({}, 'scan 2026-01-23.csv')
  expect(named).not.toHaveProperty('duplicate')
  await finished(named)

  const sameUpload = (each: { upload_id: number }) => ({ upload_id: each.upload_id, duplicate: true })
  expect(await send({ taken_at: '2026-01-16T01:00:00+01:00' })).toMatchObject(sameUpload(again))
  expect(await send({}, 'scan 2026-01-23.csv')).toMatchObject(sameUpload(named))
  expect(await send({})).toMatchObject({ duplicate: true })
})

test('the same bytes under another mapping are another upload', async () => {
  const { call, finished } = await service()
  const { id } = await newLeague(call)
  const first = await upload(call, id, current)
  const mapping = JSON.stringify({ Power: null, Name: 'name' })
  const second = await upload(call, id, current, { mapping })
  expect(second).not.toHaveProperty('duplicate')
  expect(second.upload_id).not.toBe(first.upload_id)
  expect((await finished(second)).status).toBe('SUCCESS')
  const reordered = JSON.stringify({ Name: 'name', Power: null })
  expect(await upload(call, id, current, { mapping: reordered })).toMatchObject({ upload_id: second.upload_id })
  expect(await upload(call, id, current, { mapping: '{}' })).toMatchObject({ upload_id: first.upload_id })
})

test('a user who gets the id of an upload under way may follow its job', async () => {
  const fieldhouse = await service()
  const { id } = await newLeague(fieldhouse.call)
  const officers = [
    await newTrader(fieldhouse, 'ann', 'officer'),
    await newTrader(fieldhouse, 'bob', 'officer'),
  ] as const
  const other = await newTrader(fieldhouse, 'cy', 'officer')
  const first = await upload(officers[0], id, current)
  const second = await upload(officers[1], id, current)
  expect(second).toMatchObject({ job_id: first.job_id, duplicate: true })
  for (const each of officers) expect((await each.get(second.poll_url)).job_id).toBe(first.job_id)
  expect((await refusalOf(other.get(second.poll_url))).status).toBe(404)
})

test('a dry run reports everything and stores nothing', async () => {
  const { call, finished, dataDir } = await start()
  const { id } = await newLeague(call)
  await finished(upload(call, id, baseline, { kind: 'baseline' }))
  const started = await upload(call, id, `${current}5,eve,oops,1\n`, { dry_run: 'true' })
  expect(started.upload_id).toBeNull()
  expect(await finished(started)).toMatchObject({
    status: 'SUCCESS',
    result: {
      rows_total: 4,
      rows_ok: 3,
      rows_bad: 1,
      mapping: { ID: 'id', Name: 'name', Power: 'power', 'Kill Points': 'kill_points' },
      errors: [{ line: 5, column: 'Power', value: 'oops' }],
      summary: { new: 1, missing: 1, renamed: 1 },
      people: [
        { change: 'new', player_id: '4', name: 'dan' },
        { change: 'missing', player_id: '3', name: 'cy' },
        { change: 'renamed', player_id: '2', name: 'bobby' },
      ],
    },
  })
  expect((await call.get(`/api/v1/leagues/${id}/uploads`)).uploads).toHaveLength(1)
  expect(filesOfUploads({ dataDir })).toHaveLength(1)
  expect((await board(call, id)).rows).toEqual([])
})

test('bad rows are listed page by page and as CSV', async () => {
  const { call, finished } = await service()
  const { id } = await newLeague(call)
  const bad = Array.from({ length: 2_600 }, (_, i) => `b${i},x,=1+${i},3\n`).join('')
  const { upload_id, ...started } = await upload(call, id, current + bad)
  await finished(started)
  expect(await call.get(`/api/v1/uploads/${upload_id}`)).toMatchObject({
    status: 'done',
    rows_total: 2_603,
    rows_ok: 3,
    rows_bad: 2_600,
  })
  const page = await call.get(`/api/v1/uploads/${upload_id}/errors?page=3&limit=200`)
  expect(page.pagination).toMatchObject({ total: 2_600, pages: 13 })
  expect(page.errors).toHaveLength(200)
  expect(page.errors[0]).toMatchObject({ line: 405, column: 'Power', value: '=1+400' })
  const csv: string = await call.get(`/api/v1/uploads/${upload_id}/errors.csv`)
  expect(csv.split('\r\n')[1]).toStartWith(`5,Power,"'=1+0",`)

  const { upload_id: worse, ...importing } = await upload(call, id, current + 'b,x,y,3\n'.repeat(10_001))
  await finished(importing)
  const pageOf = (upload: number) => call.get(`/leagues/${id}/uploads/${upload}`)
  expect(await pageOf(worse)).toContain('only the first 10,000 are kept')
  expect(await pageOf(upload_id)).not.toContain('are kept')
})

test('a name of a megabyte is a bad row, and the board stays small', async () => {
  const { call, finished } = await service()
  const { id } = await newLeague(call)
  const long = 'x'.repeat(1_000_000)
  const { upload_id, ...started } = await upload(call, id, `${current}7,${long},9,9\n${long},eve,9,9\n`)
  await finished(started)
  const text = await (await call.raw(`/api/v1/leagues/${id}/leaderboard?limit=500`)).text()
  expect(text.length).toBeLessThan(2_000)
  const { errors } = await call.get(`/api/v1/uploads/${upload_id}/errors`)
  expect(errors).toMatchObject([
    { line: 5, column: 'Name', reason: 'longer than 200 characters' },
    { line: 6, column: 'ID', reason: 'longer than 200 characters' },
  ])
})

test('a page of a wide board has fewer rows, and all pages together have every row', async () => {
  const { call, finished } = await service()
  const { id } = await newLeague(call)
  const metrics = Array.from({ length: 1_000 }, (_, i) => i)
  const rows = Array.from({ length: 120 }, (_, i) => `p${i},${metrics.map(each => each + i).join()}`)
  await finished(upload(call, id, `${['ID', ...metrics.map(each => `m${each}`)].join()}\n${rows.join('\n')}\n`))
  const first = await board(call, id, '?limit=500')
  expect(first.rows).toHaveLength(99) // a hundred thousand numbers
  expect(first.pagination).toEqual({ page: 1, limit: 99, total: 120, pages: 2 })
  expect((await board(call, id, '?limit=500&page=2')).rows).toHaveLength(21)
  expect((await board(call, id, '?limit=500&around=p60')).rows).toHaveLength(99)
  const csv: string = await call.get(`/api/v1/leagues/${id}/leaderboard.csv`)
  expect(csv.trim().split('\r\n')).toHaveLength(121)
  const { tiers } = await call.get(`/api/v1/leagues/${id}/classifications?limit=500`)
  expect(tiers.map((tier: { rows: unknown[] }) => Math.max(20, tier.rows.length))).toEqual([20, 20, 20, 20, 20])
})

test('an undone upload restores every board to what it was', async () => {
  const { call, finished } = await service()
  const { id } = await newLeague(call)
  await finished(upload(call, id, baseline))
  const before = await board(call, id)
  const { upload_id, ...started } = await upload(call, id, current)
  await finished(started)
  expect((await board(call, id)).rows).not.toEqual(before.rows)
  const undo = () => call.post(`/api/v1/uploads/${upload_id}/undo`)
  await call.patch(`/api/v1/leagues/${id}`, { ends_at: '2026-02-01T00:00:00Z' })
  expect((await refusalOf(undo())).problem.detail).toContain('first give it a later end')
  await call.patch(`/api/v1/leagues/${id}`, { ends_at: '2099-01-01T00:00:00Z' })
  expect(await undo()).toMatchObject({ status: 'undone' })
  expect(await board(call, id)).toEqual(before)
  expect((await refusalOf(call.post(`/api/v1/uploads/${upload_id}/undo`))).status).toBe(409)
  expect(await upload(call, id, current)).not.toHaveProperty('duplicate')
})

test('what cannot be a sheet is refused at once and leaves no file', async () => {
  const { call, dataDir } = await start()
  const { id } = await newLeague(call)
  const refused = async (content: string | Uint8Array, filename?: string, fields = {}) =>
    (await refusalOf(upload(call, id, content, fields, filename))).problem
  expect(await refused('')).toMatchObject({ status: 422, reason: 'empty' })
  expect(await refused('%PDF-1.7 …', 'scan.csv')).toMatchObject({ status: 422, reason: 'wrong_type' })
  for (const name of ['scan.xlsx', `${'scan '.repeat(50)}.xlsx`])
    expect(await refused('id,power\n1,2\n', name)).toMatchObject({ status: 422, reason: 'lying_extension' })
  expect(await refused(current, 'scan.csv', { kind: 'middle' })).toMatchObject({
    status: 422,
    errors: [{ path: 'kind' }],
  })
  expect(await refused(current, 'scan.csv', { mapping: '[1' })).toMatchObject({
    status: 422,
    errors: [{ path: 'mapping' }],
  })
  const twoFiles = formOf(current)
  twoFiles.append('file', new File([current], 'other.csv'))
  const wrongForms = [
    [twoFiles, 'several'],
    [formOf(current, 'scan.csv', Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`f${i}`, 'x']))), '20 parts'],
  ] as const
  for (const [form, why] of wrongForms) {
    const { status, problem } = await refusalOf(call.post(`/api/v1/leagues/${id}/uploads`, form))
    expect([status, problem.errors[0].path]).toEqual([422, 'file'])
    expect(problem.detail).toContain(why)
  }
  expect((await refusalOf(call.post(`/api/v1/leagues/${id}/uploads`, { no: 'form' }))).problem).toMatchObject({
    status: 415,
  })
  expect((await refusalOf(call.post('/api/v1/leagues/999/uploads', {}))).status).toBe(404)
  expect(filesOfUploads({ dataDir })).toEqual([])
})

test('a form that is over before its file is answered, whatever follows', async () => {
  const { call } = await service()
  const { id } = await newLeague(call)
  const part = 'Content-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\nid,power\n1,2\r\n'
  for (const [boundary, body] of [
    ['', `----x\r\n${part}----x--\r\n`],
    ['x', `--x--\r\n\r\n--x\r\n${part}--x--\r\n`],
  ]) {
    const headers = { 'content-type': `multipart/form-data; boundary=${boundary}` }
    const signal = AbortSignal.timeout(2_000)
    const answer = await call.raw(`/api/v1/leagues/${id}/uploads`, { method: 'POST', headers, body, signal })
    expect(await answer.json()).toMatchObject({ status: 422, errors: [{ path: 'file', message: 'Choose a file.' }] })
  }
})

test('a sheet without ids fails with the reason and is not tried again, and the board stays', async () => {
  const { call, finished } = await service()
  const { id } = await newLeague(call)
  await finished(upload(call, id, baseline))
  const statuses = async () => (await call.get(`/api/v1/leagues/${id}/stats`)).numbers.uploads_by_status
  expect(await statuses()).toEqual({ done: 1 })
  const { upload_id, ...started } = await upload(call, id, 'Colour,Size\nred,large\nblue,small\n')
  const run = await finished(started)
  expect(run.status).toBe('FAILURE')
  expect(run.attempts).toBe(1)
  expect(await statuses()).toEqual({ done: 1, failed: 1 })
  expect(await call.get(`/leagues/${id}/uploads/${upload_id}`)).not.toContain('/people') // there are none
  expect((await refusalOf(call.post(`/api/v1/jobs/${started.job_id}/retry`))).status).toBe(409)
  expect(await call.get(`/api/v1/uploads/${upload_id}`)).toMatchObject({ status: 'failed', error: run.error })
  expect((await board(call, id)).rows).toHaveLength(3)
})

test('errors in a sheet are reported to its sender, and raise no alert', async () => {
  const { call, finished } = await start()
  const { id } = await newLeague(call)
  const uploads: Record<string, string>[] = [{}, { dry_run: 'true' }, { mode: 'strict' }]
  for (const fields of uploads) {
    const job = await finished(upload(call, id, 'colour,shape\nred,round\n', fields))
    expect(job).toMatchObject({ status: 'FAILURE', attempts: 1, error: expect.stringMatching(/^No id column/) })
  }
  expect((await call.get('/admin/monitoring/alerts/json')).alerts).toEqual([])
})

test('an upload whose job ended before its row was updated is corrected at the next start', async () => {
  const fieldhouse = await start({ ROLE: 'web' })
  const { id } = await newLeague(fieldhouse.call)
  const { upload_id, job_id } = await upload(fieldhouse.call, id, current)
  fieldhouse.app.db.$client.run(`update runs set status = 'CANCELLED' where id = '${job_id}'`) // and then the process died
  await fieldhouse.stop()
  const again = await start({}, fieldhouse.dataDir)
  await until(async () => (await again.call.get(`/api/v1/uploads/${upload_id}`)).status === 'cancelled')
  expect(await upload(again.call, id, current)).not.toHaveProperty('duplicate')
})

test('an upload of which a power cut left a part is not taken for a shorter sheet', async () => {
  const fieldhouse = await start({ ROLE: 'web' })
  const { id } = await newLeague(fieldhouse.call)
  const { upload_id } = await upload(fieldhouse.call, id, current)
  await fieldhouse.stop()
  const [file = ''] = filesOfUploads(fieldhouse)
  truncateSync(join(fieldhouse.dataDir, 'uploads', file), current.indexOf('4,dan'))
  const { call } = await start({}, fieldhouse.dataDir)
  const failed = await until(async () => {
    const upload = await call.get(`/api/v1/uploads/${upload_id}`)
    return upload.status === 'failed' && upload
  })
  expect(failed.error).toContain('upload it again')
  expect((await board(call, id)).rows).toEqual([])
})

test('an import that failed and is cancelled while it is tried again is over: its file is gone', async () => {
  const { app, call, finished, dataDir } = await start()
  const { id } = await newLeague(call)
  const { upload_id, ...job } = await upload(call, id, current)
  await finished(job)
  const error = 'The disk was full'
  app.db.update(runs).set({ status: 'FAILURE', error }).where(eq(runs.id, job.job_id)).run()
  app.db.update(uploads).set({ status: 'failed', error }).where(eq(uploads.id, upload_id)).run()
  const release = await holdImports(app, id)
  await call.post(`/api/v1/jobs/${job.job_id}/retry`)
  await call.delete(`/api/v1/jobs/cancel/${job.job_id}`)
  await release()
  await until(() => filesOfUploads({ dataDir }).length === 0)
  expect((await call.get(`/api/v1/uploads/${upload_id}`)).status).toBe('cancelled')
  const refusal = await refusalOf(call.post(`/api/v1/jobs/${job.job_id}/retry`))
  expect(refusal.problem.detail).toContain('Its file was removed when it ended; upload it again')
})

test('in strict mode bad rows fail the upload, which reports them all', async () => {
  const { call, finished } = await service()
  const { id } = await newLeague(call)
  const sheet = `${current}5,eve,oops,1\n6,flo,7,ouch\n`
  const { upload_id, ...started } = await upload(call, id, sheet, { mode: 'strict' })
  const run = await finished(started)
  expect(run).toMatchObject({ status: 'FAILURE', error: expect.stringContaining('2 of 5 rows') })
  expect((await board(call, id)).rows).toEqual([])
  const report = await call.get(`/api/v1/uploads/${upload_id}`)
  expect(report).toMatchObject({ format: 'csv', rows_total: 5, rows_ok: 3, rows_bad: 2 })
  expect(Object.keys(report.mapping).length).toBeGreaterThan(2)
  expect(await call.get(`/api/v1/uploads/${upload_id}/errors?limit=1`)).toMatchObject({
    errors: [{ line: 5, value: 'oops', reason: 'not a number' }],
    pagination: { total: 2 },
  })

  const trial = await finished(upload(call, id, sheet, { mode: 'strict', dry_run: 'true' }))
  expect(trial.result).toMatchObject({ rows_bad: 2, errors: [{ value: 'oops' }, { value: 'ouch' }] })
})

test('a file larger than allowed is cut off and refused', async () => {
  const { call, dataDir } = await start({ MAX_UPLOAD_MB: '1' })
  const { id } = await newLeague(call)
  const file = (bytes: number) => formOf('id,power\n'.padEnd(bytes, '1'))
  const refused = [413, 'The file is larger than 1 MB (MAX_UPLOAD_MB)']
  for (const address of [`${id}/uploads`, `${id}/uploads/`, `%3${id}/uploads`]) {
    const { status, problem } = await refusalOf(call.post(`/api/v1/leagues/${address}`, file(2_200_000)))
    expect([status, problem.detail]).toEqual(refused)
  }
  const { status, problem } = await refusalOf(call.post(`/api/v1/leagues/${id}/uploads`, file(9_000_000)))
  expect([status, problem.detail]).toEqual(refused)
  const endless = new ReadableStream({ pull: controller => controller.enqueue(new Uint8Array(100_000)) })
  const headers = { 'content-type': 'multipart/form-data; boundary=x' }
  const answer = await call.raw(`/api/v1/leagues/${id}/uploads`, { method: 'POST', headers, body: endless })
  expect([answer.status, (await answer.json()).detail]).toEqual(refused)
  expect(filesOfUploads({ dataDir })).toEqual([])
})

test('a board is exported as CSV and XLSX, formulas kept as text', async () => {
  const { call, finished } = await service()
  const { id } = await newLeague(call, {}, 'Köln & Málaga')
  await finished(upload(call, id, 'ID,Name,Power\n1,"=HYPERLINK(""http://x"")",5\n2,Zoë,7\n'))
  const csv: string = await call.get(`/api/v1/leagues/${id}/leaderboard.csv?sort_by=power`)
  expect(csv.split('\r\n').slice(0, 3)).toEqual([
    'rank,change,player_id,name,score,tier,power,power_gain',
    '1,,2,Zoë,0,steady,7,0',
    `2,,1,"'=HYPERLINK(""http://x"")",0,steady,5,0`,
  ])
  const xlsx = await call.raw(`/api/v1/leagues/${id}/leaderboard.xlsx`)
  expect(xlsx.headers.get('content-disposition')).toContain(`"koln-malaga-${id}.xlsx"`)
  const { default: ExcelJS } = await import('exceljs')
  const workbook = new ExcelJS.Workbook()
  await workbook.xlsx.load(await xlsx.arrayBuffer())
  expect(workbook.worksheets[0]?.getCell('D2').value).toBe('=HYPERLINK("http://x")')
})

test('a finalised board is frozen with a hash', async () => {
  const { call, finished } = await service()
  const { id } = await newLeague(call)
  expect((await refusalOf(call.post(`/api/v1/leagues/${id}/finalize`))).status).toBe(409)
  const { upload_id, ...started } = await upload(call, id, current)
  await finished(started)
  const final = await call.post(`/api/v1/leagues/${id}/finalize`)
  expect(final).toMatchObject({ status: 'final', final_hash: expect.stringMatching(/^[0-9a-f]{64}$/) })
  const frozen = await board(call, id)
  expect(frozen.state).toBe('final')
  expect((await refusalOf(upload(call, id, baseline))).status).toBe(409)
  expect((await refusalOf(call.post(`/api/v1/uploads/${upload_id}/undo`))).status).toBe(409)
  expect((await refusalOf(call.patch(`/api/v1/leagues/${id}`, { config: { weights: { power: 2 } } }))).status).toBe(409)
  expect((await refusalOf(call.post(`/api/v1/leagues/${id}/finalize`))).status).toBe(409)
  expect(await board(call, id)).toEqual(frozen)
})

test('older paths lead to the resources of today', async () => {
  const { call, finished, url } = await start()
  const { id } = await newLeague(call)
  const follow = (path: string, init: RequestInit = {}) =>
    fetch(url + path, { ...init, headers: { authorization: 'Bearer test-operator-token-0123456789' } })
  expect((await call.raw(`/api/leaderboard?kvk_season_id=${id}`)).headers.get('location')).toBe(
    `/api/v1/leagues/${id}/leaderboard?sort_by=power`,
  )
  const form = new FormData()
  form.set('file', new File([current], 'scan.csv'))
  const sent = await follow('/api/upload-baseline', { method: 'POST', body: form })
  expect(sent.status).toBe(202)
  await finished(await sent.json())
  expect(await (await follow('/api/upload-history')).json()).toMatchObject({ uploads: [{ kind: 'baseline' }] })
})

test('a board says which columns it can be sorted by', async () => {
  const { call, finished } = await service()
  const { id } = await newLeague(call)
  await finished(upload(call, id, current))
  const { problem } = await refusalOf(board(call, id, '?sort_by=speed'))
  expect(problem).toMatchObject({
    status: 400,
    choices: ['score', 'power', 'kill_points', 'power.gain', 'kill_points.gain'],
  })
  expect((await refusalOf(board(call, id, '?ties=none&page=x'))).problem).toMatchObject({
    status: 422,
    errors: [{ path: 'page' }, { path: 'ties' }],
  })
})

test('an alliance column labels the rows of the board, and any column can be made a label', async () => {
  const { call, finished } = await service()
  const { id } = await newLeague(call)
  await finished(upload(call, id, 'ID,Name,Alliance,Power\n1,Ann,[ABC],5\n2,Bob,,7\n'))
  const labels = async () => (await board(call, id)).rows.map((row: { labels?: object }) => row.labels)
  expect(await labels()).toEqual([{ alliance: '[ABC]' }, { alliance: null }])
  // One ends with an ideographic space, one begins with one, one is as long as a label may be.
  const alliances = ['狐\u3000', '\u3000狐', '狐'.repeat(200)]
  await finished(upload(call, id, `ID,Alliance,Power\n${alliances.map((each, i) => `${i},${each},1\n`).join('')}`))
  for (const each of alliances)
    expect((await board(call, id, `?label=alliance:${encodeURIComponent(each)}`)).pagination.total).toBe(1)
  const { rows } = await call.get(`/api/v1/leagues/${id}/totals?label=alliance`)
  expect(rows.map(({ text }: { text: string }) => text).sort()).toEqual(alliances.toSorted())
  const csv: string = await call.get(`/api/v1/leagues/${id}/leaderboard.csv`)
  expect(csv).toContain('alliance')
  const mapping = JSON.stringify({ Squad: 'label:Squad', Alliance: null })
  await finished(upload(call, id, 'ID,Name,Alliance,Squad,Power\n1,Ann,[ABC],North,5\n', { mapping }))
  expect(await labels()).toEqual([{ squad: 'North' }])
})

test('a sheet without names, or with some missing, leaves the names that are known', async () => {
  const { call, finished } = await service()
  const { id } = await newLeague(call)
  const names = async () =>
    Object.fromEntries(
      (await board(call, id)).rows.map((row: { player_id: string; name: string }) => [row.player_id, row.name]),
    )
  await finished(upload(call, id, 'ID,Name,Power\n1,Ann,5\n2,Bob,7\n10,Cy,3\n', { taken_at: '2026-01-02T00:00:00Z' }))
  const withoutNames = await finished(
    upload(call, id, 'ID,Power\n10,4\n2,8\n3,1\n1,6\n', { taken_at: '2026-01-03T00:00:00Z' }),
  )
  expect(withoutNames.result).toMatchObject({ new: 1, renamed: 0 })
  expect(await names()).toEqual({ 1: 'Ann', 2: 'Bob', 3: '3', 10: 'Cy' })
  await finished(upload(call, id, 'ID,Name,Power\n1,Anna,7\n2,,9\n3,,9\n', { taken_at: '2026-01-04T00:00:00Z' }))
  expect(await names()).toEqual({ 1: 'Anna', 2: 'Bob', 3: '3' })
})

test('older paths take a season by id, name or slug, also from the form, and never answer with another', async () => {
  const { as, call, finished } = await start()
  const north = await newLeague(call, {}, 'Northern season')
  const south = await newLeague(call, {}, 'Südliche Saison 2')
  for (const named of [south.id, 'Südliche Saison 2', 'südliche-saison-2'])
    expect(
      (await call.raw(`/api/leaderboard?kvk_season_id=${encodeURIComponent(named)}&sort_by=t4_kills`)).headers.get(
        'location',
      ),
    ).toBe(`/api/v1/leagues/${south.id}/leaderboard?sort_by=kills_t4`)
  const gained = await call.raw('/api/leaderboard?kvk_season_id=northern-season&sort_by=kill_points_gained')
  expect(gained.headers.get('location')).toBe(`/api/v1/leagues/${north.id}/leaderboard?sort_by=kill_points.gain`)
  for (const absent of ['999', 'Western season'])
    expect((await refusalOf(call.get(`/api/leaderboard?kvk_season_id=${absent}`))).status).toBe(404)
  await finished(call.post('/api/upload-baseline', formOf(current, 'scan.csv', { kvk_season_id: 'northern-season' })))
  expect((await call.get(`/api/v1/leagues/${north.id}/uploads`)).uploads).toMatchObject([{ kind: 'baseline' }])
  const toUnknownSeason = call.post(
    '/api/upload-current',
    formOf(current, 'scan.csv', { kvk_season_id: 'Western season' }),
  )
  expect((await refusalOf(toUnknownSeason)).status).toBe(404)
  const hidden = await newLeague(call, { public: false }, 'Behind httpServers')
  const ofActive = async (reader: typeof call) =>
    (await reader.raw('/api/leaderboard')).headers.get('location')?.split('/')[4]
  expect([await ofActive(call), await ofActive(as())]).toEqual([`${hidden.id}`, `${south.id}`])
})

test('an unknown column is no failure of the cache, and HEAD of an export has no length', async () => {
  const { app, call, finished, url } = await service()
  const { id } = await newLeague(call)
  await finished(upload(call, id, current))
  const failures = () => app.cache.stats.get('leaderboard')?.failures ?? 0
  const before = failures()
  for (let i = 0; i < 10; i++) await refusalOf(board(call, id, `?sort_by=speed${i}`))
  expect(failures()).toBe(before)
  const head = await fetch(`${url}/api/v1/leagues/${id}/leaderboard.csv`, { method: 'HEAD' })
  expect([head.status, head.headers.get('content-length')]).toEqual([200, null])
})
