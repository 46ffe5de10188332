/** `bun run test [file…]`: the whole suite, saying first which parts this machine cannot run. */
import { availableParallelism } from 'node:os'
import { chromium, nginx, redisServer } from '../test/needs.ts'
import { bundledMain } from './build.ts'
import { helpFirst } from './script-help.ts'

helpFirst(import.meta.path, { any: true })

const all = process.env.FIELDHOUSE_TEST_ALL === '1'
const missing = [
  !redisServer && 'Redis (redis-server is not installed): what several processes do over Redis',
  !chromium && 'Chromium (not installed): pages in a real browser',
  !all && 'An S3 store (fetched in CI only): backups off the machine',
  !nginx && 'nginx (not installed): a cache in front',
].filter(Boolean)
for (const part of missing) console.log(all ? `Must not be left out: ${part}` : `Left out: ${part}`)
if (all && missing.length) process.exit(1)

const files = process.argv.slice(2)

await bundledMain() // what tests start as a process of its own is what is shipped

const isLong = process.env.FIELDHOUSE_TEST_LONG === '1'

/** Four times what the run takes on two cores and more: a test that hangs must not keep whoever waits for the others. */
const mostMinutes = isLong ? 120 : 20

/** The queue backend is for Node as well: its tests once more beside the rest, on a Node of known version. */
const node = ['npx', '-y', 'node@24.21.0', '--disable-warning=ExperimentalWarning'] // Node has one for its SQLite
const howOnNode = ['--test', '--test-force-exit', '--test-timeout=120000', 'test/*.test.ts']
const testsOnNode =
  all && files.length === 0
    ? Bun.spawn([...node, ...howOnNode], { cwd: 'packages/bullmq-sqlite', stderr: 'inherit', detached: true })
    : undefined
let saidOnNode = ''
const readOnNode = (async () => {
  for await (const text of testsOnNode?.stdout.pipeThrough(new TextDecoderStream()) ?? []) saidOnNode += text
})()

// Files run beside each other, never the tests of one. The files of a process share its modules, as loading them takes longer than most tests.
// Much of a test is waiting, so there are more processes than cores on a small machine.
// The longest files begin, so that none is left alone at the end: `bun run test --update-timings` measures them anew.
const processes = Math.max(4, availableParallelism())
const how = [
  `--parallel=${processes}`,
  '--no-isolate',
  '--no-orphans',
  '--timeout',
  '60000',
  '--timings=test/timings.json',
]
// Tests end before code is hot enough for the last compilers to pay: without them they take a seventh less processor time.
const compilers = isLong ? {} : { BUN_JSC_useFTLJIT: '0', BUN_JSC_useOMGJIT: '0' }
const tests = Bun.spawn([process.execPath, 'test', ...how, ...files], {
  stdio: ['inherit', 'inherit', 'inherit'],
  env: { ...compilers, ...process.env },
})

const deadline = setTimeout(async () => {
  console.log(`\nThe tests have not ended within ${mostMinutes} minutes.`)
  tests.kill() // it names the files that are still running, and ends all that it started
  await Promise.race([tests.exited, Bun.sleep(10_000)])
  tests.kill(9)
  if (testsOnNode?.exitCode === null) {
    console.log(`On Node they have not ended either; so far:\n${saidOnNode}`)
    process.kill(-testsOnNode.pid, 'SIGKILL') // npx leaves its child running
  }
  console.log('1 fail: the run was ended')
  process.exit(1)
}, mostMinutes * 60_000)

const [code, codeOnNode] = await Promise.all([tests.exited, testsOnNode?.exited])
await readOnNode
clearTimeout(deadline)
if (testsOnNode) console.log(saidOnNode)
process.exit(code || codeOnNode)
