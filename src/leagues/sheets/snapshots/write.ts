import type { Database } from 'bun:sqlite'
import { idOrder } from '../../../leaderboard/sort.ts'
import { isSameText, rowsIn, type TextColumn, takeTexts } from '../../../leaderboard/text.ts'
import { packGroup } from './group.ts'
import { checksum, checksumOn, groupKey, groupRowsFor, type SheetColumns } from './snapshot.ts'
import { deleteSnapshot } from './sweep.ts'
import { textPacker } from './texts.ts'

type Writing = {
  now: number // milliseconds since 1970
  /** Called between the short transactions: lets the thread do other work. */
  pause?(rowsWritten: number): Promise<void>
  signal?: AbortSignal
  startsFor?: string
}

const BATCH = 256 // groups a transaction: some 3 MB and 20 ms

/**
 * Stores a sheet as a new snapshot, whole and on disk when its id is answered; the sheet itself is in id order then. Stopped by
 * the signal or an error it leaves nothing behind; killed, it leaves a part that no one sees and the sweep clears. A derived one
 * is not waited for: after a power cut it is made again. What fits one batch is one transaction.
 */
export async function writeSnapshot(scores: Database, sheet: SheetColumns, writing: Writing): Promise<number> {
  const players = rowsIn(sheet.ids)
  const groupRows = groupRowsFor(sheet.metrics.length)
  const batch = BATCH * groupRows
  const isOneBatch = players <= batch
  const transact = writing.startsFor === undefined ? synced : unsynced
  bringToIdOrder(sheet)
  const begin = () => insertSnapshot(scores, sheet, groupRows, writing)
  const write = (id: number, from: number) =>
    writeGroups(scores, id, sheet, groupRows, from, Math.min(players, from + batch))
  const publish = (id: number) => scores.query('UPDATE snapshots SET whole = 1 WHERE id = ?').run(id)
  const writeAll = () => {
    const id = begin()
    write(id, 0)
    publish(id)
    return id
  }
  const id = isOneBatch ? transact(scores, writeAll) : begin()
  try {
    for (let from = 0; from < players; from += batch) {
      if (!isOneBatch) unsynced(scores, () => write(id, from))
      await writing.pause?.(Math.min(players, from + batch))
      writing.signal?.throwIfAborted()
    }
    if (!isOneBatch) transact(scores, () => publish(id))
    return id
  } catch (error) {
    await deleteSnapshot(scores, id)
    throw error
  }
}

function insertSnapshot(scores: Database, sheet: SheetColumns, groupRows: number, { startsFor, now }: Writing): number {
  const { lastInsertRowid } = scores
    .query(
      `INSERT INTO snapshots (players, group_rows, metrics, id_bytes, name_bytes, labels, starts_for, created_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
    )
    .run(
      rowsIn(sheet.ids),
      groupRows,
      JSON.stringify(sheet.metrics.map(({ name, cumulative, extra }) => ({ name, cumulative, extra }))),
      textBytes(sheet.ids),
      textBytes(sheet.names),
      JSON.stringify(sheet.labels.map(({ name, texts }) => ({ name, bytes: textBytes(texts) }))),
      startsFor ?? null,
      now,
    )
  return Number(lastInsertRowid)
}

/** In place, through one spare column: a million rows hold a hundred megabytes. */
export function bringToIdOrder(sheet: SheetColumns): void {
  const order = sheet.order === undefined ? idOrder(sheet.ids) : sheet.order
  sheet.order = null
  if (!order) return
  const spare = new Float64Array(order.length)
  for (const { values } of sheet.metrics) {
    for (let row = 0; row < order.length; row++) spare[row] = values[order[row]!]!
    values.set(spare)
  }
  for (const label of sheet.labels) label.texts = takeTexts(label.texts, order)
  sheet.names = takeTexts(sheet.names, order)
  sheet.ids = takeTexts(sheet.ids, order)
}

const textBytes = ({ offsets }: TextColumn): number => offsets.at(-1)! - offsets[0]!

const packIds = textPacker()
const packNames = textPacker()
const packLabel = textPacker()

function writeGroups(
  scores: Database,
  id: number,
  { ids, names, metrics, labels }: SheetColumns,
  groupRows: number,
  from: number,
  to: number,
): void {
  const columns = metrics.map(({ values }) => values)
  const insertTexts = scores.query('INSERT INTO texts (key, ids, names) VALUES (?, ?, ?)')
  const insertMetrics = scores.query('INSERT INTO groups (key, checksum, metrics) VALUES (?, ?, ?)')
  const insertLabel = scores.query('INSERT INTO labels (key, label, texts) VALUES (?, ?, ?)')
  const door = scores.query('INSERT INTO doors (snapshot, first_id, place) VALUES (?, ?, ?)')
  for (let row = Math.max(from, 1); row < to; row++) {
    if (isSameText(ids, row - 1, row)) throw new Error('An id is there twice')
  }
  for (let first = from; first < to; first += groupRows) {
    const end = Math.min(to, first + groupRows)
    const group = first / groupRows
    const key = groupKey(id, group)
    const texts = [packIds(ids, first, end), packNames(names, first, end)] as const
    const packed = packGroup(columns, first, end)
    insertTexts.run(key, ...texts)
    let sum = checksum(...texts, packed)
    for (const [label, column] of labels.entries()) {
      const packedLabel = packLabel(column.texts, first, end)
      insertLabel.run(key, label, packedLabel)
      sum = checksumOn(sum, packedLabel)
    }
    insertMetrics.run(key, sum, packed)
    door.run(id, ids.bytes.subarray(ids.offsets[first], ids.offsets[first + 1]), group)
  }
}

/** A power cut may undo it, with whatever came after it in this file. */
const unsynced = <T>(scores: Database, work: () => T): T => scores.transaction(work).immediate()

/** FULL syncs the log at this commit and with it everything before. */
function synced<T>(scores: Database, work: () => T): T {
  scores.run('PRAGMA synchronous = FULL')
  try {
    return unsynced(scores, work)
  } finally {
    scores.run('PRAGMA synchronous = NORMAL')
  }
}
