import type { Database } from 'bun:sqlite'
import { idOrder, rowNumbers } from '../../leaderboard/sort.ts'
import { compareTexts, rowsIn, type TextColumn } from '../../leaderboard/text.ts'
import { discard } from './garbage.ts'
import { packGroup } from './group.ts'
import { checksum, groupRowsFor, keyOf, type SheetColumns } from './snapshot.ts'
import { deleteSnapshot } from './sweep.ts'
import { packTexts } from './texts.ts'

export type Writing = {
  now: number // milliseconds since 1970
  /** Called between the short transactions: lets the thread do other work. */
  pause?(rowsWritten: number): Promise<void>
  signal?: AbortSignal
  startsFor?: string
}

const BATCH = 256 // groups a transaction: some 3 MB and 20 ms

/**
 * Stores a sheet as a new snapshot, whole and on disk when its id is answered. Rows are brought into id order. Stopped by
 * the signal or an error it leaves nothing behind; killed, it leaves a part that no one sees and the sweep clears.
 */
export async function writeSnapshot(scores: Database, sheet: SheetColumns, writing: Writing): Promise<number> {
  const players = rowsIn(sheet.ids)
  const groupRows = groupRowsFor(sheet.metrics.length)
  const metrics = JSON.stringify(sheet.metrics.map(({ name, cumulative }) => ({ name, cumulative })))
  const { lastInsertRowid } = scores
    .query(
      `INSERT INTO snapshots (players, group_rows, metrics, id_bytes, name_bytes, starts_for, created_at)
       VALUES (?, ?, ?, ?, ?, ?, ?)`,
    )
    .run(
      players,
      groupRows,
      metrics,
      textBytes(sheet.ids),
      textBytes(sheet.names),
      writing.startsFor ?? null,
      writing.now,
    )
  const id = Number(lastInsertRowid)
  try {
    const order = idOrder(sheet.ids) ?? rowNumbers(players)
    for (let from = 0; from < players; from += BATCH * groupRows) {
      const to = Math.min(players, from + BATCH * groupRows)
      writeGroups(scores, id, sheet, order, groupRows, from, to)
      await writing.pause?.(to)
      writing.signal?.throwIfAborted()
    }
    publish(scores, id)
    return id
  } catch (error) {
    await deleteSnapshot(scores, id)
    throw error
  }
}

const textBytes = ({ offsets }: TextColumn): number => offsets.at(-1)! - offsets[0]!

function writeGroups(
  scores: Database,
  id: number,
  { ids, names, metrics }: SheetColumns,
  order: Uint32Array,
  groupRows: number,
  from: number,
  to: number,
): void {
  const columns = metrics.map(({ values }) => values)
  const insertTexts = scores.query('INSERT INTO texts (key, ids, names) VALUES (?, ?, ?)')
  const insertMetrics = scores.query('INSERT INTO groups (key, checksum, metrics) VALUES (?, ?, ?)')
  const door = scores.query('INSERT INTO doors (snapshot, first_id, place) VALUES (?, ?, ?)')
  scores
    .transaction(() => {
      for (let first = from; first < to; first += groupRows) {
        const rows = order.subarray(first, Math.min(to, first + groupRows))
        for (let i = first === 0 ? 1 : 0; i < rows.length; i++) {
          if (compareTexts(ids, order[first + i - 1]!, ids, rows[i]!) === 0) throw new Error('An id is there twice')
        }
        const group = first / groupRows
        const [key, texts] = [keyOf(id, group), [packTexts(ids, rows), packTexts(names, rows)] as const]
        const packed = packGroup(columns, rows)
        insertTexts.run(key, ...texts)
        insertMetrics.run(key, checksum(...texts, packed), packed)
        discard(texts[0].byteLength + texts[1].byteLength + packed.byteLength)
        door.run(id, ids.bytes.slice(ids.offsets[rows[0]!]!, ids.offsets[rows[0]! + 1]!), group)
      }
    })
    .immediate()
}

/** FULL syncs the log at this commit and with it everything before; the checkpoint then only tidies up. */
function publish(scores: Database, id: number): void {
  scores.run('PRAGMA synchronous = FULL')
  try {
    scores.query('UPDATE snapshots SET whole = 1 WHERE id = ?').run(id)
  } finally {
    scores.run('PRAGMA synchronous = NORMAL')
  }
  scores.run('PRAGMA wal_checkpoint(PASSIVE)')
}
