/** Commands describe themselves with --help, and do nothing else then. */
import { expect, test } from 'bun:test'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import packageJson from '../package.json' with { type: 'json' }
import { printedUntil } from './start.ts'

const root = join(import.meta.dir, '..')
const modules = ['fake-formats.ts', 'fake-tournament.ts', 'random.ts', 'script-help.ts'] // of other scripts
const scripts = readdirSync(join(root, 'scripts')).filter(name => name.endsWith('.ts') && !modules.includes(name))

const run = (...command: string[]) => runWith({}, ...command)

async function runWith(settings: Record<string, string>, ...command: string[]) {
  const dataDir = mkdtempSync(join(tmpdir(), 'fieldhouse-commands-'))
  const env = { ...process.env, DATA_DIR: dataDir, ...settings }
  const child = Bun.spawn([process.execPath, ...command], { cwd: root, env, stdout: 'pipe', stderr: 'pipe' })
  const [output, errors] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()])
  const code = await child.exited
  const created = readdirSync(dataDir)
  rmSync(dataDir, { recursive: true })
  return { code, output, errors, created }
}

test.each(scripts)('scripts/%s --help says what it does, and does nothing', async name => {
  const { code, output, errors, created } = await run(join('scripts', name), '--help')
  expect({ code, errors, created }).toEqual({ code: 0, errors: '', created: [] })
  expect(output).toContain('bun ')
})

test('help names every command', async () => {
  const { code, output } = await run('scripts/help.ts')
  expect(code).toBe(0)
  for (const name of Object.keys(packageJson.scripts)) expect(output).toMatch(new RegExp(`^bun run ${name} +\\S`, 'm'))
})

const scriptsPassingArgumentsOn = ['test.ts', 'bench.ts'] // what they do not understand, to `bun test` and to single benches
const misuses = [['audit-ledger.ts', 'all'], ['restore.ts'], ['fake-feed.ts', '--speed', 'fast']]

test('unknown arguments end a script with 2 and a sentence, and it does nothing', async () => {
  const unknown = scripts
    .filter(name => !scriptsPassingArgumentsOn.includes(name))
    .map(name => [name, '--no-such-option'])
  for (const command of [...misuses, ...unknown]) {
    const [name = '', ...given] = command
    const { code, errors, created } = await run(join('scripts', name), ...given)
    expect({ command, code, created }).toEqual({ command, code: 2, created: [] })
    expect(errors).toMatch(/^\S.*\w/)
  }
})

test('the demo says in a sentence which settings it cannot use, and at which address nothing answers', async () => {
  const invalid = await runWith({ PORT: 'door', SMTP_URL: 'smtp://mail.example.org' }, 'scripts/demo.ts')
  expect(invalid.code).toBe(1)
  expect(invalid.errors).toStartWith('These settings cannot be used:\n  PORT=door: expected a whole number')
  const { code, errors } = await runWith({ FIELDHOUSE_URL: 'http://127.0.0.1:1' }, 'scripts/demo.ts')
  expect({ code, errors }).toEqual({
    code: 1,
    errors:
      'Nothing answers at http://127.0.0.1:1. Start Fieldhouse first (bun run start), or say where it is with FIELDHOUSE_URL.\n',
  })
})

test('the feed of the demo can start at a minute before the first tee time', async () => {
  const feed = Bun.spawn([process.execPath, 'scripts/fake-feed.ts', '--from', '-30', '--port', '0', '--speed', '0'], {
    cwd: root,
    stdout: 'pipe',
  })
  await printedUntil(/\/fieldhouse\.json/, feed.stdout)
  feed.kill()
  await feed.exited
})
