/** Other tests start the bundle of `scripts/build.ts` as separate processes; these check what they would not notice. */
import { expect, test } from 'bun:test'
import { existsSync, readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { bundledMain } from '../scripts/build.ts'
import { programs } from '../src/installation.ts'
import { temporaryFolder } from './start.ts'

const bundle = dirname(await bundledMain())
const transpiler = new Bun.Transpiler({ loader: 'js' })

/** The text of all files that are loaded with these, without dynamic imports. */
function loadedWith(...files: string[]): string {
  const reached = new Set(files.map(name => join(bundle, name)))
  let text = ''
  for (const file of reached) {
    const source = readFileSync(file, 'utf8')
    text += source
    for (const { path, kind } of transpiler.scanImports(source))
      if (kind !== 'dynamic-import') reached.add(path.startsWith('.') ? join(bundle, path) : file)
  }
  return text
}

test('every program has its file in the bundle', () => {
  const missing = programs.filter(program => !existsSync(join(bundle, basename(program).replace(/ts$/, 'js'))))
  expect(missing).toEqual([])
})

test('modules imported dynamically are not loaded at start', () => {
  const main = readFileSync(join(bundle, 'main.js'), 'utf8')
  const [app = '', compute = ''] = ['startFieldhouse', 'startComputeProcess'].map(
    name => main.match(`${name} } = await import\\("(.+?)"\\)`)?.[1],
  )
  const heavy = ['@sentry/core', 'nodemailer', 'elysia']
  const packagesOf = (text: string) => heavy.filter(name => text.includes(`\n// node_modules/${name}/`))
  expect(packagesOf(loadedWith('main.js', app))).toEqual(['elysia'])
  expect(packagesOf(loadedWith('main.js', compute))).toEqual([])
  expect(loadedWith('main.js', app)).not.toMatch(/^import .*"(highs|ioredis)"/m)
})

test('stack traces name source files and lines', async () => {
  const { slices } = await import(join(bundle, 'export-source.js'))
  let stack = ''
  try {
    slices({ dataDir: temporaryFolder() }).next()
  } catch (error) {
    stack = String((error as Error).stack)
  }
  expect(stack).toMatch(/src\/leagues\/sheets\/snapshots\/open\.ts:\d+:\d+/)
})
