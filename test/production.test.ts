/** The steps of the Dockerfile, run in a clean copy, so that no container engine is needed. */
import { expect, test } from 'bun:test'
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { freePort } from '../scripts/trials/free-port.ts'
import { base, createPerson, createSite, week } from './rosters.ts'
import { newLeague, upload } from './sheets.ts'
import { adminToken, caller, finisher, killAfterTest, printedUntil, temporaryFolder, until } from './start.ts'

const root = join(import.meta.dir, '..')

const stages = readFileSync(join(root, 'Dockerfile'), 'utf8')
  .replaceAll('\\\n', '')
  .split(/^FROM /m)
  .slice(1)

/** The text after a word at the start of each line. */
const instructions = (stage: string | undefined, word: string) =>
  [...(stage ?? '').matchAll(new RegExp(`^${word} +(.*)$`, 'gm'))].map(([, rest = '']) => rest)

/** A folder with the files that these stages copy from the repository. */
function copiedBy(stages: readonly string[]): string {
  const folder = temporaryFolder()
  for (const copy of stages.flatMap(stage => instructions(stage, 'COPY')).filter(copy => !copy.startsWith('--from='))) {
    const [target = '', ...sources] = copy.split(' ').reverse()
    for (const source of sources)
      cpSync(join(root, source), join(folder, sources.length > 1 ? source : target.replace(/\/$/, `/${source}`)), {
        recursive: true,
      })
  }
  return folder
}

function install(command: string, folder: string, PATH = pathWithBun): void {
  const result = Bun.spawnSync(['sh', '-c', command], { cwd: folder, env: { ...process.env, PATH } })
  expect([result.exitCode, result.stderr.toString()]).toEqual([0, expect.anything()])
}

/** The same, installed as the image installs it. */
function builtImage(): string {
  const folder = copiedBy(stages)
  for (const command of instructions(stages[0], 'RUN')) install(command, folder)
  return folder
}

/** Every package of an installed folder, nested ones too. */
const packagesIn = (folder: string) =>
  ['*', '@*/*']
    .flatMap(name => [...new Bun.Glob(`**/node_modules/${name}/package.json`).scanSync({ cwd: folder })])
    .map(path => {
      const { name, license }: Manifest = JSON.parse(readFileSync(join(folder, path), 'utf8'))
      return { name, license }
    })
type Manifest = { name: string; license?: unknown }

/** Approved by the Open Source Initiative. */
const openSource = ['0BSD', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', 'BlueOak-1.0.0', 'ISC', 'MIT', 'MIT-0']

const scriptsOf = () => (JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: Scripts }).scripts
type Scripts = Record<string, string>

/** Each way to install: as the image does it, and what `bun run start` and `bun run test` do first. */
const installs = {
  image: instructions(stages[0], 'RUN')[0]?.split(' && ')[0] ?? '',
  start: scriptsOf().start?.split(' && ')[0] ?? '',
  test: scriptsOf().test?.split(' && ')[0] ?? '',
}

test.each(Object.entries(installs))('no install script of a package runs: %s', (_, command) => {
  const folder = copiedBy(stages.slice(0, 1))
  // Install scripts are programs for Node: this one only writes down that it was called.
  const bin = temporaryFolder()
  const called = join(bin, 'called')
  writeFileSync(join(bin, 'node'), `#!/bin/sh\necho "$PWD $*" >> ${called}\n`, { mode: 0o755 })
  expect(command).toStartWith('bun install ')
  install(command, folder, [bin, pathWithBun].join(delimiter))
  expect(packagesIn(folder).length).toBeGreaterThan(30)
  expect(existsSync(called) ? readFileSync(called, 'utf8') : '').toBe('')
})

test('production holds nothing but open source', () => {
  const folder = copiedBy(stages.slice(0, 1))
  install(installs.start, folder)
  const packages = packagesIn(folder)
  expect(packages.length).toBeGreaterThan(30)
  expect(packages.filter(({ license }) => !openSource.includes(String(license)))).toEqual([])
})

const pathWithBun = `${dirname(process.execPath)}:${process.env.PATH}`

