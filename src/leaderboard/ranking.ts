import { sortByValue } from './sort.ts'

export type RankOrder = 'asc' | 'desc'
export type Ties = 'standard' | 'dense' | 'modified' | 'ordinal'
/** Which end of a column is the good one. */
export type Better = 'higher' | 'lower'

/**
 * One ranked column. `order` lists rows by place: known values first, equal ones by row number (rows are sorted by id, so
 * equal ones are by player id), then unknown ones, who share the last rank, then those left out, who have none.
 */
export type Ranking = {
  direction: RankOrder
  /** The displayed values. */
  values: Float64Array
  /** What decides the places if there is a tie-break; otherwise the values do. */
  keys?: Float64Array
  order: Uint32Array
  known: number
  /** 1 for each row that is left out: it is listed last and does not count. */
  leftOut?: Uint8Array
  /** The number of rows that count, if some are left out. */
  counted?: number
  /** The number of distinct values before every 256th place; computed when dense ranks are first asked for. */
  distinctBefore?: Uint32Array
}

export const bestFirstOrder = (better: Better): RankOrder => (better === 'higher' ? 'desc' : 'asc')

export function rankingOf(values: Float64Array, direction: RankOrder): Ranking {
  return { direction, values, ...sortByValue(values, direction === 'desc') }
}

/** The same ranking without the rows marked 1 in `leftOut`. */
export function withoutRows({ distinctBefore: _, ...ranking }: Ranking, leftOut: Uint8Array): Ranking {
  const { order } = ranking
  const kept = new Uint32Array(order.length)
  const leftOutRows: number[] = []
  let counted = 0
  let known = ranking.known
  for (let place = 0; place < order.length; place++) {
    const row = order[place]!
    if (!leftOut[row]) kept[counted++] = row
    else {
      leftOutRows.push(row)
      if (place < ranking.known) known--
    }
  }
  kept.set(
    leftOutRows.sort((a, b) => a - b),
    counted,
  )
  return { ...ranking, order: kept, known, leftOut, counted }
}

export const isLeftOut = ({ leftOut }: Ranking, row: number): boolean => leftOut?.[row] === 1

export const countedRows = ({ counted, order }: Ranking): number => counted ?? order.length

/** Decides between equal values; an unknown one comes last among them. */
export type Tiebreak = { values: Float64Array; better: Better }

/** A column that sorts by `values`, then by the tie-break; `better` holds for it as for `values`. */
export function sortKeysOf(values: Float64Array, better: Better, tiebreak: Tiebreak): Float64Array {
  const tiebreakOrder = sortByValue(tiebreak.values, tiebreak.better === 'higher').order
  const { order, known } = sortByValue(values, better === 'higher', tiebreakOrder)
  const keys = new Float64Array(values.length).fill(Number.NaN)
  const sign = better === 'higher' ? -1 : 1
  for (let place = 0, key = 0; place < known; place++) {
    const row = order[place]!
    const above = order[place - 1]
    const isEqual =
      above !== undefined && values[above] === values[row] && isSame(tiebreak.values[above]!, tiebreak.values[row]!)
    if (!isEqual) key = place
    keys[row] = key * sign
  }
  return keys
}

const isSame = (a: number, b: number) => a === b || (Number.isNaN(a) && Number.isNaN(b))

export const rankingByKeys = (values: Float64Array, keys: Float64Array, direction: RankOrder): Ranking => ({
  ...rankingOf(keys, direction),
  values,
  keys,
})

/** What rows are ranked by: rows that tie have the same value here. */
export const sortValuesOf = ({ values, keys }: Ranking): Float64Array => keys ?? values

type TieRun = { from: number; to: number }

