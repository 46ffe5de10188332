import { describe, expect, test } from 'bun:test'
import { oddsOf, parseFieldText } from '../src/leagues/tours/field-text.ts'
import { matchPlayers } from '../src/leagues/tours/match-names.ts'
import { unfinishedUpdate } from '../src/leagues/tours/queries.ts'
import { day, hour, minute } from '../src/platform/clock.ts'
import { consoleErrorsOf, openBrowser, signInBrowser } from './browser.ts'
import { browserTest } from './needs.ts'
import { board, refusalOf, start, until } from './start.ts'
import {
  alerts,
  enter,
  jsonFeed,
  newTour,
  newTourLeague,
  newUpdatedTour,
  newUser,
  players,
  tour,
  update,
} from './tours.ts'

type FeedGolfer = { id: string; name: string; [more: string]: unknown }

const lastWeek = {
  event: { id: 'coastal', name: 'Coastal Open', round: 4, status: 'official' },
  golfers: [
    { id: '1', name: 'Åke Berglund', total: -12, thru: 18, round: 4, rounds: [67, 68, 69, 70] },
    { id: '2', name: 'Conor O’Shea', total: -9, thru: 18, round: 4, rounds: [69, 68, 69, 70] },
  ],
}
const nextField = [
  { id: '1', name: 'Åke Berglund' },
  { id: '2', name: "O'Shea, Conor" },
  { id: '3', name: 'Nicolai Højgaard' },
  { id: '4', name: 'Si Woo Kim' },
  { id: '5', name: 'Matthew Fitzpatrick' },
  { id: '6', name: 'Late Alternate' },
]
const inland = (golfers: FeedGolfer[] = nextField, more: object = {}) => ({
  event: { id: 'inland', name: 'Inland Open presented by Acme', round: 1, status: 'upcoming', ...more },
  golfers,
})
const pasted = `name,rank,odds
"Berglund, Ake",1,6.5
Conor O’Shea,2,9
Nicolai Hojgaard,3,11
Siwoo Kim,4,15
Matt Fitzpatrick,5,21
Ned Nowhere,6,34`

/** The feed is on last week’s event, a league is on the next one. */
async function startWaiting(config: object = {}) {
  const fieldhouse = await start()
  const { call, clock } = fieldhouse
  const feed = jsonFeed(lastWeek)
  await newUpdatedTour(call, feed.url)
  const starts = clock.now() + 3 * day
  const league = await newTourLeague(call, { picks: 3, best: 2, ...config }, { starts, ends: starts + 4 * day })
  const [ann, olga] = [await newUser(fieldhouse, 'ann'), await newUser(fieldhouse, 'olga', 'officer')]
  const updateFrom = async (json: object) => {
    feed.json = json
    clock.forward(20 * minute)
    return update(fieldhouse)
  }
  return { ...fieldhouse, feed, league, ann, olga, updateFrom }
}

const field = '/api/v1/tours/pga/upcoming'
const idOf = (found: { player_id: string; name: string }[], name: string) =>
  found.find(each => each.name === name)?.player_id ?? ''

