import { expect, test } from 'bun:test'
import { existsSync, readdirSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { forgetOld } from '../src/retention.ts'
import { day } from '../src/runtime/clock.ts'
import { published } from '../src/sheets/queries.ts'
import { board, newLeague, upload } from './sheets.ts'
import { refusalOf, start } from './start.ts'

const scan = (i: number, extra = '') => `ID,Name,Power\n1,ann,${100 + i}\n2,bob,${200 - i}\n${extra}`
const at = (hours: number) => new Date(Date.parse('2026-03-01T00:00:00Z') + hours * 3_600_000).toISOString()

async function season() {
  const house = await start()
  const { call, finished, app } = house
  const { id } = await newLeague(call)
  // Nine scans, four hours apart; cy comes with the second and goes with the fourth, then comes back.
  for (let i = 0; i < 9; i++) {
    const cy = i === 0 || i === 3 ? '' : `3,cy,${300 + 10 * i}\n`
    await finished(upload(call, id, scan(i, cy), { taken_at: at(4 * i), kind: i === 0 ? 'baseline' : 'current' }))
  }
  const forget = () => finished(app.jobs.start(forgetOld, {}).then(({ jobId }) => ({ job_id: jobId })))
  const snapshots = () =>
    app.sheets.boards.scores.query<{ n: number }, []>('select count(*) n from snapshots where starts_for is null').get()
      ?.n
  return { ...house, id, forget, snapshots }
}

test('while a season runs every scan is kept', async () => {
  const { forget, snapshots, clock } = await season()
  clock.forward(30 * day)
  expect((await forget()).status).toBe('SUCCESS')
  expect(snapshots()).toBe(9)
})

test('of a finished season the first, the last and daily scans stay, and no rank, score or history of the board changes', async () => {
  const { call, id, forget, snapshots, clock } = await season()
  await call.post(`/api/v1/leagues/${id}/finalize`)
  const before = await board(call, id)
  const card = await call.get(`/api/v1/leagues/${id}/players/3`)
  clock.forward(day)
  await forget()
  expect(snapshots()).toBeLessThan(9)
  expect(snapshots()).toBeGreaterThanOrEqual(4)
  await call.delete('/api/v1/stats/cache')
  expect(await board(call, id)).toEqual(before)
  expect((await call.get(`/api/v1/leagues/${id}/players/3`)).score).toBe(card.score)
  const answer = await call.raw(`/api/v1/leagues/${id}/leaderboard?at=${at(5)}`)
  expect([200, 410]).toContain(answer.status)
})

test('an undone upload can be looked into for a week, then its snapshot goes', async () => {
  const { call, app, id, forget, snapshots, clock } = await season()
  const { uploads } = await call.get(`/api/v1/leagues/${id}/uploads`)
  await call.post(`/api/v1/uploads/${uploads[0].id}/undo`)
  clock.forward(2 * day)
  await forget()
  expect(snapshots()).toBe(9)
  clock.forward(6 * day)
  await forget()
  expect(snapshots()).toBe(8)
  expect(published(app.db, id)).toHaveLength(8)
})

test('files go after ninety days, strays after one, and a deleted league takes all of it along', async () => {
  const { call, id, forget, clock, dataDir, snapshots } = await season()
  const files = () => readdirSync(join(dataDir, 'uploads'))
  const stray = join(dataDir, 'uploads', 'stray.part')
  writeFileSync(stray, 'half')
  utimesSync(stray, new Date(Date.now() - 2 * day), new Date(Date.now() - 2 * day))
  await forget()
  expect(existsSync(stray)).toBe(false)
  expect(files()).toHaveLength(9)
  clock.forward(91 * day)
  await forget()
  expect(files()).toEqual([])
  const { uploads } = await call.get(`/api/v1/leagues/${id}/uploads`)
  expect((await refusalOf(call.get(`/api/v1/uploads/${uploads[0].id}/file`))).status).toBe(410)
  await call.delete(`/api/v1/leagues/${id}`, { name: 'Northern season' })
  await forget()
  expect(snapshots()).toBe(0)
})
