/**
 * Boards of sheet leagues. What the engine ranks is built in the worker thread and kept under a byte budget; the rows of a
 * page are read from the snapshots. Nothing here is stored: a board follows from the list of published snapshots.
 */
import type { Database } from 'bun:sqlite'
import { gainOf } from '../leaderboard/gains.ts'
import {
  type Board,
  type Cells,
  type Columned,
  type Metric,
  orNull,
  type Page,
  pageOf,
  type Standing,
  sortOf,
  type Values,
} from '../leaderboard/page.ts'
import type { BoardQuery } from '../leaderboard/query.ts'
import type { Order, Ranking } from '../leaderboard/ranking.ts'
import { bestTierFirst, type Classification, defaultTiers } from '../leaderboard/tiers.ts'
import { before, type Lineup, lineupOf, type Published, upTo } from './lineup.ts'
import { type BoardConfig, type Scored, type ScoreInput, scoreInput } from './scoring.ts'
import { type Shelves, shelvesOf } from './shelves.ts'
import { openScores, openScoresReader } from './snapshots/open.ts'
import { readRows, readValues, rowOfPlayer } from './snapshots/read.ts'
import { type Snapshot, snapshotOf, storedSnapshot } from './snapshots/snapshot.ts'
import { LATE, type Starts } from './starts.ts'
import type { Thread } from './thread.ts'

/** A league as far as its board goes: the snapshots of its done uploads, and what its config says. */
export type Source = { published: readonly Published[]; config: BoardConfig }

/** `scores` is this thread's own reader. */
export type Boards = { scores: Database; shelves: Shelves; close(): void }

/** `bytes`: what may be held in memory of boards nobody has just asked for. */
export function openBoards(dataDir: string, thread: Thread, bytes = 128 * 2 ** 20): Boards {
  openScores(dataDir).close() // makes the file if there is none yet
  const scores = openScoresReader(dataDir)
  return { scores, shelves: shelvesOf(thread, bytes), close: () => scores.close() }
}

export type SheetPage = Page & { asOf: number | null }

export async function sheetPage(boards: Boards, { published, config }: Source, query: BoardQuery): Promise<SheetPage> {
  const seen = upTo(published, query.at)
  const lineup = lineupOf(seen)
  if (!lineup) return { ...emptyPage(query), asOf: null }
  const { board } = await boardOf(boards, { published: seen, config }, lineup, query)
  return { ...pageOf(board, query), asOf: lineup.asOf }
}

/** Before the first snapshot nobody knows the columns, so any will do. */
function emptyPage({ sort_by = 'score', order = 'desc', page, limit }: BoardQuery): Page {
  return { sort_by, order, rows: [], pagination: { page, limit, total: 0, pages: 0 } }
}

export const classificationOf = (config: BoardConfig, { goals }: Scored): Classification => ({
  by: config.classify_by ?? 'percentile',
  tiers: bestTierFirst(config.tiers ?? defaultTiers),
  goal: typeof config.goal === 'object' ? goals : config.goal,
})

type Asked = Pick<BoardQuery, 'sort_by' | 'order' | 'q'>

/** All that a board follows from beside the snapshots: plain data, what is large in shared memory, so good in any thread. */
export type Parts = {
  now: Ranked
  /** The board before the last update. */
  before: Ranked | undefined
  classification: Classification
  starts: Starts
  hits: Uint8Array
}
type Ranked = { snapshot: number; rankings: Map<string, Ranking> }

/** What `asked` needs; other columns are not there. */
export async function partsOf(boards: Boards, { published, config }: Source, lineup: Lineup, asked: Asked) {
  const { scores, shelves } = boards
  const { by, order } = sortOf(columnsOf(snapshotOf(scores, lineup.current)), asked)
  // The board before comes first: its latecomers are a beginning of this one's.
  const lineupBefore = lineupOf(before(published, lineup))
  const hasPrevious = lineupBefore && storedSnapshot(scores, lineupBefore.current)
  const previous = hasPrevious && (await ranked(boards, scoreInput(lineupBefore, config), [[by, order]]))
  const input = scoreInput(lineup, config)
  const scored = await shelves.scored(input)
  const now = await ranked(boards, input, [
    ['score', 'desc'],
    [by, order],
  ])
  const hits = asked.q === undefined ? new Uint8Array() : await shelves.matching(lineup.current, asked.q)
  const classification = classificationOf(config, scored)
  return { scored, parts: { now, before: previous, classification, starts: scored.starts, hits } satisfies Parts }
}

