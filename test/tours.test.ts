import { expect, test } from 'bun:test'
import type { Db } from '../db/open.ts'
import { tourEvents } from '../db/schema.ts'
import { transact } from '../db/transactions.ts'
import { outcome } from '../packages/bullmq-sqlite/test/outcome.ts'
import { systemActor } from '../src/audit.ts'
import { finalizeLeague } from '../src/leagues/finalize.ts'
import { changeLeague, leagueById } from '../src/leagues/queries.ts'
import { changeEntry, findEntry } from '../src/leagues/tours/entry-queries.ts'
import type { Golfer } from '../src/leagues/tours/feeds/board.ts'
import { bindEvent, leagueEvent } from '../src/leagues/tours/picks.ts'
import { ensureUpdates } from '../src/leagues/tours/supervisor.ts'
import { day, hour, minute } from '../src/platform/clock.ts'
import { board, refusalOf, start, until } from './start.ts'
import {
  alerts,
  enter,
  feedFor,
  jsonFeed,
  newTour,
  newTourLeague,
  newUpdatedTour,
  newUser,
  players,
  playOn,
  tour,
  update,
} from './tours.ts'

type Row = { player_id: string; rank: number; score: number | null; change: number | null }

/** A service with a tour with a known field, a league on it, and two members with entries. */
async function startPlaying(config: object = {}) {
  const fieldhouse = await start()
  const { call } = fieldhouse
  const feed = feedFor()
  await newUpdatedTour(call, feed.url)
  const league = await newTourLeague(call, config)
  const ids: string[] = (await players(call)).map(({ player_id }: Golfer) => player_id)
  const [ann, bob] = [await newUser(fieldhouse, 'ann'), await newUser(fieldhouse, 'bob')]
  const anns = await enter(ann, league.id, ids.slice(0, 4), { tiebreaker: -9 })
  const bobs = await enter(bob, league.id, ids.slice(4, 8), { tiebreaker: -12 })
  return { ...fieldhouse, feed, league, ids, ann, bob, anns, bobs, play: playOn(fieldhouse, feed) }
}

/** What two of four picks are worth, worked out by hand. */
function bestTwoOf(golfers: Golfer[], picks: string[]): number | null {
  const totals = picks.flatMap(id => golfers.find(({ player_id }) => player_id === id)?.total ?? [])
  const [first, second] = totals.toSorted((a, b) => a - b)
  return first === undefined || second === undefined ? null : first + second
}

test('a whole tournament is followed from the first entry to the final board', async () => {
  const { call, feed, league, ids, anns, bobs, play } = await startPlaying()
  const expected = () => {
    const { golfers } = feed.board()
    return { [anns.id]: bestTwoOf(golfers, ids.slice(0, 4)), [bobs.id]: bestTwoOf(golfers, ids.slice(4, 8)) }
  }
  const ranks = async () =>
    new Map<string, number>((await board(call, league.id)).rows.map(({ player_id, rank }: Row) => [player_id, rank]))
  const boards: { at: string; rows: Row[] }[] = []
  let before = await ranks()
  await play(90)
  for (let state = 'live'; state === 'live'; ) {
    const now = await board(call, league.id)
    state = now.state
    expect(now).toMatchObject({ sort_by: 'score', order: 'asc', league: { kind: 'tour' } })
    expect(Object.fromEntries(now.rows.map(({ player_id, score }: Row) => [player_id, score]))).toEqual(expected())
    const [first, second] = now.rows
    expect(first.rank < second.rank ? first.score <= second.score : first.score === second.score).toBe(true)
    if (boards.length > 0 && now.as_of !== boards.at(-1)?.at)
      for (const { player_id, rank, change } of now.rows) expect(change).toBe((before.get(player_id) ?? 0) - rank)
    boards.push({ at: now.as_of, rows: now.rows })
    before = await ranks()
    if (state === 'live') expect(await play(150)).toMatchObject({ status: 'SUCCESS' })
  }
  expect(boards.length).toBeGreaterThan(5)
  for (const { at, rows } of boards.slice(0, -1)) {
    const pastBoard = await board(call, league.id, `?at=${at}`)
    expect(pastBoard.rows.map(({ player_id, rank, score }: Row) => [player_id, rank, score])).toEqual(
      rows.map(({ player_id, rank, score }) => [player_id, rank, score]),
    )
  }
  expect(await call.get(`/api/v1/leagues/${league.id}`)).toMatchObject({
    status: 'final',
    final_hash: expect.stringMatching(/^[0-9a-f]{64}$/),
    config: { event: 'coastal' },
  })
  expect(await tour(call)).toMatchObject({ leagues: [], next_update_at: null, event: { status: 'official' } })
})

