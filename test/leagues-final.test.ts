import { expect, test } from 'bun:test'
import { finalizeDue } from '../src/leagues/finalize.ts'
import { formOf, season, upload } from './sheets.ts'
import { type caller, refusalOf, start } from './start.ts'

const inMs = (ms: number) => new Date(Date.now() + ms).toISOString()
const scan = 'id,name,power\n1,Ann,10\n2,Bob,20\n'

const newSeason = (call: ReturnType<typeof caller>, config: object) =>
  call.post('/api/v1/leagues', { ...season, ends_at: inMs(60_000), config })

async function startSeason(config: object = { auto_finalize: true }) {
  const fieldhouse = await start()
  const { call, runJob } = fieldhouse
  const league = await newSeason(call, config)
  const runFinalizeDue = async () => (await runJob(finalizeDue, {})).result.finalized
  return {
    ...fieldhouse,
    id: league.id as number,
    runFinalizeDue,
    read: () => call.get(`/api/v1/leagues/${league.id}`),
  }
}

test('a league that asks for it is finalised at its end, once it has something to show', async () => {
  const { call, clock, finished, id, runFinalizeDue, read } = await startSeason()
  expect(await runFinalizeDue()).toEqual([])
  clock.forward(61_000)
  expect(await runFinalizeDue()).toEqual([]) // it is empty
  expect(await read()).toMatchObject({ status: 'ended' })
  await finished(upload(call, id, scan))
  expect(await runFinalizeDue()).toEqual([id])
  expect(await read()).toMatchObject({ status: 'final', final_hash: expect.stringMatching(/^[0-9a-f]{64}$/) })
  expect(await runFinalizeDue()).toEqual([])
})

test('a league that cannot be finalised by a fault keeps no other league waiting, and the run fails', async () => {
  const { app, call, clock, finished, runJob, id, read } = await startSeason()
  const other = await newSeason(call, { auto_finalize: true })
  await finished(upload(call, id, scan))
  await finished(upload(call, other.id, scan))
  app.db.$client.run(`create temp trigger fault before update of finalized_at on leagues when new.id = ${id}
    begin select raise(abort, 'a fault'); end`)
  clock.forward(61_000)
  const run = await runJob(finalizeDue, {})
  expect(run.status).toBe('FAILURE')
  expect(await read()).toMatchObject({ status: 'ended' })
  expect(await call.get(`/api/v1/leagues/${other.id}`)).toMatchObject({ status: 'final' })
})

test('a league that does not ask for it waits for an officer', async () => {
  const { call, clock, finished, id, runFinalizeDue, read } = await startSeason({})
  await finished(upload(call, id, scan))
  clock.forward(61_000)
  expect(await runFinalizeDue()).toEqual([])
  expect(await read()).toMatchObject({ status: 'ended' })
})

test('a sheet that is on its way at the end still counts', async () => {
  const { app, call, clock, finished, id, runFinalizeDue } = await startSeason()
  await finished(upload(call, id, scan))
  const late = await call.post(`/api/v1/leagues/${id}/uploads`, formOf('id,name,power\n1,Ann,30\n2,Bob,20\n'))
  clock.forward(61_000)
  const first = await runFinalizeDue()
  await finished(late)
  expect([...first, ...(await runFinalizeDue())]).toEqual([id])
  const board = await call.get(`/api/v1/leagues/${id}/leaderboard?sort_by=power`)
  expect(board).toMatchObject({ state: 'final', rows: [{ name: 'Ann', metrics: { power: 30 } }, { name: 'Bob' }] })
  expect(
    app.db.query.uploads
      .findMany()
      .sync()
      .map(({ status }) => status),
  ).toEqual(['done', 'done'])
})

test('a league that an admin reopens goes on, and is finalised by hand', async () => {
  const { app, call, clock, finished, id, runFinalizeDue, read } = await startSeason()
  await finished(upload(call, id, scan))
  clock.forward(61_000)
  await runFinalizeDue()
  expect((await refusalOf(upload(call, id, 'id,name,power\n1,Ann,30\n'))).status).toBe(409)
  const { final_hash } = await read()
  expect(await call.post(`/api/v1/leagues/${id}/reopen`)).toMatchObject({ status: 'ended', final_hash: null })
  expect((await refusalOf(call.post(`/api/v1/leagues/${id}/reopen`))).status).toBe(409)
  const audited = app.db.query.auditLog.findMany().sync()
  expect(audited.find(({ action }) => action === 'league.reopen')?.detail).toEqual({ hash: final_hash })
  await finished(upload(call, id, 'id,name,power\n1,Ann,30\n2,Bob,20\n'))
  expect(await runFinalizeDue()).toEqual([])
  expect((await call.post(`/api/v1/leagues/${id}/finalize`)).final_hash).not.toBe(final_hash)
})

test('an archived league reads as before: neither its rules, its sheets nor its marks change until it is unarchived', async () => {
  const { call, clock, finished, id, runFinalizeDue, read } = await startSeason()
  const { upload_id } = (await finished(upload(call, id, scan))).result
  const held = (await finished(upload(call, id, `${scan}\nRank,Bank,Value\n1,Wood,9\n`))).result
  const path = `/api/v1/leagues/${id}`
  clock.forward(61_000)
  await call.patch(path, { archived: true })
  const mark = { reason: 'other' }
  const changes = [
    call.patch(path, { config: { sort: 'power' } }),
    call.patch(path, { ends_at: inMs(120_000) }),
    call.post(`${path}/preview-config`, { config: {} }),
    call.put(`${path}/players/1/mark`, mark),
    call.post(`/api/v1/uploads/${upload_id}/undo`),
    call.patch(`/api/v1/uploads/${upload_id}`, { taken_at: season.starts_at }),
    call.post(`/api/v1/uploads/${held.upload_id}/publish`),
    call.post(`/api/v1/uploads/${held.upload_id}/discard`),
    call.post(`${path}/finalize`),
  ]
  for (const { status, problem } of await Promise.all(changes.map(refusalOf)))
    expect([status, problem.detail]).toEqual([409, 'This league is archived; unarchive it first'])
  expect(await runFinalizeDue()).toEqual([])
  expect(await call.get(`/leagues/${id}/uploads/${upload_id}`)).not.toMatch(/undo|Correct when/)
  expect(await call.get(`/leagues/${id}/players/1`)).not.toContain('/mark"')
  const settings = await call.get(`/leagues/${id}/settings`)
  expect(settings).toContain('only its name can change')
  expect(settings).not.toMatch(/finalize"|config\.|name="ends_at" id="f-ends/)
  expect(await call.patch(path, { name: 'Renamed' })).toMatchObject({ name: 'Renamed', status: 'archived' })
  expect(await call.patch(path, { archived: false, config: { sort: 'power' } })).toMatchObject({ status: 'ended' })
  expect(await call.put(`${path}/players/1/mark`, mark)).toMatchObject({ counted: false })
  expect(await read()).toMatchObject({ config: { sort: 'power' } })
})
