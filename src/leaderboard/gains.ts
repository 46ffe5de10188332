import { areSameTexts, compareTexts, rowCount, type TextColumn } from './text.ts'

/** For each row of `ids` the row of `others` with the same id, or -1. Both columns are sorted by id. */
export function matchRows(ids: TextColumn, others: TextColumn): Int32Array {
  const matches = new Int32Array(rowCount(ids)).fill(-1)
  matchNext(matches, ids, 0, others, 0, rowCount(others))
  return matches
}

/** Matches `ids` from `row` on with the rows `first` to `end`, whose ids are the first in `others`. Returns the row to go on from. */
export function matchNext(
  matches: Int32Array,
  ids: TextColumn,
  row: number,
  others: TextColumn,
  first: number,
  end: number,
): number {
  if (areSameTexts(ids, row, others, 0, end - first)) {
    for (let other = first; other < end; other++) matches[row++] = other
    return row
  }
  for (let other = first; row < matches.length && other < end; ) {
    const difference = compareTexts(ids, row, others, other - first)
    if (difference === 0) matches[row] = other
    if (difference <= 0) row++
    if (difference >= 0) other++
  }
  return row
}

/**
 * Current minus start; NaN if either is. A cumulative metric cannot really go down: if it seems to, it is suspicious and the
 * gain is 0.
 */
export const gainOf = (current: number, start: number, cumulative: boolean): number =>
  hasFallen(current, start, cumulative) ? 0 : current - start

export const hasFallen = (current: number, start: number, cumulative: boolean): boolean => cumulative && current < start