test('a final board stays the same to the byte, a late correction is refused and logged, and an admin may reopen', async () => {
  const { app, call, feed, league, ids, ann, anns, play, clock } = await startPlaying({ event: 'Coastal Open' })
  await play(60)
  while ((await board(call, league.id)).state === 'live') await play(240)
  const paths = ['leaderboard', 'leaderboard?sort_by=holes', 'leaderboard.csv', `players/${anns.id}`].map(
    path => `/api/v1/leagues/${league.id}/${path}`,
  )
  const read = () => Promise.all(paths.map(async path => (await call.raw(path)).text()))
  const [final, hash] = [await read(), (await call.get(`/api/v1/leagues/${league.id}`)).final_hash]
  expect(alerts(app)).toEqual([])

  // The feed moves a golfer ann had picked to first place after all.
  const other = feedFor({ seed: 2, golfers: 24, from: feed.minute() })
  await call.patch('/api/v1/tours/pga', { feed_url: other.url })
  await until(async () => (await tour(call)).checked_at > new Date(clock.now() - minute).toISOString())
  await call.post(`/api/v1/tours/pga/update`, {})
  const audited = () => app.db.query.auditLog.findMany().sync()
  await until(() => audited().some(({ action, result }) => action === 'league.correct' && result === 'refused'))
  expect(await read()).toEqual(final)

  expect((await refusalOf(ann.post(`/api/v1/leagues/${league.id}/reopen`))).status).toBe(403)
  const reopened = await call.post(`/api/v1/leagues/${league.id}/reopen`)
  expect(reopened).toMatchObject({ status: 'active', final_hash: null, config: { auto_finalize: false } })
  expect(audited().some(({ action, detail }) => action === 'league.reopen' && detail.hash === hash)).toBe(true)
  expect(await board(call, league.id)).toMatchObject({ state: 'live' })
  expect((await call.get(`/api/v1/leagues/${league.id}/players/${anns.id}`)).picks[0].total).toBe(
    other.board().golfers.find(({ player_id }) => player_id === ids[0])?.total,
  )
  await play(15)
  expect(await board(call, league.id)).toMatchObject({ state: 'live' }) // by hand from now on
  const again = await call.post(`/api/v1/leagues/${league.id}/finalize`)
  expect(again.final_hash).not.toBe(hash)
  expect((await refusalOf(call.post(`/api/v1/leagues/${league.id}/finalize`))).status).toBe(409)
})

test('a league is not made final with picks or rules that change at that moment', async () => {
  const { app, call, league, ids, anns, play } = await startPlaying()
  await play(90)
  const changes = [
    (tx: Db) => changeEntry(tx, findEntry(tx, league.id, anns.id)!, { picks: ids.slice(8, 12) }),
    (tx: Db) => void changeLeague(tx, league.id, { config: { ...leagueById(tx, league.id).config, best: 3 } }),
  ]
  for (const change of changes) {
    const finalising = finalizeLeague(app, league.id, systemActor)
    transact(app.db, change)
    expect(await outcome(finalising)).toThrow('just changed')
  }
  const live = await board(call, league.id)
  await call.post(`/api/v1/leagues/${league.id}/finalize`)
  expect(await board(call, league.id)).toMatchObject({ state: 'final', rows: live.rows })
})

