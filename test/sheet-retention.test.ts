import { expect, test } from 'bun:test'
import { cpSync, existsSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { publishedSnapshots } from '../src/leagues/sheets/queries.ts'
import { damageReading } from '../src/monitor/database-files.ts'
import { day } from '../src/platform/clock.ts'
import { deleteOld, setRetentionTime } from '../src/retention.ts'
import { filesOfUploads, newLeague, upload } from './sheets.ts'
import { board, refusalOf, shared, start, temporaryFolder } from './start.ts'

const scan = (i: number, extra = '') => `ID,Name,Power\n1,ann,${100 + i}\n2,bob,${200 - i}\n${extra}`
const at = (hours: number) => new Date(Date.parse('2026-03-01T00:00:00Z') + hours * 3_600_000).toISOString()

/** Moves the clock forward, and the clock of retention with it, which otherwise advances two days per run at most. */
function forwardClocks({ app, clock }: Pick<Awaited<ReturnType<typeof start>>, 'app' | 'clock'>, ms: number) {
  clock.forward(ms)
  setRetentionTime(app.db, clock.now())
}

/** Imported once; each test starts on a copy of the folder. */
const nineScans = shared(async () => {
  const { call, finished, stop, dataDir } = await start()
  const { id } = await newLeague(call)
  // Nine scans, four hours apart; cy comes with the second and goes with the fourth, then comes back.
  for (let i = 0; i < 9; i++) {
    const cy = i === 0 || i === 3 ? '' : `3,cy,${300 + 10 * i}\n`
    await finished(upload(call, id, scan(i, cy), { taken_at: at(4 * i), kind: i === 0 ? 'baseline' : 'current' }))
  }
  await stop()
  return { id, dataDir }
})

async function seasonOfNineScans() {
  const { id, dataDir } = await nineScans()
  const folder = temporaryFolder()
  cpSync(dataDir, folder, { recursive: true })
  const fieldhouse = await start({}, folder)
  const { runJob, app } = fieldhouse
  const deleteOldRecords = () => runJob(deleteOld, {})
  const snapshots = () =>
    app.sheets.boards.scores.query<{ n: number }, []>('select count(*) n from snapshots where starts_for is null').get()
      ?.n
  return { ...fieldhouse, id, deleteOldRecords, snapshots, after: (ms: number) => forwardClocks(fieldhouse, ms) }
}

test('while a season runs every scan is kept', async () => {
  const { deleteOldRecords, snapshots, after } = await seasonOfNineScans()
  after(30 * day)
  expect((await deleteOldRecords()).status).toBe('SUCCESS')
  expect(snapshots()).toBe(9)
})

test('of a finished season the first, the last and daily scans stay, and no rank, score or history of the board changes', async () => {
  const { call, id, deleteOldRecords, snapshots, after } = await seasonOfNineScans()
  await call.post(`/api/v1/leagues/${id}/finalize`)
  const before = await board(call, id)
  const card = await call.get(`/api/v1/leagues/${id}/players/3`)
  after(8 * day)
  await deleteOldRecords()
  expect(snapshots()).toBeLessThan(9)
  expect(snapshots()).toBeGreaterThanOrEqual(4)
  await call.delete('/api/v1/stats/cache')
  expect(await board(call, id)).toEqual(before)
  const { score, history } = await call.get(`/api/v1/leagues/${id}/players/3`)
  expect([score, history.at(-1).score]).toEqual([card.score, card.score])
  const answer = await call.raw(`/api/v1/leagues/${id}/leaderboard?at=${at(5)}`)
  expect([200, 410]).toContain(answer.status)
})

test('boards with columns of extra sheets stay as they are, while a season runs and after it; what was joined for older ones goes', async () => {
  const { call, finished, app, id, deleteOldRecords, after } = await seasonOfNineScans()
  const deaths = (count: number) => `ID,Name,Verified Deaths\n1,ann,${count}\n3,cy,${2 * count}\n`
  for (const hours of [5, 18, 33])
    await finished(upload(call, id, deaths(hours), { kind: 'extra', taken_at: at(hours) }))
  const early = `?at=${at(19)}&sort_by=verified_deaths`
  const boards = async () => [await board(call, id), await board(call, id, early)]
  const before = await boards()
  const joined = () =>
    app.sheets.boards.scores
      .query<{ n: number }, []>("select count(*) n from snapshots where starts_for like '%+%' and complete")
      .get()?.n ?? 0
  const joinedBefore = joined()
  after(day)
  expect((await deleteOldRecords()).status).toBe('SUCCESS')
  expect(joined()).toBeLessThan(joinedBefore)
  expect(joined()).toBeGreaterThan(0)
  await call.delete('/api/v1/stats/cache')
  expect(await boards()).toEqual(before)
  const { final_hash } = await call.post(`/api/v1/leagues/${id}/finalize`)
  after(8 * day)
  await deleteOldRecords()
  await call.delete('/api/v1/stats/cache')
  expect((await board(call, id)).rows).toEqual(before[0].rows)
  expect((await call.get(`/api/v1/leagues/${id}`)).final_hash).toBe(final_hash)
})

/** A league whose scans are all of one day, of which a finished season keeps few. */
async function leagueOfOneDay(scans: number) {
  const fieldhouse = await start()
  const { call, finished, runJob } = fieldhouse
  const { id } = await newLeague(call)
  for (let i = 0; i <= scans; i++) {
    const cy = i % 2 ? `3,cy,${300 + 10 * i}\n` : ''
    await finished(upload(call, id, scan(i, cy), { taken_at: at(i / 60), kind: i === 0 ? 'baseline' : 'current' }))
  }
  const uploads = async (): Promise<{ id: number; status: string }[]> =>
    (await call.get(`/api/v1/leagues/${id}/uploads`)).uploads
  return {
    ...fieldhouse,
    id,
    /** The newest that still counts, or the one so many before it. */
    async undo(before = 0) {
      const done = (await uploads()).filter(({ status }) => status === 'done')
      return call.post(`/api/v1/uploads/${done[before]?.id}/undo`)
    },
    send: (i: number, minutes: number) => upload(call, id, scan(i), { taken_at: at(minutes / 60) }),
    async thinOut() {
      await call.post(`/api/v1/leagues/${id}/finalize`)
      forwardClocks(fieldhouse, 8 * day)
      await runJob(deleteOld, {})
    },
    reopen: () => call.post(`/api/v1/leagues/${id}/reopen`),
    alerts: async () =>
      (await call.get('/admin/monitoring/alerts/json')).alerts.filter(
        // The clock was turned ahead: tasks of the schedule may be late.
        ({ alert_type }: { alert_type: string }) => alert_type !== 'task_missing',
      ),
  }
}

test('a league that was thinned out and reopened can have its newest uploads undone, and takes new ones', async () => {
  const { call, id, finished, undo, send, thinOut, reopen, alerts } = await leagueOfOneDay(3)
  await undo()
  await undo()
  const boardOfOne = (await board(call, id)).rows
  await finished(send(2, 2))
  await finished(send(3, 3))
  await thinOut()
  await reopen()
  await undo()
  await undo()
  expect((await board(call, id)).rows).toEqual(boardOfOne)
  expect((await finished(send(4, 4))).status).toBe('SUCCESS')
  expect((await board(call, id)).rows).toHaveLength(2)
  expect(await alerts()).toEqual([])
})

test('what can no longer be undone or put in between is refused with the reason, and the board stays', async () => {
  const { call, id, app, finished, undo, send, thinOut, reopen, alerts } = await leagueOfOneDay(12)
  await thinOut()
  await reopen()
  const misread = 'ID,Name,T1 Kills,T2 Kills,T3 Kills,T4 Kills,T5 Kills,Kill Points\n1,ann,5,0,0,0,0,7\n'
  const trial = await finished(upload(call, id, misread, { taken_at: at(5.5 / 60), dry_run: 'true' }))
  expect(trial.result).toMatchObject({ summary: { new: 0, suspicious: 1 }, people: [] }) // the scan before it is gone
  const before = await board(call, id)
  for (const refused of [refusalOf(undo(12)), refusalOf(send(20, 0.5))]) {
    const { status, problem } = await refused
    expect([status, problem.detail]).toEqual([409, expect.stringContaining('deleted after it ended')])
  }
  expect(await board(call, id)).toEqual(before)
  let undone = 0
  for (; undone < 13; undone++)
    if (
      !(await undo().then(
        () => true,
        () => false,
      ))
    )
      break
  expect(undone).toBeGreaterThanOrEqual(5)
  expect((await call.raw(`/api/v1/leagues/${id}/leaderboard`)).status).toBe(200)
  for (const path of ['?at=', '.csv?at=', '?from=', '.csv?from='].map(asked => `leaderboard${asked}${at(2 / 60)}`))
    expect((await call.raw(`/api/v1/leagues/${id}/${path}`)).status).toBe(410)
  expect((await finished(send(21, 30))).status).toBe('SUCCESS')
  expect(await app.reader.read(damageReading, { dataDir: app.config.dataDir })).toEqual([])
  expect(await alerts()).toEqual([])
})

test('the snapshot of an undone upload is deleted after a week', async () => {
  const { call, app, id, deleteOldRecords, snapshots, after } = await seasonOfNineScans()
  const { uploads } = await call.get(`/api/v1/leagues/${id}/uploads`)
  await call.post(`/api/v1/uploads/${uploads[0].id}/undo`)
  after(2 * day)
  await deleteOldRecords()
  expect(snapshots()).toBe(9)
  after(6 * day)
  await deleteOldRecords()
  expect(snapshots()).toBe(8)
  expect(publishedSnapshots(app.db, id)).toHaveLength(8)
})

test('files are deleted after ninety days, strays after one, and all of them with their league', async () => {
  const { call, id, deleteOldRecords, after, dataDir, snapshots } = await seasonOfNineScans()
  const files = () => filesOfUploads({ dataDir })
  const stray = join(dataDir, 'uploads', 'stray.part')
  writeFileSync(stray, 'half')
  utimesSync(stray, new Date(Date.now() - 2 * day), new Date(Date.now() - 2 * day))
  await deleteOldRecords()
  expect(existsSync(stray)).toBe(false)
  expect(files()).toHaveLength(9)
  after(91 * day)
  await deleteOldRecords()
  expect(files()).toEqual([])
  const { uploads } = await call.get(`/api/v1/leagues/${id}/uploads`)
  expect((await refusalOf(call.get(`/api/v1/uploads/${uploads[0].id}/file`))).status).toBe(410)
  await call.delete(`/api/v1/leagues/${id}`, { name: 'Northern season' })
  await deleteOldRecords()
  expect(snapshots()).toBe(0)
})
