/** In the worker thread: what everyone who counts has and gained, added up by what a label says. */
import type { Database } from 'bun:sqlite'
import { gainOf } from '../../leaderboard/gains.ts'
import { gainColumn } from '../../leaderboard/page.ts'
import { addValue, everyone, groupsOf, noSums, type Sums } from '../../leaderboard/totals.ts'
import { type BaselineRows, eachPlayer, storedPlayers } from './baseline-rows.ts'
import type { LatecomersWork } from './latecomers.ts'
import { ownMemory, readLabel } from './snapshots/read.ts'
import { snapshotOf } from './snapshots/snapshot.ts'

export const mostGroups = 10_000 // of a label that says something else of everyone nobody wants totals

export type TotalsInput = {
  snapshot: number
  starts: BaselineRows
  score: Float64Array
  label: string | undefined
  out: Uint8Array | undefined
}

/** One walk by everyone. Undefined where the label has too many texts. */
export async function sumPlayers(
  scores: Database,
  input: TotalsInput,
  working: LatecomersWork,
): Promise<Sums | undefined> {
  const { starts, score, label, out } = input
  const players = storedPlayers(scores, snapshotOf(scores, input.snapshot))
  const { metrics } = players.snapshot
  const names = metrics.map(({ name }) => name)
  const groups =
    label === undefined
      ? everyone(score.length)
      : groupsOf(readLabel(scores, players.snapshot, label, ownMemory), mostGroups)
  if (!groups) return undefined
  const { of, texts } = groups
  const sums = noSums(texts, ['score', ...names.flatMap(name => [name, gainColumn(name)])])
  const width = sums.columns.length
  await eachPlayer(scores, players, starts, names, working, (row, now, at, then, from) => {
    if (out?.[row]) return
    const first = of[row]! * width
    sums.players[of[row]!]!++
    addValue(sums, first, score[row]!)
    for (let m = 0; m < metrics.length; m++) {
      addValue(sums, first + 1 + 2 * m, now[m]![at]!)
      addValue(sums, first + 2 + 2 * m, gainOf(now[m]![at]!, then[m]![from]!, metrics[m]!.cumulative))
    }
  })
  return sums
}
