/** `bun run test [file…]`: the whole suite, a process per core, saying first which parts this machine cannot run. */
import { chromium, redisServer } from '../test/needs.ts'

const all = process.env.FIELDHOUSE_TEST_ALL === '1'
const missing = [
  !redisServer && 'Redis (redis-server is not installed): what several processes do over Redis',
  !chromium && 'Chromium (not installed): pages in a real browser',
].filter(Boolean)
for (const part of missing) console.log(all ? `Must not be left out: ${part}` : `Left out: ${part}`)
if (all && missing.length) process.exit(1)

// Files run beside each other, never the tests of one. The files of a process share its modules, as loading them takes longer than most tests.
const how = ['--parallel', '--no-isolate', '--timeout', '60000']
const tests = Bun.spawnSync([process.execPath, 'test', ...how, ...process.argv.slice(2)], {
  stdio: ['inherit', 'inherit', 'inherit'],
})
process.exit(tests.exitCode)