test('the image installs without anything of development, starts, answers, is healthy, does a job, and stops', async () => {
  const image = builtImage()
  for (const module of ['typescript', '@biomejs', 'playwright-core', 'drizzle-kit', 'bun-types'])
    expect([module, existsSync(join(image, 'node_modules', module))]).toEqual([module, false])

  const [command] = instructions(stages[1], 'CMD').map(text => JSON.parse(text) as string[])
  const PORT = String(freePort())
  const dataDir = join(temporaryFolder(), 'data')
  mkdirSync(dataDir)
  const env = {
    PATH: pathWithBun,
    HOME: dataDir,
    NODE_ENV: 'production',
    DATA_DIR: dataDir,
    PORT,
    ADMIN_TOKEN: adminToken,
  }
  const child = Bun.spawn(command ?? [], { cwd: image, env, stdout: 'pipe', stderr: 'inherit' })
  killAfterTest(child)
  await printedUntil(/is open/, child.stdout)

  const url = `http://127.0.0.1:${PORT}`
  const call = caller(url, adminToken)
  await until(async () => (await call.raw('/readyz')).status === 200)
  expect(await call.get('/')).toContain('<!doctype html>')
  expect(await call.get('/swagger/json')).toMatchObject({ openapi: '3.0.3' })
  const finished = finisher(url, adminToken)
  expect(await finished(call.post('/admin/backups'))).toMatchObject({ status: 'SUCCESS' })

  // A file of the guide, two of packages, and each thread.
  for (const path of ['/help/install', '/assets/uplot.js', '/swagger/swagger-ui.css'])
    expect([path, (await call.raw(path)).status]).toEqual([path, 200])
  const { id } = await newLeague(call)
  await finished(upload(call, id, 'ID,Name,Power\n7,ann,5\n'))
  expect(await call.get(`/api/v1/leagues/${id}/leaderboard.csv`)).toContain('ann')
  const site = await createSite(call)
  await createPerson(call, 'Ann')
  const shifts = { site_id: site.id, ...week, weekdays: [1, 2], from: '18:00', to: '23:00', skill: 'bar', headcount: 1 }
  await call.post(`${base}/shifts/pattern`, shifts)
  const generateInput = { ...week, site_ids: [site.id], algorithm: 'optimal' }
  const roster = await finished(call.post('/api/v1/jobs/roster/generate', generateInput))
  expect(roster).toMatchObject({ status: 'SUCCESS', result: { summary: { ended: 'proved' } } })

  const health = instructions(stages[1], 'HEALTHCHECK')[0]?.replace(/^.*?CMD /, '') ?? '[]'
  const check = () => Bun.spawnSync(JSON.parse(health) as string[], { cwd: image, env }).exitCode
  expect(check()).toBe(0)
  child.kill('SIGTERM')
  expect(await child.exited).toBe(0)
  expect(check()).toBe(1)

  // The next version is there, but not bundled.
  const journal = join(image, 'db/migrations/meta/_journal.json')
  const { entries, ...rest } = JSON.parse(readFileSync(journal, 'utf8')) as { entries: object[] }
  writeFileSync(journal, JSON.stringify({ ...rest, entries: [...entries, { ...entries.at(-1), tag: 'next' }] }))
  writeFileSync(join(image, 'db/migrations/next.sql'), 'CREATE TABLE next (id INTEGER)')
  const { exitCode, stderr } = Bun.spawnSync(command ?? [], { cwd: image, env, timeout: 10_000 })
  expect([exitCode, stderr.toString()]).toEqual([1, expect.stringContaining('Bundle it again: bun run build')])
})

test('`bun run start` installs what is missing, serves, and stops when it is told to', async () => {
  const copy = copiedBy(stages)
  const dataDir = temporaryFolder()
  const PORT = String(freePort())
  const env = { PATH: pathWithBun, HOME: process.env.HOME, PORT, HOST: '127.0.0.1', DATA_DIR: dataDir }
  const child = Bun.spawn(['bun', 'run', 'start'], { cwd: copy, env, stdout: 'pipe', stderr: 'ignore' })
  killAfterTest(child)
  expect(await printedUntil(/is open/, child.stdout)).toContain(`http://127.0.0.1:${PORT}/setup?token=`)
  const call = caller(`http://127.0.0.1:${PORT}`)
  await until(async () => (await call.raw('/readyz')).status === 200)
  child.kill('SIGTERM')
  await child.exited
  await until(() =>
    call.get('/livez').then(
      () => false,
      () => true,
    ),
  )
})

test('the image has a user that is not root, a volume and nothing it does not need', () => {
  const [, image] = stages
  expect(instructions(image, 'USER')).toEqual(['bun'])
  expect(instructions(image, 'VOLUME')).toEqual(['/data'])
  const ignored = readFileSync(join(root, '.dockerignore'), 'utf8').trim().split('\n')
  expect(ignored[0]).toBe('*')
  const copied = stages.flatMap(stage => instructions(stage, 'COPY')).filter(copy => !copy.startsWith('--from='))
  for (const source of copied.flatMap(copy => copy.split(' ').slice(0, -1))) expect(ignored).toContain(`!${source}`)
})
