/**
 * Boards of sheet leagues. What the engine ranks is computed in the worker thread and cached within a byte budget; the rows of a
 * page are read from the snapshots. Nothing here is stored: a board is computed from the list of published snapshots.
 */
import type { Database } from 'bun:sqlite'
import {
  gainColumn,
  goalColumn,
  metricOfGain,
  metricOfGoal,
  type RankedPage,
  resolveSort,
  sortColumns,
} from '../../leaderboard/page.ts'
import { BadQuery, type BoardQuery, labelParts } from '../../leaderboard/query.ts'
import type { Ranking, RankOrder } from '../../leaderboard/ranking.ts'
import { bestTierFirst, type Classification, defaultTiers, type TierMembers } from '../../leaderboard/tiers.ts'
import { headingsOf } from '../headings.ts'
import type { BoardPage } from '../kinds.ts'
import { type BoardCache, openBoardCache } from './board-cache.ts'
import type { BoardParts, Ranked } from './board-cells.ts'
import { boardFromParts, pageFromParts, snapshotColumns } from './board-from-parts.ts'
import { isBuildable } from './buildable.ts'
import { type LeftOut, leftOutBy, type Marks } from './marks.ts'
import { nameAmong } from './metric-names.ts'
import { metricNamed } from './reading/headers.ts'
import { scoreNotes } from './score-notes.ts'
import { type BoardConfig, type ScoredPlayers, type ScoreInput, scoreInput } from './scoring.ts'
import type { SheetThread } from './sheet-thread.ts'
import {
  extrasListKey,
  type Published,
  previousBoard,
  publishedUpTo,
  type SnapshotSelection,
  selectSnapshots,
  takenAtOf,
} from './snapshot-selection.ts'
import { openScores, openScoresReader } from './snapshots/open.ts'
import { derivedSnapshot, type Snapshot, snapshotOf } from './snapshots/snapshot.ts'

/** What a league's board depends on: the snapshots of its published uploads, its config, and marked players. */
export type BoardSource = { published: readonly Published[]; config: BoardConfig; marks?: Marks }

/** `scores` is this thread's own reader. */
export type SheetBoards = { scores: Database; boardCache: BoardCache; close(): void }

/** `bytes`: the memory limit for parts of boards that nobody is waiting for. */
export function openSheetBoards(dataDir: string, thread: SheetThread, bytes = 64 * 2 ** 20): SheetBoards {
  openScores(dataDir).close() // creates the file if it does not exist
  const scores = openScoresReader(dataDir)
  return { scores, boardCache: openBoardCache(thread, bytes), close: () => scores.close() }
}

const manyPlayers = 5_000 // from here on almost every row of a page is read from another place, some 3 ms in all

/** With `isAhead` nobody waits for the page yet, so that the worker thread reads the rows of a large board. */
export async function sheetPage(
  boards: SheetBoards,
  source: BoardSource,
  asked: BoardQuery,
  { isAhead = false } = {},
): Promise<BoardPage> {
  const { published, config } = source
  const upTo = publishedUpTo(published, asked.at)
  const selection = await shownSnapshots(boards, upTo, asked.from)
  if (!selection) {
    if (asked.from !== undefined && upTo.length > 0) throw new BadQuery([{ path: 'from', message: noScanThen }])
    return { ...emptyPage(asked), asOf: null }
  }
  const query = withMetricOfHeading(asked, snapshotOf(boards.scores, selection.current), config)
  const { parts } = await boardParts(boards, { ...source, published: upTo }, selection, query)
  const snapshot = snapshotOf(boards.scores, selection.current)
  const headings = headingsOf(snapshot)
  const notes = scoreNotes(
    snapshot,
    snapshotOf(boards.scores, selection.baseline),
    config,
    parts.now.rankings.get('desc:score')!,
  )
  const isElsewhere = isAhead && snapshot.players >= manyPlayers
  return {
    ...(isElsewhere ? await boards.boardCache.page({ parts, query }) : pageFromParts(boards.scores, { parts, query })),
    asOf: selection.asOf,
    ...(asked.from !== undefined && { gainsFrom: takenAtOf(upTo, selection.baseline) }),
    ...(headings && { headings }),
    ...(notes.length > 0 && { notes }),
  }
}

/** The snapshots of a board, including the columns of extra sheets. */
export async function shownSnapshots(
  { scores, boardCache }: SheetBoards,
  published: readonly Published[],
  from?: number,
): Promise<SnapshotSelection | undefined> {
  const selection = selectSnapshots(published, from)
  if (!selection || selection.extras.length === 0) return selection
  const stored = derivedSnapshot(scores, extrasListKey(selection.scan, selection.extras, false))
  return stored === undefined ? boardCache.withExtras(selection) : { ...selection, current: stored }
}

const noScanThen = 'There is no scan up to that time that is older than the one shown.'

/** `T4 Kills` or `T4 Kills.gain` in a query sorts by the metric of that heading. */
export function withMetricOfHeading<Query extends { sort_by?: string }>(
  query: Query,
  snapshot: Snapshot,
  config: BoardConfig,
): Query {
  const { sort_by: given } = query
  if (given === undefined || sortColumns(snapshotColumns(snapshot, config)).some(({ name }) => name === given))
    return query
  const gained = metricOfGain(given)
  const reached = metricOfGoal(given)
  const names = snapshot.metrics.map(({ name }) => name)
  const metric = nameAmong(names, metricNamed(gained ?? reached ?? given))
  if (metric === undefined) return query
  return { ...query, sort_by: gained ? gainColumn(metric) : reached ? goalColumn(metric) : metric }
}