test('picks for next week are made from a pasted field and are matched to the feed when it shows the event', async () => {
  const { call, as, app, league, ann, olga, updateFrom } = await startWaiting()
  const { problem } = await refusalOf(enter(ann, league.id, ['1', '2', '3']))
  expect(problem.detail).toContain('An officer can enter the field of the coming event')

  expect((await refusalOf(ann.put(field, { event: 'Inland Open', text: pasted }))).status).toBe(403)
  expect(await olga.put(field, { event: 'Inland Open', text: pasted })).toEqual({
    event: 'Inland Open',
    players: 6,
    matched_to: null,
    unmatched: 0,
  })
  const upcoming = await as().get(field)
  expect(upcoming.event).toEqual({ name: 'Inland Open', source: 'hand' })
  expect(upcoming.players[0]).toEqual({
    player_id: 'name:ake-berglund',
    name: 'Ake Berglund',
    rank: 1,
    odds: 6.5,
    withdrawn: false,
  })
  expect(await tour(call)).toMatchObject({
    event: { name: 'Coastal Open' },
    upcoming: { name: 'Inland Open', source: 'hand', players: 6 },
  })
  const id = (name: string) => idOf(upcoming.players, name)
  const entry = await enter(ann, league.id, [id('Ake Berglund'), id('Siwoo Kim'), id('Matt Fitzpatrick')])
  const entryWithUnmatched = await enter(ann, league.id, [
    id('Conor O’Shea'),
    id('Nicolai Hojgaard'),
    id('Ned Nowhere'),
  ])
  expect((await call.get(`/api/v1/leagues/${league.id}`)).config.event).toBe('Inland Open')
  expect((await refusalOf(olga.delete(field))).status).toBe(409) // entries have been made with it

  await updateFrom(inland())
  expect((await call.get(`/api/v1/leagues/${league.id}`)).config.event).toBe('inland')
  expect((await ann.get(`/api/v1/leagues/${league.id}/entries/${entry.id}`)).picks).toEqual(['1', '4', '5'])
  expect((await ann.get(`/api/v1/leagues/${league.id}/entries/${entryWithUnmatched.id}`)).picks).toEqual([
    '2',
    '3',
    'name:ned-nowhere',
  ])
  expect(await tour(call)).toMatchObject({
    event: { name: 'Inland Open presented by Acme' },
    upcoming: null,
    unmatched: 1,
  })
  expect(await olga.get('/api/v1/tours/pga/unmatched')).toMatchObject({
    players: [{ player_id: 'name:ned-nowhere', name: 'Ned Nowhere', entries: 1 }],
    pagination: { total: 1 },
  })
  const boardPage = (who: typeof ann) => who.get(`/leagues/${league.id}`)
  expect(await boardPage(olga)).toContain('1 picked player is not on the feed')
  expect(await boardPage(ann)).not.toContain('not on the feed')
  expect(alerts(app)).toMatchObject([
    { key: 'field_unmatched:pga', state: 'active', message: expect.stringContaining('Ned Nowhere') },
  ])

  const unmatchedPath = '/api/v1/tours/pga/unmatched/name:ned-nowhere'
  expect((await refusalOf(ann.get('/api/v1/tours/pga/unmatched'))).status).toBe(403)
  expect((await refusalOf(ann.put(unmatchedPath, { golfer: '6' }))).status).toBe(403)
  expect((await refusalOf(olga.put(unmatchedPath, { golfer: '99' }))).problem.errors[0].path).toBe('golfer')
  expect((await refusalOf(olga.put(unmatchedPath, { golfer: '2' }))).status).toBe(409) // picked already in that entry
  await olga.put(unmatchedPath, { golfer: '6' })
  expect((await ann.get(`/api/v1/leagues/${league.id}/entries/${entryWithUnmatched.id}`)).picks).toEqual([
    '2',
    '3',
    '6',
  ])
  expect(alerts(app)).toMatchObject([{ state: 'resolved' }])
  expect((await refusalOf(olga.put(unmatchedPath, { golfer: '6' }))).status).toBe(404)

  await updateFrom(
    inland(
      nextField.map((golfer, i) => ({ ...golfer, total: i - 3, thru: 9, round: 1 })),
      { status: 'in_progress' },
    ),
  )
  expect((await board(call, league.id)).rows).toMatchObject([
    { player_id: String(entry.id), score: -3, rank: 1 },
    { player_id: String(entryWithUnmatched.id), score: -3, rank: 1 },
  ])
})

