/**
 * Runs the tests that BullMQ shares between its own backends against this one, on the runtime of this script, and prints the
 * results by file. It needs a checkout of BullMQ with its dependencies installed and `npm run pretest` done:
 *
 *   bun scripts/shared-suite.ts <checkout> [file…]
 *   node scripts/shared-suite.ts <checkout> [file…]
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'

const [checkout = '', ...requested] = process.argv.slice(2)
if (!checkout || checkout.startsWith('-')) {
  const isAsked = checkout === '--help' || checkout === '-h'
  console[isAsked ? 'log' : 'error']('Usage: bun scripts/shared-suite.ts <checkout of BullMQ> [file…]')
  process.exit(isAsked ? 0 : 2)
}
const root = resolve(checkout)
const folder = mkdtempSync(join(tmpdir(), 'bullmq-shared-suite-'))

/** Not shared: tests that use a Redis client, or that test a backend or adapter of BullMQ or its pool of child processes. */
const notSharedFiles =
  /redis|adapter|valkey|cluster|connection\.test|sandboxed_process|postgres|script_loader|scripts\.test|child-pool/
const files = readdirSync(join(root, 'tests')).filter(name => name.endsWith('.test.ts') && !notSharedFiles.test(name))
const chosen = requested.length > 0 ? requested : files.map(name => `tests/${name}`)

const backend = pathToFileURL(join(import.meta.dirname, '../src/index.ts')).href
/** The tests pass a Redis client to every class and close it; this one does nothing. */
const setup = `
import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { createSqliteBackend } from ${JSON.stringify(backend)}
import { setDefaultBackendFactory } from './src/utils/create-backend'
import { setConnectionFactory } from './tests/utils/connection-factory'

const path = join(mkdtempSync(${JSON.stringify(join(folder, 'queue-'))}), 'queue.db')
setDefaultBackendFactory((name, opts, roles) => createSqliteBackend(name, { ...opts, connection: { path } }, roles))
setConnectionFactory(() => {
  const client = { isCluster: false, status: 'ready', options: {}, connect: async () => {}, disconnect() {} }
  const self = () => client
  const events = { on: self, once: self, off: self, removeListener: self, emit: () => false }
  return Object.assign(client, events, { quit: async () => 'OK', duplicate: self })
})
// Tests whose child processes open a Redis connection skip themselves when they see this.
process.env.BULLMQ_TEST_BACKEND = 'postgres'
`
const config = `
import { defineConfig } from 'vitest/config'
export default defineConfig({
  server: { fs: { strict: false } },
  test: {
    include: ${JSON.stringify(chosen)},
    setupFiles: ['./vitest.bullmq-sqlite.setup.ts'],
    testTimeout: 20000,
    hookTimeout: 20000,
    sequence: { concurrent: false },
  },
})
`
const addedFiles = { 'vitest.bullmq-sqlite.setup.ts': setup, 'vitest.bullmq-sqlite.config.mts': config }
const report = join(folder, 'report.json')
try {
  for (const [name, text] of Object.entries(addedFiles)) writeFileSync(join(root, name), text)
  const vitestOptions = ['run', '--no-file-parallelism', '--config', 'vitest.bullmq-sqlite.config.mts']
  const reporters = ['--reporter=json', `--outputFile=${report}`, '--reporter=dot']
  spawnSync(process.execPath, ['node_modules/vitest/dist/cli.js', ...vitestOptions, ...reporters], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  printTable(JSON.parse(readFileSync(report, 'utf8')))
} finally {
  for (const name of Object.keys(addedFiles)) rmSync(join(root, name), { force: true })
  rmSync(folder, { recursive: true, force: true })
}

interface Report {
  testResults: {
    name: string
    message: string
    assertionResults: { status: string; fullName: string; failureMessages: string[] }[]
  }[]
}

function printTable({ testResults }: Report): void {
  const count = (results: { status: string }[], status: string) => results.filter(it => it.status === status).length
  const results = testResults.flatMap(file => file.assertionResults)
  console.log('\n| file | passed | failed | left out by the suite |\n| --- | ---: | ---: | ---: |')
  for (const { name, message, assertionResults } of testResults) {
    const numbers = ['passed', 'failed'].map(status => count(assertionResults, status))
    const others = assertionResults.length - numbers[0]! - numbers[1]!
    const errorText = assertionResults.length === 0 ? ` (${message.split('\n')[0]})` : ''
    console.log(`| ${name.slice(root.length + 7)}${errorText} | ${numbers.join(' | ')} | ${others} |`)
  }
  console.log(`| together | ${count(results, 'passed')} | ${count(results, 'failed')} | of ${results.length} |\n`)
  for (const { status, fullName, failureMessages } of results)
    if (status === 'failed') console.log(`${fullName}\n    ${failureMessages[0]?.split('\n')[0]}`)
}
