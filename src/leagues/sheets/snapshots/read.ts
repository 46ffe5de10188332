import type { Database } from 'bun:sqlite'
import { freeBuffers } from '../../../leaderboard/free-buffers.ts'
import { matchNext, matchRows } from '../../../leaderboard/gains.ts'
import { rowCount, type TextColumn, takeTexts } from '../../../leaderboard/text.ts'
import { unpackGroup, unpackRow } from './group.ts'
import {
  groupKey,
  rowCountOfGroup,
  type SheetMetric,
  type Snapshot,
  SnapshotGone,
  snapshotGroupCount,
} from './snapshot.ts'
import { findText, textIn, unpackTexts } from './texts.ts'

/** Makes the memory that columns are read into: shared by threads without a copy, or this thread's own where the data is needed only briefly. */
type Allocate = (bytes: number) => ArrayBufferLike
export const allocateShared: Allocate = bytes => new SharedArrayBuffer(bytes)
const allocateOwn: Allocate = bytes => new ArrayBuffer(bytes)

const GROUPS_PER_READ = 128 // about a megabyte

/** Calls `each` with one blob of group after group. */
function eachBlob(
  scores: Database,
  snapshot: Snapshot,
  blob: 'metrics FROM groups' | 'ids FROM texts' | 'names FROM texts' | `texts FROM labels WHERE label = ${number}`,
  each: (packed: Uint8Array, rows: number, first: number) => void,
  group = 0,
  end = snapshotGroupCount(snapshot),
): void {
  const [column, from] = blob.split(' FROM ')
  const where = from?.includes(' WHERE ') ? 'AND' : 'WHERE'
  const read = scores.query<{ packed: Uint8Array }, [number, number]>(
    `SELECT ${column} AS packed FROM ${from} ${where} key BETWEEN ? AND ? ORDER BY key`,
  )
  for (; group < end; group += GROUPS_PER_READ) {
    const batchEnd = Math.min(end, group + GROUPS_PER_READ)
    const found = read.all(groupKey(snapshot.id, group), groupKey(snapshot.id, batchEnd) - 1)
    if (found.length !== batchEnd - group) throw new SnapshotGone(snapshot.id)
    found.forEach(({ packed }, i) => {
      each(packed, rowCountOfGroup(snapshot, group + i), (group + i) * snapshot.groupRows)
      freeBuffers(packed)
    })
  }
}

/** Whole columns, 1 to 3 ns a value. */
export function readColumns(
  scores: Database,
  snapshot: Snapshot,
  names: readonly string[],
  allocate: Allocate = allocateOwn,
): Float64Array[] {
  const chosen = names.map(name => snapshot.metrics.findIndex(metric => metric.name === name))
  const into = names.map(() => new Float64Array(allocate(snapshot.players * 8)))
  for (const [i, column] of chosen.entries()) if (column < 0) into[i]!.fill(Number.NaN)
  if (chosen.every(column => column < 0)) return into
  eachBlob(scores, snapshot, 'metrics FROM groups', (packed, rows, first) =>
    unpackGroup(packed, rows, snapshot.metrics.length, chosen, into, first),
  )
  return into
}

export function readMetrics(scores: Database, snapshot: Snapshot): (SheetMetric & { values: Float64Array })[] {
  const names = snapshot.metrics.map(({ name }) => name)
  const columns = readColumns(scores, snapshot, names)
  return snapshot.metrics.map((metric, i) => ({ ...metric, values: columns[i]! }))
}

const WINDOW = 32 // groups

/** Some columns of a snapshot, read from the first row to the last with a few thousand rows in memory. */
export class SnapshotWindow {
  /** Of the rows in the window, `first` to `end`, column by column. */
  readonly values: Float64Array[]
  /** The most rows that a window has. */
  readonly length: number
  first = 0
  end = 0
  private readonly chosen: number[]

  constructor(
    private readonly scores: Database,
    private readonly snapshot: Snapshot,
    names: readonly string[],
  ) {
    this.length = Math.min(snapshot.players, WINDOW * snapshot.groupRows)
    this.chosen = names.map(name => snapshot.metrics.findIndex(metric => metric.name === name))
    this.values = names.map(() => new Float64Array(this.length).fill(Number.NaN))
  }

  /** The index of the row in `values`. Rows must not go back. */
  at(row: number): number {
    if (row >= this.end) this.moveTo(row)
    return row - this.first
  }

  /** Moves the window to the rows from the group of `row` on. */
  moveTo(row: number): void {
    const { scores, snapshot, chosen, values } = this
    const group = Math.floor(row / snapshot.groupRows)
    const last = Math.min(group + WINDOW, snapshotGroupCount(snapshot))
    this.first = group * snapshot.groupRows
    this.end = Math.min(last * snapshot.groupRows, snapshot.players)
    eachBlob(
      scores,
      snapshot,
      'metrics FROM groups',
      (packed, rows, first) => unpackGroup(packed, rows, snapshot.metrics.length, chosen, values, first - this.first),
      group,
      last,
    )
  }
}

