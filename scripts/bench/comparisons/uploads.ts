/** From POST to visible board: CSV and XLSX of any size, each side with a baseline of the same players. */
import { rmSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { type BenchOptions, type Comparison, type Figure, type Figures, Missing, median } from '../comparison.ts'
import { scansIn } from '../scan-files.ts'
import { openDuckDb } from '../subjects/duckdb.ts'
import { openFieldhouse } from '../subjects/fieldhouse.ts'
import { openStack } from '../subjects/stack.ts'
import { uploadForm } from '../upload-form.ts'

type Format = 'csv' | 'xlsx'
const count = (n: number) => n.toLocaleString('en')

/** How many times as fast as the stack it should be, from POST to board. */
const ratiosAimedAt: Record<string, number> = {
  ...{ 'csv-100': 2, 'csv-1000': 2, 'csv-10000': 4, 'csv-100000': 10, 'csv-1000000': 20 },
  ...{ 'xlsx-1000': 8, 'xlsx-10000': 20, 'xlsx-100000': 40 },
}
/** Small uploads scatter, so a round is the median of this many. Their processor time is counted in steps of 10 ms. */
const inARow = (rows: number) => (rows <= 1_000 ? 20 : rows <= 10_000 ? 4 : 1)

/**
 * Both sides run at full speed before the clock starts: the first hundred uploads after a start run code that is not compiled yet.
 * The very first one is a figure of the start.
 */
const warmUpMs = 5_000
async function warmUp(scan: ReturnType<typeof scansIn>, upload: (form: Blob) => Promise<unknown>) {
  const end = performance.now() + warmUpMs
  for (let n = 2_000; performance.now() < end; n++) await upload(await uploadForm(await scan(n)))
}

/** The yardstick: a cached read after the same pause and the same work. */
const unchanged = 'the first read of another board, which has not changed'

export const uploadComparisons = (
  [
    ...[100, 1_000, 10_000, 100_000, 1_000_000].map(rows => ['csv', rows] as const),
    ...[1_000, 10_000, 100_000].map(rows => ['xlsx', rows] as const),
  ] satisfies (readonly [Format, number])[]
).map(([format, rows]) => uploadOf(format, rows))

function uploadOf(format: Format, rows: number): Comparison {
  const name = `${format}-${rows}`
  const isLarge = rows >= 1_000_000
  const isSlow = isLarge || (format === 'xlsx' && rows >= 100_000) // for the stack
  const what = `${format.toUpperCase()} of ${count(rows)} rows`
  const figures: Record<string, Figure> = {
    board: {
      title: `${what}, POST to visible board`,
      unit: 'ms',
      aims: [
        { beside: 'stack', ratio: ratiosAimedAt[name] ?? 1 },
        ...(isLarge ? [{ beside: 'DuckDB in memory', ratio: 1 }] : []),
      ],
    },
    ...(rows <= 10_000 && {
      posted: {
        title: `${what}, POST answered`,
        unit: 'ms',
        aims: [{ beside: 'stack', ratio: 1 }],
      } satisfies Figure,
      disk: { title: 'the disk meanwhile: 80 kB written and synced', unit: 'ms' } satisfies Figure,
    }),
    processor: {
      title: `${what}, processor time`,
      unit: 'ms',
      aims: rows === 100 ? [{ most: 10 }] : undefined,
    },
    first: {
      title: `first read of the board after it`,
      unit: 'ms',
      yardstick: unchanged,
      aims: [{ beside: unchanged, ratio: 0.8 }],
    },
    again: { title: `the same read once more, ${count(rows)} rows`, unit: 'ms' },
    around: { title: `the page around a player, ${count(rows)} rows`, unit: 'ms' },
    ...(isLarge && {
      peak: {
        title: 'peak memory for a million rows, all processes',
        unit: 'MB',
        aims: [{ most: 350 }],
      } satisfies Figure,
    }),
  }
  const scans = new Map<string, ReturnType<typeof scansIn>>()
  const scansOf = ({ folder }: BenchOptions) => {
    const known = scans.get(folder) ?? scansIn(folder, rows, format)
    scans.set(folder, known)
    return known
  }
  return {
    name,
    title: what,
    figures,
    isCold: isSlow,
    ...(isLarge && { longStretches: 'the board before the last is collected, 16 MB that the threads share' }),
    rounds: ({ rounds, isQuick }) => (isSlow && isQuick ? 1 : rounds),
    sides: {
      Fieldhouse: async options => {
        const server = await openFieldhouse(options.folder)
        const league = await server.newLeague()
        const scan = scansOf(options)
        await server.upload(league, await baselineOf(options, rows), 'baseline')
        const boardOf = (league: number) => `${server.url}/api/v1/leagues/${league}/leaderboard`
        const upload = (file: string | Blob) => server.upload(league, file, 'current')
        const other = await server.newLeague()
        await server.upload(other, await scansIn(options.folder, 100, 'csv')(0), 'current')
        await warmUp(scan, upload)
        // Somebody has looked at both: the first reader ever of a board meets code that has not run yet.
        for (const each of [league, other]) await (await fetch(boardOf(each))).arrayBuffer()
        return {
          steps: {
            upload: async round => ({
              ...(await uploadRound(scan, round, rows, server, boardOf(league), upload)),
              ...(rows <= 10_000 && { disk: await diskMs(options.folder) }),
            }),
            unchanged: async round => {
              const times: number[] = []
              for (let i = 0; i < inARow(rows); i++) {
                await upload(await scan(1_000 + round * inARow(rows) + i))
                times.push(await timed(() => read(boardOf(other))))
              }
              return { [unchanged]: median(times) }
            },
          },
          stretches: server.stretches,
          stop: server.stop,
        }
      },
      stack: async options => {
        const stack = await openStack(options.folder)
        if (stack instanceof Missing) return stack
        const scan = scansOf(options)
        await stack.upload(await baselineOf(options, rows), 'baseline')
        await warmUp(scan, form => stack.upload(form, 'current'))
        return {
          steps: {
            upload: round =>
              uploadRound(scan, round, rows, stack, `${stack.url}/leaderboard`, file => stack.upload(file, 'current')),
          },
          stop: stack.stop,
        }
      },
      ...(isLarge && {
        'DuckDB in memory': options => duckDb(':memory:', scansOf(options)),
        'DuckDB in a file': options => duckDb(join(options.folder, 'peer.duckdb'), scansOf(options)),
      }),
    },
  }
}

/** Always CSV: pandas reads a large workbook for half a minute. */
const baselineOf = ({ folder }: BenchOptions, rows: number) => scansIn(folder, rows, 'csv')(0)

async function duckDb(database: string, scan: ReturnType<typeof scansIn>) {
  const duck = await openDuckDb(database)
  if (duck instanceof Missing) return duck
  return {
    steps: { upload: async (round: number) => ({ board: await duck.board(await scan(1 + round)) }) },
    async stop() {
      await duck.stop()
      if (database !== ':memory:') rmSync(database, { force: true })
    },
  }
}

type Subject = { processorMs(): number; peakMb(): number }

async function uploadRound(
  scan: ReturnType<typeof scansIn>,
  round: number,
  rows: number,
  subject: Subject,
  board: string,
  upload: (form: Blob) => Promise<{ posted: number }>,
): Promise<Figures> {
  const times = { board: [] as number[], posted: [] as number[], first: [] as number[], again: [] as number[] }
  const uploads = inARow(rows)
  const forms: Blob[] = []
  for (let i = 0; i < uploads; i++) forms.push(await uploadForm(await scan(1 + round * uploads + i)))
  const before = subject.processorMs()
  for (const form of forms) {
    const began = performance.now()
    const { posted } = await upload(form)
    const answered = performance.now()
    await read(board)
    const shown = performance.now()
    times.board.push(shown - began)
    times.posted.push(posted)
    times.first.push(shown - answered)
  }
  const processor = (subject.processorMs() - before) / uploads
  for (let i = 0; i < 9; i++) times.again.push(await timed(() => read(board)))
  return {
    ...Object.fromEntries(Object.entries(times).map(([name, each]) => [name, median(each)])),
    ...(board.includes('/api/v1/') && { around: await aroundOf(board, rows) }),
    processor,
    peak: subject.peakMb(),
  }
}

/** Pages that are not cached: around a different player in the middle each time. */
async function aroundOf(board: string, rows: number): Promise<number> {
  const times: number[] = []
  for (let i = 0; i < 9; i++)
    times.push(await timed(() => read(`${board}?around=${10_000_000 + Math.floor(rows / 2 + i) * 7}`)))
  return median(times)
}

const logBytes = Buffer.alloc(80_000) // about what a small upload adds to the log before it is answered

/** How long the disk takes to write and sync that: Fieldhouse waits for it before it answers, the stack does not. */
async function diskMs(folder: string): Promise<number> {
  const file = await open(join(folder, 'synced'), 'w')
  const times: number[] = []
  const writeAndSync = async () => {
    await file.write(logBytes, 0, logBytes.length, 0)
    await file.datasync()
  }
  for (let i = 0; i < 9; i++) times.push(await timed(writeAndSync))
  await file.close()
  return median(times)
}

async function read(url: string): Promise<void> {
  const answer = await fetch(url)
  const { rows } = (await answer.json()) as { rows?: unknown[] }
  if (!rows?.length) throw new Error(`${url} shows nobody: ${answer.status}`)
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now()
  await work()
  return performance.now() - began
}