test('a golfer who does not play is marked as absent, and one who appears late on the feed is matched automatically', async () => {
  const { app, call, league, ann, olga, updateFrom } = await startWaiting()
  await olga.put(field, {
    event: 'Inland Open',
    players: ['Åke Berglund', 'Late Entrant', 'Ned Nowhere'].map(name => ({ name })),
  })
  const { players: list } = await call.get(field)
  await enter(
    ann,
    league.id,
    ['Åke Berglund', 'Late Entrant', 'Ned Nowhere'].map(name => idOf(list, name)),
  )
  await updateFrom(inland(nextField, { name: 'INLAND OPEN' }))
  expect((await olga.get('/api/v1/tours/pga/unmatched')).players).toHaveLength(2)
  await updateFrom(inland([...nextField, { id: '7', name: 'Entrant, Late' }], { name: 'INLAND OPEN' }))
  expect((await olga.get('/api/v1/tours/pga/unmatched')).players).toMatchObject([{ name: 'Ned Nowhere' }])
  expect(alerts(app)).toMatchObject([{ state: 'active' }])
  await olga.put('/api/v1/tours/pga/unmatched/name:ned-nowhere', { golfer: null })
  expect(alerts(app)).toMatchObject([{ state: 'resolved' }])
  const { entries } = await ann.get(`/api/v1/leagues/${league.id}/entries`)
  expect(entries[0].picks).toEqual(['1', '7', 'name:ned-nowhere'])
})

test('the alert of picks that wait to be matched ends with their league', async () => {
  const { app, call, clock, league, ann, olga, updateFrom } = await startWaiting({ picks: 2 })
  await olga.put(field, { event: 'Inland Open', text: 'Si Woo Kim\nNed Nowhere' })
  await enter(ann, league.id, ['name:si-woo-kim', 'name:ned-nowhere'])
  await updateFrom(inland())
  expect(alerts(app)).toMatchObject([{ key: 'field_unmatched:pga', state: 'active' }])
  await call.delete(`/api/v1/leagues/${league.id}`, { name: league.name })
  clock.forward(hour)
  await app.jobs.startNow(unfinishedUpdate(app.db, 'pga')?.id ?? '')
  await until(() => alerts(app).every(({ state }) => state === 'resolved'))
})

test('another event that the feed turns to is not taken for the one that was entered', async () => {
  const { call, league, ann, olga, updateFrom } = await startWaiting()
  await olga.put(field, { event: 'Inland Open', text: 'Åke Berglund\nNed Nowhere\nHeather Elsewhere' })
  const { players: list } = await call.get(field)
  await enter(
    ann,
    league.id,
    list.map(({ player_id }: { player_id: string }) => player_id),
  )
  await updateFrom(inland(nextField, { id: 'senior', name: 'Senior Masters' }))
  expect(await tour(call)).toMatchObject({ event: { name: 'Senior Masters' }, upcoming: { name: 'Inland Open' } })
  expect((await call.get(`/api/v1/leagues/${league.id}`)).config.event).toBe('Inland Open')
  await updateFrom(inland(nextField, { name: 'Inland Open' }))
  expect((await call.get(`/api/v1/leagues/${league.id}`)).config.event).toBe('inland')
})

test('a corrected list replaces the first; a picked golfer who is missing from it shows as withdrawn', async () => {
  const { call, league, ann, olga } = await startWaiting()
  await olga.put(field, { event: 'Inland', text: 'Ann A\nBob B\nCy C\nDee D' })
  const first = (await call.get(field)).players as { player_id: string; name: string }[]
  const entry = await enter(
    ann,
    league.id,
    first.slice(0, 3).map(({ player_id }) => player_id),
  )
  await olga.put(field, { event: 'Inland Open', text: 'Bob B\nCy C\nEve E' })
  expect((await call.get(field)).players).toMatchObject([
    { name: 'Ann A', withdrawn: true },
    { name: 'Bob B', withdrawn: false },
    { name: 'Cy C' },
    { name: 'Eve E' },
  ])
  expect((await call.get(`/api/v1/leagues/${league.id}`)).config.event).toBe('Inland Open')
  const again = first.slice(0, 3).map(({ player_id }) => player_id)
  const { problem } = await refusalOf(ann.put(`/api/v1/leagues/${league.id}/entries/${entry.id}`, { picks: again }))
  expect(problem.errors).toMatchObject([{ message: 'Ann A is out of the event.' }])
  expect(await ann.get(`/leagues/${league.id}/entries`)).toMatch(/Ann A<\/bdi> +<small>withdrawn/)

  const players = Array.from({ length: 500 }, (_, i) => ({ name: `Zoe N${i}` }))
  await olga.put(field, { event: 'Inland Open', players })
  const page = await olga.get(field.replace('/api/v1', '')) // with the withdrawn, who are not in its form
  expect(page.match(/^Zoe N\d+,/gm)).toHaveLength(500)
})

