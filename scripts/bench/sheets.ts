/**
 * From POST to visible board, beside its peers, all in one run: FastAPI with Celery, pandas and SQLite (where Debian's
 * packages of them are), like Fieldhouse a service that has taken one sheet already; and, handed the file and spared HTTP and
 * jobs, papaparse with drizzle rows, exceljs with drizzle rows, and `sqlite3 .import`.
 *
 *   bun scripts/bench/sheets.ts [largest CSV = 1000000] [largest XLSX = 100000] [times = 3]
 */
import { createReadStream, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { makeCsv, makeXlsx } from './scan-files.ts'

type Answer = Record<string, string> & { rows?: unknown[] }
type Result = { ms: number; mb: number; p99?: number; max?: number }
const token = 'bench-operator-token-000'
const headers = { authorization: `Bearer ${token}` }
const peak = (pid: number | 'self') =>
  Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024

/**
 * A process that has taken a baseline of the same size; then POST after POST, each until a page shows the new snapshot. While
 * the last one is taken somebody reads.
 */
async function fieldhouse([baseline, ...scans]: string[]): Promise<Result[]> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-'))
  const child = Bun.spawn([process.execPath, join(import.meta.dir, '../../src/main.ts')], {
    env: {
      ...process.env,
      PORT: '0',
      HOST: '127.0.0.1',
      DATA_DIR: folder,
      ADMIN_TOKEN: token,
      RATE_LIMIT: '0',
      LOG_LEVEL: 'info',
    },
    stdout: 'pipe',
    stderr: 'inherit',
  })
  try {
    const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader()
    let said = ''
    while (!said.includes('is open')) said += (await reader.read()).value
    const url = /"url":"([^"]+)"/.exec(said)?.[1] ?? ''
    const drain = (async () => {
      while (!(await reader.read()).done);
    })()
    const call = async (path: string, init: RequestInit = {}) =>
      (await fetch(url + path, { ...init, headers: { ...headers, ...init.headers } })).json() as Promise<Answer>
    const league = await call('/api/v1/leagues', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        name: 'Bench',
        kind: 'sheet',
        starts_at: '2026-01-01T00:00:00Z',
        ends_at: '2099-01-01T00:00:00Z',
        config: { weights: { kills_t4: 10, kills_t5: 30, deads: 80 } },
      }),
    })
    const send = async (file: string, kind: string) => {
      const form = new FormData()
      form.set('file', Bun.file(file), file.endsWith('xlsx') ? 'scan.xlsx' : 'scan.csv')
      const { poll_url } = await call(`/api/v1/leagues/${league.id}/uploads?kind=${kind}`, {
        method: 'POST',
        body: form,
      })
      const events = await fetch(url + String(poll_url).replace('/status/', '/').concat('/events'), { headers })
      await events.text()
      const job = await call(String(poll_url))
      if (job.status !== 'SUCCESS') throw new Error(JSON.stringify(job))
    }
    await send(baseline ?? '', 'baseline')
    const results: Result[] = []
    let reading: Awaited<ReturnType<typeof somebodyReading>> | undefined
    for (const scan of scans) {
      if (scan === scans.at(-1)) reading = await somebodyReading(`${url}/api/v1/leagues/${league.id}/leaderboard`)
      const began = performance.now()
      await send(scan, 'current')
      const page = await call(`/api/v1/leagues/${league.id}/leaderboard`)
      const ms = performance.now() - began
      if (!page.rows?.length) throw new Error('The board is empty')
      results.push({ ms, mb: peak(child.pid), ...(await reading?.end()) })
      await Bun.sleep(1_500) // nobody uploads scan upon scan without a pause
    }
    child.kill()
    await drain
    return results
  } finally {
    child.kill(9)
    await child.exited
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Somebody who reads a board all the while, in a process of its own: what the one who uploads is busy with is not ours. */
async function somebodyReading(url: string) {
  const child = Bun.spawn([process.execPath, import.meta.path, '--read', url], {
    stdin: 'pipe',
    stdout: 'pipe',
    stderr: 'inherit',
  })
  const said = child.stdout.getReader()
  await said.read()
  return {
    async end(): Promise<{ p99: number; max: number }> {
      child.stdin.end()
      return JSON.parse(new TextDecoder().decode((await said.read()).value))
    },
  }
}

async function readUntilToldToStop(url: string) {
  console.log('reading')
  let isOver = false
  Bun.stdin.text().then(() => {
    isOver = true
  })
  const waits: number[] = []
  while (!isOver) {
    const began = performance.now()
    await (await fetch(url)).arrayBuffer()
    waits.push(performance.now() - began)
    await Bun.sleep(2)
  }
  waits.sort((a, b) => a - b)
  console.log(JSON.stringify({ p99: waits[Math.floor(waits.length * 0.99)], max: waits.at(-1) }))
}

/** Rows through drizzle into a plain table with an index, as a first version would do it. In a process of its own. */
async function rowsThroughDrizzle(path: string): Promise<Result> {
  const { Database } = await import('bun:sqlite')
  const { drizzle } = await import('drizzle-orm/bun-sqlite')
  const { integer, real, sqliteTable, text } = await import('drizzle-orm/sqlite-core')
  const { desc } = await import('drizzle-orm')
  const folder = mkdtempSync(join(tmpdir(), 'bench-'))
  const names = Array.from({ length: 13 }, (_, i) => `m${i}`)
  const board = sqliteTable('board', {
    id: text('id').primaryKey(),
    name: text('name').notNull(),
    score: real('score').notNull(),
    rank: integer('rank'),
    ...(Object.fromEntries(names.map(name => [name, real(name)])) as Record<string, ReturnType<typeof real>>),
  })
  const client = new Database(join(folder, 'peer.db'), { create: true })
  client.run('PRAGMA journal_mode = WAL')
  client.run(
    `CREATE TABLE board (id TEXT PRIMARY KEY, name TEXT NOT NULL, score REAL NOT NULL, rank INTEGER, ${names.map(name => `${name} REAL`).join(', ')})`,
  )
  const db = drizzle({ client })
  const began = performance.now()
  let batch: Record<string, unknown>[] = []
  const flush = () => {
    if (batch.length)
      db.insert(board)
        .values(batch as never)
        .onConflictDoNothing()
        .run()
    batch = []
  }
  const take = (cells: (string | number)[]) => {
    const numbers = cells.slice(2, 15).map(Number)
    batch.push({
      id: String(cells[0]),
      name: String(cells[1]),
      score: (numbers[1] ?? 0) + 80 * (numbers[2] ?? 0),
      ...Object.fromEntries(names.map((name, i) => [name, numbers[i]])),
    })
    if (batch.length === 1_000) flush()
  }
  client.run('BEGIN')
  let isHeading = true
  if (path.endsWith('.xlsx')) {
    const { default: ExcelJS } = await import('exceljs')
    for await (const sheet of new ExcelJS.stream.xlsx.WorkbookReader(path, {}))
      for await (const row of sheet) {
        if (!isHeading) take(Array.from({ length: 15 }, (_, i) => row.getCell(i + 1).text))
        isHeading = false
      }
  } else {
    const { default: Papa } = await import('papaparse')
    await new Promise<void>((resolve, reject) => {
      Papa.parse<string[]>(createReadStream(path, 'utf8'), {
        skipEmptyLines: true,
        chunk({ data }) {
          for (const row of isHeading ? data.slice(1) : data) take(row)
          isHeading = false
        },
        complete: () => resolve(),
        error: reject,
      })
    })
  }
  flush()
  client.run('COMMIT')
  client.run('CREATE INDEX board_score ON board (score)')
  db.select().from(board).orderBy(desc(board.score)).limit(50).all()
  const ms = performance.now() - began
  client.close()
  rmSync(folder, { recursive: true, force: true })
  return { ms, mb: peak('self') }
}

async function inOwnProcess(name: string, path: string): Promise<Result> {
  const child = Bun.spawn([process.execPath, import.meta.path, '--once', name, path], {
    stdout: 'pipe',
    stderr: 'inherit',
  })
  return JSON.parse(await new Response(child.stdout).text())
}

/** FastAPI, Celery over Redis, pandas and SQLite, each process its own; the same client, the same polling. */
async function pandas([baseline, ...scans]: string[]): Promise<Result[]> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-'))
  const [port, redisPort] = [freePort(), freePort()]
  const url = `http://127.0.0.1:${port}`
  const env = {
    ...process.env,
    PEER_FOLDER: folder,
    PEER_REDIS: `redis://127.0.0.1:${redisPort}/0`,
    PYTHONDONTWRITEBYTECODE: '1',
    PYTHONWARNINGS: 'ignore',
  }
  const run = (...command: string[]) =>
    Bun.spawn(command, { env, cwd: join(import.meta.dir, 'peers'), stdout: 'ignore', stderr: 'ignore' })
  const processes = [
    run('redis-server', '--port', String(redisPort), '--save', '', '--dir', folder),
    run(python ?? '', '-m', 'uvicorn', 'fastapi_pandas:app', '--port', String(port), '--log-level', 'warning'),
    run(python ?? '', '-m', 'celery', '-A', 'fastapi_pandas:jobs', 'worker', '-c', '1', '--loglevel', 'warning'),
  ]
  const send = async (file: string, kind: string) => {
    const form = new FormData()
    form.set('file', Bun.file(file), file.endsWith('xlsx') ? 'scan.xlsx' : 'scan.csv')
    const { job_id } = (await (
      await fetch(`${url}/uploads?kind=${kind}`, { method: 'POST', body: form })
    ).json()) as Answer
    for (;;) {
      const job = (await (await fetch(`${url}/jobs/${job_id}`)).json()) as { status: string; result: { mb: number } }
      if (job.status === 'SUCCESS') return job.result.mb
      if (job.status === 'FAILURE') throw new Error(JSON.stringify(job))
      await Bun.sleep(2)
    }
  }
  try {
    while (!(await fetch(`${url}/jobs/none`).catch(() => undefined))?.ok) await Bun.sleep(50)
    await send(baseline ?? '', 'baseline')
    const results: Result[] = []
    for (const scan of scans) {
      const began = performance.now()
      const mb = await send(scan, 'current')
      const page = (await (await fetch(`${url}/leaderboard`)).json()) as { rows: unknown[] }
      results.push({ ms: performance.now() - began, mb })
      if (!page.rows.length) throw new Error('The board is empty')
    }
    return results
  } finally {
    for (const child of processes.toReversed()) {
      child.kill()
      await child.exited
    }
    rmSync(folder, { recursive: true, force: true })
  }
}

