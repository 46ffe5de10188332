/** Players who are missing from the newest scan are found by search, on the board and everywhere. */
import { expect, test } from 'bun:test'
import { uploads } from '../db/schema.ts'
import { day } from '../src/platform/clock.ts'
import { newLeague, upload } from './sheets.ts'
import { start } from './start.ts'

const scan = (...names: string[]) => `ID,Name,Power\n${names.map(name => `${name.length},${name},5`).join('\n')}\n`

test('a player who is missing from the newest scan is found by name and id, with when they were last seen', async () => {
  const { call, finished } = await start()
  const { id } = await newLeague(call)
  const send = (content: string, day: number) =>
    finished(upload(call, id, content, { taken_at: `2026-03-0${day}T00:00:00Z`, force: 'true' }))
  await send(scan('Wolf', 'Bear', 'Wolverine').replace('4,Bear', '44,Bear'), 1)
  await send(scan('Wolf', 'Wolves', 'Wolfram'), 2)
  await send(scan('Wolf'), 3)
  const { players, missing } = await call.get(`/api/v1/leagues/${id}/players?q=wol`)
  expect(players.map(({ name }: { name: string }) => name)).toEqual(['Wolf'])
  expect(missing).toEqual([
    { player_id: '6', name: 'Wolves', last_seen: '2026-03-02T00:00:00.000Z' },
    { player_id: '7', name: 'Wolfram', last_seen: '2026-03-02T00:00:00.000Z' },
    { player_id: '9', name: 'Wolverine', last_seen: '2026-03-01T00:00:00.000Z' },
  ])
  expect((await call.get(`/api/v1/leagues/${id}/players`)).missing).toBeUndefined()
  const found = await call.get('/api/v1/search?q=bear&category=players')
  expect(found.players).toMatchObject([
    { player_id: '44', name: 'Bear', rank: null, score: null, last_seen: '2026-03-01T00:00:00.000Z', league: { id } },
  ])
  const page: string = await call.get(`/leagues/${id}?q=44`)
  expect(page).toContain('Missing from the newest scan')
  expect(page).toContain(`/leagues/${id}/players/44`)
  expect(await call.get(`/leagues/${id}`)).not.toContain('Missing from the newest scan')
  expect((await call.get(`/api/v1/leagues/${id}/players/44`)).last_seen).toBe('2026-03-01T00:00:00.000Z')
  expect(await call.get(`/leagues/${id}/players/4`)).toContain('Show on the board')
  expect(await call.get(`/leagues/${id}/players/44`)).not.toContain('Show on the board')
  const around = await call.raw(`/leagues/${id}?around=44`, { redirect: 'manual' })
  expect([around.status, around.headers.get('location')]).toEqual([303, `/leagues/${id}/players/44`])

  await send(scan('Wolf', 'Wolves'), 4)
  const again = await call.get(`/api/v1/leagues/${id}/players?q=wolves`)
  expect([again.players.length, again.missing]).toEqual([1, []])
})

test('nobody is missing before the first scan; then players of a baseline are, whenever it was taken', async () => {
  const { call, finished } = await start()
  const { id } = await newLeague(call)
  const card = () => call.get(`/api/v1/leagues/${id}/players/4`)
  await finished(upload(call, id, scan('Wolf', 'Badger'), { kind: 'baseline' }))
  expect(await card()).not.toHaveProperty('last_seen')
  expect(await call.get(`/leagues/${id}/players/4`)).not.toContain('Missing from the newest scan')
  await finished(upload(call, id, scan('Badger'), { taken_at: '2026-03-01T00:00:00Z', force: 'true' }))
  const { last_seen } = await card()
  const { missing } = await call.get(`/api/v1/leagues/${id}/players?q=wolf`)
  expect(missing).toEqual([{ player_id: '4', name: 'Wolf', last_seen }])
})

test('the search for missing players says from when on it looked through the scans, when there are more of them', async () => {
  const { app, call, finished } = await start()
  const { id } = await newLeague(call)
  const send = (content: string, kind: string, taken_at: string) =>
    finished(upload(call, id, content, { kind, taken_at, force: 'true' }))
  await send(scan('Wolf', 'Wolves'), 'baseline', '2026-01-01T00:00:00Z')
  const asked = () => call.get(`/api/v1/leagues/${id}/players?q=wolves`)
  await send(scan('Wolf', 'Bear'), 'baseline', '2026-06-01T00:00:00Z')
  await send(scan('Wolf'), 'current', '2026-06-02T00:00:00Z')
  expect(await asked()).toMatchObject({ missing: [{ name: 'Wolves' }], missing_since: null })
  const [first] = app.db.select().from(uploads).limit(1).all()
  for (let i = 1; i <= 49; i++) {
    const takenAt = first!.takenAt + i * day
    const copy = { ...first!, id: undefined, takenAt, sha256: String(i), snapshotId: 1_000 + i } // its snapshot is gone
    app.db.insert(uploads).values(copy).run()
  }
  expect(await asked()).toMatchObject({ missing: [], missing_since: '2026-01-02T00:00:00.000Z' })
  expect(await call.get(`/leagues/${id}?q=wolves`)).toContain('are not searched')
})
