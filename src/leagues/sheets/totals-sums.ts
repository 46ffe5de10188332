/** Sums current values and gains of everyone who counts, by the values of a label. Runs in the worker thread. */
import type { Database } from 'bun:sqlite'
import { gainOf } from '../../leaderboard/gains.ts'
import { gainColumn } from '../../leaderboard/page.ts'
import { addValue, emptySums, type GroupSums, groupRows, oneGroup } from '../../leaderboard/totals.ts'
import { type BaselineRows, eachPlayer, storedPlayers } from './baseline-rows.ts'
import type { PausableWork } from './latecomers.ts'
import { readLabel } from './snapshots/read.ts'
import { snapshotOf } from './snapshots/snapshot.ts'

export const maxGroups = 10_000 // nobody wants totals by a label that is different for everyone

type TotalsInput = {
  snapshot: number
  starts: BaselineRows
  score: Float64Array
  label: string | undefined
  leftOut: Uint8Array | undefined
}

/** Sums over everyone who counts. Undefined if the label has too many values. */
export async function sumPlayers(
  scores: Database,
  input: TotalsInput,
  work: PausableWork,
): Promise<GroupSums | undefined> {
  const { starts, score, label, leftOut } = input
  const players = storedPlayers(scores, snapshotOf(scores, input.snapshot))
  const { metrics } = players.snapshot
  const names = metrics.map(({ name }) => name)
  const groups =
    label === undefined ? oneGroup(score.length) : groupRows(readLabel(scores, players.snapshot, label), maxGroups)
  if (!groups) return undefined
  const { groupOfRow, texts } = groups
  const sums = emptySums(texts, ['score', ...names.flatMap(name => [name, gainColumn(name)])])
  const width = sums.columns.length
  await eachPlayer(scores, players, starts, names, work, (row, now, nowIndex, start, startIndex) => {
    if (leftOut?.[row]) return
    const first = groupOfRow[row]! * width
    sums.players[groupOfRow[row]!]!++
    addValue(sums, first, score[row]!)
    for (let m = 0; m < metrics.length; m++) {
      addValue(sums, first + 1 + 2 * m, now[m]![nowIndex]!)
      addValue(sums, first + 2 + 2 * m, gainOf(now[m]![nowIndex]!, start[m]![startIndex]!, metrics[m]!.cumulative))
    }
  })
  return sums
}
