import { expect, test } from 'bun:test'
import { minute } from '../src/runtime/clock.ts'
import { start, until } from './start.ts'
import { board, feedFor, newTour, newTourLeague, newUser, players, tour, update } from './tours.ts'

test('a whole tournament is followed from the first entry to the final board', async () => {
  const house = await start()
  const { call, clock } = house
  const feed = feedFor()
  await newTour(call, feed.url)
  await until(async () => (await tour(call)).status === 'ok')
  const field = await players(call)
  expect(field).toHaveLength(24)
  const league = await newTourLeague(call)
  const [ann, bob] = [await newUser(house, 'ann'), await newUser(house, 'bob')]
  const ids = field.map(({ player_id }: { player_id: string }) => player_id)
  const enter = (who: typeof ann, from: number, tiebreaker: number) =>
    who.post(`/api/v1/leagues/${league.id}/entries`, { picks: ids.slice(from, from + 4), tiebreaker })
  const anns = await enter(ann, 0, -9)
  const bobs = await enter(bob, 4, -12)
  expect(anns).toMatchObject({ name: 'ann', user_id: ann.id, picks: ids.slice(0, 4), total: null })

  const seen: unknown[] = []
  for (let passed = -30; passed < feed.length + 30; passed += 120) {
    feed.advance(120)
    clock.forward(120 * minute)
    const run = await update(house)
    expect(run.status).toBe('SUCCESS')
    const { rows, state } = await board(call, league.id)
    seen.push(rows.map(({ score }: { score: number }) => score))
    if (state === 'final') break
  }
  expect(seen.length).toBeGreaterThan(5)
  const final = await board(call, league.id)
  expect(final.state).toBe('final')
  console.log(JSON.stringify(final, null, 1), JSON.stringify(seen), anns.id, bobs.id)
})
