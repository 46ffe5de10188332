import { afterEach, beforeEach } from 'bun:test'
import { tmpdir } from 'node:os'
import { openReaderThread } from '../src/platform/process/reader-thread.ts'
import { stopEverything } from './start.ts'

/** An open reader keeps the thread that all apps of this process share: starting it again for each app takes longer than most tests. */
openReaderThread(tmpdir())

/** Elysia collects garbage whenever it has composed routes, so once for each app. Here only tests that ask for it do. */
const collectGarbage = Bun.gc
Bun.gc = force => (force ? collectGarbage(true) : 0)

const day = 86_400_000 // ms

/** A test that uses today's date must not run past midnight. */
beforeEach(async () => {
  const untilMidnight = day - (Date.now() % day)
  if (untilMidnight < 30_000) await Bun.sleep(untilMidnight)
}, 40_000)
afterEach(stopEverything)