test('what an officer has changed since a league was read stays: when it is tied to its event, and on its board', async () => {
  const { app, call, league, play } = await startPlaying()
  const { id } = await newTourLeague(call, {}, { name: 'Second pool' })
  const read = leagueById(app.db, id)
  await call.patch(`/api/v1/leagues/${id}`, { config: { best: 3 } })
  const { event } = leagueEvent(app.db, read)
  transact(app.db, tx => void bindEvent(tx, read, event!))
  expect((await call.get(`/api/v1/leagues/${id}`)).config).toMatchObject({ best: 3, event: 'coastal' })

  await play(90)
  const before = leagueById(app.db, league.id)
  transact(app.db, tx => void changeLeague(tx, league.id, { config: { ...before.config, best: 4 } }))
  await app.tourBoards.of(before)
  const { entries } = await call.get(`/api/v1/leagues/${league.id}/entries`)
  const totals = new Map(entries.map(({ id, total }: { id: number; total: number }) => [String(id), total]))
  for (const { player_id, score } of (await board(call, league.id)).rows) expect(score).toBe(totals.get(player_id))
})

test('picks are hidden from others until the deadline, and so are scores that would reveal them', async () => {
  const { call, as, league, ids, ann, bob, anns, bobs, play } = await startPlaying()
  const path = `/api/v1/leagues/${league.id}`
  const futureBoard = await board(call, league.id, '?at=2099-01-01T00:00:00Z')
  expect(futureBoard.rows).toMatchObject([{ score: null }, { score: null }])
  const listed = async (who: typeof call) =>
    Object.fromEntries(
      (await who.get(`${path}/entries`)).entries.map((entry: { id: number; picks: unknown; tiebreaker: unknown }) => [
        entry.id,
        [entry.picks, entry.tiebreaker],
      ]),
    )
  const hidden = [null, null]
  expect(await listed(ann)).toEqual({ [anns.id]: [ids.slice(0, 4), -9], [bobs.id]: hidden })
  for (const who of [as(), call]) expect(await listed(who)).toEqual({ [anns.id]: hidden, [bobs.id]: hidden })
  expect(await ann.get(`${path}/players/${bobs.id}`)).toMatchObject({ picks: null, tiebreaker: null, score: null })
  expect((await ann.get(`${path}/entries/${bobs.id}`)).picks).toBeNull()
  expect((await board(call, league.id)).rows).toMatchObject([{ score: null }, { score: null }])
  expect((await board(call, league.id)).rows[0].metrics).toEqual({
    today: null,
    holes: null,
    playing: null,
    tiebreak: null,
  })

  await play(90)
  const revealed = [ids.slice(4, 8), -12]
  for (const who of [as(), ann, bob]) expect((await listed(who))[bobs.id]).toEqual(revealed)
  expect(await as().get(`${path}/players/${bobs.id}`)).toMatchObject({
    username: 'bob',
    tiebreaker: -12,
    score: expect.any(Number),
    picks: ids.slice(4, 8).map(player_id => ({ player_id, name: expect.any(String) })),
  })
  const { scores, total } = await ann.get(`${path}/entries/${bobs.id}`)
  const counting = scores.filter(({ counts }: { counts: boolean }) => counts)
  expect(counting).toHaveLength(2)
  expect(counting.reduce((sum: number, { score }: { score: number }) => sum + score, 0)).toBe(total)
})

test('the deadline passes by itself: no stroke, no write and no request is needed', async () => {
  const { call, clock, league, ids, ann, anns } = await startPlaying({
    deadline: new Date(Date.now() + 30 * minute).toISOString(),
  })
  const path = `/api/v1/leagues/${league.id}`
  await ann.put(`${path}/entries/${anns.id}`, { tiebreaker: -7 })
  expect((await call.get(`${path}/players/${anns.id}`)).picks).toBeNull()
  clock.forward(30 * minute)
  const late = [
    ann.post(`${path}/entries`, { picks: ids.slice(0, 4) }),
    ann.put(`${path}/entries/${anns.id}`, { tiebreaker: 0 }),
    ann.delete(`${path}/entries/${anns.id}`),
    call.post(`${path}/entries`, { picks: ids.slice(0, 4), user_id: ann.id }),
  ]
  for (const { problem } of await Promise.all(late.map(refusalOf)))
    expect(problem).toMatchObject({ status: 409, deadline: expect.any(String) })
  expect((await call.get(`${path}/players/${anns.id}`)).picks).toHaveLength(4)
  const before = (await board(call, league.id)).rows
  expect(before.map(({ rank, score }: Row) => [rank, score])).toEqual([
    [null, null], // there is no leader before a stroke is played
    [null, null],
  ])
})

