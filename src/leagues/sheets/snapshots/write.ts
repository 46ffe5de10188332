import type { Database } from 'bun:sqlite'
import { freeBuffers } from '../../../leaderboard/free-buffers.ts'
import { idOrder } from '../../../leaderboard/sort.ts'
import { isSameText, rowCount, type TextColumn, takeTexts } from '../../../leaderboard/text.ts'
import { reorderNumbers } from '../number-column.ts'
import { packGroup } from './group.ts'
import { checksum, extendChecksum, groupKey, groupRowsFor, type SheetColumns, type Snapshot } from './snapshot.ts'
import { deleteSnapshot } from './sweep.ts'
import { textPacker } from './texts.ts'

export type WriteOptions = {
  now: number // milliseconds since 1970
  /** Called between the short transactions: lets the thread do other work. */
  pause?(rowsWritten: number): Promise<void>
  signal?: AbortSignal
  startsFor?: string
}

const GROUPS_PER_TRANSACTION = 256 // some 3 MB and 20 ms

/**
 * Stores a sheet as a new snapshot, complete when its id is returned, and brings the sheet into id order. When the
 * signal or an error stops it, nothing is left; when the process is killed, an incomplete snapshot is left, which no reader sees
 * and the sweep deletes. Until the log is synced a power cut may undo it; a derived snapshot is then made again. A sheet that fits
 * one batch is written in one transaction.
 */
export async function writeSnapshot(scores: Database, sheet: SheetColumns, options: WriteOptions): Promise<number> {
  bringToIdOrder(sheet)
  const isOneBatch = fitsOneBatch(sheet)
  const begin = () => beginSnapshot(scores, sheet, options)
  const writeAll = () => {
    const snapshot = begin()
    writeGroups(scores, snapshot.id, sheet, snapshot.groupRows, 0, snapshot.players)
    publishSnapshot(scores, snapshot)
    return snapshot
  }
  const snapshot = isOneBatch ? transaction(scores, writeAll) : begin()
  try {
    if (isOneBatch) await pauseOrAbort(options, snapshot.players)
    else await writeRows(scores, snapshot, sheet, options)
    return snapshot.id
  } catch (error) {
    await deleteSnapshot(scores, snapshot.id)
    throw error
  }
}

export const fitsOneBatch = ({ ids, metrics }: SheetColumns): boolean =>
  rowCount(ids) <= GROUPS_PER_TRANSACTION * groupRowsFor(metrics.length)

async function pauseOrAbort({ pause, signal }: WriteOptions, written: number): Promise<void> {
  await pause?.(written)
  signal?.throwIfAborted()
}

/** Writes the rows of a snapshot from `beginSnapshot` and a sheet in id order, in short transactions: complete at the end. */
export async function writeRows(
  scores: Database,
  snapshot: Snapshot,
  sheet: SheetColumns,
  options: WriteOptions,
): Promise<void> {
  const { id, players, groupRows } = snapshot
  const batch = GROUPS_PER_TRANSACTION * groupRows
  for (let from = 0; from < players; from += batch) {
    const to = Math.min(players, from + batch)
    transaction(scores, () => writeGroups(scores, id, sheet, groupRows, from, to))
    await pauseOrAbort(options, to)
  }
  publishSnapshot(scores, snapshot)
}

const publishSnapshot = (scores: Database, { id }: Snapshot) =>
  scores.query('UPDATE snapshots SET complete = 1 WHERE id = ?').run(id)

/** A new snapshot without rows, which nobody sees yet. */
export function beginSnapshot(scores: Database, sheet: SheetColumns, { startsFor, now }: WriteOptions): Snapshot {
  const snapshot = {
    players: rowCount(sheet.ids),
    groupRows: groupRowsFor(sheet.metrics.length),
    metrics: sheet.metrics.map(({ name, heading, cumulative, extra }) => ({ name, heading, cumulative, extra })),
    idBytes: textBytes(sheet.ids),
    nameBytes: textBytes(sheet.names),
    labels: sheet.labels.map(({ name, heading, texts }) => ({ name, heading, bytes: textBytes(texts) })),
    createdAt: now,
  }
  const { lastInsertRowid } = scores
    .query(
      `INSERT INTO snapshots (players, group_rows, metrics, id_bytes, name_bytes, labels, starts_for, created_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
    )
    .run(
      snapshot.players,
      snapshot.groupRows,
      JSON.stringify(snapshot.metrics),
      snapshot.idBytes,
      snapshot.nameBytes,
      JSON.stringify(snapshot.labels),
      startsFor ?? null,
      now,
    )
  return { id: Number(lastInsertRowid), ...snapshot }
}

/** In place, through one spare column: a million rows hold a hundred megabytes. */
export function bringToIdOrder(sheet: SheetColumns): void {
  const order = sheet.order === undefined ? idOrder(sheet.ids) : sheet.order
  sheet.order = null
  if (!order) return
  const spare = new ArrayBuffer(order.length * 8)
  for (const { values } of sheet.metrics) reorderNumbers(values, order, spare)
  freeBuffers({ buffer: spare })
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
  const insertStart = scores.query('INSERT INTO group_starts (snapshot, first_id, group_number) VALUES (?, ?, ?)')
  for (let row = Math.max(from, 1); row < to; row++) {
    if (isSameText(ids, row - 1, row)) throw new Error('The sheet has an id twice')
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
      sum = extendChecksum(sum, packedLabel)
    }
    insertMetrics.run(key, sum, packed)
    insertStart.run(id, ids.bytes.slice(ids.offsets[first], ids.offsets[first + 1]), group)
  }
}

const transaction = <T>(scores: Database, work: () => T): T => scores.transaction(work).immediate()
