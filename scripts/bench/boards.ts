/**
 * Boards against a plain table: `bun scripts/bench/boards.ts [rows]`. Ranks, pages, snapshots and a cold rebuild, compared in one
 * run with an indexed SQLite table and ORDER BY … LIMIT … OFFSET. Medians.
 */
import { Database } from 'bun:sqlite'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildBoard } from '../../src/leaderboard/board.ts'
import { rankedPage } from '../../src/leaderboard/page.ts'
import { type BoardQuery, canonicalQuery } from '../../src/leaderboard/query.ts'
import { idOrder, sortByValue } from '../../src/leaderboard/sort.ts'
import { textColumn } from '../../src/leaderboard/text.ts'
import { openSheetBoards, sheetPage } from '../../src/leagues/sheets/boards.ts'
import { historyOf } from '../../src/leagues/sheets/player-history.ts'
import { startSheetThread } from '../../src/leagues/sheets/sheet-thread.ts'
import { openScores } from '../../src/leagues/sheets/snapshots/open.ts'
import { readColumns, readIds } from '../../src/leagues/sheets/snapshots/read.ts'
import { snapshotOf } from '../../src/leagues/sheets/snapshots/snapshot.ts'
import { writeSnapshot } from '../../src/leagues/sheets/snapshots/write.ts'
import { randomFrom } from '../random.ts'
import { helpFirst } from '../script-help.ts'

helpFirst(import.meta.path, { words: 100 })

const rows = Number(process.argv[2] ?? 1_000_000)
const folder = mkdtempSync(join(tmpdir(), 'fieldhouse-bench-'))

async function median(label: string, runs: number, work: (run: number) => unknown): Promise<number> {
  const times: number[] = []
  for (let run = 0; run < runs; run++) {
    const from = performance.now()
    await work(run)
    times.push(performance.now() - from)
  }
  const middle = times.toSorted((a, b) => a - b)[runs >> 1]!
  const shown = middle < 1 ? `${(middle * 1000).toFixed(0)} µs` : `${middle.toFixed(middle < 20 ? 1 : 0)} ms`
  console.log(`${label.padEnd(64)} ${shown.padStart(9)}`)
  return middle
}

const random = randomFrom(1)
const names = ['power', 'kill_points', 'deads', ...Array.from({ length: 12 }, (_, i) => `metric_${i}`)]
const spans = [2e8, 5e10, 2e6, 4e6, 3e6, 2e6, 1e6, 5e5, 2e9, 5e9, 3e10, 2000, 2e6, 1e7, 1e6]
const sheetOf = (grown: number) => ({
  ids: textColumn(Array.from({ length: rows }, (_, i) => String(10_000_000 + ((i * 7_919) % 89_999_999)))),
  names: textColumn(Array.from({ length: rows }, (_, i) => `Player ${((i * 7_919) % rows).toString(36)}`)),
  metrics: names.map((name, m) => ({
    name,
    cumulative: name !== 'power',
    values: Float64Array.from({ length: rows }, () => Math.floor(random.next() ** 2 * spans[m]! * grown)),
  })),
})

console.log(`${rows.toLocaleString('en')} players × ${names.length} metrics, in no order of id\n`)
const [first, second] = [sheetOf(1), sheetOf(1.2)]

console.log('engine, columns in memory')
await median('ids in order', 5, () => idOrder(first.ids))
for (const m of [0, 1, 2]) await median(`rank ${names[m]}`, 7, () => sortByValue(first.metrics[m]!.values, true))
const board = buildBoard({ ...first, score: first.metrics[1]!.values })
const query = (asked: Partial<BoardQuery>): BoardQuery => ({ ...canonicalQuery({}), ...asked })
const lastPage = Math.max(1, Math.min(10_000, Math.floor(rows / 50) - 200))
const pageFrom = (base: number, run: number) => query({ page: Math.max(1, base - run) })
rankedPage(board, query({}))
await median('page 1', 200, () => rankedPage(board, query({})))
const inMemory = await median(`page ${lastPage}`, 200, run => rankedPage(board, pageFrom(lastPage, run)))
await median('search of names and ids', 5, () => rankedPage(board, query({ q: 'player zz' })))