test('an entry is checked against the field, the rules and the other entries', async () => {
  const { call, league, ids, ann, bob, anns, ...fieldhouse } = await startPlaying({ max_entries: 2 })
  const path = `/api/v1/leagues/${league.id}/entries`
  const pickErrors = async (picks: string[]) => (await refusalOf(ann.post(path, { picks }))).problem.errors
  const [a = '', b = '', c = '', d = ''] = ids
  expect(await pickErrors([a, b, c])).toMatchObject([{ path: 'picks' }])
  expect(await pickErrors([a, b, c, a])).toMatchObject([
    { path: 'picks.3', message: expect.stringContaining('is already picked') },
  ])
  expect(await pickErrors([a, b, c, '999'])).toMatchObject([{ path: 'picks.3', message: '999 is not in the field.' }])
  expect((await refusalOf(ann.post(path, { picks: [a, b, c, 7] }))).status).toBe(422)
  expect((await refusalOf(ann.post(path, { picks: [a, b, c, d], name: 'BOB' }))).problem).toMatchObject({
    status: 409,
    errors: [{ path: 'name' }],
  })
  expect(await enter(ann, league.id, [a, b, c, d])).toMatchObject({ name: 'ann 2', tiebreaker: null })
  expect((await refusalOf(ann.post(path, { picks: [a, b, c, d] }))).status).toBe(409) // two are allowed

  expect((await refusalOf(ann.put(`${path}/${anns.id}`, { picks: [a, a, a, a] }))).status).toBe(422)
  expect((await refusalOf(bob.put(`${path}/${anns.id}`, { name: 'mine' }))).status).toBe(403)
  expect(await ann.put(`${path}/${anns.id}`, { name: ' Ann’s  team ', picks: [d, c, b, a] })).toMatchObject({
    name: 'Ann’s team',
    picks: [d, c, b, a],
    tiebreaker: -9,
  })
  expect((await refusalOf(bob.post(path, { picks: [a, b, c, d], user_id: ann.id }))).status).toBe(403)
  expect((await refusalOf(call.post(path, { picks: [a, b, c, d] }))).status).toBe(422) // for whom?

  const [cleo, officer] = [
    await newUser({ call, ...fieldhouse }, 'cleo'),
    await newUser({ call, ...fieldhouse }, 'olga', 'officer'),
  ]
  const cleos = await officer.post(path, { picks: [a, b, c, d], user_id: cleo.id })
  expect(cleos).toMatchObject({ user_id: cleo.id, username: 'cleo', picks: null }) // hers to see
  const { members } = await call.get(`/api/v1/leagues/${league.id}/members`)
  expect(members.map(({ username }: { username: string }) => username)).toEqual(['ann', 'bob', 'cleo'])
  expect((await call.get(`${path}?user_id=${ann.id}`)).pagination.total).toBe(2)
  await cleo.delete(`${path}/${cleos.id}`)
  expect((await refusalOf(call.get(`${path}/${cleos.id}`))).status).toBe(404)
  expect((await call.get(path)).pagination).toMatchObject({ total: 3 })
})

test('a private league shows its entries to nobody from outside', async () => {
  const fieldhouse = await startPlaying()
  const { as, call, league, ann, bobs, ids } = fieldhouse
  await call.patch(`/api/v1/leagues/${league.id}`, { config: { public: false } })
  const cleo = await newUser(fieldhouse, 'cleo')
  const paths = ['entries', `entries/${bobs.id}`, 'leaderboard', `players/${bobs.id}`]
  for (const path of paths) {
    expect((await refusalOf(as().get(`/api/v1/leagues/${league.id}/${path}`))).status).toBe(401)
    expect((await refusalOf(cleo.get(`/api/v1/leagues/${league.id}/${path}`))).status).toBe(403)
    await ann.get(`/api/v1/leagues/${league.id}/${path}`)
  }
  expect((await refusalOf(enter(cleo, league.id, ids.slice(0, 4)))).status).toBe(403)
  const leaguesOf = async (caller: typeof ann) => (await caller.get('/api/v1/tours/pga')).leagues
  expect([await leaguesOf(ann), await leaguesOf(cleo)]).toEqual([[league.id], []])
  await call.post(`/api/v1/leagues/${league.id}/join`, { user_id: cleo.id })
  await enter(cleo, league.id, ids.slice(0, 4))
})