test('a feed that shows the next event itself needs no list, and its ids stay the same later', async () => {
  const { call, league, ann, updateFrom } = await startWaiting()
  const next = inland(nextField.map((golfer, i) => ({ ...golfer, rank: i + 1, odds: 5 + i })))
  await updateFrom({ ...lastWeek, next })
  expect(await tour(call)).toMatchObject({ event: { name: 'Coastal Open' }, upcoming: { source: 'feed', players: 6 } })
  expect((await call.get(field)).players[0]).toMatchObject({ player_id: '1', rank: 1, odds: 5 })
  await enter(ann, league.id, ['1', '2', '3'])
  await updateFrom(next)
  expect(await tour(call)).toMatchObject({ event: { name: 'Inland Open presented by Acme' }, upcoming: null })
  expect(await players(call)).toHaveLength(6)
})

test('a coming event that the feed drops is not coming, unless the feed only cannot be read, and comes again with it', async () => {
  const { call, updateFrom } = await startWaiting()
  const coming = async (next: object) => {
    await updateFrom({ ...lastWeek, next })
    return (await tour(call)).upcoming?.name
  }
  const name = 'Inland Open presented by Acme'
  expect(await coming(inland())).toBe(name)
  expect(await coming({ event: {}, golfers: [] })).toBe(name)
  await updateFrom(lastWeek)
  expect((await tour(call)).upcoming).toBeNull()
  expect((await call.get(field)).event).toBeNull()
  expect(await coming(inland())).toBe(name)
})

const espnType = (state: string, name: string) => ({ type: { name, state, completed: state === 'post' } })
const espnEvent = (id: string, name: string, state: string, status: string, linescores: object[] = []) => ({
  id,
  name,
  status: espnType(state, status),
  competitions: [
    {
      status: { ...espnType(state, status), period: 1 },
      competitors: nextField.map(({ id, name: displayName }) => ({
        id,
        athlete: { displayName },
        score: 'E',
        linescores,
      })),
    },
  ],
})

test('an upcoming event on the ESPN scoreboard is read in addition to the current one, until it starts', async () => {
  const fieldhouse = await start()
  const { call, clock } = fieldhouse
  const played = [{ period: 1, value: 70, displayValue: '-2', linescores: Array(18).fill({ value: 4 }) }]
  const now = espnEvent('1', 'Coastal Open', 'in', 'STATUS_IN_PROGRESS', played)
  const feed = jsonFeed({ events: [now, espnEvent('2', 'Inland Open', 'pre', 'STATUS_SCHEDULED')] })
  await newTour(call, feed.url, { format: 'espn' })
  await update(fieldhouse)
  expect(await tour(call)).toMatchObject({
    event: { name: 'Coastal Open' },
    upcoming: { name: 'Inland Open', source: 'feed', players: 6 },
  })
  feed.json = { events: [now, espnEvent('2', 'Inland Open', 'in', 'STATUS_IN_PROGRESS', played)] }
  clock.forward(hour)
  await update(fieldhouse)
  expect(await tour(call)).toMatchObject({ event: { name: 'Coastal Open' }, upcoming: null })
})