console.log('\nsnapshots, scores.db')
const scores = openScores(folder)
const write = (sheet: typeof first) => writeSnapshot(scores, { ...sheet, labels: [] }, { now: 1 })
let baseline = 0
let current = 0
const residentMb = () => process.memoryUsage.rss() / 2 ** 20
await median('write, synced', 3, async () => {
  baseline = await write(first)
})
current = await write(second)
const snapshot = snapshotOf(scores, current)
await median('read all columns', 5, () => readColumns(scores, snapshot, names))
await median('read 3 columns', 5, () => readColumns(scores, snapshot, names.slice(0, 3)))
await median('read ids', 5, () => readIds(scores, snapshot))
scores.close()

console.log('\nboards from snapshots')
const thread = startSheetThread(folder)
const boards = openSheetBoards(folder, thread)
const published = [
  { kind: 'baseline', takenAt: 1, snapshot: baseline } as const,
  { kind: 'current', takenAt: 2, snapshot: current } as const,
]
const source = { published, config: { weights: { deads: 80, metric_3: 10, metric_4: 30 } } }
await median('cold board: baseline, current, three weights', 3, run =>
  sheetPage(boards, { published, config: { weights: { ...source.config.weights, deads: run } } }, query({})),
)
await median('cold sort by another metric', 3, run => sheetPage(boards, source, query({ sort_by: names[5 + run] })))
await sheetPage(boards, source, query({}))
await median('page 1', 200, () => sheetPage(boards, source, query({})))
const page = await median(`page ${lastPage}`, 200, run => sheetPage(boards, source, pageFrom(lastPage, run)))
await sheetPage(boards, source, query({ q: 'player zz' }))
await median('search', 5, () => sheetPage(boards, source, query({ q: 'player zz' })))
const manySnapshots = Array.from(
  { length: 50 },
  (_, takenAt) => ({ kind: 'current', takenAt, snapshot: current }) as const,
)
await median('history of one player over 50 snapshots', 20, run =>
  historyOf(boards.scores, { published: manySnapshots, config: {} }, String(10_000_000 + ((run * 7_919) % 89_999_999))),
)
console.log(`${'resident memory of this whole process'.padEnd(64)} ${residentMb().toFixed(0).padStart(6)} MB`)
boards.close()
await thread.stop()

console.log('\na table with an index on its score, SQLite')
const table = new Database(join(folder, 'table.db'), { create: true })
table.run('PRAGMA journal_mode = WAL')
table.run('PRAGMA synchronous = NORMAL')
table.run(`CREATE TABLE rows (player_id TEXT PRIMARY KEY, name TEXT, ${names.map(name => `${name} REAL`).join(', ')})`)
const placeholders = names.map(() => '?').join(', ')
const decoder = new TextDecoder()
const at = ({ bytes, offsets }: typeof first.ids, row: number) =>
  decoder.decode(bytes.subarray(offsets[row], offsets[row + 1]))
await median('insert', 1, () => {
  const insert = table.query(`INSERT INTO rows VALUES (?, ?, ${placeholders})`)
  table.transaction(() => {
    for (let row = 0; row < rows; row++) {
      insert.run(at(first.ids, row), at(first.names, row), ...first.metrics.map(({ values }) => values[row]!))
    }
  })()
})
await median('index', 1, () => table.run('CREATE INDEX by_score ON rows (kill_points DESC, player_id)'))
const select = table.query('SELECT * FROM rows ORDER BY kill_points DESC, player_id LIMIT 50 OFFSET ?')
await median('page 1', 200, () => select.all(0))
const offset = await median(`page ${lastPage}`, 20, run => select.all((lastPage - run - 1) * 50))
await median('search', 3, () =>
  table.query("SELECT count(*) FROM rows WHERE name LIKE '%player zz%' OR player_id LIKE '%player zz%'").get(),
)
table.close()
rmSync(folder, { recursive: true, force: true })

const times = (ratio: number) => `${ratio.toFixed(ratio < 10 ? 1 : 0)} ×`
console.log(
  `\npage ${lastPage} against OFFSET: ${times(offset / inMemory)} in memory, ${times(offset / page)} from snapshots`,
)