function freePort(): number {
  const server = Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { data() {} } })
  server.stop()
  return server.port
}

async function sqliteImport(path: string): Promise<Result> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-'))
  const began = performance.now()
  const script = `.mode csv\n.import '${path}' board\nCREATE INDEX board_deads ON board (CAST(Deads AS INTEGER));\nSELECT count(*) FROM (SELECT * FROM board ORDER BY CAST(Deads AS INTEGER) DESC LIMIT 50);\n`
  const child = Bun.spawn(['sqlite3', join(folder, 'peer.db')], {
    stdin: new Blob([script]),
    stdout: 'ignore',
    stderr: 'ignore',
  })
  await child.exited
  const ms = performance.now() - began
  rmSync(folder, { recursive: true, force: true })
  return { ms, mb: (child.resourceUsage()?.maxRSS ?? 0) / 1024 / 1024 }
}

const python = ['/usr/bin/python3', 'python3'].find(
  path =>
    Bun.spawnSync([path, '-c', 'import pandas, fastapi, celery, redis, multipart, uvicorn'], { stderr: 'ignore' })
      .exitCode === 0,
)

const median = (numbers: number[]) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN

/** `files`: a baseline, then scan after scan. */
async function compare(files: string[], rows: number) {
  const path = files[0] ?? ''
  const isBook = path.endsWith('.xlsx')
  const each = (run: (path: string) => Promise<Result>) => async () => {
    const results: Result[] = []
    for (const scan of files.slice(1, -1)) results.push(await run(scan))
    return results
  }
  const peers: Record<string, false | (() => Promise<Result[]>)> = {
    Fieldhouse: () => fieldhouse(files),
    'FastAPI + pandas': python !== undefined && (!isBook || rows <= 100_000) && (() => pandas(files.slice(0, -1))),
    [isBook ? 'exceljs + drizzle' : 'papaparse + drizzle']: each(scan => inOwnProcess('rows', scan)),
    'sqlite3 .import': !isBook && Bun.which('sqlite3') !== null && each(sqliteImport),
  }
  const results = new Map<string, Result[]>()
  for (const [name, run] of Object.entries(peers)) if (run) results.set(name, await run())
  const timeOf = (all: Result[]) => median(all.filter(({ p99 }) => p99 === undefined).map(({ ms }) => ms))
  const ours = timeOf(results.get('Fieldhouse') ?? [])
  console.log(
    `\n${rows.toLocaleString('en')} rows × 15 columns, ${isBook ? 'XLSX' : 'CSV'}, ${(statSync(path).size / 1e6).toFixed(1)} MB`,
  )
  for (const [name, all] of results) {
    const ms = timeOf(all)
    const mb = Math.max(...all.map(({ mb }) => mb))
    const read = all.find(({ p99 }) => p99 !== undefined)
    const reads = read ? `   reads meanwhile: p99 ${read.p99?.toFixed(1)} ms, worst ${read.max?.toFixed(1)} ms` : ''
    console.log(
      `${name.padEnd(20)} ${ms.toFixed(0).padStart(7)} ms ${mb.toFixed(0).padStart(6)} MB ${`${(ms / ours).toFixed(2)} ×`.padStart(9)}${reads}`,
    )
  }
}

if (process.argv[2] === '--read') await readUntilToldToStop(process.argv[3] ?? '')
else if (process.argv[2] === '--once') console.log(JSON.stringify(await rowsThroughDrizzle(process.argv[4] ?? '')))
else {
  const [csv = 1_000_000, xlsx = 100_000, times = 3] = process.argv.slice(2).map(Number)
  if (!python)
    console.log(
      'Without FastAPI and pandas: no python3 here has them (Debian: redis-server and python3-{fastapi,uvicorn,multipart,celery,redis,pandas,openpyxl})',
    )
  const folder = mkdtempSync(join(tmpdir(), 'bench-'))
  try {
    for (const [extension, largest, make] of [
      ['csv', csv, makeCsv],
      ['xlsx', xlsx, makeXlsx],
    ] as const)
      for (const rows of [1_000, 10_000, 100_000, 1_000_000].filter(rows => rows <= largest)) {
        const scans = rows > 10_000 ? times : 3 * times // the small ones scatter
        const files = Array.from({ length: scans + 2 }, (_, i) => join(folder, `scan-${rows}-${i}.${extension}`))
        for (const [i, file] of files.entries()) await make(file, rows + i)
        await compare(files, rows)
        for (const file of files) rmSync(file)
      }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
