/** The people behind the counts of an upload. */
import { expect, test } from 'bun:test'
import { newLeague, upload } from './sheets.ts'
import { refusalOf, start } from './start.ts'

const sheet = (...rows: string[]) => `ID,Name,Power,Kill Points\n${rows.join('\n')}\n`

async function leagueAndSender() {
  const fieldhouse = await start()
  const { call, finished } = fieldhouse
  const { id } = await newLeague(call)
  const send = async (content: string, fields: Record<string, string>) => {
    const { upload_id, ...job } = await upload(call, id, content, fields)
    await finished(job)
    return upload_id as number
  }
  return { ...fieldhouse, id, send }
}

async function leagueWithTwoScans() {
  const { send, ...league } = await leagueAndSender()
  await send(sheet('1,Ann,100,50', '2,Bob,90,40', '3,Cy,80,30', '4,Di,70,20', '5,Ed,60,10'), {
    kind: 'baseline',
    taken_at: '2026-03-01T00:00:00Z',
  })
  const newest = await send(
    sheet('1,Annie,100,60', '2,Bob,80,30', '3,Cy,81,31', '4,Di,70,20', '4,Di,71,21', '6,Flo,5,1'),
    { taken_at: '2026-03-02T00:00:00Z' },
  )
  const people = async (change: string, more = '') =>
    (await league.call.get(`/api/v1/uploads/${newest}/people?change=${change}${more}`)) as {
      people: { player_id: string; name: string; line: number | null; reason: string; changes: object[] }[]
      pagination: { total: number }
      compared_to: { taken_at: string } | null
    }
  return { ...league, newest, people }
}

test('every count of an upload opens to the people behind it, with what they had and have', async () => {
  const { call, newest, people } = await leagueWithTwoScans()
  const { summary } = await call.get(`/api/v1/uploads/${newest}`)
  const total = async (change: string) => (await people(change)).pagination.total
  expect(summary).toMatchObject({ new: 1, missing: 1, renamed: 1, suspicious: 1, duplicates: 1 })
  for (const change of ['new', 'missing', 'renamed', 'suspicious', 'went_down', 'duplicate'])
    expect([change, await total(change)]).toEqual([change, 1])

  const renamed = await people('renamed')
  expect(renamed.compared_to).toEqual({ taken_at: '2026-03-01T00:00:00.000Z' })
  expect(renamed.people).toEqual([
    {
      player_id: '1',
      name: 'Annie',
      line: null,
      reason: 'has another name than in the scan before, under the same id',
      changes: [{ field: 'name', before: 'Ann', now: 'Annie' }],
    },
  ])
  const metrics = [
    { field: 'power', before: 60, now: null },
    { field: 'kill_points', before: 10, now: null },
  ]
  expect((await people('missing')).people[0]).toMatchObject({ player_id: '5', name: 'Ed', changes: metrics })
  expect((await people('new')).people[0]).toMatchObject({ player_id: '6', name: 'Flo' })
  const bob = { player_id: '2', name: 'Bob', changes: [{ field: 'kill_points', before: 40, now: 30 }] }
  expect((await people('went_down')).people).toMatchObject([bob])
  expect((await people('suspicious')).people).toMatchObject([bob])
  expect((await people('duplicate')).people).toMatchObject([
    { player_id: '4', line: 5, reason: 'the same id stands again on line 6, which wins' },
  ])
  expect((await people('new', '&page=2')).people).toEqual([])
})

test('the same list is a CSV and a page, and an unknown change is refused', async () => {
  const { call, newest, id } = await leagueWithTwoScans()
  const csv = await call.get(`/api/v1/uploads/${newest}/people.csv?change=went_down`)
  expect(csv.replace('\uFEFF', '').split('\r\n').slice(0, 2)).toEqual([
    'player_id,name,line,field,before,now,reason',
    '2,Bob,,kill_points,40,30,has a counter that should only rise but is lower than in the scan before',
  ])
  const page = await call.get(`/leagues/${id}/uploads/${newest}/people?change=renamed`)
  expect(page).toContain('Annie')
  expect(await call.get(`/leagues/${id}/uploads/${newest}`)).toContain(`/uploads/${newest}/people?change=missing`)
  expect((await refusalOf(call.get(`/api/v1/uploads/${newest}/people?change=luck`))).status).toBe(422)
})

test('a player who is missing from the newest scan keeps a card that says when they were last seen', async () => {
  const { call, id } = await leagueWithTwoScans()
  const card = await call.get(`/api/v1/leagues/${id}/players/5`)
  expect(card).toMatchObject({ name: 'Ed', rank: null, score: null, last_seen: '2026-03-01T00:00:00.000Z' })
  expect(card.metrics.power.current).toBe(60)
  expect(card.history).toHaveLength(1)
  expect(await call.get(`/leagues/${id}/players/5`)).toContain('Missing from the newest scan')
  expect((await refusalOf(call.get(`/api/v1/leagues/${id}/players/99`))).status).toBe(404)
})

test('the people of a sheet stay those that it counts, whatever baseline or scan of the same time is sent', async () => {
  const { call, send } = await leagueAndSender()
  const scan = sheet('1,Ann,100,60', '2,Bob,90,30', '6,Flo,5,1')
  await send(sheet('1,Ann,100,50', '2,Bob,90,40', '3,Cy,80,30'), { kind: 'baseline' }) // dated after the scan
  const fields = { taken_at: '2026-03-02T00:00:00Z', force: 'true' }
  const first = await send(scan, fields)
  await send(scan, { ...fields, mode: 'strict' })
  expect((await call.get(`/api/v1/uploads/${first}`)).summary).toMatchObject({ new: 1, missing: 1, suspicious: 1 })
  for (const change of ['new', 'missing', 'suspicious'])
    expect(await call.get(`/api/v1/uploads/${first}/people?change=${change}`)).toMatchObject({
      people: [{}],
      pagination: { total: 1 },
    })
})

test('a new id with the name of a player who left is named, with the id they had', async () => {
  const { call, send } = await leagueAndSender()
  const day = (n: number) => ({ taken_at: `2026-03-0${n}T00:00:00Z` })
  await send(sheet('1,Ann,100,50', '2,Bob,90,40', '3,Cy,80,30', '4,Di,70,20', '5,Ed,60,10'), day(1))
  await send(sheet('1,Ann,100,50', '3,Cy,80,30', '4,Di,70,20', '5,Ed,60,10'), day(2)) // Bob leaves
  const id = await send(sheet('1,Ann,1,1', '5,Bob,60,10', '3,Cy,1,1', '7,Bob,1,1', '8,Cy,1,1', '9,Di,1,1'), day(3))
  const { summary } = await call.get(`/api/v1/uploads/${id}`)
  expect(summary.warnings).toEqual([
    'New ids with the name of a player who left: Bob (7, before 2), Di (9, before 4). Under a new id a player starts at 0. If they are the same, give them the id they had in the sheet.',
  ])
  const again = await send(sheet('1,Ann,1,1', '5,Ed,60,10', '2,Bob,60,10', '9,Di,1,1', '8,Cy,1,1'), day(4))
  expect((await call.get(`/api/v1/uploads/${again}`)).summary.warnings).toEqual([])
})
