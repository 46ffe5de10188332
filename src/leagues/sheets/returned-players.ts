/** Players who may have come back under another id, which makes them start again. Runs in the worker thread. */
import type { Database } from 'bun:sqlite'
import { textAt } from '../../leaderboard/text.ts'
import { firstOfText } from '../../platform/number-text.ts'
import type { Players } from './baseline-rows.ts'
import type { PausableWork } from './latecomers.ts'
import { readNames, readRows } from './snapshots/read.ts'
import { type SheetColumns, storedSnapshot } from './snapshots/snapshot.ts'

const maxRows = 200_000 // of earlier scans: the board of a very large sheet does not wait for this
const maxNamed = 5

/** Warns of new players with the name of a player who left. `earlier`: the scans before the sheet, newest first. */
export async function returnedPlayersWarning(
  scores: Database,
  sheet: SheetColumns,
  players: Players,
  earlier: readonly number[],
  { pause }: PausableWork,
): Promise<string[]> {
  let newcomers: Map<string, number> | undefined // name → row in the sheet
  const earlierIds = new Map<string, string>()
  let searched = 0
  for (const id of earlier) {
    const scan = storedSnapshot(scores, id)
    if (!scan) continue
    searched += scan.players
    if (searched > maxRows || newcomers?.size === 0) break
    const rows = players.rowsIn(id)
    newcomers ??= newcomersIn(sheet, rows)
    for (const [name, row] of newcomers) if (rows[row]! >= 0) newcomers.delete(name)
    const isPresent = new Uint8Array(scan.players)
    for (const row of rows) if (row >= 0) isPresent[row] = 1
    const names = readNames(scores, scan)
    const namesakes = Array.from(isPresent.keys()).filter(row => !isPresent[row] && newcomers?.has(textAt(names, row)))
    const found = readRows(scores, scan, namesakes)
    for (const [i, name] of found.names.entries()) if (!earlierIds.has(name)) earlierIds.set(name, found.ids[i]!)
    await pause()
  }
  const returned = [...(newcomers ?? [])].flatMap(([name, row]) => {
    const earlierId = earlierIds.get(name)
    return earlierId === undefined ? [] : `${name} (${textAt(sheet.ids, row)}, before ${earlierId})`
  })
  if (returned.length === 0) return []
  const named = firstOfText(returned.slice(0, maxNamed), returned.length)
  return [
    `New ids with the name of a player who left: ${named}. Under a new id a player starts at 0. If they are the same, give them the id they had in the sheet.`,
  ]
}

/** The players who are not in the scan before, by name. Those without a name have their id as name. */
function newcomersIn({ ids, names }: SheetColumns, rows: Int32Array): Map<string, number> {
  const newcomers = new Map<string, number>()
  for (let row = 0; row < rows.length; row++) {
    const name = rows[row]! < 0 ? textAt(names, row) : ''
    if (name && name !== textAt(ids, row)) newcomers.set(name, row)
  }
  return newcomers
}