test('a league on another event of the feed does not move the others to it', async () => {
  const fieldhouse = await start()
  const { call, clock } = fieldhouse
  const feed = jsonFeed({
    events: ['Coastal Open', 'Island Open'].map((name, i) => espnEvent(`${i}`, name, 'pre', 'STATUS_SCHEDULED')),
  })
  await newUpdatedTour(call, feed.url, { format: 'espn' })
  const starts = clock.now() + hour
  const onOther = await newTourLeague(call, { event: 'Island Open' }, { name: 'Islanders', starts })
  const league = await newTourLeague(call, {}, { starts })
  clock.forward(hour / 2)
  await update(fieldhouse)
  const eventOf = async ({ id }: { id: number }) => (await call.get(`/api/v1/leagues/${id}/field`)).event
  expect([await eventOf(onOther), await eventOf(league)]).toEqual(['Island Open', 'Coastal Open'])
})

const inPlay = (id: string, name: string, toPar: string) => {
  const [competition] = espnEvent(id, name, 'in', 'STATUS_IN_PROGRESS').competitions
  const linescores = [{ period: 1, value: 40, displayValue: toPar, linescores: Array(9).fill({ value: 4 }) }]
  const competitors = competition?.competitors.map(golfer => ({ ...golfer, score: toPar, linescores }))
  return { ...espnEvent(id, name, 'in', 'STATUS_IN_PROGRESS'), competitions: [{ ...competition, competitors }] }
}

test('an event on the scoreboard that is held back or unreadable does not hold up a league on another one', async () => {
  const fieldhouse = await start()
  const { app, call, clock } = fieldhouse
  const feed = jsonFeed({ events: [inPlay('1', 'Coastal Open', '-2'), inPlay('2', 'Island Open', '-1')] })
  await newUpdatedTour(call, feed.url, { format: 'espn' })
  const deadline = new Date(clock.now() + hour).toISOString()
  const league = await newTourLeague(call, { event: 'Island Open', picks: 2, deadline })
  const onHeld = await newTourLeague(call, { event: 'Coastal Open', picks: 2, deadline }, { name: 'On the held one' })
  const noticeOf = async ({ id }: { id: number }) =>
    ((await call.get(`/leagues/${id}`)) as string).match(/The answer of the feed of .*?last confirmed/s)?.[0] ?? ''
  clock.forward(minute)
  await update(fieldhouse)
  await enter(await newUser(fieldhouse, 'ann'), league.id, ['1', '2'])
  const scoreAfter = async (current: object, toPar: string) => {
    feed.json = { events: [current, inPlay('2', 'Island Open', toPar)] }
    clock.forward(2 * hour)
    expect((await update(fieldhouse)).result).toMatchObject({ outcome: 'held', changed: 6 })
    return (await board(call, league.id)).rows[0].score
  }
  expect(await scoreAfter(inPlay('1', 'Coastal Open', 'E'), '-3')).toBe(-6)
  expect(await tour(call)).toMatchObject({
    event: { name: 'Coastal Open' },
    held: 'Coastal Open: 6 of 6 scores have been zeroed or blanked',
  })
  expect([await noticeOf(league), await noticeOf(onHeld)]).toEqual(['', expect.stringContaining(': 6 of 6 scores')])
  expect(await scoreAfter({ ...inPlay('1', 'Coastal Open', '-2'), competitions: [] }, '-4')).toBe(-8)
  expect(await tour(call)).toMatchObject({ event: { name: 'Coastal Open' }, held: 'events[0].competitions is empty' })
  expect([await noticeOf(league), await noticeOf(onHeld)]).toEqual(['', expect.stringContaining('is empty')])
  feed.json = { events: [inPlay('1', 'Coastal Open', '-3'), inPlay('2', 'Island Open', '-4')] }
  clock.forward(hour)
  await update(fieldhouse)
  expect(await tour(call)).toMatchObject({ event: { name: 'Coastal Open' }, status: 'ok' })
  expect(alerts(app)).toMatchObject([{ state: 'resolved' }])
})

