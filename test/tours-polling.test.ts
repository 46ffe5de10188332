import { expect, test } from 'bun:test'
import {
  endOfPolling,
  isPollDue,
  isPollOverdue,
  isScheduledTooLate,
  isUpdateWanted,
  nextPollAt,
} from '../src/leagues/tours/poll-times.ts'
import { day, hour, minute, second } from '../src/platform/clock.ts'

const now = Date.UTC(2026, 4, 14, 12)
const healthy = { intervalS: 180, askedAt: now, failures: 0, held: null }
const league = (starts: number, ends: number) => ({ startsAt: now + starts, endsAt: now + ends })
const active = league(-hour, 3 * day)

test('while a league is on, the feed is asked every interval, counted from when it was last asked', () => {
  expect(nextPollAt(now, healthy, [active])).toBe(now + 3 * minute)
  expect(nextPollAt(now, { ...healthy, askedAt: now - 2 * second }, [active])).toBe(now + 3 * minute - 2 * second)
  expect(nextPollAt(now, { ...healthy, askedAt: now - hour }, [active])).toBe(now)
  expect(nextPollAt(now, { ...healthy, askedAt: now + day }, [active])).toBe(now + 3 * minute) // the clock was set back
})

test('long before a league only its field is polled, and its start is not missed', () => {
  expect(nextPollAt(now, healthy, [league(3 * day, 7 * day)])).toBe(now + 30 * minute)
  expect(nextPollAt(now, healthy, [league(day + 10 * minute, 7 * day)])).toBe(now + 10 * minute)
  expect(nextPollAt(now, healthy, [league(day - minute, 7 * day)])).toBe(now + 3 * minute)
})

test('no feed is polled without a league, and a day after the last end only once', () => {
  expect(nextPollAt(now, healthy, [])).toBeNull()
  expect(nextPollAt(now, healthy, [league(-9 * day, -day)])).toBeNull()
  expect(nextPollAt(now, healthy, [league(-9 * day, -day + 2 * minute)])).toBe(now + 3 * minute) // the last one
  expect(isUpdateWanted(healthy, [league(-9 * day, -day + 1)], now)).toBe(true)
  expect(isUpdateWanted(healthy, [league(-9 * day, -day)], now)).toBe(false)
  expect(isUpdateWanted({ askedAt: now - hour }, [league(-9 * day, -day)], now)).toBe(true) // nothing has run since
  expect(endOfPolling([active, league(-day, 5 * day)])).toBe(now + 6 * day)
})

test('failures double the pause up to a quarter of an hour, and Retry-After is respected', () => {
  const pauses = [1, 2, 3, 4, 9].map(failures => (nextPollAt(now, { ...healthy, failures }, [active]) ?? 0) - now)
  expect(pauses).toEqual([6, 12, 15, 15, 15].map(minutes => minutes * minute))
  expect(nextPollAt(now, { ...healthy, failures: 1 }, [active], 40 * minute)).toBe(now + 40 * minute)
  expect(nextPollAt(now, { ...healthy, failures: 1 }, [active], 40 * day)).toBe(now + hour)
  expect(nextPollAt(now, { ...healthy, failures: 3, intervalS: 3_600 }, [active])).toBe(now + hour)
})

test('a feed is polled once per interval; by hand, or after a failure, again after 15 s', () => {
  const isDueAfter = (ms: number, more: object = {}) => isPollDue(now + ms, { ...healthy, ...more })
  expect([isDueAfter(179 * second), isDueAfter(180 * second)]).toEqual([false, true])
  expect([isDueAfter(10 * second, { failures: 1 }), isDueAfter(15 * second, { failures: 1 })]).toEqual([false, true])
  expect(isDueAfter(15 * second, { held: 'zeroed' })).toBe(true)
  const byHand = (ms: number) => isPollDue(now + ms, healthy, true)
  expect([byHand(14 * second), byHand(15 * second)]).toEqual([false, true])
  expect(isDueAfter(0, { askedAt: null })).toBe(true)
  expect(isDueAfter(-hour)).toBe(true) // the clock was set back
})

test('a scheduled poll is late once its time has passed, or if the next poll should come sooner', () => {
  expect([isPollOverdue(now - minute, now), isPollOverdue(now - 3 * minute, now)]).toEqual([false, true])
  expect(isScheduledTooLate(now + 3 * minute, now, healthy, [active])).toBe(false)
  expect(isScheduledTooLate(now + 30 * minute, now, healthy, [active])).toBe(true)
  expect(isScheduledTooLate(now + 30 * minute, now, healthy, [league(3 * day, 7 * day)])).toBe(false)
  expect(isScheduledTooLate(now + hour, now, { ...healthy, failures: 2 }, [active])).toBe(false)
})
