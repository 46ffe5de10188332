/** Which tests can run here, and for how long. `FIELDHOUSE_TEST_ALL=1` (CI) skips none, so tests that lack a program fail. */
import { test } from 'bun:test'

const mayNotSkip = process.env.FIELDHOUSE_TEST_ALL === '1'
// The headless shell is the same browser without windows, and takes half the processor time.
const chromiums = ['chromium-headless-shell', 'chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']

export const redisServer = Bun.which('redis-server')
export const chromium = process.env.CHROMIUM ?? chromiums.map(name => Bun.which(name)).find(Boolean) ?? null

export const nginx = Bun.which('nginx') ?? Bun.which('/usr/sbin/nginx')

/** A test that needs a real Redis, a real browser, a real nginx. */
export const redisTest = test.if(mayNotSkip || redisServer !== null)
export const browserTest = test.if(mayNotSkip || chromium !== null)
export const nginxTest = test.if(mayNotSkip || nginx !== null)

/** Tests that fetch packages nothing else needs (an S3 store, a client generator). They run in CI only. */
export const fetchedTest = test.if(mayNotSkip)

/** Rounds are short by default; `bun run test:long` runs long ones of kills, solvers, pages and large numbers. */
export const isLong = process.env.FIELDHOUSE_TEST_LONG === '1'
export const rounds = (short: number, long: number): number => (isLong ? long : short)
