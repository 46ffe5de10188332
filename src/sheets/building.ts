/** What boards are built from, computed in the worker thread. All that is large lies in shared memory. */
import type { Database } from 'bun:sqlite'
import { gainOf, hasFallen, matchRows } from '../leaderboard/gains.ts'
import { type Order, type Ranking, rankingOf, standingOf } from '../leaderboard/ranking.ts'
import { scoringOf, withTerm } from '../leaderboard/score.ts'
import { mark, needle } from '../leaderboard/search.ts'
import type { TextColumn } from '../leaderboard/text.ts'
import { type Classification, classify, type TierMembers } from '../leaderboard/tiers.ts'
import { latecomersOf, type Working } from './latecomers.ts'
import type { Lineup } from './lineup.ts'
import { ownMemory, readColumns, readIds, readNames, sharedMemory, Walk } from './snapshots/read.ts'
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

/** The last answer is kept: what an import finds out, the board it leads to asks next. */
let lastStarts: { list: string; starts: Starts } | undefined

export async function startsOf(scores: Database, lineup: Lineup, working: Working): Promise<Starts> {
  const { current, baseline, between } = lineup
  const list = [baseline, ...between, current].join()
  if (lastStarts?.list === list) return lastStarts.starts
  const ids = readIds(scores, snapshotOf(scores, current), ownMemory)
  const latecomers = await latecomersOf(scores, lineup, working)
  const found = matchRows(ids, readIds(scores, snapshotOf(scores, baseline), ownMemory))
  const rows = new Int32Array(new SharedArrayBuffer(found.byteLength))
  rows.set(found)
  if (latecomers && latecomers.players > 0) {
    const late = matchRows(ids, readIds(scores, latecomers, ownMemory))
    for (let row = 0; row < rows.length; row++) if (rows[row] === OWN && late[row]! >= 0) rows[row] = LATE - late[row]!
  }
  const starts = { baseline, latecomers: latecomers?.id ?? null, rows }
  lastStarts = { list, starts }
  return starts
}

/** For metric `m` the value is `now[m][at]`, the start `then[m][from]`. */
type EachPlayer = (row: number, now: Float64Array[], at: number, then: Float64Array[], from: number) => void

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
  const scoring = scoringOf(
    snapshot.metrics.map(({ name }) => name),
    config,
  )
  const terms = scoring.weights.map(({ metric, weight }, m) => ({
    m,
    weight,
    cumulative: isCumulative(snapshot, metric),
  }))
  const power = perPower === undefined ? [] : ['power']
  const metrics = [...scoring.weights.map(({ metric }) => metric), ...power]
  const total = new Float64Array(sharedMemory(snapshot.players * 8))
  const goals = perPower === undefined ? undefined : new Float64Array(sharedMemory(snapshot.players * 8))
  await eachPlayer(scores, snapshot, starts, metrics, working, (row, now, at, then, from) => {
    let sum = Number.NaN
    for (const { m, weight, cumulative } of terms) {
      const value = now[m]![at]!
      sum = withTerm(sum, scoring.on === 'gains' ? gainOf(value, then[m]![from]!, cumulative) : value, weight)
    }
    total[row] = sum
    if (goals && perPower) goals[row] = then[terms.length]![from]! * perPower
  })
  return { ranking: shared(rankingOf(total, 'desc')), starts, goals }
}

const isCumulative = ({ metrics }: Snapshot, metric: string): boolean =>
  metrics.find(({ name }) => name === metric)?.cumulative ?? false

/** How many players have a cumulative metric that went down since their start. */
export async function fallen(scores: Database, lineup: Lineup, working: Working): Promise<number> {
  const starts = await startsOf(scores, lineup, working)
  const snapshot = snapshotOf(scores, lineup.current)
  const metrics = snapshot.metrics.filter(({ cumulative }) => cumulative).map(({ name }) => name)
  let players = 0
  await eachPlayer(scores, snapshot, starts, metrics, working, (_, now, at, then, from) => {
    for (let m = 0; m < metrics.length; m++) {
      if (!hasFallen(now[m]![at]!, then[m]![from]!, true)) continue
      players++
      return
    }
  })
  return players
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

const MOST = 4_000_000 // values read at once: 32 MB

function inBatches<T>(things: readonly T[], players: number): T[][] {
  const size = Math.max(1, Math.floor(MOST / Math.max(1, players)))
  return Array.from({ length: Math.ceil(things.length / size) }, (_, i) => things.slice(i * size, (i + 1) * size))
}
