import { expect, test } from 'bun:test'
import type { Fault } from '../scripts/fake-feed.ts'
import { minute } from '../src/runtime/clock.ts'
import { until } from './start.ts'
import {
  alerts,
  board,
  enter,
  feedFor,
  newTour,
  newTourLeague,
  newUser,
  players,
  startStill,
  tour,
  update,
} from './tours.ts'

/** What each fault of a feed is to us. */
const outcomes = {
  down: 'failing',
  slow: 'failing',
  truncated: 'failing',
  html: 'failing',
  huge: 'failing',
  blank: 'failing',
  empty: 'held',
  zeroed: 'held',
  shrunk: 'held',
  wrong_type: 'ok',
  unchanged: 'ok',
} as const satisfies Partial<Record<Fault, string>>

test('every fault of a feed costs its own run only, raises one alert, and the alert clears itself', async () => {
  const house = await startStill()
  const { app, call, clock } = house
  const ann = await newUser(house, 'ann')
  async function suffer(fault: keyof typeof outcomes) {
    const outcome = outcomes[fault]
    const slug = fault
    const feed = feedFor()
    await newTour(call, feed.url, { slug, name: fault })
    await until(async () => (await tour(call, slug)).status === 'ok')
    const league = await newTourLeague(call, { tour: slug }, { name: fault })
    const ids = (await players(call, slug)).map(({ player_id }: { player_id: string }) => player_id)
    await enter(ann, league.id, ids.slice(0, 4))
    const look = async (fault: Fault | null) => {
      feed.fault(fault)
      clock.forward(2 * minute)
      return update(house, {}, slug)
    }
    feed.advance(200)
    await look(null)
    const good = await board(call, league.id)
    for (const time of fault === 'slow' ? [1] : [1, 2]) {
      const run = await look(fault)
      expect(run.status).toBe(outcome === 'failing' ? 'FAILURE' : 'SUCCESS')
      const state = await tour(call, slug)
      expect(state).toMatchObject({ status: outcome, next_update_at: expect.any(String) })
      const raised = alerts(app).filter(({ key }) => key.endsWith(`:${slug}`))
      if (outcome === 'ok') expect(raised).toEqual([])
      else {
        expect(await board(call, league.id)).toEqual(good)
        expect(raised).toMatchObject([{ key: `feed_held:${slug}`, type: 'feed_held', state: 'active', count: time }])
        expect(state.age_s).toBeGreaterThanOrEqual(120)
      }
    }
    feed.advance(60)
    await look(null)
    expect(await tour(call, slug)).toMatchObject({ status: 'ok', failures: 0, error: null, held: null })
    expect(alerts(app).filter(({ key, state }) => key.endsWith(`:${slug}`) && state !== 'resolved')).toEqual([])
    expect((await board(call, league.id)).rows[0].metrics.holes).toBeGreaterThan(good.rows[0].metrics.holes)
  }
  // Together, as one of them takes as long as patience lasts; they share nothing but the house.
  await Promise.all(Object.keys(outcomes).map(fault => suffer(fault as keyof typeof outcomes)))
  expect(alerts(app).filter(({ type }) => type !== 'feed_held')).toEqual([])
}, 120_000)
