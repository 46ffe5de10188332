import {
  type Board,
  type BoardCells,
  type BoardMetric,
  type ColumnValues,
  metricOfGain,
  nullIfNaN,
  type RankableBoard,
} from './page.ts'
import {
  type Better,
  type Ranking,
  type RankOrder,
  rankingByKeys,
  rankingOf,
  sortKeysOf,
  type Tiebreak,
} from './ranking.ts'
import { markMatches } from './search.ts'
import { idOrder } from './sort.ts'
import { rowOfId, type TextColumn, takeTexts, textAt } from './text.ts'
import type { Classification } from './tiers.ts'

/** Row `i` of every column is one player; ids are unique; NaN is unknown. Money is whole cents. */
export type BoardColumns = {
  ids: TextColumn
  names: TextColumn
  score: Float64Array
  better?: Better // of the score; `higher` by default
  tiebreak?: Tiebreak // between equal scores
  metrics: { name: string; values: Float64Array; better?: Better; gains?: Float64Array }[]
  classification?: Classification
  previous?: RankableBoard
}

/** A board whose columns are all in memory. Rows are sorted by id; rankings are computed when first asked for. */
export function buildBoard(columns: BoardColumns): Board & { bytes(): number } {
  const { ids, names, score, metrics, better = 'higher', tiebreak, classification, previous } = sortedById(columns)
  const keys = tiebreak && sortKeysOf(score, better, tiebreak)
  const rankings = new Map<string, Ranking>()
  const withGains = metrics.filter(({ gains }) => gains)
  const valuesOf = (column: string): Float64Array => {
    if (column === 'score') return score
    const gainMetric = metricOfGain(column)
    if (gainMetric !== undefined) return withGains.find(({ name }) => name === gainMetric)!.gains!
    return metrics.find(({ name }) => name === column)!.values
  }

  return {
    players: score.length,
    metrics: metrics.map(({ name, better = 'higher' }): BoardMetric => ({ name, better })),
    gains: withGains.map(({ name, better = 'higher' }): BoardMetric => ({ name, better })),
    better,
    classification,
    previous,
    ranking(column: string, order: RankOrder) {
      const key = `${order}:${column}`
      const ranking =
        rankings.get(key) ??
        (keys && column === 'score' ? rankingByKeys(score, keys, order) : rankingOf(valuesOf(column), order))
      rankings.set(key, ranking)
      return ranking
    },
    rowOf: id => rowOfId(ids, id),
    matching: q => markMatches(q, [ids, names], new Uint8Array(score.length)),
    cells: rows =>
      Array.from(rows, (row): BoardCells => {
        const valueFrom = (column: 'values' | 'gains') => (metric: (typeof metrics)[number]) =>
          [metric.name, nullIfNaN(metric[column]?.[row] ?? Number.NaN)] as const
        return {
          player_id: textAt(ids, row),
          name: textAt(names, row),
          metrics: Object.fromEntries(metrics.map(valueFrom('values'))) satisfies ColumnValues,
          ...(withGains.length > 0 && { gains: Object.fromEntries(withGains.map(valueFrom('gains'))) }),
        }
      }),
    bytes() {
      const arrays = [
        score,
        ...(keys ? [keys] : []),
        ...metrics.flatMap(({ values, gains }) => (gains ? [values, gains] : [values])),
      ]
      const texts = [ids, names].flatMap(({ bytes, offsets }) => [bytes, offsets])
      const orders = [...rankings.values()].map(({ order }) => order)
      return [...arrays, ...texts, ...orders].reduce((sum, { byteLength }) => sum + byteLength, 0)
    },
  }
}

function sortedById(columns: BoardColumns): BoardColumns {
  const rows = idOrder(columns.ids)
  if (!rows) return columns
  const { classification } = columns
  const goalPct = classification?.goalPct && takeValues(classification.goalPct, rows)
  return {
    ...columns,
    ids: takeTexts(columns.ids, rows),
    names: takeTexts(columns.names, rows),
    score: takeValues(columns.score, rows),
    tiebreak: columns.tiebreak && { ...columns.tiebreak, values: takeValues(columns.tiebreak.values, rows) },
    metrics: columns.metrics.map(metric => ({
      ...metric,
      values: takeValues(metric.values, rows),
      gains: metric.gains && takeValues(metric.gains, rows),
    })),
    classification: classification && { ...classification, goalPct },
  }
}

export function takeValues(values: Float64Array, rows: Uint32Array): Float64Array {
  const taken = new Float64Array(rows.length)
  for (let i = 0; i < rows.length; i++) taken[i] = values[rows[i]!]!
  return taken
}