test('an event that the feed renames stays that of the leagues which name it, where the feed has an id', async () => {
  const fieldhouse = await start()
  const { call, clock } = fieldhouse
  const feed = jsonFeed({ events: [inPlay('1', 'Coastal Open', '-2'), inPlay('2', 'Island Open', '-1')] })
  await newUpdatedTour(call, feed.url, { format: 'espn' })
  const deadline = new Date(clock.now() + hour).toISOString()
  const leagues: { id: number }[] = []
  for (const event of ['island open', 'Coastal Open'])
    leagues.push(await newTourLeague(call, { event, picks: 2, deadline }, { name: event }))
  clock.forward(minute)
  await update(fieldhouse)
  const ann = await newUser(fieldhouse, 'ann')
  for (const { id } of leagues) await enter(ann, id, ['1', '2'])
  clock.forward(2 * hour)
  feed.json = { events: [inPlay('1', 'Coastal Classic', '-3'), inPlay('2', 'Acme Island Open', '-4')] }
  await update(fieldhouse)
  const scores = await Promise.all(leagues.map(async ({ id }) => (await board(call, id)).rows[0].score))
  expect(scores).toEqual([-8, -6])
})

test('picks that wait to be matched are offered the golfers of their own event', async () => {
  const { league, ann, olga, updateFrom } = await startWaiting({ picks: 2 })
  await olga.put(field, { event: 'Inland Open presented by Acme', text: 'Si Woo Kim\nNed Nowhere' })
  await enter(ann, league.id, ['name:si-woo-kim', 'name:ned-nowhere'])
  await updateFrom({ ...lastWeek, next: inland() }) // the feed is still on last week’s event
  expect(await olga.get(field.replace('/api/v1', ''))).toContain('<option value="6">Late Alternate</option>')
})

test('play that starts before the league closes the picks: what they score since then is their history', async () => {
  const { call, clock, league, ann, updateFrom } = await startWaiting({ picks: 2 })
  await updateFrom(inland())
  await enter(ann, league.id, ['1', '2'])
  const stroke = (thru: number) =>
    inland(
      nextField.map(golfer => ({ ...golfer, total: -thru, thru })),
      { status: 'in_progress' },
    )
  for (const thru of [1, 2, 3]) await updateFrom(stroke(thru))
  const { picks_close_at } = await call.get(`/api/v1/leagues/${league.id}/field`)
  expect(Date.parse(picks_close_at)).toBeLessThan(clock.now())
  expect((await call.get(`/api/v1/leagues/${league.id}/players/1`)).history).toMatchObject([
    { score: -2 },
    { score: -4 },
    { score: -6 },
  ])
  const { rows } = await board(call, league.id, `?at=${new Date(clock.now() - 25 * minute).toISOString()}`)
  expect(rows).toMatchObject([{ score: -2 }])
})

test('picks made by hand close with the league and stay closed when the feed turns late', async () => {
  const { call, clock, league, ann, olga, updateFrom } = await startWaiting()
  await olga.put(field, { event: 'Inland Open', text: pasted })
  const ids = (await call.get(field)).players.map(({ player_id }: { player_id: string }) => player_id)
  await enter(ann, league.id, ids.slice(0, 3))
  clock.forward(3 * day)
  expect((await refusalOf(enter(ann, league.id, ids.slice(0, 3)))).status).toBe(409)
  const tee_time = new Date(clock.now() + 5 * hour).toISOString()
  await updateFrom(inland(nextField.map(golfer => ({ ...golfer, tee_time, round: 1 }))))
  expect((await refusalOf(enter(ann, league.id, ['1', '2', '3']))).status).toBe(409)
  expect((await board(call, league.id)).rows).toMatchObject([{ rank: null, score: null }])
})

