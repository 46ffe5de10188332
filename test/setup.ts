import { afterEach, beforeEach } from 'bun:test'
import { stopEverything } from './start.ts'

const day = 86_400_000 // ms

/** A test that uses today's date must not run past midnight. */
beforeEach(async () => {
  const left = day - (Date.now() % day)
  if (left < 30_000) await Bun.sleep(left)
}, 40_000)
afterEach(stopEverything)
