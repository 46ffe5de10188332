/** The parts of boards besides their scores, computed in the worker thread. Everything large is in shared memory. */
import type { Database } from 'bun:sqlite'
import { RankCounter, type Ranking, type RankOrder, rankingOf, withoutRows } from '../../leaderboard/ranking.ts'
import { markMatches } from '../../leaderboard/search.ts'
import { compareTexts, rowCount, type TextColumn, textColumn } from '../../leaderboard/text.ts'
import type { PausableWork } from './latecomers.ts'
import type { SnapshotSelection } from './snapshot-selection.ts'
import {
  allocateShared,
  playerFinder,
  readColumns,
  readIds,
  readLabel,
  readNames,
  readValues,
  SnapshotWindow,
} from './snapshots/read.ts'
import { snapshotOf } from './snapshots/snapshot.ts'

export function sharedRanking(ranking: Ranking): Ranking {
  const order = new Uint32Array(new SharedArrayBuffer(ranking.order.byteLength))
  order.set(ranking.order)
  return { ...ranking, order }
}

export function rankedColumn(scores: Database, input: { snapshot: number; metric: string; order: RankOrder }): Ranking {
  const [values] = readColumns(scores, snapshotOf(scores, input.snapshot), [input.metric], allocateShared)
  return sharedRanking(rankingOf(values!, input.order))
}

/** The same values in the opposite order. */
export const reversedRanking = ({ ranking, order }: { ranking: Ranking; order: RankOrder }): Ranking =>
  sharedRanking(rankingOf(ranking.values, order))

/** 1 for each of these players who is in the snapshot. */
export async function findLeftOutRows(
  scores: Database,
  { snapshot: id, ids }: { snapshot: number; ids: readonly string[] },
  { pause }: PausableWork,
): Promise<Uint8Array> {
  const snapshot = snapshotOf(scores, id)
  const rowOf = playerFinder(scores, snapshot)
  const leftOutFlags = new Uint8Array(new SharedArrayBuffer(snapshot.players))
  for (const [i, id] of ids.entries()) {
    const row = rowOf(id)
    if (row >= 0) leftOutFlags[row] = 1
    if (i % 100 === 99) await pause()
  }
  return leftOutFlags
}

export const rankingWithout = ({ ranking, leftOut }: { ranking: Ranking; leftOut: Uint8Array }): Ranking =>
  sharedRanking(withoutRows(ranking, leftOut))

export type PlayerTexts = { ids: TextColumn; names: TextColumn }

export function playerTexts(scores: Database, id: number): PlayerTexts {
  const snapshot = snapshotOf(scores, id)
  return { ids: readIds(scores, snapshot, allocateShared), names: readNames(scores, snapshot, allocateShared) }
}

export const searchPlayers = ({ texts: { ids, names }, q }: { texts: PlayerTexts; q: string }): Uint8Array =>
  markMatches(q, [ids, names], new Uint8Array(new SharedArrayBuffer(ids.offsets.length - 1)))

/** 1 for everyone whose label has the value `text`; empty: for everyone without a value. */
export function labelledPlayers(
  scores: Database,
  { snapshot, name, text }: { snapshot: number; name: string; text: string },
): Uint8Array {
  const texts = readLabel(scores, snapshotOf(scores, snapshot), name)
  const wanted = textColumn([text])
  const hits = new Uint8Array(new SharedArrayBuffer(rowCount(texts)))
  for (let row = 0; row < hits.length; row++) if (compareTexts(texts, row, wanted, 0) === 0) hits[row] = 1
  return hits
}

export type Standings = Record<string, { rank: number; percentile: number } | null>

/** The rank of some rows in every metric, computed in one pass over the snapshot. */
export async function standings(
  scores: Database,
  input: { snapshot: number; rows: number[]; leftOut: Uint8Array | undefined },
  { pause }: PausableWork,
): Promise<Standings[]> {
  const snapshot = snapshotOf(scores, input.snapshot)
  const { metrics, players } = snapshot
  const values = readValues(scores, snapshot, input.rows)
  const counters = input.rows.map((_, i) => metrics.map((_, c) => new RankCounter(values[i * metrics.length + c]!)))
  const window = new SnapshotWindow(
    scores,
    snapshot,
    metrics.map(({ name }) => name),
  )
  for (let row = 0; row < players; row += window.length) {
    window.at(row)
    const rows = Math.min(window.length, players - row)
    const leftOut = input.leftOut?.subarray(row, row + rows)
    for (const rowCounters of counters)
      rowCounters.forEach((metric, c) => void metric.count(window.values[c]!, rows, leftOut))
    await pause()
  }
  const counted = players - (input.leftOut?.reduce((sum, isOut) => sum + isOut, 0) ?? 0)
  return counters.map((rowCounters, i) => {
    const isOut = input.leftOut?.[input.rows[i]!] === 1
    return Object.fromEntries(metrics.map(({ name }, c) => [name, isOut ? null : rowCounters[c]!.rankAmong(counted)]))
  })
}

/** A board depends on its snapshots, which never change, and its config: their hash is the hash of the board. */
export function sheetBoardHash(
  scores: Database,
  { selection, config }: { selection: SnapshotSelection; config: string },
): string {
  const hash = new Bun.CryptoHasher('sha256').update(config)
  const checksums = scores.query<{ checksum: number }, [number, number]>(
    'SELECT checksum FROM groups WHERE key >= ? * 16777216 AND key < (? + 1) * 16777216 ORDER BY key',
  )
  for (const snapshot of [selection.baseline, ...selection.between, selection.scan, ...selection.extras]) {
    for (const { checksum } of checksums.iterate(snapshot, snapshot)) hash.update(`${checksum},`)
    hash.update(';')
  }
  return hash.digest('hex')
}
