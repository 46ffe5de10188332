/** What makes a sheet doubtful beside the one before it: it is held until an officer says what to do. Runs in the worker thread. */
import type { Database } from 'bun:sqlite'
import type { UploadDoubt } from '../../../db/schema.ts'
import { hasFallen } from '../../leaderboard/gains.ts'
import type { Players } from './baseline-rows.ts'
import type { LatecomersWork } from './latecomers.ts'
import { Walk } from './snapshots/read.ts'
import type { Snapshot } from './snapshots/snapshot.ts'

/** Of fewer, a fifth is one or two: they come and go. */
const fewest = 5
const isOverAFifth = (count: number, of: number) => of >= fewest && count * 5 > of

const many = 1 << 16 // players between two pauses

/** Counters of players that stood above 0 before, and how many of them are lower now. */
export async function countFallen(
  scores: Database,
  { snapshot, rowsIn, walk }: Players,
  before: Snapshot,
  { pause }: LatecomersWork,
): Promise<{ fallen: number; counters: number }> {
  const rising = snapshot.metrics
    .filter(({ name, cumulative }) => cumulative && before.metrics.some(metric => metric.name === name))
    .map(({ name }) => name)
  let fallen = 0
  let counters = 0
  if (rising.length === 0) return { fallen, counters }
  const rows = rowsIn(before.id)
  const now = walk(rising)
  const then = new Walk(scores, before, rising)
  for (let row = 0; row < rows.length; row++) {
    const earlier = rows[row]!
    if (row % many === many - 1) await pause()
    if (earlier < 0) continue
    const at = now.at(row)
    const from = then.at(earlier)
    for (let m = 0; m < rising.length; m++) {
      const [value, was] = [now.values[m]![at]!, then.values[m]![from]!]
      if (!(was > 0) || Number.isNaN(value)) continue
      counters++
      if (hasFallen(value, was, true)) fallen++
    }
  }
  return { fallen, counters }
}

const number = (count: number) => count.toLocaleString('en')

const fallenDoubt = (count: number, of: number, sheet: 'scan' | 'extra sheet'): UploadDoubt[] =>
  isOverAFifth(count, of)
    ? [
        {
          reason: 'went_down',
          count,
          of,
          message: `${number(count)} of ${number(of)} counters that only ever rise are lower than in the ${sheet} before: is it an older one?`,
        },
      ]
    : []

export function doubtsOf(
  snapshot: Snapshot,
  before: Snapshot,
  { missing, fallen, counters }: { missing: number; fallen: number; counters: number },
): UploadDoubt[] {
  const doubts: UploadDoubt[] = []
  if (isOverAFifth(missing, before.players))
    doubts.push({
      reason: 'missing',
      count: missing,
      of: before.players,
      message: `${number(missing)} of ${number(before.players)} players of the scan before are not in it`,
    })
  doubts.push(...fallenDoubt(fallen, counters, 'scan'))
  const gone = before.metrics.filter(({ name }) => !snapshot.metrics.some(metric => metric.name === name))
  if (gone.length >= 2 && gone.length * 2 > before.metrics.length)
    doubts.push({
      reason: 'columns',
      count: gone.length,
      of: before.metrics.length,
      message: `${number(gone.length)} of ${number(before.metrics.length)} columns of the scan before are not in it: ${gone
        .slice(0, 10)
        .map(({ name }) => name)
        .join(', ')}`,
    })
  return doubts
}

/** Of an extra sheet: whom the board does not know gets nothing from it. */
export const extraDoubtsOf = (found: {
  players: number
  unknown: number
  fallen: number
  counters: number
}): UploadDoubt[] => [
  ...(isOverAFifth(found.unknown, found.players)
    ? [
        {
          reason: 'unknown' as const,
          count: found.unknown,
          of: found.players,
          message: `${number(found.unknown)} of its ${number(found.players)} players are not in the newest scan: is the player id the right column?`,
        },
      ]
    : []),
  ...fallenDoubt(found.fallen, found.counters, 'extra sheet'),
]
