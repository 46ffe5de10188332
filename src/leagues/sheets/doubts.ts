/** Decides whether a sheet looks wrong compared with the one before: then it is held until an officer answers. Runs in the worker thread. */
import type { Database } from 'bun:sqlite'
import type { UploadDoubt } from '../../../db/schema.ts'
import { hasFallen } from '../../leaderboard/gains.ts'
import { countText, firstOfText } from '../../platform/number-text.ts'
import { headingsOf, metricName } from '../headings.ts'
import { type PlayerBatch, type Players, pairRows } from './baseline-rows.ts'
import type { PausableWork } from './latecomers.ts'
import { SnapshotWindow } from './snapshots/read.ts'
import type { Snapshot } from './snapshots/snapshot.ts'

/** With fewer players, one or two are already a fifth. */
const minPlayers = 5
const isOverAFifth = (count: number, of: number) => of >= minPlayers && count * 5 > of

export type FallenCounters = { fallen: number; counters: number }

/** Counts counters that were above 0 before, and how many of them are lower now. `add` counts some rows, each after the ones before. */
export function fallenCounter(scores: Database, { snapshot, rowsIn, window }: Players, before: Snapshot) {
  const rising = snapshot.metrics
    .filter(({ name, cumulative }) => cumulative && before.metrics.some(metric => metric.name === name))
    .map(({ name }) => name)
  const counts: FallenCounters = { fallen: 0, counters: 0 }
  if (rising.length === 0) return { counts, add() {} }
  const rowsBefore = rowsIn(before.id)
  const now = window(rising)
  const isFallen = new Uint8Array(now.length)
  const addPairs = pairRows(now, new SnapshotWindow(scores, before, rising), batch =>
    countFallen(batch, rising.length, isFallen, counts),
  )
  return {
    counts,
    add(from: number, to: number): void {
      for (let row = from; row < to; row = now.end) {
        if (row >= now.end) now.moveTo(row)
        addPairs(rowsBefore, row, Math.min(to, now.end))
      }
    },
  }
}

/** Counts in the first `metrics` of a batch, and sets `isFallen[i]` to 1 for players with a fallen counter. */
export function countFallen(batch: PlayerBatch, metrics: number, isFallen: Uint8Array, counts: FallenCounters): void {
  for (let m = 0; m < metrics; m++) {
    const { fallen, counters } = countFallenIn(batch, batch.now[m]!, batch.start[m]!, isFallen)
    counts.fallen += fallen
    counts.counters += counters
  }
}

function countFallenIn(
  { length, nowIndexes, startIndexes }: PlayerBatch,
  now: Float64Array,
  start: Float64Array,
  isFallen: Uint8Array,
): FallenCounters {
  let fallen = 0
  let counters = 0
  for (let i = 0; i < length; i++) {
    const value = now[nowIndexes[i]!]!
    const before = start[startIndexes[i]!]!
    const isLower = hasFallen(value, before, true)
    if (isLower) isFallen[i] = 1
    if (!(before > 0) || Number.isNaN(value)) continue
    counters++
    if (isLower) fallen++
  }
  return { fallen, counters }
}

const pauseEvery = 1 << 16 // players

export async function countFallenCounters(
  scores: Database,
  players: Players,
  before: Snapshot,
  { pause }: PausableWork,
): Promise<FallenCounters> {
  const counter = fallenCounter(scores, players, before)
  const count = players.snapshot.players
  for (let from = 0; from < count; from += pauseEvery) {
    counter.add(from, Math.min(count, from + pauseEvery))
    await pause()
  }
  return counter.counts
}

const fallenDoubt = (count: number, of: number, sheet: 'scan' | 'extra sheet'): UploadDoubt[] =>
  isOverAFifth(count, of)
    ? [
        {
          reason: 'went_down',
          count,
          of,
          message: `${countText(count)} of ${countText(of)} counters that should only rise are lower than in the ${sheet} before: is this an older sheet?`,
        },
      ]
    : []

/** `lostScores`: metrics that made the score of the scan before and are on the board no more. */
export function doubtsOf(
  snapshot: Snapshot,
  before: Snapshot,
  found: { missing: number; fallen: number; counters: number },
  lostScores: readonly string[],
): UploadDoubt[] {
  const doubts: UploadDoubt[] = []
  const { missing, fallen, counters } = found
  if (isOverAFifth(missing, before.players))
    doubts.push({
      reason: 'missing',
      count: missing,
      of: before.players,
      message: `${countText(missing)} of ${countText(before.players)} players of the scan before are not in it`,
    })
  doubts.push(...fallenDoubt(fallen, counters, 'scan'))
  const missingColumns = columnsBeyond(before.metrics, snapshot.metrics)
  const of = before.metrics.length
  if (missingColumns.length >= 2 && missingColumns.length * 2 > of)
    doubts.push({
      reason: 'columns',
      count: missingColumns.length,
      of,
      message: `${countText(missingColumns.length)} of ${countText(of)} columns of the scan before are not in it: ${columnNames(missingColumns)}`,
    })
  else if (lostScores.length > 0) {
    const names = lostScores.map(metric => metricName(metric, headingsOf(before)))
    doubts.push({
      reason: 'columns',
      count: lostScores.length,
      of,
      message: `The board is scored by ${names.join(', ')}, which the scan before had and this sheet does not`,
    })
  }
  return doubts
}

/** A column that is missing may have another heading now. */
export function missingColumnsWarning(snapshot: Snapshot, before: Snapshot): string[] {
  const now = [...snapshot.metrics, ...snapshot.labels]
  const then = [...before.metrics, ...before.labels]
  const missing = columnsBeyond(then, now)
  if (missing.length === 0) return []
  const added = columnsBeyond(now, then)
  const advice =
    added.length > 0
      ? ` New: ${columnNames(added)}. If a column only has another heading now, choose what it is read as when you send the file.`
      : ''
  return [`Missing, but in the scan before: ${columnNames(missing)}.${advice}`]
}

type Named = { name: string; heading?: string }
const columnsBeyond = (columns: readonly Named[], known: readonly Named[]) =>
  columns.filter(({ name }) => !known.some(column => column.name === name))
const columnNames = (columns: readonly Named[]) => {
  const named = columns.slice(0, 10).map(({ name, heading }) => heading ?? metricName(name, undefined))
  return firstOfText(named, columns.length)
}

/** `found`: players of the newest scan who are in the baseline. Some may have joined since. */
export const baselineDoubtsOf = (found: number, players: number): UploadDoubt[] =>
  players >= minPlayers && found * 2 < players
    ? [
        {
          reason: 'missing',
          count: players - found,
          of: players,
          message: `${countText(players - found)} of ${countText(players)} players of the newest scan are not in this baseline: is it from another league?`,
        },
      ]
    : []

/** For an extra sheet: players who are not on the board get nothing from it. */
export const extraDoubtsOf = (found: {
  players: number
  unknown: number
  fallen: number
  counters: number
}): UploadDoubt[] => [
  ...(isOverAFifth(found.unknown, found.players)
    ? [
        {
          reason: 'unknown' as const,
          count: found.unknown,
          of: found.players,
          message: `${countText(found.unknown)} of its ${countText(found.players)} players are not in the newest scan: is the player id the right column?`,
        },
      ]
    : []),
  ...fallenDoubt(found.fallen, found.counters, 'extra sheet'),
]