export function readIds(scores: Database, snapshot: Snapshot, allocate: Allocate = allocateOwn): TextColumn {
  const into = emptyTexts(snapshot.players, snapshot.idBytes, allocate)
  eachBlob(scores, snapshot, 'ids FROM texts', (packed, rows, first) => unpackTexts(packed, rows, into, first))
  return into
}

export function readNames(scores: Database, snapshot: Snapshot, allocate: Allocate = allocateOwn): TextColumn {
  const into = emptyTexts(snapshot.players, snapshot.nameBytes, allocate)
  eachBlob(scores, snapshot, 'names FROM texts', (packed, rows, first) => unpackTexts(packed, rows, into, first))
  return into
}

/**
 * Calls `each` with the ids or names of one group after the other, from the one that holds row `from` to the one that holds row
 * `last`: the group's first row, and the one after it. They are good until the next call.
 */
export function eachTexts(
  scores: Database,
  snapshot: Snapshot,
  column: 'ids' | 'names',
  each: (texts: TextColumn, first: number, end: number) => void,
  from = 0,
  last = snapshot.players - 1,
): void {
  const texts = emptyTexts(snapshot.groupRows, 1 << 14, allocateOwn)
  const groupOf = (row: number) => Math.floor(row / snapshot.groupRows)
  eachBlob(
    scores,
    snapshot,
    `${column} FROM texts`,
    (packed, rows, first) => {
      if (packed.length > texts.bytes.length) texts.bytes = new Uint8Array(packed.length * 2)
      unpackTexts(packed, rows, texts, 0)
      each(texts, first, first + rows)
    },
    groupOf(from),
    groupOf(last) + 1,
  )
}

/**
 * For each of `ids`, which are in id order, the row of the snapshot with the same id, or -1. The snapshot's ids are read group by
 * group, as those of a million players take 12 MB.
 */
export function matchStored(
  scores: Database,
  ids: TextColumn,
  snapshot: Snapshot,
  allocate: Allocate = allocateOwn,
): Int32Array {
  const matches = new Int32Array(allocate(rowCount(ids) * 4)).fill(-1)
  let row = 0
  eachTexts(scores, snapshot, 'ids', (others, first, end) => {
    row = matchNext(matches, ids, row, others, first, end)
  })
  return matches
}

/** The players of a snapshot who are neither in `other` nor among `known`, which is in id order. */
export function playersInNeither(
  scores: Database,
  snapshot: Snapshot,
  other: Snapshot,
  known: TextColumn,
): { rows: Uint32Array; ids: TextColumn } {
  const ids = readIds(scores, snapshot)
  const inOther = matchStored(scores, ids, other)
  const inKnown = matchRows(ids, known)
  const found: number[] = []
  for (let row = 0; row < inOther.length; row++) if (inOther[row]! < 0 && inKnown[row]! < 0) found.push(row)
  const rows = Uint32Array.from(found)
  const foundIds = takeTexts(ids, rows)
  freeBuffers(ids.bytes, ids.offsets, inOther, inKnown)
  return { rows, ids: foundIds }
}

/** The values of a label for all rows; empty texts if the snapshot has no such label. */
export function readLabel(scores: Database, snapshot: Snapshot, name: string): TextColumn {
  const label = snapshot.labels.findIndex(one => one.name === name)
  const into = emptyTexts(snapshot.players, snapshot.labels[label]?.bytes ?? 0, allocateOwn)
  if (label < 0) return into
  eachBlob(scores, snapshot, `texts FROM labels WHERE label = ${label}`, (packed, rows, first) =>
    unpackTexts(packed, rows, into, first),
  )
  return into
}

const emptyTexts = (rows: number, bytes: number, allocate: Allocate): TextColumn => ({
  bytes: new Uint8Array(allocate(bytes)),
  offsets: new Uint32Array(allocate((rows + 1) * 4)),
})

type Texts = { ids: Uint8Array; names: Uint8Array }

function textsAt(scores: Database, snapshot: Snapshot, group: number): Texts {
  const read = scores.query<Texts, [number]>('SELECT ids, names FROM texts WHERE key = ?')
  return read.get(groupKey(snapshot.id, group)) ?? throwGone(snapshot)
}

function metricsAt(scores: Database, snapshot: Snapshot, group: number): Uint8Array {
  const read = scores.query<{ metrics: Uint8Array }, [number]>('SELECT metrics FROM groups WHERE key = ?')
  return read.get(groupKey(snapshot.id, group))?.metrics ?? throwGone(snapshot)
}

function labelsAt(scores: Database, snapshot: Snapshot, group: number): Uint8Array[] {
  const read = scores.query<{ texts: Uint8Array }, [number]>('SELECT texts FROM labels WHERE key = ? ORDER BY label')
  const found = read.all(groupKey(snapshot.id, group))
  return found.length === snapshot.labels.length ? found.map(({ texts }) => texts) : throwGone(snapshot)
}