/** The first place whose value is not better (`orEqual`: is worse) than `value`. */
function placeAfter(ranking: Ranking, value: number, orEqual: boolean): number {
  const { order, known, direction } = ranking
  const values = sortValuesOf(ranking)
  let low = 0
  let high = known
  while (low < high) {
    const middle = (low + high) >>> 1
    const other = values[order[middle]!]!
    const before = direction === 'desc' ? other > value : other < value
    if (before || (orEqual && other === value)) low = middle + 1
    else high = middle
  }
  return low
}

/** The places of everyone with the same value: [from, to). */
function tieRunOf(ranking: Ranking, row: number): TieRun {
  if (isLeftOut(ranking, row)) return { from: countedRows(ranking), to: ranking.order.length }
  const value = sortValuesOf(ranking)[row]!
  if (Number.isNaN(value)) return { from: ranking.known, to: countedRows(ranking) }
  return { from: placeAfter(ranking, value, false), to: placeAfter(ranking, value, true) }
}

export function placeOf(ranking: Ranking, row: number): number {
  const { from, to } = tieRunOf(ranking, row)
  let low = from
  let high = to
  while (low < high) {
    const middle = (low + high) >>> 1
    if (ranking.order[middle]! < row) low = middle + 1
    else high = middle
  }
  return low
}

export function rankOf(ranking: Ranking, row: number, ties: Ties): number {
  if (ties === 'ordinal') return placeOf(ranking, row) + 1
  const { from, to } = tieRunOf(ranking, row)
  if (ties === 'modified') return to
  return ties === 'dense' ? stepsBefore(ranking, from) + 1 : from + 1
}

/** (Players strictly below + half of the equal ones, including the player) out of all players, in percent; unknown ones are below. */
export function percentileOf(ranking: Ranking, row: number): number | null {
  if (Number.isNaN(ranking.values[row]!) || isLeftOut(ranking, row)) return null
  return percentileOfRun(ranking, tieRunOf(ranking, row))
}

export function percentileOfRun(ranking: Ranking, { from, to }: TieRun): number {
  const all = countedRows(ranking)
  return ((all - to + (to - from) / 2) * 100) / all
}

/** Counts players above a value and equal to it, without sorting: for a player's card, which asks once about every metric. */
export class RankCounter {
  private above = 0
  private equal = 0

  constructor(private readonly value: number) {}

  /** Counts the first `length` of `values`; higher ones are above. `leftOut`: 1 for those that do not count. */
  count(values: Float64Array, length: number, leftOut?: Uint8Array): void {
    const { value } = this
    let above = 0
    let equal = 0
    for (let i = 0; i < length; i++) {
      if (leftOut?.[i]) continue
      if (values[i]! > value) above++
      else if (values[i]! === value) equal++
    }
    this.above += above
    this.equal += equal
  }

  /** The rank among `players`, who have all been counted. */
  rankAmong(players: number): { rank: number; percentile: number } | null {
    if (Number.isNaN(this.value)) return null
    return { rank: this.above + 1, percentile: ((players - this.above - this.equal / 2) * 100) / players }
  }
}

const STEP_PLACES = 256

/** The number of distinct values before the run that starts at `place`. */
function stepsBefore(ranking: Ranking, place: number): number {
  ranking.distinctBefore ??= countSteps(ranking)
  const step = Math.floor(place / STEP_PLACES)
  let steps = ranking.distinctBefore[step]!
  for (let p = step * STEP_PLACES; p < place; p++) if (startsRun(ranking, p)) steps++
  return steps
}

function countSteps(ranking: Ranking): Uint32Array {
  const steps = new Uint32Array(Math.floor(ranking.order.length / STEP_PLACES) + 1)
  let count = 0
  for (let place = 0; place < ranking.order.length; place++) {
    if (place % STEP_PLACES === 0) steps[place / STEP_PLACES] = count
    if (startsRun(ranking, place)) count++
  }
  return steps
}

function startsRun(ranking: Ranking, place: number): boolean {
  const { order, known } = ranking
  const values = sortValuesOf(ranking)
  if (place === 0 || place === known) return true
  return place < known && values[order[place]!] !== values[order[place - 1]!]
}
