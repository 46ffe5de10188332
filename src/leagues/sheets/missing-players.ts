/** Players of earlier scans who are missing from the newest one: they can still be found by search. Runs in the worker thread. */
import type { Database } from 'bun:sqlite'
import { freeBuffers } from '../../leaderboard/free-buffers.ts'
import { idOrder } from '../../leaderboard/sort.ts'
import { joinTexts, rowCount, takeTexts, textColumn } from '../../leaderboard/text.ts'
import type { PlayerTexts } from './board-parts.ts'
import type { PausableWork } from './latecomers.ts'
import { playersInNeither, readNames } from './snapshots/read.ts'
import { snapshotOf, storedSnapshot } from './snapshots/snapshot.ts'

/** `scans[row]` is the newest snapshot with the player. In id order. */
export type MissingPlayers = PlayerTexts & { scans: number[] }

/** `earlier`: the snapshots before the newest, newest first. */
export async function missingPlayers(
  scores: Database,
  { newest, earlier }: { newest: number; earlier: readonly number[] },
  { pause }: PausableWork,
): Promise<MissingPlayers> {
  const newestScan = snapshotOf(scores, newest)
  let missing: MissingPlayers = { ids: textColumn([]), names: textColumn([]), scans: [] }
  for (const id of earlier) {
    const snapshot = storedSnapshot(scores, id)
    if (!snapshot) continue
    const { rows, ids } = playersInNeither(scores, snapshot, newestScan, missing.ids)
    if (rows.length > 0) {
      const names = readNames(scores, snapshot)
      missing = inIdOrder({
        ids: joinTexts(missing.ids, ids),
        names: joinTexts(missing.names, takeTexts(names, rows)),
        scans: [...missing.scans, ...Array.from(rows, () => id)],
      })
      freeBuffers(names.bytes, names.offsets)
    }
    await pause()
  }
  return missing
}

function inIdOrder(missing: MissingPlayers): MissingPlayers {
  const rows = idOrder(missing.ids)
  if (!rows) return missing
  return {
    ids: takeTexts(missing.ids, rows),
    names: takeTexts(missing.names, rows),
    scans: Array.from(rows, row => missing.scans[row]!),
  }
}

export const isNobodyMissing = ({ ids }: MissingPlayers): boolean => rowCount(ids) === 0
