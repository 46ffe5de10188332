/** The history of one player in the scans of a league, oldest first. */
import type { Database } from 'bun:sqlite'
import { gainOf } from '../../leaderboard/gains.ts'
import { type ColumnValues, nullIfNaN } from '../../leaderboard/page.ts'
import { addTerm, scoringOf } from '../../leaderboard/score.ts'
import { longestStored } from './buildable.ts'
import type { BoardConfig } from './scoring.ts'
import { byTakenAt, type Published, type SnapshotSelection, selectSnapshots } from './snapshot-selection.ts'
import { readRows, rowOfPlayer } from './snapshots/read.ts'
import { type SheetMetric, storedSnapshot } from './snapshots/snapshot.ts'

type HistorySource = { published: readonly Published[]; config: BoardConfig }

/** A player in one snapshot. `score` is null in snapshots that no gain is counted from or to. */
export type HistoryPoint = {
  takenAt: number
  kind: Published['kind']
  name: string
  metrics: ColumnValues
  score: number | null
}

/** A player in every published snapshot that exists and has them, or in those of `shown`, oldest first: two small reads each. */
export async function historyOf(
  scores: Database,
  { published, config }: HistorySource,
  player_id: string,
  shown = published,
): Promise<HistoryPoint[]> {
  const selection = selectSnapshots(published)
  const scoredSnapshots = new Set(selection && [...selection.between, selection.scan, selection.baseline])
  const metricsOf = (id: number) => storedSnapshot(scores, id)?.metrics ?? []
  const startMetrics = new Set(selection?.startExtras.flatMap(metricsOf).map(({ name }) => name))
  let start = selection && startIn(scores, selection, player_id)
  const extraStarts = new Map<string, number>()
  const extras = new Map<string, MetricValue>()
  let scan: { snapshot: number; kind: Published['kind']; name: string; metrics: MetricValue[] } | undefined
  const startOf = (metric: MetricValue): MetricValue => ({
    ...metric,
    value: startMetrics.has(metric.name) ? (extraStarts.get(metric.name) ?? Number.NaN) : 0,
  })
  const points: HistoryPoint[] = []
  for (const [i, { snapshot, kind, takenAt }] of byTakenAt(shown).entries()) {
    if (i % 100 === 99) await Bun.sleep(0) // lets other requests run
    const found = metricsIn(scores, snapshot, player_id)
    if (kind === 'extra') {
      for (const metric of withKnownValue(found?.metrics ?? [])) {
        extras.set(metric.name, metric)
        if (selection?.startExtras.includes(snapshot)) extraStarts.set(metric.name, metric.value)
      }
    }
    if (!found) continue
    const at = kind === 'extra' ? scan : { snapshot, kind, ...found }
    if (!at) continue
    if (kind === 'current' || scan?.kind !== 'current') scan = at // extra sheets add to current scans, if there is one
    if (scoredSnapshots.has(at.snapshot)) start ??= at.metrics
    const added = [...extras.values()].filter(({ name }) => !at.metrics.some(metric => metric.name === name))
    const metrics = [...at.metrics, ...added]
    const starts = start && [...added.map(startOf), ...start] // the first counts
    points.push({
      takenAt,
      kind,
      name: at.name,
      metrics: Object.fromEntries(metrics.map(({ name, value }) => [name, nullIfNaN(value)])),
      score: starts && scoredSnapshots.has(at.snapshot) ? computeScore(metrics, starts, config) : null,
    })
  }
  return points
}

const withKnownValue = (metrics: MetricValue[]) => metrics.filter(({ value }) => !Number.isNaN(value))

/** Where the player starts: in the baseline, or in the stored latecomers, also if the scan they first appeared in was thinned out. */
function startIn(scores: Database, selection: SnapshotSelection, player_id: string): MetricValue[] | undefined {
  const inBaseline = metricsIn(scores, selection.baseline, player_id)
  const latecomers = inBaseline ? undefined : longestStored(scores, selection)
  return (latecomers ? metricsIn(scores, latecomers.id, player_id) : inBaseline)?.metrics
}

export type MetricValue = SheetMetric & { value: number }

export function metricsIn(
  scores: Database,
  id: number,
  player_id: string,
): { name: string; metrics: MetricValue[] } | undefined {
  const snapshot = storedSnapshot(scores, id)
  if (!snapshot) return undefined
  const row = rowOfPlayer(scores, snapshot, player_id)
  if (row < 0) return undefined
  const { names, values } = readRows(scores, snapshot, [row])
  return { name: names[0]!, metrics: snapshot.metrics.map((metric, c) => ({ ...metric, value: values[c]! })) }
}

function computeScore(metrics: MetricValue[], start: MetricValue[], config: BoardConfig): number | null {
  const { on, weights } = scoringOf(
    metrics.map(({ name }) => name),
    config,
  )
  let score = Number.NaN
  for (const { metric, weight } of weights) {
    const { value, cumulative } = metrics.find(({ name }) => name === metric)!
    const from = start.find(({ name }) => name === metric)?.value ?? Number.NaN
    score = addTerm(score, on === 'gains' ? gainOf(value, from, cumulative) : value, weight)
  }
  return nullIfNaN(score)
}

export type TrendsInput = HistorySource & { players: readonly string[] }

const maxPoints = 12 // of a sparkline

/** The scores of some players in the newest scans that count, for a sparkline in each row; empty if there are too few. */
export async function sheetTrends(
  scores: Database,
  { published, config, players }: TrendsInput,
  { pause }: { pause(): Promise<unknown> },
): Promise<Record<string, (number | null)[]>> {
  const selection = selectSnapshots(published)
  const scoredSnapshots = new Set(
    selection && [selection.baseline, ...[...selection.between, selection.scan].slice(-maxPoints)],
  )
  if (scoredSnapshots.size < 3) return {}
  const shown = published.filter(({ kind, snapshot }) => kind === 'extra' || scoredSnapshots.has(snapshot))
  const trends: Record<string, (number | null)[]> = {}
  for (const player of players) {
    trends[player] = (await historyOf(scores, { published, config }, player, shown))
      .filter(({ kind }) => kind !== 'extra')
      .map(({ score }) => score)
    await pause()
  }
  return trends
}
