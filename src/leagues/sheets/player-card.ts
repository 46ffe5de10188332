import type { Database } from 'bun:sqlite'
import { gainOf } from '../../leaderboard/gains.ts'
import { type ColumnValues, orNull, type Row, rowsOf } from '../../leaderboard/page.ts'
import { percentileOf } from '../../leaderboard/ranking.ts'
import { scoringOf, withTerm } from '../../leaderboard/score.ts'
import { iso } from '../../platform/clock.ts'
import { baselineValues } from './baseline-rows.ts'
import { markShown } from './board-cells.ts'
import { type BoardSource, type SheetBoards, sheetBoard, shownSnapshots } from './boards.ts'
import { leftOutBy } from './marks.ts'
import { byTakenAt, type Published, scansOf, selectSnapshots } from './snapshot-selection.ts'
import { readRows, readValues, rowOfPlayer } from './snapshots/read.ts'
import { snapshotOf, storedSnapshot } from './snapshots/snapshot.ts'

export type MetricCard = {
  current: number | null
  baseline: number | null
  gain: number | null
  rank: number | null
  percentile: number | null
}

export type PlayerCard = Omit<Row, 'metrics' | 'gains'> & {
  percentile: number | null
  metrics: Record<string, MetricCard>
  history: HistoryPoint[]
  asOf: number
}

/** The card of a player on the board as it is now; undefined for one who is not on it. */
export async function playerCard(
  boards: SheetBoards,
  source: BoardSource,
  player_id: string,
): Promise<PlayerCard | undefined> {
  const lineup = await shownSnapshots(boards, source.published)
  if (!lineup) return undefined
  const { board, snapshot, scored } = await sheetBoard(boards, source, lineup, {})
  const at = board.rowOf(player_id)
  if (at < 0) return undefined
  const standings = await boards.shelves.standings(snapshot.id, at, leftOutBy(source.marks))
  const [row] = rowsOf(board, Uint32Array.of(at), { by: 'score', order: 'desc', ties: 'standard' })
  const own = readValues(boards.scores, snapshot, [at])
  const start = baselineValues(boards.scores, snapshot, scored.starts, Uint32Array.of(at), own)
  const cards = snapshot.metrics.map(({ name, cumulative }, c): [string, MetricCard] => [
    name,
    {
      current: orNull(own[c]!),
      baseline: orNull(start[c]!),
      gain: orNull(gainOf(own[c]!, start[c]!, cumulative)),
      rank: standings[name]?.rank ?? null,
      percentile: standings[name]?.percentile ?? null,
    },
  ])
  const { gains: _, ...shown } = row!
  return {
    ...shown,
    percentile: percentileOf(board.ranking('score', 'desc'), at),
    metrics: Object.fromEntries(cards),
    history: await historyOf(boards.scores, source, player_id),
    asOf: lineup.asOf,
  }
}

/** A player by the newest scan that holds them. */
export function lastSeen(scores: Database, published: readonly Published[], player_id: string) {
  for (const { snapshot, takenAt } of byTakenAt(scansOf(published)).reverse()) {
    const seen = metricsIn(scores, snapshot, player_id)
    if (seen) return { ...seen, snapshot, takenAt }
  }
  return undefined
}

/** Who is missing from the newest scan: what the last one said that they were in. */
export async function missingPlayer(scores: Database, source: BoardSource, player_id: string) {
  const seen = lastSeen(scores, source.published, player_id)
  if (!seen) return undefined
  const card = ({ name, value }: Measured): [string, MetricCard] => [
    name,
    { current: orNull(value), baseline: null, gain: null, rank: null, percentile: null },
  ]
  return {
    player_id,
    name: seen.name,
    rank: null,
    change: null,
    score: null,
    percentile: null,
    ...(source.marks?.has(player_id) && {
      mark: markShown(scores, snapshotOf(scores, seen.snapshot), source.marks, player_id),
    }),
    metrics: Object.fromEntries(seen.metrics.map(card)),
    history: await historyOf(scores, source, player_id),
    asOf: selectSnapshots(source.published)?.asOf ?? seen.takenAt,
    last_seen: iso(seen.takenAt),
  }
}

