/** Where players start, and the walk that holds what they have against it. Runs in the worker thread. */
import type { Database } from 'bun:sqlite'
import { matchRows } from '../leaderboard/gains.ts'
import { latecomersOf, type Working } from './latecomers.ts'
import type { Lineup } from './lineup.ts'
import { ownMemory, readIds, Walk } from './snapshots/read.ts'
import { type Snapshot, snapshotOf } from './snapshots/snapshot.ts'

/**
 * Where the players of a snapshot start. `rows[row]` is the row in `baseline`, or OWN: the row itself, or, from LATE
 * downwards, a row of `latecomers`.
 */
export type Starts = { baseline: number; latecomers: number | null; rows: Int32Array }
export const OWN = -1
export const LATE = -2

export async function startsOf(scores: Database, lineup: Lineup, working: Working): Promise<Starts> {
  const { current, baseline } = lineup
  const { players } = snapshotOf(scores, current)
  const rows = new Int32Array(new SharedArrayBuffer(players * 4)).fill(OWN)
  if (baseline === current) return { baseline, latecomers: null, rows }
  const latecomers = await latecomersOf(scores, lineup, working)
  const ids = readIds(scores, snapshotOf(scores, current), ownMemory)
  rows.set(matchRows(ids, readIds(scores, snapshotOf(scores, baseline), ownMemory)))
  if (latecomers && latecomers.players > 0) {
    const late = matchRows(ids, readIds(scores, latecomers, ownMemory))
    for (let row = 0; row < players; row++) if (rows[row] === OWN && late[row]! >= 0) rows[row] = LATE - late[row]!
  }
  return { baseline, latecomers: latecomers?.id ?? null, rows }
}

/** For metric `m` the value is `now[m][at]`, the start `then[m][from]`. */
export type EachPlayer = (row: number, now: Float64Array[], at: number, then: Float64Array[], from: number) => void

const MANY = 1 << 16 // players between two pauses

/** Everyone's current and start values of some metrics, without a whole column in memory. */
export async function eachPlayer(
  scores: Database,
  snapshot: Snapshot,
  starts: Starts,
  metrics: readonly string[],
  { pause }: Working,
  each: EachPlayer,
): Promise<void> {
  const now = new Walk(scores, snapshot, metrics)
  const baseline = new Walk(scores, snapshotOf(scores, starts.baseline), metrics)
  const late = starts.latecomers === null ? now : new Walk(scores, snapshotOf(scores, starts.latecomers), metrics)
  for (let row = 0; row < snapshot.players; row++) {
    const at = now.at(row)
    const start = starts.rows[row]!
    if (start >= 0) each(row, now.values, at, baseline.values, baseline.at(start))
    else if (start === OWN) each(row, now.values, at, now.values, at)
    else each(row, now.values, at, late.values, late.at(LATE - start))
    if (row % MANY === MANY - 1) await pause()
  }
}