/** Before the first snapshot the columns are unknown, so any sort column is accepted. */
function emptyPage({ sort_by = 'score', order = 'desc', page, limit }: BoardQuery): RankedPage {
  return { sort_by, order, rows: [], pagination: { page, limit, total: 0, pages: 0 } }
}

export const classificationOf = (config: BoardConfig, { goalPct }: ScoredPlayers): Classification => ({
  by: config.classify_by ?? 'percentile',
  tiers: bestTierFirst(config.tiers ?? defaultTiers),
  goalPct,
})

type PartsQuery = Pick<BoardQuery, 'sort_by' | 'order' | 'q' | 'from' | 'label' | 'tier'>

/** Only the parts that `asked` needs. */
export async function boardParts(
  boards: SheetBoards,
  { published, config, marks }: BoardSource,
  selection: SnapshotSelection,
  asked: PartsQuery,
) {
  const { scores, boardCache } = boards
  const leftOut = leftOutBy(marks)
  const { by, order } = resolveSort(snapshotColumns(snapshotOf(scores, selection.current), config), asked)
  // The previous board comes first: its latecomers are the first part of this one's.
  const earlier = previousBoard(published, selection)
  const selectionBefore = isBuildable(scores, earlier) ? await shownSnapshots(boards, earlier, asked.from) : undefined
  const previous =
    selectionBefore && (await rankBoard(boards, scoreInput(selectionBefore, config), leftOut, [[by, order]]))
  const input = scoreInput(selection, config)
  const scored = await boardCache.scored(input)
  const now = await rankBoard(boards, input, leftOut, [
    ['score', 'desc'],
    [by, order],
  ])
  const classification = classificationOf(config, scored)
  const tiers = async () =>
    boardCache.tiers(input, await boardCache.ranking(input, 'score', 'desc', leftOut), classification, leftOut)
  const hits = await hitsOf(boards, selection.current, asked, tiers)
  const goals = { goal: config.goal, goals: config.goals }
  const isOfGains = config.score_on !== 'current'
  const { starts } = scored
  const parts: BoardParts = { now, before: previous, classification, goals, isOfGains, starts, hits, marks }
  return { parts, tiers }
}

/** Who is listed, if not everyone: those who are found by everything that is asked for. */
async function hitsOf(
  { scores, boardCache }: SheetBoards,
  id: number,
  { q, label, tier }: PartsQuery,
  tiers: () => Promise<TierMembers[]>,
): Promise<Uint8Array> {
  const snapshot = snapshotOf(scores, id)
  const found: Uint8Array[] = []
  if (q !== undefined) found.push(await boardCache.matching(id, q))
  if (label !== undefined) {
    const { name, value } = labelParts(label)
    requireLabel(snapshot, name)
    found.push(await boardCache.labelled(id, name, value))
  }
  if (tier !== undefined) {
    const isInTier = new Uint8Array(snapshot.players)
    for (const row of rowsOfTier(await tiers(), tier)) isInTier[row] = 1
    found.push(isInTier)
  }
  const [first = new Uint8Array(), ...others] = found
  return others.reduce((all, hits) => all.map((hit, row) => hit & hits[row]!), first)
}

function rowsOfTier(tiers: readonly TierMembers[], tier: string): Uint32Array {
  const found = tiers.find(({ name }) => name === tier)
  if (found) return found.rows
  const message = `Choose one of: ${tiers.map(({ name }) => name).join(', ')}.`
  throw new BadQuery([{ path: 'tier', message }])
}

export function requireLabel({ labels }: Snapshot, label: string | undefined): void {
  if (label === undefined || labels.some(({ name }) => name === label)) return
  const existing = labels.length > 0 ? `It has ${labels.map(({ name }) => name).join(', ')}.` : 'It has none.'
  throw new BadQuery([{ path: 'label', message: `The newest sheet has no label ${label}. ${existing}` }])
}

/** A board with everything that `asked` needs. */
export async function sheetBoard(
  boards: SheetBoards,
  source: BoardSource,
  selection: SnapshotSelection,
  asked: PartsQuery,
) {
  const { parts, tiers } = await boardParts(boards, source, selection, asked)
  return {
    board: boardFromParts(boards.scores, parts),
    snapshot: snapshotOf(boards.scores, selection.current),
    starts: parts.starts,
    tiers,
  }
}

async function rankBoard(
  { scores, boardCache }: SheetBoards,
  input: ScoreInput,
  leftOut: LeftOut | undefined,
  wanted: [string, RankOrder][],
): Promise<Ranked> {
  const snapshot = input.selection.current
  const columns = new Set(
    sortColumns(snapshotColumns(snapshotOf(scores, snapshot), input.config)).map(({ name }) => name),
  )
  const rankings = new Map<string, Ranking>()
  for (const [column, order] of wanted) {
    if (columns.has(column)) rankings.set(`${order}:${column}`, await boardCache.ranking(input, column, order, leftOut))
  }
  return { snapshot, rankings }
}