/** What one snapshot says of a player. `score` is null in snapshots that no gain is counted from or to. */
export type HistoryPoint = {
  takenAt: number
  kind: Published['kind']
  name: string
  metrics: ColumnValues
  score: number | null
}

/** A player in every published snapshot that is kept and holds them, oldest first: two small reads each. */
export async function historyOf(
  scores: Database,
  { published, config }: BoardSource,
  player_id: string,
): Promise<HistoryPoint[]> {
  const lineup = selectSnapshots(published)
  const counted = new Set(lineup && [...lineup.between, lineup.scan, lineup.baseline])
  const metricsOf = (id: number) => storedSnapshot(scores, id)?.metrics ?? []
  const haveStarts = new Set(lineup?.startExtras.flatMap(metricsOf).map(({ name }) => name))
  let start = lineup && metricsIn(scores, lineup.baseline, player_id)?.metrics
  const extraStarts = new Map<string, number>()
  const extras = new Map<string, Measured>()
  let scan: { snapshot: number; name: string; metrics: Measured[] } | undefined
  const startOf = (metric: Measured): Measured => ({
    ...metric,
    value: haveStarts.has(metric.name) ? (extraStarts.get(metric.name) ?? Number.NaN) : 0,
  })
  const moments: HistoryPoint[] = []
  for (const [i, { snapshot, kind, takenAt }] of byTakenAt(published).entries()) {
    if (i % 100 === 99) await Bun.sleep(0) // lets requests in
    const found = metricsIn(scores, snapshot, player_id)
    if (kind === 'extra') {
      for (const metric of known(found?.metrics ?? [])) {
        extras.set(metric.name, metric)
        if (lineup?.startExtras.includes(snapshot)) extraStarts.set(metric.name, metric.value)
      }
      if (!found || !scan) continue
    } else {
      if (!found) continue
      scan = { snapshot, ...found }
      if (counted.has(snapshot)) start ??= found.metrics
    }
    const metrics = withExtraMetrics(scan.metrics, extras)
    const starts =
      start && withExtraMetrics(start, new Map(Array.from(extras, ([name, metric]) => [name, startOf(metric)])))
    moments.push({
      takenAt,
      kind,
      name: scan.name,
      metrics: Object.fromEntries(metrics.map(({ name, value }) => [name, orNull(value)])),
      score: starts && counted.has(scan.snapshot) ? scoreOf(metrics, starts, config) : null,
    })
  }
  return moments
}

const known = (metrics: Measured[]) => metrics.filter(({ value }) => !Number.isNaN(value))

/** A column of the scan stays its own. */
const withExtraMetrics = (metrics: Measured[], extras: ReadonlyMap<string, Measured>): Measured[] => [
  ...metrics,
  ...[...extras.values()].filter(({ name }) => !metrics.some(metric => metric.name === name)),
]

type Measured = { name: string; cumulative: boolean; value: number }

function metricsIn(scores: Database, id: number, player_id: string): { name: string; metrics: Measured[] } | undefined {
  const snapshot = storedSnapshot(scores, id)
  if (!snapshot) return undefined
  const row = rowOfPlayer(scores, snapshot, player_id)
  if (row < 0) return undefined
  const { names, values } = readRows(scores, snapshot, [row])
  return { name: names[0]!, metrics: snapshot.metrics.map((metric, c) => ({ ...metric, value: values[c]! })) }
}

function scoreOf(metrics: Measured[], start: Measured[], config: BoardSource['config']): number | null {
  const { on, weights } = scoringOf(
    metrics.map(({ name }) => name),
    config,
  )
  let score = Number.NaN
  for (const { metric, weight } of weights) {
    const { value, cumulative } = metrics.find(({ name }) => name === metric)!
    const from = start.find(({ name }) => name === metric)?.value ?? Number.NaN
    score = withTerm(score, on === 'gains' ? gainOf(value, from, cumulative) : value, weight)
  }
  return orNull(score)
}