/** The board of these parts, its rows read through this thread's own reader. */
export function boardFrom(scores: Database, { now, before, classification, starts, hits }: Parts): Board {
  const snapshot = snapshotOf(scores, now.snapshot)
  return {
    ...standing(scores, now),
    players: snapshot.players,
    classification,
    previous: before && standing(scores, before),
    matching: () => hits,
    cells: rows => cellsOf(scores, snapshot, starts, rows),
  }
}

/** A board with all at hand that `asked` needs. */
export async function boardOf(boards: Boards, source: Source, lineup: Lineup, asked: Asked) {
  const { parts, scored } = await partsOf(boards, source, lineup, asked)
  return { board: boardFrom(boards.scores, parts), snapshot: snapshotOf(boards.scores, lineup.current), scored }
}

const columnsOf = ({ metrics }: Snapshot): Columned => ({
  metrics: metrics.map(({ name }): Metric => ({ name, better: 'higher' })),
  better: 'higher',
})

async function ranked({ scores, shelves }: Boards, input: ScoreInput, wanted: [string, Order][]): Promise<Ranked> {
  const snapshot = input.lineup.current
  const there = new Set(['score', ...snapshotOf(scores, snapshot).metrics.map(({ name }) => name)])
  const rankings = new Map<string, Ranking>()
  for (const [column, order] of wanted) {
    if (there.has(column)) rankings.set(`${order}:${column}`, await shelves.ranking(input, column, order))
  }
  return { snapshot, rankings }
}

function standing(scores: Database, { snapshot: id, rankings }: Ranked): Standing {
  const snapshot = snapshotOf(scores, id)
  return {
    ...columnsOf(snapshot),
    ranking: (column, order) => rankings.get(`${order}:${column}`)!,
    rowOf: player_id => rowOfPlayer(scores, snapshot, player_id),
  }
}

/** Where the players in `rows` start: for each row all metrics of `snapshot`, unknown where the start has no such metric. */
export function startValues(
  scores: Database,
  snapshot: Snapshot,
  starts: Starts,
  rows: Uint32Array,
  own: Float64Array,
) {
  const columns = snapshot.metrics.length
  const values = own.slice()
  const takeFrom = (id: number, from: Int32Array) => {
    const other = snapshotOf(scores, id)
    const found = readValues(scores, other, from)
    for (let c = 0; c < columns; c++) {
      const column = other.metrics.findIndex(({ name }) => name === snapshot.metrics[c]!.name)
      for (let i = 0; i < rows.length; i++) {
        if (from[i]! < 0) continue
        values[i * columns + c] = column < 0 ? Number.NaN : found[i * other.metrics.length + column]!
      }
    }
  }
  const placed = Int32Array.from(rows, row => starts.rows[row]!)
  takeFrom(starts.baseline, placed)
  if (starts.latecomers !== null)
    takeFrom(
      starts.latecomers,
      placed.map(start => (start <= LATE ? LATE - start : -1)),
    )
  return values
}

function cellsOf(scores: Database, snapshot: Snapshot, starts: Starts, rows: Uint32Array): Cells[] {
  const { metrics } = snapshot
  const { ids, names, values } = readRows(scores, snapshot, rows)
  const start = startValues(scores, snapshot, starts, rows, values)
  return ids.map((player_id, i) => {
    const shown = (valueAt: (at: number, cumulative: boolean) => number): Values =>
      Object.fromEntries(
        metrics.map(({ name, cumulative }, c) => [name, orNull(valueAt(i * metrics.length + c, cumulative))]),
      )
    return {
      player_id,
      name: names[i]!,
      metrics: shown(at => values[at]!),
      gains: shown((at, cumulative) => gainOf(values[at]!, start[at]!, cumulative)),
    }
  })
}