test('picks that have closed stay closed when the feed moves the first tee time, until an officer sets a later deadline', async () => {
  const { call, clock, league, ann, updateFrom } = await startWaiting()
  const withTee = (tee: number) =>
    inland(nextField.map(golfer => ({ ...golfer, tee_time: new Date(tee).toISOString(), round: 1 })))
  const first = clock.now() + 3 * day + 6 * hour
  await updateFrom(withTee(first + hour))
  const picks = ['1', '2', '3']
  const { id } = await enter(ann, league.id, picks)
  await updateFrom(withTee(first)) // until then they may move
  clock.forward(3 * day + 6 * hour)
  const { entries } = await call.get(`/api/v1/leagues/${league.id}/entries`)
  expect(entries).toMatchObject([{ id, picks }])
  await updateFrom(withTee(first + day))
  const closed = await refusalOf(enter(ann, league.id, picks))
  expect(closed.problem).toMatchObject({ status: 409, deadline: new Date(first).toISOString() })
  await call.patch(`/api/v1/leagues/${league.id}`, { config: { deadline: new Date(first + day).toISOString() } })
  await enter(ann, league.id, picks)
})

test('picks that play has closed stay closed when the clock is set back', async () => {
  const { clock, league, ann, updateFrom } = await startWaiting()
  await updateFrom(inland())
  const picks = ['1', '2', '3']
  await enter(ann, league.id, picks)
  const played = (total: number) =>
    inland(
      nextField.map(golfer => ({ ...golfer, total })),
      { status: 'in_progress' },
    )
  await updateFrom(played(-1))
  expect((await refusalOf(enter(ann, league.id, picks))).status).toBe(409)
  clock.forward(-2 * hour)
  await updateFrom(played(-2))
  expect((await refusalOf(enter(ann, league.id, picks))).status).toBe(409)
})

test('a list that cannot be read says where', async () => {
  const { olga } = await startWaiting()
  const listErrors = async (body: object) =>
    (await refusalOf(olga.put(field, { event: 'Open', ...body }))).problem.errors
  expect(await listErrors({})).toMatchObject([{ path: 'text' }])
  expect(await listErrors({ text: 'name,rank\nAnn,first\n???,2' })).toMatchObject([
    {
      path: 'text',
      message: 'Line 2: “first” is not a rank; ranks are whole numbers from 1. Line 3: “???” is not a name.',
    },
  ])
  expect(await listErrors({ text: 'name,id\nAnn,1\nANN,1\nBob,1' })).toMatchObject([
    { path: 'text', message: 'Line 4: Ann already has the id 1.' },
  ])
  expect(await listErrors({ players: [{ name: '12' }] })).toMatchObject([{ path: 'players.0.name' }])
  const twice = ['Ann', 'Bob'].map(name => ({ name, player_id: '1' }))
  expect(await listErrors({ players: twice })).toMatchObject([{ path: 'players.1.player_id' }])
  expect((await refusalOf(olga.put(field, { event: ' ', text: 'Ann' }))).status).toBe(422)
  expect((await refusalOf(olga.delete(field))).status).toBe(404)
})

browserTest(
  'an officer pastes a field on the page of the coming event and resolves unmatched golfers there',
  async () => {
    const { url, call, league, ann, updateFrom } = await startWaiting()
    const page = await openBrowser()
    const consoleErrors = consoleErrorsOf(page)
    await signInBrowser(page, url, 'olga@example.org', 'the password of olga')
    await page.goto(`${url}/tours/pga`)
    await page.click('text=Enter the coming event')
    await page.fill('[name=event]', 'Inland Open')
    await page.fill('[name=text]', 'Åke Berglund\nSi Woo Kim\nNed Nowhere\nWill Withdraw')
    await page.click('text="Enter the field"')
    await page.waitForSelector('h1:has-text("Inland Open")')
    expect(await page.locator('tbody tr').count()).toBe(4)
    expect(await page.inputValue('[name=text]')).toContain('Si Woo Kim')
    const { players: list } = await call.get(field)
    for (const name of ['Ned Nowhere', 'Will Withdraw'])
      await enter(
        ann,
        league.id,
        ['Åke Berglund', 'Si Woo Kim', name].map(each => idOf(list, each)),
      )
    await updateFrom(inland())
    await page.goto(`${url}/tours/pga`)
    await page.click('text=match them')
    await page.selectOption('tr:has-text("Ned Nowhere") select', { label: 'Late Alternate' })
    await page.click('tr:has-text("Ned Nowhere") button:has-text("Settle")')
    await page.waitForSelector('tr:has-text("Ned Nowhere")', { state: 'detached' })
    await page.click('tr:has-text("Will Withdraw") button:has-text("Does not play")')
    await page.click('dialog button:has-text("Does not play")')
    await page.waitForSelector('text=Not found on the feed', { state: 'detached' })
    const { entries } = await ann.get(`/api/v1/leagues/${league.id}/entries`)
    expect(entries.map(({ picks }: { picks: string[] }) => picks[2])).toEqual(['name:will-withdraw', '6'])
    expect(consoleErrors).toEqual([])
  },
)