function throwGone({ id }: Snapshot): never {
  throw new SnapshotGone(id)
}

/** Calls `each` with the group of every row of `rows` that is not below 0; rows of the same group share one read. */
function eachRow<Group>(
  snapshot: Snapshot,
  rows: ArrayLike<number>,
  groupAt: (group: number) => Group,
  each: (place: number, group: Group, inGroup: number, rowCount: number) => void,
): void {
  const { groupRows } = snapshot
  const places = Array.from(rows, (_, place) => place).sort((a, b) => rows[a]! - rows[b]!)
  let lastNumber = -1
  let group: Group | undefined
  for (const place of places) {
    const row = rows[place]!
    if (row < 0) continue
    const groupNumber = Math.floor(row / groupRows)
    if (group === undefined || groupNumber !== lastNumber) group = groupAt(groupNumber)
    lastNumber = groupNumber
    each(place, group, row - groupNumber * groupRows, rowCountOfGroup(snapshot, groupNumber))
  }
}

/** The metrics of row after row, in the order asked for, some 10 µs each. A row below 0 reads as unknown. */
export function readValues(scores: Database, snapshot: Snapshot, rows: ArrayLike<number>): Float64Array {
  const columns = snapshot.metrics.length
  const values = new Float64Array(rows.length * columns).fill(Number.NaN)
  eachRow(
    snapshot,
    rows,
    group => metricsAt(scores, snapshot, group),
    (place, metrics, inGroup, rowCount) => unpackRow(metrics, rowCount, columns, inGroup, values, place * columns),
  )
  return values
}

/** `labels`: a map for each row; null is unknown. */
type PlayerRows = {
  ids: string[]
  names: string[]
  labels: Record<string, string | null>[]
  values: Float64Array
}

const decoder = new TextDecoder('utf-8', { ignoreBOM: true }) // every byte is part of the text

/** Like `readValues`, with ids, names and labels. */
export function readRows(scores: Database, snapshot: Snapshot, rows: ArrayLike<number>): PlayerRows {
  const ids: string[] = []
  const names: string[] = []
  const labels: Record<string, string | null>[] = Array.from(rows, () => ({}))
  eachRow(
    snapshot,
    rows,
    group => textsAt(scores, snapshot, group),
    (place, texts, inGroup, rowCount) => {
      ids[place] = decoder.decode(textIn(texts.ids, rowCount, inGroup))
      names[place] = decoder.decode(textIn(texts.names, rowCount, inGroup))
    },
  )
  if (snapshot.labels.length > 0)
    eachRow(
      snapshot,
      rows,
      group => labelsAt(scores, snapshot, group),
      (place, packed, inGroup, rowCount) => {
        for (const [label, { name }] of snapshot.labels.entries()) {
          labels[place]![name] = decoder.decode(textIn(packed[label]!, rowCount, inGroup)) || null
        }
      },
    )
  return { ids, names, labels, values: readValues(scores, snapshot, rows) }
}

const encoder = new TextEncoder()

const maxGroupsInMemory = 64 // of one finder: half a megabyte

/**
 * Finds the rows of players in a snapshot, or -1: two small reads each. It keeps the ids it has read, so use one finder to look
 * for several players.
 */
export function playerFinder(scores: Database, snapshot: Snapshot): (player_id: string) => number {
  const startBefore = scores.query<{ group_number: number }, [number, Uint8Array]>(
    'SELECT group_number FROM group_starts WHERE snapshot = ? AND first_id <= ? ORDER BY first_id DESC LIMIT 1',
  )
  const idsAt = scores.query<{ ids: Uint8Array }, [number]>('SELECT ids FROM texts WHERE key = ?')
  const isOneGroup = snapshotGroupCount(snapshot) === 1
  const idsByGroup = new Map<number, Uint8Array>()

  function idsOf(group: number): Uint8Array {
    const inMemory = idsByGroup.get(group)
    if (inMemory) return inMemory
    const { ids } = idsAt.get(groupKey(snapshot.id, group)) ?? throwGone(snapshot)
    if (idsByGroup.size >= maxGroupsInMemory) idsByGroup.clear()
    idsByGroup.set(group, ids)
    return ids
  }

  return player_id => {
    const wanted = encoder.encode(player_id)
    const group = isOneGroup ? 0 : startBefore.get(snapshot.id, wanted)?.group_number
    if (group === undefined) return -1
    const row = findText(idsOf(group), rowCountOfGroup(snapshot, group), wanted)
    return row < 0 ? -1 : group * snapshot.groupRows + row
  }
}

export const rowOfPlayer = (scores: Database, snapshot: Snapshot, player_id: string): number =>
  playerFinder(scores, snapshot)(player_id)

/** All that `work` reads is from one moment. */
export const readTransaction = <T>(scores: Database, work: () => T): T => scores.transaction(work).deferred()
