/** The import rules, type imports included: imports point down, or within a level as `rules` allows, and never in a circle. */
import { expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'

const root = join(import.meta.dir, '..')
const files = [...new Bun.Glob('{src,db}/**/*.ts').scanSync(root)].sort()
const filesOfPackages = [...new Bun.Glob('packages/*/src/**/*.ts').scanSync(root)].sort()

type Import = { from: string; line: number; to: string; isType: boolean; isLater: boolean }

const transpiler = new Bun.Transpiler({ loader: 'ts' })

/** The imports of a file: our files by path from the root, packages by name. An import that disappears at run time is a type import. */
function importsOf(from: string): Import[] {
  const source = readFileSync(join(root, from), 'utf8')
  const runtimeImports = new Map(transpiler.scanImports(source).map(({ path, kind }) => [path, kind]))
  const statements = source.matchAll(
    /^(?:import|export|\}).*?from '([^']+)'$|^import '([^']+)'$|\bimport\('([^']+)'\)/gm,
  )
  return [...statements].map(({ 0: { length }, 1: listed, 2: effect, 3: later, index }) => {
    const path = listed ?? effect ?? later ?? ''
    return {
      from,
      line: source.slice(0, index + length).split('\n').length,
      to: path.startsWith('.') ? relative(root, join(root, dirname(from), path)) : path,
      isType: !runtimeImports.has(path),
      isLater: runtimeImports.get(path) === 'dynamic-import',
    }
  })
}

