import { expect, test } from 'bun:test'
import type { FeedFault } from '../scripts/fake-feed.ts'
import { minute } from '../src/platform/clock.ts'
import { board, start } from './start.ts'
import { alerts, enter, feedFor, newTourLeague, newUpdatedTour, newUser, players, tour, update } from './tours.ts'

/** The status of a tour by the fault of its feed. */
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
} as const satisfies Partial<Record<FeedFault, string>>

for (const [fault, outcome] of Object.entries(outcomes) as [keyof typeof outcomes, string][]) {
  const costs = outcome === 'ok' ? 'costs nothing' : 'costs its own run only, and one alert that clears itself'
  test(`a feed that is ${fault} ${costs}`, async () => {
    const fieldhouse = await start()
    const { app, call, clock } = fieldhouse
    const feed = feedFor()
    await newUpdatedTour(call, feed.url)
    const league = await newTourLeague(call)
    const ids = (await players(call)).map(({ player_id }: { player_id: string }) => player_id)
    await enter(await newUser(fieldhouse, 'ann'), league.id, ids.slice(0, 4))
    const updateWith = async (fault: FeedFault | null) => {
      feed.fault(fault)
      clock.forward(20 * minute)
      return update(fieldhouse)
    }
    feed.advance(200)
    clock.forward(60 * minute)
    await updateWith(null)
    const good = await board(call, league.id)
    for (const count of fault === 'slow' ? [1] : [1, 2]) {
      const requestsBefore = feed.requests.length
      expect((await updateWith(fault)).status).toBe(outcome === 'failing' ? 'FAILURE' : 'SUCCESS')
      if (fault !== 'slow') expect(feed.requests).toHaveLength(requestsBefore + 1) // this one has not answered yet
      expect(await tour(call)).toMatchObject({ status: outcome, next_update_at: expect.any(String) })
      if (outcome === 'ok') expect(alerts(app)).toEqual([])
      else {
        expect(await board(call, league.id)).toEqual(good)
        expect(alerts(app)).toMatchObject([{ key: 'feed_held:pga', type: 'feed_held', state: 'active', count }])
        expect((await tour(call)).age_s).toBeGreaterThanOrEqual(1200)
      }
    }
    feed.advance(60)
    await updateWith(null)
    expect(await tour(call)).toMatchObject({ status: 'ok', failures: 0, error: null, held: null })
    expect(alerts(app).filter(({ state }) => state !== 'resolved')).toEqual([])
    expect((await board(call, league.id)).rows[0].metrics.holes).toBeGreaterThan(good.rows[0].metrics.holes)
  })
}