describe('names', () => {
  const list = (...names: string[]) => names.map((name, i) => ({ player_id: `name:${i}`, name }))
  const feed = (...names: string[]) => names.map((name, i) => ({ player_id: String(i), name }))

  test.each([
    ['Berglund, Ake', 'Åke Berglund'],
    ['NICOLAI HOJGAARD', 'Nicolai Højgaard'],
    ['Stephan Jaeger', 'Stephan Jäger'],
    ["O'Shea, Conor", 'Conor O’Shea'],
    ['Siwoo Kim', 'Si Woo Kim'],
    ['Kim Si Woo', 'Si Woo Kim'],
    ['J. J. Spaun', 'J.J. Spaun'],
    ['Davis Love', 'Love III, Davis'],
    ['R. McIlroy', 'Rory McIlroy'],
    ['Matt Fitzpatrick', 'Matthew Fitzpatrick'],
    ['Tanaka Reid, Jose', 'José Tanaka-Reid'],
  ])('%p is %p', (written, shown) => {
    expect(matchPlayers(list(written), feed('Another Golfer', shown))).toEqual(new Map([['name:0', '1']]))
  })

  test('of two equally good matches neither is taken, and nobody is matched twice', () => {
    expect(matchPlayers(list('A. Fitzpatrick'), feed('Alex Fitzpatrick', 'Adam Fitzpatrick')).size).toBe(0)
    expect(matchPlayers(list('J. Smith', 'Jo Smith'), feed('John Smith')).size).toBe(0)
    expect(matchPlayers(list('Jordan Smith'), feed('Justin Smith')).size).toBe(0)
    expect(matchPlayers([{ player_id: '7', name: 'By id' }], [{ player_id: '7', name: 'Someone Else' }])).toEqual(
      new Map([['7', '7']]),
    )
  })

  test('a list is read with numbers, bullets, commas, and as a table of any separator', () => {
    const names = (text: string) => parseFieldText(text).players.map(({ name }) => name)
    expect(names('1. Scheffler, Scottie\n2) Rory McIlroy\n\n• Conor O’Shea (a)\n 4 Åke Berglund')).toEqual([
      'Scottie Scheffler',
      'Rory McIlroy',
      'Conor O’Shea',
      'Åke Berglund',
    ])
    expect(parseFieldText('First name;Last name;OWGR;Odds\nÅke;Berglund;12;+1150').players).toEqual([
      { player_id: 'name:ake-berglund', name: 'Åke Berglund', rank: 12, odds: 12.5 },
    ])
    expect(parseFieldText('dg_id\tplayer_name\n18417\tScheffler, Scottie').players[0]).toMatchObject({
      player_id: '18417',
    })
  })

  test.each([
    ['12.5', 12.5],
    ['23/2', 12.5],
    ['+1150', 12.5],
    ['-200', 1.5],
    ['1', Number.NaN],
    ['evens', Number.NaN],
  ])('odds of %p are %p', (written, odds) => {
    expect(oddsOf(written)).toBe(odds)
  })
})