test('golfers who are cut, withdraw or are disqualified count as the league says', async () => {
  const rules = [{ rule: 'actual' }, { rule: 'plus', strokes: 10 }, { rule: 'worst', strokes: 2 }] as const
  const { call, feed, ids, ann, play } = await startPlaying()
  const leagues = await Promise.all(rules.map(missed_cut => newTourLeague(call, { picks: 4, best: 4, missed_cut })))
  const final = feed.board().golfers
  expect(final.length).toBe(24)
  const team = ids.slice(0, 2).concat(ids.slice(-2))
  const entries = await Promise.all(leagues.map(({ id }) => enter(ann, id, team)))
  await play(60)
  while (feed.board().event.round !== 3) await play(240)
  await play(120)
  const { golfers } = feed.board()
  const isOut = ({ status }: Golfer) => status === 'cut' || status === 'wd' || status === 'dq'
  const totalsStillIn = golfers.filter(golfer => !isOut(golfer)).map(({ total }) => total ?? 0)
  const teamGolfers = team.map(id => golfers.find(({ player_id }) => player_id === id))
  const scoresWith = (out: (total: number | null) => number | null) =>
    teamGolfers.map(golfer => (golfer && isOut(golfer) ? out(golfer.total) : (golfer?.total ?? null)))
  const sum = (scores: (number | null)[]) =>
    scores.includes(null) ? null : scores.reduce<number>((total, score) => total + (score ?? 0), 0)
  const expected = [
    sum(scoresWith(total => total)),
    sum(scoresWith(total => total && total + 10)),
    sum(scoresWith(total => Math.max(total ?? Number.NEGATIVE_INFINITY, ...totalsStillIn) + 2)),
  ]
  expect(teamGolfers.some(golfer => golfer && isOut(golfer))).toBe(true)
  for (const [i, { id }] of leagues.entries()) {
    const { rows } = await board(call, id)
    expect(rows).toMatchObject([{ player_id: String(entries[i].id), score: expected[i] ?? null }])
  }
})

test('a league whose feed never says it is over is finalised after a quiet time, and polled until then', async () => {
  const { app, call, clock, feed, league, play, ...fieldhouse } = await startPlaying()
  await call.patch(`/api/v1/leagues/${league.id}`, { ends_at: new Date(clock.now() + 3 * hour).toISOString() })
  await play(75) // they are on the course
  clock.forward(2 * hour)
  await update({ call, ...fieldhouse })
  expect(await board(call, league.id)).toMatchObject({ state: 'live' })
  expect(alerts(app)).toMatchObject([{ key: `league_overdue:${league.id}`, state: 'active' }])
  const endsAfter = (ms: number) =>
    call.patch(`/api/v1/leagues/${league.id}`, { ends_at: new Date(clock.now() + ms).toISOString() })
  await endsAfter(hour)
  expect(alerts(app)).toMatchObject([{ state: 'resolved' }])
  await endsAfter(-minute)
  while (feed.board().event.status !== 'round_complete') feed.advance(30)
  await play(2)
  expect(await board(call, league.id)).toMatchObject({ state: 'live' }) // quiet, but not for long enough
  clock.forward(31 * minute)
  await update({ call, ...fieldhouse })
  expect(await board(call, league.id)).toMatchObject({ state: 'final' })
  expect(alerts(app).map(({ state }) => state)).toEqual(['resolved', 'resolved'])
  expect(await tour(call)).toMatchObject({ next_update_at: null })
})

