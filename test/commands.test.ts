/** Commands describe themselves with --help, and do nothing else then. */
import { expect, test } from 'bun:test'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import packageJson from '../package.json' with { type: 'json' }
import { isLong } from './needs.ts'
import { runScript, runToExit } from './operator.ts'
import { type Env, killAfterTest, printedUntil, temporaryFolder } from './start.ts'

const root = join(import.meta.dir, '..')
const modules = ['fake-formats.ts', 'fake-tournament.ts', 'random.ts', 'script-help.ts'] // of other scripts
const scripts = readdirSync(join(root, 'scripts')).filter(name => name.endsWith('.ts') && !modules.includes(name))

async function run(script: string, args: string[] = [], settings: Env = {}) {
  const dataDir = temporaryFolder()
  const { code, out, err } = await runScript(script, args, { DATA_DIR: dataDir, ...settings })
  return { code, out, err, created: readdirSync(dataDir) }
}

test.each(scripts)('scripts/%s --help says what it does, and does nothing', async name => {
  const { out, ...rest } = await run(name, ['--help'])
  expect(rest).toEqual({ code: 0, err: '', created: [] })
  expect(out).toContain('bun ')
})

test('help names every command', async () => {
  const { code, out } = await run('help.ts')
  expect(code).toBe(0)
  for (const name of Object.keys(packageJson.scripts)) expect(out).toMatch(new RegExp(`^bun run ${name} +\\S`, 'm'))
})

const scriptsPassingArgumentsOn = ['test.ts', 'bench.ts'] // what they do not understand, to `bun test` and to single benches
const misuses = [['audit-ledger.ts', 'all'], ['restore.ts'], ['fake-feed.ts', '--speed', 'fast']]

test('unknown arguments end a script with 2 and a sentence, and it does nothing', async () => {
  const unknown = scripts
    .filter(name => !scriptsPassingArgumentsOn.includes(name))
    .map(name => [name, '--no-such-option'])
  for (const command of isLong ? [...misuses, ...unknown] : misuses) {
    const [name = '', ...given] = command
    const { code, err, created } = await run(name, given)
    expect({ command, code, created }).toEqual({ command, code: 2, created: [] })
    expect(err).toMatch(/^\S.*\w/)
  }
})

test('an argument of `bun run start` ends it with 2 and says how settings are given', async () => {
  const DATA_DIR = temporaryFolder()
  expect(await runToExit({ DATA_DIR }, { args: ['--port', '80'] })).toEqual({
    code: 2,
    out: '',
    err: '--port is not understood: settings are environment variables, as in PORT=8080 bun run start. bun run print-config lists them.\n',
  })
  expect(readdirSync(DATA_DIR)).toEqual([])
})

test('the demo says in a sentence which settings it cannot use, and at which address nothing answers', async () => {
  const invalid = await run('demo.ts', [], { PORT: 'door', SMTP_URL: 'smtp://mail.example.org' })
  expect(invalid.code).toBe(1)
  expect(invalid.err).toStartWith('These settings cannot be used:\n  PORT=door: expected a whole number')
  const { code, err } = await run('demo.ts', [], { FIELDHOUSE_URL: 'http://127.0.0.1:1' })
  expect({ code, err }).toEqual({
    code: 1,
    err: 'Nothing answers at http://127.0.0.1:1. Start Fieldhouse first (bun run start), or say where it is with FIELDHOUSE_URL.\n',
  })
})

test('the feed of the demo can start at a minute before the first tee time', async () => {
  const feed = Bun.spawn([process.execPath, 'scripts/fake-feed.ts', '--from', '-30', '--port', '0', '--speed', '0'], {
    cwd: root,
    stdout: 'pipe',
  })
  killAfterTest(feed)
  await printedUntil(/\/fieldhouse\.json/, feed.stdout)
})
