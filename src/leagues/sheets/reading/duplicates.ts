import { isSameText, rowCount, type TextColumn } from '../../../leaderboard/text.ts'

/**
 * For each row the nearest row above it with the same id, or -1; undefined if no id is repeated. `order`: row numbers in id
 * order, equal ids by row; undefined if the rows are in that order already.
 */
export function earlierRows(ids: TextColumn, order: Uint32Array | undefined): Int32Array | undefined {
  const count = rowCount(ids)
  let earlier: Int32Array | undefined
  for (let place = 1; place < count; place++) {
    const row = order ? order[place]! : place
    const before = order ? order[place - 1]! : place - 1
    if (!isSameText(ids, before, row)) continue
    earlier ??= new Int32Array(count).fill(-1)
    earlier[row] = before
  }
  return earlier
}