const imports = files.flatMap(importsOf)
const ours = imports.filter(({ to }) => /^(src|db|test|scripts)\//.test(to))
const shown = ({ from, line, to }: Import) => `${from}:${line} imports ${to}`

/** The levels of the service, the lowest first. A room imports from lower levels and from itself, never from its own level. */
const floors: readonly (readonly string[])[] = [
  ['src/installation.ts'],
  ['db'],
  ['src/errors.ts'],
  ['src/platform'],
  ['src/leaderboard', 'src/ui', 'src/audit.ts', 'src/alerts.ts'],
  ['src/config.ts', 'src/cached.ts', 'src/locks.ts'],
  ['src/context.ts'],
  ['src/display-name', 'src/runs'],
  ['src/mail'],
  ['src/accounts'],
  ['src/leagues', 'src/rota'],
  ['src/leagues/sheets', 'src/leagues/tours', 'src/leagues/market'],
  ['src/dashboard', 'src/people', 'src/search'],
  ['src/monitor'],
  [
    'src/kinds.ts',
    'src/api-words.ts',
    'src/retention.ts',
    'src/warm-up.ts',
    'src/reader-queries.ts',
    'src/bulk-writes.ts',
  ],
  ['src/jobs.ts', 'src/schedule.ts', 'src/routes.ts', 'src/reader-thread.ts', 'src/writer-thread.ts', 'src/compute.ts'],
  ['src/app.ts', 'src/compute-process.ts'],
  ['src/main.ts'],
]
const rooms = floors
  .flatMap((floor, height) => floor.map(name => ({ name, height })))
  .sort((a, b) => b.name.length - a.name.length) // `src/leagues/sheets` before `src/leagues`
const roomOf = (file: string) => rooms.find(({ name }) => file === name || file.startsWith(`${name}/`))

test('the rules below find files to check', () => {
  expect(files.length).toBeGreaterThan(100)
  expect(ours.length).toBeGreaterThan(200)
  expect(imports.filter(({ isType }) => isType).length).toBeGreaterThan(50)
})

test('every file is in a room', () => {
  expect(files.filter(file => !roomOf(file))).toEqual([])
})

test('the picture and the table of rooms have every room', () => {
  const [picture, table] = ['docs/architecture.svg', 'docs/architecture.md'].map(at =>
    readFileSync(join(root, at), 'utf8'),
  )
  const folders = rooms.map(({ name }) => name.replace('src/', '')).filter(name => !name.includes('.'))
  expect(folders.filter(name => !picture?.includes(`>${name}/<`))).toEqual([])
  const listed = folders.filter(name => name !== 'db' && !name.startsWith('leagues/')) // those are told in their own lines
  expect(listed.filter(name => !table?.includes(`| \`${name}/\` |`))).toEqual([])
})

test('no import goes to a higher room, or to another one on the same level', () => {
  const broken = ours.filter(({ from, to }) => {
    const [above, below] = [roomOf(from), roomOf(to)]
    return above !== below && !(above && below && below.height < above.height)
  })
  expect(broken.map(shown)).toEqual([])
})

test('the leaderboard imports nothing but itself', () => {
  const outside = imports.filter(({ from, to }) => /^src\/leaderboard\//.test(from) && !/^src\/leaderboard\//.test(to))
  expect(outside.map(shown)).toEqual([])
})

test('the queue on SQLite imports only itself, BullMQ and modules of Bun and Node', () => {
  const isAllowed = (to: string) => /^packages\/bullmq-sqlite\/src\//.test(to) || /^(bullmq$|bun:|node:)/.test(to)
  const ofPackages = filesOfPackages.flatMap(importsOf)
  expect(ofPackages.length).toBeGreaterThan(50)
  expect(ofPackages.filter(({ to }) => !isAllowed(to)).map(shown)).toEqual([])
})

test('packages are imported by name', () => {
  expect(imports.filter(({ to }) => to.startsWith('packages/')).map(shown)).toEqual([])
})

test('no kind of league is named outside its folder and the table of kinds', () => {
  const named = ours.filter(
    ({ from, to }) =>
      /^src\/leagues\/(?!sheets\/|tours\/|market\/)/.test(from) && /^src\/leagues\/(sheets|tours|market)\//.test(to),
  )
  expect(named.map(shown)).toEqual([])
})

test('nothing imports in a circle, types included', () => {
  const others = [...new Bun.Glob('{scripts,test}/**/*.ts').scanSync(root), ...filesOfPackages]
  const importsFrom = new Map<string, Import[]>()
  for (const one of [...ours, ...others.flatMap(importsOf)])
    importsFrom.set(one.from, [...(importsFrom.get(one.from) ?? []), one])
  const circles: string[] = []
  const done = new Set<string>()
  const visit = (file: string, path: Import[]) => {
    const start = path.findIndex(({ from }) => from === file)
    if (start >= 0) return void circles.push(path.slice(start).map(shown).join(', '))
    if (done.has(file)) return
    done.add(file)
    for (const one of importsFrom.get(file) ?? []) visit(one.to, [...path, one])
  }
  for (const file of [...files, ...others]) visit(file, [])
  expect(circles).toEqual([])
})

test('no name is exported twice', () => {
  const declared = /^export (?:async )?(?:function\*?|const|class|type) (\w+)/gm
  const exported = files.flatMap(file =>
    [...readFileSync(join(root, file), 'utf8').matchAll(declared)].map(([, name = '']) => ({ name, file })),
  )
  expect(exported.length).toBeGreaterThan(1_000)
  const byName = Map.groupBy(exported, ({ name }) => name)
  const twice = [...byName].filter(([, places]) => new Set(places.map(({ file }) => file)).size > 1)
  expect(twice.map(([name, places]) => `${name}: ${places.map(({ file }) => file).join(', ')}`)).toEqual([])
})

test('only routes.ts mounts routes of other rooms', () => {
  const mounting = files.flatMap(from => {
    const source = readFileSync(join(root, from), 'utf8')
    return [...source.matchAll(/\b(\w+(?:Routes|Pages))\(app\)/g)].flatMap(([, name]) => {
      const to = source.match(new RegExp(`\\b${name}\\b.* from '([^']+/[^']+)'`))?.[1] ?? './own.ts'
      return /^\.\/[^/]+$/.test(to) ? [] : [{ from, to }]
    })
  })
  expect(mounting.filter(({ from }) => from !== 'src/routes.ts').map(({ from, to }) => `${from} mounts ${to}`)).toEqual(
    [],
  )
  expect(mounting.length).toBeGreaterThan(5)
})

test('heavy modules are imported when they are needed, not at start', () => {
  const reached = new Set(['src/main.ts', 'src/app.ts', 'src/compute-process.ts']) // a role loads one of the two at its start
  for (const file of reached)
    for (const { from, to, isType, isLater } of imports) if (from === file && !isType && !isLater) reached.add(to)
  expect(reached.size).toBeGreaterThan(100)
  expect(['@sentry/core', 'highs', 'ioredis', 'nodemailer'].filter(heavy => reached.has(heavy))).toEqual([])
})

test('options of routes that are written once are copied for each app, as Elysia takes `may` and `counted` out of what it is given', () => {
  const shared = files.flatMap(file => {
    const source = readFileSync(join(root, file), 'utf8')
    const written = [...source.matchAll(/^(?:export )?const (\w+) = \{[^}]*\b(?:may|counted): .*?\} as const$/gms)]
    return written.map(([, name = '']) => ({ file, name, isCopied: !new RegExp(`[ (]${name}[,)]`).test(source) }))
  })
  expect(shared.length).toBeGreaterThan(3)
  expect(shared.filter(({ isCopied }) => !isCopied)).toEqual([])
})

test('our own files are named with their extension', () => {
  const bare = imports.filter(({ to }) => /^(src|db)\//.test(to) && !/\.(ts|json|js|css)$/.test(to))
  expect(bare.map(shown)).toEqual([])
})

test('no test waits in `expect(promise).rejects`, in which Bun can wait for ever: `expect(await outcome(promise)).toThrow`', () => {
  const tests = [...new Bun.Glob('{test,packages/*/test}/**/*.ts').scanSync(root)]
  const waiting = /\)\s*\.(rejects|resolves)\.to/
  expect(tests.filter(file => waiting.test(readFileSync(join(root, file), 'utf8')))).toEqual([])
})
