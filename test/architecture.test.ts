/** The import rules: main → app → tables above → features → tables below → runtime → db. */
import { expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { routes } from '../src/routes.ts'
import { start } from './start.ts'

const root = join(import.meta.dir, '..')
const files = [...new Bun.Glob('{src,db}/**/*.ts').scanSync(root)].sort()
const filesOfPackages = [...new Bun.Glob('packages/*/src/**/*.ts').scanSync(root)].sort()

type Import = { from: string; to: string; isType: boolean; isLater: boolean }

const transpiler = new Bun.Transpiler({ loader: 'ts' })

/** What a file imports: of ours by path from the root, of others by name. What leaves no trace when it runs is a type. */
function importsOf(from: string): Import[] {
  const source = readFileSync(join(root, from), 'utf8')
  const lasting = new Map(transpiler.scanImports(source).map(({ path, kind }) => [path, kind]))
  const named = source.matchAll(/^(?:import|export|\}).*?from '([^']+)'$|^import '([^']+)'$|\bimport\('([^']+)'\)/gm)
  const paths = new Set([...named].map(([, from, effect, later]) => from ?? effect ?? later ?? ''))
  return [...paths].map(path => ({
    from,
    to: path.startsWith('.') ? relative(root, join(root, dirname(from), path)) : path,
    isType: !lasting.has(path),
    isLater: lasting.get(path) === 'dynamic-import',
  }))
}

const imports = files.flatMap(importsOf)
const ours = imports.filter(({ to }) => /^(src|db|test|scripts)\//.test(to))
const line = ({ from, to }: Pick<Import, 'from' | 'to'>) => `${from} imports ${to}`
const broken = (rule: (one: Import) => boolean) => ours.filter(rule).map(line)

const above = ['jobs', 'schedule', 'routes', 'retention', 'kinds', 'warm'].map(name => `src/${name}.ts`)
const below = ['cached', 'locks'].map(name => `src/${name}.ts`)
const isIn =
  (...folders: string[]) =>
  (path: string) =>
    folders.some(folder => path.startsWith(`${folder}/`))
const isTop = (path: string) => /^src\/[^/]+\.ts$/.test(path)
const inFeature = (path: string) =>
  path.startsWith('src/') && !isTop(path) && !isIn('src/runtime', 'src/leaderboard')(path)

test('the rules below look at something', () => {
  expect(files.length).toBeGreaterThan(100)
  expect(ours.length).toBeGreaterThan(200)
  expect(imports.filter(({ isType }) => isType).length).toBeGreaterThan(50)
})

test('db imports nothing of src', () => {
  expect(broken(({ from, to }) => isIn('db')(from) && !isIn('db')(to))).toEqual([])
})

test('runtime knows no league word: of src it imports itself and the vocabulary of refusals', () => {
  const allowed = (to: string) => isIn('src/runtime', 'db')(to) || to === 'src/errors.ts'
  expect(broken(({ from, to }) => isIn('src/runtime')(from) && !allowed(to))).toEqual([])
})

test('the leaderboard imports nothing but itself', () => {
  const outside = imports.filter(({ from, to }) => isIn('src/leaderboard')(from) && !isIn('src/leaderboard')(to))
  expect(outside.map(line)).toEqual([])
})

test('the queue on SQLite stands alone: itself, BullMQ and what Bun and Node bring', () => {
  const isAllowed = (to: string) => isIn('packages/bullmq-sqlite/src')(to) || /^(bullmq$|bun:|node:)/.test(to)
  const ofPackages = filesOfPackages.flatMap(importsOf)
  expect(ofPackages.length).toBeGreaterThan(50)
  expect(ofPackages.filter(({ to }) => !isAllowed(to)).map(line)).toEqual([])
})

test('packages are imported by name, as others would', () => {
  expect(imports.filter(({ to }) => isIn('packages')(to)).map(line)).toEqual([])
})

test('cached.ts and locks.ts lie below the features and know them as types only', () => {
  const allowed = ({ to, isType }: Import) => isType || isIn('src/runtime', 'db')(to)
  expect(broken(one => below.includes(one.from) && !allowed(one))).toEqual([])
})

test('the tables above the features are imported by no feature', () => {
  const topmost = [...above, 'src/app.ts', 'src/main.ts']
  expect(broken(({ from, to, isType }) => inFeature(from) && topmost.includes(to) && !isType)).toEqual([])
})

test('only main.ts imports app.ts, and nothing imports main.ts', () => {
  expect(broken(({ to }) => to === 'src/main.ts')).toEqual([])
  expect(broken(({ from, to }) => to === 'src/app.ts' && from !== 'src/main.ts')).toEqual([])
})

test('only routes.ts mounts routes of other folders', () => {
  const mounting = files.flatMap(from => {
    const source = readFileSync(join(root, from), 'utf8')
    return [...source.matchAll(/\.use\((\w+(?:Routes|Pages))\(/g)].flatMap(([, name]) => {
      const to = source.match(new RegExp(`\\b${name}\\b.* from '([^']+/[^']+)'`))?.[1] ?? './own.ts'
      return /^\.\/[^/]+$/.test(to) ? [] : [{ from, to }]
    })
  })
  expect(mounting.filter(({ from }) => from !== 'src/routes.ts').map(line)).toEqual([])
  expect(mounting.length).toBeGreaterThan(5)
})

test('nothing of ours imports tests or scripts', () => {
  expect(broken(({ to }) => isIn('test', 'scripts')(to))).toEqual([])
})

test('there are no cycles', () => {
  const next = new Map<string, string[]>()
  for (const { from, to, isType } of ours) if (!isType) next.set(from, [...(next.get(from) ?? []), to])
  const cycles: string[] = []
  const done = new Set<string>()
  const visit = (file: string, path: string[]) => {
    if (path.includes(file)) return void cycles.push([...path.slice(path.indexOf(file)), file].join(' → '))
    if (done.has(file)) return
    done.add(file)
    for (const to of next.get(file) ?? []) visit(to, [...path, file])
  }
  for (const file of files) visit(file, [])
  expect(cycles).toEqual([])
})

test('heavy modules are imported when they are needed, not at start', () => {
  const reached = new Set(['src/main.ts'])
  for (const file of reached)
    for (const { from, to, isType, isLater } of imports) if (from === file && !isType && !isLater) reached.add(to)
  expect(reached.size).toBeGreaterThan(100)
  expect(['@sentry/core', 'highs', 'ioredis'].filter(heavy => reached.has(heavy))).toEqual([])
})

test('our own files are named with their extension', () => {
  const bare = imports.filter(({ to }) => /^(src|db)\//.test(to) && !/\.(ts|json|js|css)$/.test(to))
  expect(bare.map(line)).toEqual([])
})

test('every route says who may', async () => {
  const { app } = await start({ ROLE: 'web' })
  const silent = routes(app).routes.filter(({ hooks }) => !hooks?.detail?.['x-may'])
  expect(silent.map(({ method, path }) => `${method} ${path}`)).toEqual([])
})
