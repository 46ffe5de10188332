/**
 * Sums over groups of players, such as alliances, ranked by the same engine as players: a group is a row of a board whose
 * columns are sums, or averages.
 */
import { buildBoard } from './board.ts'
import { gainColumn, metricOfGain, type RankedPage, rankedPage } from './page.ts'
import type { BoardQuery } from './query.ts'
import { compareTexts, rowCount, type TextColumn, textAt, textColumn } from './text.ts'

/** Rows with the same text are a group; `texts` are the names of the groups. */
type RowGroups = { groupOfRow: Uint32Array; texts: string[] }

export const oneGroup = (rows: number): RowGroups => ({ groupOfRow: new Uint32Array(rows), texts: [''] })

/** Texts are compared as bytes, so that a million of them need not be decoded. Undefined if there are too many groups. */
export function groupRows(column: TextColumn, maxGroups: number): RowGroups | undefined {
  const size = 2 ** Math.ceil(Math.log2(maxGroups * 4))
  const table = new Int32Array(size).fill(-1) // hash → group
  const first: number[] = [] // a row of each group
  const groupOfRow = new Uint32Array(rowCount(column))
  const { bytes, offsets } = column
  for (let row = 0; row < groupOfRow.length; row++) {
    let hash = 2166136261
    for (let at = offsets[row]!; at < offsets[row + 1]!; at++) hash = Math.imul(hash ^ bytes[at]!, 16777619)
    let slot = hash & (size - 1)
    while (table[slot]! >= 0 && compareTexts(column, first[table[slot]!]!, column, row) !== 0)
      slot = (slot + 1) & (size - 1)
    if (table[slot]! < 0) {
      if (first.length === maxGroups) return undefined
      table[slot] = first.push(row) - 1
    }
    groupOfRow[row] = table[slot]!
  }
  return { groupOfRow, texts: first.map(row => textAt(column, row)) }
}

/** Sums by group and column, and how many values were known. `columns` are `score`, metrics, and their gains. */
export type GroupSums = {
  texts: string[]
  columns: string[]
  players: Uint32Array
  sums: Float64Array
  known: Uint32Array
}

export const emptySums = (texts: string[], columns: string[]): GroupSums => ({
  texts,
  columns,
  players: new Uint32Array(texts.length),
  sums: new Float64Array(texts.length * columns.length),
  known: new Uint32Array(texts.length * columns.length),
})

export function addValue({ sums, known }: GroupSums, index: number, value: number): void {
  if (Number.isNaN(value)) return
  sums[index]! += value
  known[index]!++
}

/** All groups as one. */
export function sumOfAll({ texts, columns, players, sums, known }: GroupSums): GroupSums {
  const all = emptySums([''], columns)
  for (let group = 0; group < texts.length; group++) {
    all.players[0]! += players[group]!
    for (let c = 0; c < columns.length; c++) {
      all.sums[c]! += sums[group * columns.length + c]!
      all.known[c]! += known[group * columns.length + c]!
    }
  }
  return all
}

/** A sum, the average of players whose value is known, and their number. */
export type SumAndAverage = { sum: number | null; average: number | null; known: number }
export type GroupTotal = {
  players: number
  score: SumAndAverage
  metrics: Record<string, SumAndAverage>
  gains: Record<string, SumAndAverage>
}

export function groupTotalOf({ columns, players, sums, known }: GroupSums, group: number): GroupTotal {
  const figures = columns.map((column, c): [string, SumAndAverage] => {
    const at = group * columns.length + c
    const count = known[at]!
    const sum = count > 0 ? sums[at]! + 0 : null
    return [column, { sum, average: sum === null ? null : sum / count, known: count }]
  })
  const gains = figures.flatMap(([column, figure]): [string, SumAndAverage][] => {
    const metric = metricOfGain(column)
    return metric === undefined ? [] : [[metric, figure]]
  })
  const metrics = figures.filter(([column]) => column !== 'score' && metricOfGain(column) === undefined)
  return {
    players: players[group]!,
    score: Object.fromEntries(figures).score!,
    metrics: Object.fromEntries(metrics),
    gains: Object.fromEntries(gains),
  }
}

/** Whether groups are ranked by sums or averages. */
export type TotalsBy = 'sum' | 'average'
/** `label` is a label, such as `alliance`, whose values are the groups. */
export type TotalsQuery = BoardQuery & { by: TotalsBy }
export type RankedTotal = GroupTotal & { rank: number | null; text: string }
export type RankedTotals = Omit<RankedPage, 'rows'> & { rows: RankedTotal[] }

/** One page of groups, without empty ones. `players` ranks by the number of players. */
export function rankedTotals(sums: GroupSums, { by, ...query }: TotalsQuery): RankedTotals {
  const { texts, columns, players } = sums
  const groups = new Map(texts.flatMap((text, group) => (players[group]! > 0 ? [[text, group] as const] : [])))
  const valuesOf = (column: string) =>
    Float64Array.from(groups.values(), group => {
      const at = group * columns.length + columns.indexOf(column)
      const known = sums.known[at]!
      return known === 0 ? Number.NaN : sums.sums[at]! / (by === 'average' ? known : 1)
    })
  const ids = textColumn([...groups.keys()])
  const metrics = columns.filter(column => column !== 'score' && metricOfGain(column) === undefined)
  const board = buildBoard({
    ids,
    names: ids,
    score: valuesOf('score'),
    metrics: [
      { name: 'players', values: Float64Array.from(groups.values(), group => players[group]!) },
      ...metrics.map(name => ({ name, values: valuesOf(name), gains: valuesOf(gainColumn(name)) })),
    ],
  })
  const { rows, ...page } = rankedPage(board, { ...query, label: undefined })
  return {
    ...page,
    rows: rows.map(({ rank, player_id: text }) => ({ rank, text, ...groupTotalOf(sums, groups.get(text)!) })),
  }
}
