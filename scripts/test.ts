/** `bun run test [file…]`: the whole suite, saying first which parts this machine cannot run. */
import { chromium, redisServer } from '../test/needs.ts'

const all = process.env.FIELDHOUSE_TEST_ALL === '1'
const missing = [
  !redisServer && 'Redis (redis-server is not installed): what several processes do over Redis',
  !chromium && 'Chromium (not installed): pages in a real browser',
].filter(Boolean)
for (const part of missing) console.log(all ? `Must not be left out: ${part}` : `Left out: ${part}`)
if (all && missing.length) process.exit(1)

const tests = Bun.spawnSync([process.execPath, 'test', '--timeout', '60000', ...process.argv.slice(2)], {
  stdio: ['inherit', 'inherit', 'inherit'],
})
process.exit(tests.exitCode)