test('a league is finalised by the first poll after its end also if nothing ran during the day after it', async () => {
  const { app, call, clock, feed, league, play, runJob } = await startPlaying()
  await call.patch(`/api/v1/leagues/${league.id}`, { ends_at: new Date(clock.now() + 3 * hour).toISOString() })
  await play(75) // they are on the course
  while (feed.board().event.status !== 'round_complete') feed.advance(30)
  clock.forward(3 * day)
  await until(async () => {
    await runJob(ensureUpdates, {})
    return (await board(call, league.id)).state === 'final'
  })
  await until(async () => (await tour(call)).next_update_at === null) // once the poll has ended
  expect(await tour(call)).toMatchObject({ followed_until: null })
  expect((await runJob(ensureUpdates, {})).result.findings).toMatchObject([{ state: 'idle' }])
  expect(alerts(app).filter(({ state }) => state === 'active')).toEqual([])
})

test('entries named by default show the name of their owner, and none once the account is deleted, also on final boards', async () => {
  const { call, league, ann, bob, anns, bobs, ids, play } = await startPlaying({ max_entries: 3 })
  const own = await enter(ann, league.id, ids.slice(2, 6), { name: 'The Ann Arbors' })
  const second = await enter(ann, league.id, ids.slice(3, 7))
  const names = async () => {
    const { entries } = await call.get(`/api/v1/leagues/${league.id}/entries`)
    const { rows } = await board(call, league.id)
    const onBoard = new Map(rows.map(({ player_id, name }: Row & { name: string }) => [Number(player_id), name]))
    for (const { id, name } of entries) expect(onBoard.get(id)).toBe(name)
    return [anns, second, own, bobs].map(({ id }) => onBoard.get(id))
  }
  expect(await names()).toEqual(['ann', 'ann 2', 'The Ann Arbors', 'bob'])
  await call.patch(`/api/v1/users/${ann.id}`, { username: 'Anna' })
  expect(await names()).toEqual(['Anna', 'Anna 2', 'The Ann Arbors', 'bob'])
  await call.patch(`/api/v1/users/${ann.id}`, { username: 'ann' })

  await play(90)
  await call.post(`/api/v1/leagues/${league.id}/finalize`)
  expect(await board(call, league.id)).toMatchObject({ state: 'final' })
  expect(await names()).toEqual(['ann', 'ann 2', 'The Ann Arbors', 'bob'])
  await call.delete(`/api/v1/users/${ann.id}`)
  const deleted = `deleted-${ann.id}`
  expect(await names()).toEqual([deleted, `${deleted} 3`, `${deleted} 2`, 'bob'])
  await bob.post(`/api/v1/leagues/${league.id}/leave`) // the entry stays
  await call.delete(`/api/v1/users/${bob.id}`)
  expect((await names()).at(-1)).toBe(`deleted-${bob.id}`)
  const card = await call.get(`/api/v1/leagues/${league.id}/players/${anns.id}`)
  expect(card.name).toBe(deleted)
})

test('settings that entries depend on cannot change, the others can', async () => {
  const { call, league } = await startPlaying()
  const change = (config: object) => call.patch(`/api/v1/leagues/${league.id}`, { config })
  await newTour(call, feedFor().url, { slug: 'euro' })
  for (const config of [{ tour: 'euro' }, { picks: 5 }, { event: 'inland' }])
    expect((await refusalOf(change(config))).status).toBe(409)
  expect((await change({ best: 3, missed_cut: { rule: 'plus', strokes: 2 } })).config).toMatchObject({
    best: 3,
    picks: 4,
  })
})

test('picks that were to close after the end close with it, and the league can become final', async () => {
  const { call, clock, league, ids, ann, anns } = await startPlaying({ deadline: '2099-01-01T00:00:00Z' })
  const path = `/api/v1/leagues/${league.id}`
  expect((await call.get(`${path}/field`)).picks_close_at).toBe(league.ends_at)
  clock.forward(5 * day)
  expect((await refusalOf(ann.put(`${path}/entries/${anns.id}`, { picks: ids.slice(1, 5) }))).status).toBe(409)
  expect(await ann.get(`/leagues/${league.id}/entries`)).not.toContain('Withdraw')
  expect((await call.post(`${path}/finalize`)).status).toBe('final')
})

