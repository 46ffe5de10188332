import { afterEach, beforeEach } from 'bun:test'
import { stopEverything } from './start.ts'

const day = 86_400_000 // ms

/** Tests that name today must not see it end. */
beforeEach(async () => {
  const left = day - (Date.now() % day)
  if (left < 30_000) await Bun.sleep(left)
}, 40_000)
afterEach(stopEverything)
