/** What boards are built from, computed in the worker thread. All that is large lies in shared memory. */
import type { Database } from 'bun:sqlite'
import { gainsOf, matchRows } from '../leaderboard/gains.ts'
import { type Order, type Ranking, rankingOf, standingOf } from '../leaderboard/ranking.ts'
import { addTerm, scoringOf } from '../leaderboard/score.ts'
import { mark, needle } from '../leaderboard/search.ts'
import type { TextColumn } from '../leaderboard/text.ts'
import { type Classification, classify, type TierMembers } from '../leaderboard/tiers.ts'
import { latecomersOf, type Working } from './latecomers.ts'
import type { Lineup } from './lineup.ts'
import { ownMemory, readColumns, readIds, readNames, sharedMemory } from './snapshots/read.ts'
import { type Snapshot, snapshotOf } from './snapshots/snapshot.ts'

/** What decides a score; the names are those of a league's config. */
export type ScoreConfig = { weights?: Record<string, number>; score_on?: 'gains' | 'current' }

/**
 * Where the players of a snapshot start. `rows[row]` is the row in `baseline`, or OWN: the row itself, or, from LATE
 * downwards, a row of `latecomers`.
 */
export type Starts = { baseline: number; latecomers: number | null; rows: Int32Array }
export const OWN = -1
export const LATE = -2

export async function startsOf(scores: Database, lineup: Lineup, working: Working): Promise<Starts> {
  const ids = readIds(scores, snapshotOf(scores, lineup.current))
  const latecomers = await latecomersOf(scores, lineup, working)
  const found = matchRows(ids, readIds(scores, snapshotOf(scores, lineup.baseline)))
  const rows = new Int32Array(new SharedArrayBuffer(found.byteLength))
  rows.set(found)
  if (latecomers && latecomers.players > 0) {
    const late = matchRows(ids, readIds(scores, latecomers))
    for (let row = 0; row < rows.length; row++) if (rows[row] === OWN && late[row]! >= 0) rows[row] = LATE - late[row]!
  }
  return { baseline: lineup.baseline, latecomers: latecomers?.id ?? null, rows }
}

/** Start values of some metrics; `own` are the current ones. */
function startColumns(scores: Database, starts: Starts, metrics: string[], own: Float64Array[]): Float64Array[] {
  const baseline = readColumns(scores, snapshotOf(scores, starts.baseline), metrics, ownMemory)
  const late = starts.latecomers && readColumns(scores, snapshotOf(scores, starts.latecomers), metrics, ownMemory)
  return own.map((current, i) => {
    const [base, later] = [baseline[i]!, late ? late[i]! : current]
    const values = new Float64Array(current.length)
    for (let row = 0; row < values.length; row++) {
      const start = starts.rows[row]!
      values[row] = start >= 0 ? base[start]! : start === OWN ? current[row]! : later[LATE - start]!
    }
    return values
  })
}

const MANY = 4_000_000 // values read at once: 32 MB

function inBatches<T>(things: readonly T[], players: number): T[][] {
  const size = Math.max(1, Math.floor(MANY / Math.max(1, players)))
  return Array.from({ length: Math.ceil(things.length / size) }, (_, i) => things.slice(i * size, (i + 1) * size))
}

/** A board's score and its ranking, best first. `goals`: what each player should reach, if that goes by baseline power. */
export type Scored = { ranking: Ranking; starts: Starts; goals?: Float64Array }

export type ScoreInput = { lineup: Lineup; config: ScoreConfig; perPower?: number }

export async function score(
  scores: Database,
  { lineup, config, perPower }: ScoreInput,
  working: Working,
): Promise<Scored> {
  const starts = await startsOf(scores, lineup, working)
  const snapshot = snapshotOf(scores, lineup.current)
  const names = snapshot.metrics.map(({ name }) => name)
  const scoring = scoringOf(names, config)
  const total = sharedMemory(snapshot.players).fill(Number.NaN)
  for (const weights of inBatches(scoring.weights, snapshot.players * 3)) {
    const metrics = weights.map(({ metric }) => metric)
    const current = readColumns(scores, snapshot, metrics, ownMemory)
    const start = scoring.on === 'gains' ? startColumns(scores, starts, metrics, current) : undefined
    weights.forEach(({ metric, weight }, i) => {
      const values = start ? gainsOf(current[i]!, start[i]!, isCumulative(snapshot, metric)) : current[i]!
      addTerm(total, values, weight)
    })
    await working.pause()
  }
  const goals = perPower === undefined ? undefined : powerGoals(scores, snapshot, starts, perPower)
  return { ranking: shared(rankingOf(total, 'desc')), starts, goals }
}

const isCumulative = ({ metrics }: Snapshot, metric: string): boolean =>
  metrics.find(({ name }) => name === metric)?.cumulative ?? false

function powerGoals(scores: Database, snapshot: Snapshot, starts: Starts, perPower: number): Float64Array {
  const own = readColumns(scores, snapshot, ['power'], ownMemory)
  const [start] = startColumns(scores, starts, ['power'], own)
  const goals = sharedMemory(snapshot.players)
  for (let row = 0; row < goals.length; row++) goals[row] = start![row]! * perPower
  return goals
}

function shared(ranking: Ranking): Ranking {
  const order = new Uint32Array(new SharedArrayBuffer(ranking.order.byteLength))
  order.set(ranking.order)
  return { ...ranking, order }
}

export function column(scores: Database, input: { snapshot: number; metric: string; order: Order }): Ranking {
  const [values] = readColumns(scores, snapshotOf(scores, input.snapshot), [input.metric])
  return shared(rankingOf(values!, input.order))
}

/** The same values the other way round. */
export const turned = ({ values }: Ranking, order: Order): Ranking => shared(rankingOf(values, order))

export type Texts = { ids: TextColumn; names: TextColumn }

export function texts(scores: Database, id: number): Texts {
  const snapshot = snapshotOf(scores, id)
  return { ids: readIds(scores, snapshot), names: readNames(scores, snapshot) }
}

export function search({ texts: { ids, names }, q }: { texts: Texts; q: string }): Uint8Array {
  const hits = new Uint8Array(new SharedArrayBuffer(ids.offsets.length - 1))
  mark(needle(q), ids, hits)
  mark(needle(q), names, hits)
  return hits
}

export function tiers({
  ranking,
  classification,
}: {
  ranking: Ranking
  classification: Classification
}): TierMembers[] {
  return classify(ranking, classification)
}

export type Standings = Record<string, { rank: number; percentile: number } | null>

/** Where one row stands in every metric. */
export async function standings(
  scores: Database,
  input: { snapshot: number; row: number },
  { pause }: Working,
): Promise<Standings> {
  const snapshot = snapshotOf(scores, input.snapshot)
  const found: [string, Standings[string]][] = []
  for (const metrics of inBatches(snapshot.metrics, snapshot.players)) {
    const names = metrics.map(({ name }) => name)
    const columns = readColumns(scores, snapshot, names, ownMemory)
    names.forEach((name, i) => {
      found.push([name, standingOf(columns[i]!, input.row, 'higher')])
    })
    await pause()
  }
  return Object.fromEntries(found)
}