test('a league without entries is not finalised, and one with open picks neither', async () => {
  const { call, league, play } = await startPlaying()
  expect((await refusalOf(call.post(`/api/v1/leagues/${league.id}/finalize`))).problem.detail).toContain('Picks')
  const empty = await newTourLeague(call)
  await play(90)
  expect((await refusalOf(call.post(`/api/v1/leagues/${empty.id}/finalize`))).problem.detail).toContain('no entry')
})

test('the next week’s event on the feed leaves a league on its own', async () => {
  const { call, clock, league, ids, anns, play, feed } = await startPlaying()
  await play(120)
  const boardBefore = await board(call, league.id)
  const next = { ...feed.board(), event: { id: 'inland', name: 'Inland Open', round: 1, status: 'upcoming' } }
  const golfers = next.golfers.slice(0, 20).map(({ player_id, name }) => ({ id: player_id, name, total: 0, thru: 0 }))
  await call.patch('/api/v1/tours/pga', { feed_url: jsonFeed({ event: next.event, golfers }).url })
  await until(async () => (await tour(call)).event.name === 'Inland Open')
  clock.forward(minute)
  expect((await board(call, league.id)).rows.map(({ score }: Row) => score)).toEqual(
    boardBefore.rows.map(({ score }: Row) => score),
  )
  expect((await call.get(`/api/v1/leagues/${league.id}/players/${anns.id}`)).picks[0].player_id).toBe(ids[0] ?? '')
  expect(await players(call)).toHaveLength(20)
})

test('an event of the same name a year later is another one: it can be picked, and last year’s league keeps its own', async () => {
  const fieldhouse = await start()
  const { app, call, clock } = fieldhouse
  const yearly = (total: number | null) => ({
    event: { name: 'Coastal Open', round: 1, status: total === null ? 'upcoming' : 'in_progress' },
    golfers: ['Ann', 'Bea', 'Cyd'].map((name, i) => ({ id: `${i}`, name, total, thru: total === null ? 0 : 9 })),
  })
  const feed = jsonFeed(yearly(null))
  await newUpdatedTour(call, feed.url)
  const league = await newTourLeague(call, { picks: 2 }, { starts: clock.now() + hour })
  const ann = await newUser(fieldhouse, 'ann')
  const entry = await enter(ann, league.id, ['0', '1'])
  for (const total of [-1, -3]) {
    feed.json = yearly(total)
    clock.forward(hour)
    await update(fieldhouse)
  }
  await call.post(`/api/v1/leagues/${league.id}/finalize`)
  const at = new Date(clock.now() - hour / 2).toISOString()
  const ofLastYear = async () => [
    (await board(call, league.id, `?at=${at}`)).rows,
    (await call.get(`/api/v1/leagues/${league.id}/players/${entry.id}`)).history,
    (await call.get(`/api/v1/leagues/${league.id}/stats`)).numbers,
  ]
  const before = await ofLastYear()
  expect(before).toMatchObject([[{ score: -2 }], [{ score: -2 }, { score: -6 }], { leading_total: -3 }])

  feed.json = yearly(null)
  clock.forward(350 * day)
  expect((await update(fieldhouse)).result).toMatchObject({ outcome: 'changed' })
  const starts = clock.now() + hour
  const next = await newTourLeague(call, { picks: 2 }, { name: 'Next year', starts, ends: starts + 4 * day })
  await enter(ann, next.id, ['0', '2'])
  expect(await ofLastYear()).toEqual(before)
  const { id: _, ...event } = app.db.query.tourEvents.findFirst().sync()!
  const later = Array.from({ length: 60 }, (_, i) => ({ ...event, name: `Open ${i}`, changedAt: clock.now() + i }))
  app.db.insert(tourEvents).values(later).run()
  await call.patch(`/api/v1/leagues/${league.id}`, { name: 'Last year' })
  expect(await ofLastYear()).toEqual(before)
})
