import { expect, test } from 'bun:test'
import { appendFileSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { eq } from 'drizzle-orm'
import { closeDatabase, openDatabase, openReader } from '../db/open.ts'
import { type RunState, runChanges, runCounts, runs, uploads } from '../db/schema.ts'
import { type App, job } from '../src/context.ts'
import { programFile } from '../src/installation.ts'
import { inThread } from '../src/platform/process/threads.ts'
import { findRuns } from '../src/runs/find-runs.ts'
import { indexRuns } from '../src/runs/index-runs.ts'
import type { IndexTasks } from '../src/runs/index-worker.ts'
import { newLeague } from './sheets.ts'
import { afterTest, start, temporaryFolder } from './start.ts'

type RunFields = { name?: string; status?: RunState; input?: object; error?: string; startedBy?: number }

/** Adds finished runs, all by one statement because they are thousands. */
function finishedRuns({ db }: App, all: readonly RunFields[]): string[] {
  const now = Date.now()
  const rows = all.map((run, i) => ({
    id: Bun.randomUUIDv7('hex', now - 1_000_000 + i),
    name: 'test.any',
    status: 'SUCCESS',
    input: {},
    created: now - 1_000_000 + i,
    ...run,
  }))
  const given = JSON.stringify(rows)
  db.$client.transaction(() => {
    db.$client.run(
      `insert into runs (id, name, queue, status, input, error, attempts, max_attempts, started_by, created_at, started_at, completed_at)
       select value->>'id', value->>'name', 'quick', 'PROGRESS', value->'input', value->>'error', 1, 1, value->>'startedBy',
         value->>'created', ?, ? from json_each(?)`,
      [now, now, given],
    )
    db.$client.run(
      `update runs set status = given.status
       from (select value->>'id' id, value->>'status' status from json_each(?)) given where runs.id = given.id`,
      [given],
    )
  })()
  return rows.map(({ id }) => id)
}

const listOf = (count: number, given: (i: number) => RunFields = () => ({})) =>
  Array.from({ length: count }, (_, i) => given(i))
const sheetImports = (count: number) =>
  listOf(count, i => ({ name: 'sheets.import', input: { uploadId: i, leagueId: i % 7 } }))

async function startIndexed() {
  const fieldhouse = await start({ ROLE: 'web' })
  const { call, app, dataDir } = fieldhouse
  const idsFor = async (query: string): Promise<string[]> =>
    (await call.get(`/api/v1/jobs?${query}`)).jobs.map(({ job_id }: { job_id: string }) => job_id)
  const totalFor = async (query: string) => (await call.get(`/api/v1/jobs?${query}`)).pagination.total
  const silentLog = { ...app.log, with: () => app.log }
  const index = () =>
    indexRuns.run({}, app, {
      jobId: 'test',
      by: null,
      attempt: 1,
      signal: new AbortController().signal,
      lease: undefined,
      log: silentLog,
      progress: () => {},
      succeed: () => {},
    })
  return { ...fieldhouse, idsFor, totalFor, index, indexFile: join(dataDir, 'search.db') }
}

/** The same queries by both ways: on the runs while they are few, and on the index over many. */
for (const [how, filler] of [
  ['without an index', 0],
  ['with an index', 3_000],
] as const)
  test(`runs are found by name, title, file, input, error and the beginning of their id, ${how}`, async () => {
    const { app, call, idsFor, totalFor, index, indexFile } = await startIndexed()
    finishedRuns(app, sheetImports(filler))
    const [titled = '', failed = '', other = '', odd = ''] = finishedRuns(app, [
      { name: 'update_player_scores', input: { tour: 'asia' } },
      { name: 'tours.update', input: { tour: 'euro' }, status: 'FAILURE', error: 'The feed answered 503 after 12 s' },
      { name: 'tours.update', input: { tour: 'lpga' }, status: 'CANCELLED' },
      {
        name: 'rosters.generate',
        input: { note: '100 % "quoted" \\ and_under' },
        status: 'FAILURE',
        error: "It's ÖDE",
      },
    ])
    await index()
    expect(existsSync(indexFile)).toBe(filler > 0)
    expect(await idsFor('q=euro')).toEqual([failed])
    expect(await idsFor('q=answered%20503')).toEqual([failed])
    expect(await idsFor('q=swered')).toEqual([failed])
    expect(await idsFor('q=FEED%20pdate')).toEqual([failed])
    expect(await idsFor('q=tours')).toEqual([other, failed])
    expect(await idsFor('q=tours&status=CANCELLED')).toEqual([other])
    expect(await idsFor('q=feed&name=rosters.generate')).toEqual([])
    expect(await idsFor('name=tours.update&status=FAILURE')).toEqual([failed])
    expect(await idsFor(`q=${encodeURIComponent('100 %')}`)).toEqual([odd])
    expect(await idsFor(`q=${encodeURIComponent('"quoted\\"')}`)).toEqual([odd])
    expect(await idsFor(`q=${encodeURIComponent("It's")}`)).toEqual([odd])
    expect(await idsFor('q=Score%20updates%20asia')).toEqual([titled]) // as it is called on pages
    const { id: leagueId } = await newLeague(call)
    const file = {
      filename: 'march-5.csv',
      kind: 'current',
      mode: 'partial',
      status: 'done',
      sha256: '',
      bytes: 1,
    } as const
    app.db
      .insert(uploads)
      .values({ ...file, leagueId, jobId: odd, takenAt: 0, createdAt: 0 })
      .run()
    expect(await idsFor('q=rosters%20march-5')).toEqual([odd])
    expect(await idsFor('q=no_such')).toEqual([])
    expect(await idsFor('q=nosuchthing')).toEqual([])
    expect(await idsFor(`q=${failed}`)).toEqual([failed])
    expect(await idsFor(`q=${failed.slice(0, 30)}`)).toContain(failed)
    expect(await totalFor('q=sheets.imp')).toBe(Math.min(filler, 1_000))
    expect(await totalFor('')).toBe(filler + 4)
    expect(await totalFor('status=FAILURE')).toBe(2)
    if (filler) expect(await totalFor('q=%22uploadId%22%3A2999')).toBe(1)
  })

test('runs that end, fail or are deleted after they were indexed are found in their current state', async () => {
  const { app, idsFor, index } = await startIndexed()
  finishedRuns(app, sheetImports(2_500))
  const [id = ''] = finishedRuns(app, [{ name: 'rota.make', status: 'FAILURE', error: 'Solver out of memory' }])
  await index()
  expect(await idsFor('q=memory')).toEqual([id])
  const change = (to: Partial<typeof runs.$inferInsert>) => app.db.update(runs).set(to).where(eq(runs.id, id)).run()
  change({ status: 'PENDING', error: null })
  expect(await idsFor('q=memory')).toEqual([])
  expect(await idsFor('q=rota.make')).toEqual([id])
  change({ status: 'FAILURE', error: 'The disk is full' })
  expect(await idsFor('q=rota.make')).toEqual([id])
  expect(await idsFor('q=disk%20full')).toEqual([id])
  finishedRuns(app, sheetImports(2_500)) // enough that the index takes them in
  await index()
  expect(app.db.select().from(runChanges).all()).toEqual([])
  expect(await idsFor('q=disk%20full')).toEqual([id])
  expect(await idsFor('q=memory')).toEqual([])
  app.db.delete(runs).where(eq(runs.id, id)).run()
  expect(await idsFor('q=disk%20full')).toEqual([])
})

test('indexing very many runs leaves no change to be read in addition', async () => {
  const { app, idsFor, index } = await startIndexed()
  const [id = ''] = finishedRuns(app, [{ error: 'needle in a haystack', status: 'FAILURE' }, ...sheetImports(2_500)])
  const numbers = 'with recursive n(i) as (select 1 union all select i + 1 from n where i < 60000)'
  for (const _ of ['new', 'kept']) {
    app.db.$client.run(`${numbers} insert into run_changes (run) select 1 + i % 2000 from n`)
    await index()
    expect(app.db.select().from(runChanges).all()).toHaveLength(0)
    expect(await idsFor('q=needle')).toEqual([id])
  }
})

test('an index that is damaged, lost or of another database costs speed and nothing else', async () => {
  const { app, idsFor, index, indexFile } = await startIndexed()
  const [id = ''] = finishedRuns(app, [{ error: 'needle in a haystack', status: 'FAILURE' }, ...sheetImports(2_500)])
  await index()
  writeFileSync(indexFile, 'not a database at all '.repeat(1_000))
  expect(await idsFor('q=needle')).toEqual([id])
  rmSync(indexFile, { force: true })
  rmSync(`${indexFile}-wal`, { force: true })
  appendFileSync(indexFile, 'rubbish')
  finishedRuns(app, sheetImports(2_500))
  await index()
  expect(await idsFor('q=needle')).toEqual([id])
})

test('an index that is damaged in the middle is made again, and searches use the new one', async () => {
  const dataDir = temporaryFolder()
  const db = openDatabase(dataDir)
  afterTest(() => closeDatabase(db))
  const run = {
    id: 'one',
    name: 'any',
    queue: 'quick',
    status: 'SUCCESS',
    input: {},
    maxAttempts: 1,
    createdAt: 0,
  } as const
  db.insert(runs).values(run).run()
  const indexing = { name: 'indexing', script: programFile('src/runs/index-worker.ts') }
  const { signal } = new AbortController()
  const index = () => inThread<IndexTasks, 'index'>(indexing, 'index', { dataDir, changed: [] }, { signal })
  expect(await index()).toBe(1)
  const file = join(dataDir, 'search.db')
  writeFileSync(file, readFileSync(file).fill(0xff, 4096))
  const reader = openReader(dataDir)
  afterTest(() => reader.$client.close())
  const find = () => findRuns(reader, { q: 'any', limit: 10, offset: 0 }).runs.map(({ id }) => id)
  expect(find()).toEqual(['one'])
  expect(await index()).toBe(1)
  expect(find()).toEqual(['one'])
  expect(reader.$client.query('select name from search.about').values()).toEqual([['last']])
})

test('a member finds what they started, and nothing of others', async () => {
  const { app, call, as } = await startIndexed()
  const user = await call.post('/api/v1/users', {
    email: 'm@x.test',
    username: 'mia',
    password: 'long enough for all',
    role: 'member',
  })
  finishedRuns(app, [
    { startedBy: user.id, input: { note: 'mine to find' } },
    { input: { note: 'mine to find, says someone else' } },
  ])
  const visitor = await as().raw('/api/v1/auth/login', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email: 'm@x.test', password: 'long enough for all' }),
  })
  const cookie = visitor.headers.get('set-cookie')?.split(';')[0] ?? ''
  const mine = await as().get('/api/v1/jobs?q=find', { cookie })
  expect(mine.pagination.total).toBe(1)
  expect((await call.get('/api/v1/jobs?q=find')).pagination.total).toBe(2)
})

test('counts by name and state follow whatever happens to runs', async () => {
  const brittle = job('test.brittle', {
    attempts: 1,
    run: async () => {
      throw new Error('no')
    },
  })
  const { app, runJob } = await start({}, undefined, { jobs: [brittle] })
  const { job_id } = await runJob(brittle, {})
  const counted = () =>
    Object.fromEntries(
      app.db
        .select()
        .from(runCounts)
        .where(eq(runCounts.name, 'test.brittle'))
        .all()
        .map(({ status, runs }) => [status, runs]),
    )
  expect(counted()).toEqual({ PENDING: 0, PROGRESS: 0, FAILURE: 1 })
  app.db.delete(runs).where(eq(runs.id, job_id)).run()
  expect(counted().FAILURE).toBe(0)
})
