/** `bun run test [file…]`: runs the whole suite, and first prints which parts this machine cannot run. */
import { existsSync, mkdtempSync, rmSync, statfsSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
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

await bundledMain() // tests that start a process use the bundle, as it is shipped

const isLong = process.env.FIELDHOUSE_TEST_LONG === '1'

/** Four times as long as the run takes on two cores or more, so that a test that hangs ends the run. */
const maxMinutes = isLong ? 120 : 20

/** In memory where Linux has room there: hundreds of databases are made, synced and removed. Elsewhere the usual folder. */
function memoryFolder(): string | undefined {
  const memory = '/dev/shm'
  if (process.env.TMPDIR || !existsSync(memory)) return undefined
  const { bavail, bsize } = statfsSync(memory)
  if (bavail * bsize < 2e9) return undefined
  const folder = mkdtempSync(join(memory, 'fieldhouse-tests-'))
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
  return folder
}
const folder = memoryFolder()
const env = folder ? { ...process.env, TMPDIR: folder } : process.env

/** The queue backend supports Node too, so its tests also run there, in parallel, on a fixed version. */
const node = ['npx', '-y', 'node@24.21.0', '--disable-warning=ExperimentalWarning'] // for the warning of Node's SQLite
// All files in one process: they run one after the other anyway, and loading modules takes as long as most of them.
const howOnNode = ['--test', '--test-isolation=none', '--test-force-exit', '--test-timeout=120000', 'test/*.test.ts']
const testsOnNode =
  all && files.length === 0
    ? Bun.spawn([...node, ...howOnNode], {
        cwd: 'packages/bullmq-sqlite',
        env: { ...env, NODE_COMPILE_CACHE: join(process.cwd(), 'node_modules/.cache/node') }, // a quarter less processor time
        stderr: 'inherit',
        detached: true,
      })
    : undefined
let outputOnNode = ''
const readOnNode = (async () => {
  for await (const text of testsOnNode?.stdout.pipeThrough(new TextDecoderStream()) ?? []) outputOnNode += text
})()

// Files run in parallel, the tests of a file one after the other. The files of a process share its modules, because loading them takes
// longer than most tests. Tests wait much of the time, so a small machine gets more processes than cores. The longest files run first,
// so that none runs alone at the end; `bun run test --update-timings` measures them again.
const processes = Math.max(5, availableParallelism())
const how = [
  `--parallel=${processes}`,
  '--no-isolate',
  '--no-orphans',
  '--timeout',
  '60000',
  '--timings=test/timings.json',
]
// Tests end before code is hot enough for the optimising compilers to pay off: without them they take a seventh less processor time.
// Functions are compiled later too: 1 to 2 % less.
// Garbage is collected in turn with the program, because all cores are busy, only when memory is needed, and freed memory is kept:
// an eighth less.
const runtime = {
  ...(!isLong && { BUN_JSC_useFTLJIT: '0', BUN_JSC_useOMGJIT: '0' }),
  BUN_JSC_thresholdForJITAfterWarmUp: '2000',
  BUN_JSC_thresholdForJITSoon: '500',
  BUN_JSC_useConcurrentGC: '0',
  BUN_JSC_numberOfGCMarkers: '1',
  BUN_GC_TIMER_DISABLE: '1',
  MIMALLOC_PURGE_DELAY: '-1',
}
const tests = Bun.spawn([process.execPath, 'test', ...how, ...files], {
  stdio: ['inherit', 'inherit', 'inherit'],
  env: { ...runtime, ...env },
})
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => tests.kill(signal)) // it ends, and this script after it

const deadline = setTimeout(async () => {
  console.log(`\nThe tests have not ended within ${maxMinutes} minutes.`)
  tests.kill() // it prints the files that are still running, and ends the processes it started
  await Promise.race([tests.exited, Bun.sleep(10_000)])
  tests.kill(9)
  if (testsOnNode?.exitCode === null) {
    console.log(`On Node they have not ended either; so far:\n${outputOnNode}`)
    process.kill(-testsOnNode.pid, 'SIGKILL') // npx leaves its child running
  }
  console.log('1 fail: the run was ended')
  process.exit(1)
}, maxMinutes * 60_000)

const [code, codeOnNode] = await Promise.all([tests.exited, testsOnNode?.exited])
await readOnNode
clearTimeout(deadline)
if (testsOnNode) console.log(outputOnNode)
process.exit(code || codeOnNode)
