import { afterEach, beforeEach } from 'bun:test'
import { stopEverything } from './start.ts'

const day = 86_400_000 // ms

/** A test that uses today's date must not run past midnight. */
beforeEach(async () => {
  const untilMidnight = day - (Date.now() % day)
  if (untilMidnight < 30_000) await Bun.sleep(untilMidnight)
}, 40_000)
afterEach(stopEverything)
