/** Which parts can run here, and at what length. `FIELDHOUSE_TEST_ALL=1` (CI) forbids leaving any out: what is missing then fails. */
import { test } from 'bun:test'

const all = process.env.FIELDHOUSE_TEST_ALL === '1'
// The shell is the same browser without its windows: it takes half the processor time.
const chromiums = ['chromium-headless-shell', 'chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']

export const redisServer = Bun.which('redis-server')
export const chromium = process.env.CHROMIUM ?? chromiums.map(name => Bun.which(name)).find(Boolean) ?? null

export const nginx = Bun.which('nginx') ?? Bun.which('/usr/sbin/nginx')

/** A test that needs a real Redis, a real browser, a real nginx. */
export const redisTest = test.if(all || redisServer !== null)
export const browserTest = test.if(all || chromium !== null)
export const nginxTest = test.if(all || nginx !== null)

/** What is fetched from the registry, an S3 store and a maker of clients, packages nobody else needs: in CI alone. */
export const fetchedTest = test.if(all)

/** A short round is the rule; `bun run test:long` runs the long ones of kills, solvers and large numbers. */
export const rounds = (short: number, long: number): number => (process.env.FIELDHOUSE_TEST_LONG === '1' ? long : short)
