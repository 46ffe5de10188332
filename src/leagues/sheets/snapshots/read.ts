import type { Database } from 'bun:sqlite'
import type { TextColumn } from '../../../leaderboard/text.ts'
import { unpackGroup, unpackRow } from './group.ts'
import { release } from './memory.ts'
import { groupKey, groupsIn, rowsOfGroup, type SheetMetric, type Snapshot, SnapshotGone } from './snapshot.ts'
import { rowIn, textIn, unpackTexts } from './texts.ts'

/** Where columns are read to: memory that threads share without a copy, or this thread's own, for data that is needed only briefly. */
export type Memory = (bytes: number) => ArrayBufferLike
export const sharedMemory: Memory = bytes => new SharedArrayBuffer(bytes)
export const ownMemory: Memory = bytes => new ArrayBuffer(bytes)

const BATCH = 128 // groups read at once: a megabyte, soon garbage

/** Calls `each` with one blob of group after group. */
function eachBlob(
  scores: Database,
  snapshot: Snapshot,
  blob: 'metrics FROM groups' | 'ids FROM texts' | 'names FROM texts' | `texts FROM labels WHERE label = ${number}`,
  each: (packed: Uint8Array, rows: number, first: number) => void,
  group = 0,
  last = groupsIn(snapshot),
): void {
  const [column, from] = blob.split(' FROM ')
  const where = from?.includes(' WHERE ') ? 'AND' : 'WHERE'
  const read = scores.query<{ packed: Uint8Array }, [number, number]>(
    `SELECT ${column} AS packed FROM ${from} ${where} key BETWEEN ? AND ? ORDER BY key`,
  )
  for (; group < last; group += BATCH) {
    const end = Math.min(last, group + BATCH)
    const found = read.all(groupKey(snapshot.id, group), groupKey(snapshot.id, end) - 1)
    if (found.length !== end - group) throw new SnapshotGone(snapshot.id)
    found.forEach(({ packed }, i) => {
      each(packed, rowsOfGroup(snapshot, group + i), (group + i) * snapshot.groupRows)
      release(packed)
    })
  }
}

/** Whole columns, 1 to 3 ns a value. */
export function readColumns(
  scores: Database,
  snapshot: Snapshot,
  names: readonly string[],
  memory: Memory = sharedMemory,
): Float64Array[] {
  const chosen = names.map(name => snapshot.metrics.findIndex(metric => metric.name === name))
  const into = names.map(() => new Float64Array(memory(snapshot.players * 8)))
  for (const [i, column] of chosen.entries()) if (column < 0) into[i]!.fill(Number.NaN)
  if (chosen.every(column => column < 0)) return into
  eachBlob(scores, snapshot, 'metrics FROM groups', (packed, rows, first) =>
    unpackGroup(packed, rows, snapshot.metrics.length, chosen, into, first),
  )
  return into
}

/** All columns of a snapshot. */
export function readMetrics(
  scores: Database,
  snapshot: Snapshot,
  memory: Memory,
): (SheetMetric & { values: Float64Array })[] {
  const names = snapshot.metrics.map(({ name }) => name)
  const columns = readColumns(scores, snapshot, names, memory)
  return snapshot.metrics.map((metric, i) => ({ ...metric, values: columns[i]! }))
}

const WINDOW = 32 // groups

/** Some columns of a snapshot, walked from the first row to the last with a few thousand rows in memory. */
export class Walk {
  /** Of the rows in the window, column by column. */
  readonly values: Float64Array[]
  /** Rows in a window. */
  readonly length: number
  private readonly chosen: number[]
  private first = 0
  private end = 0

  constructor(
    private readonly scores: Database,
    private readonly snapshot: Snapshot,
    names: readonly string[],
  ) {
    this.length = Math.min(snapshot.players, WINDOW * snapshot.groupRows)
    this.chosen = names.map(name => snapshot.metrics.findIndex(metric => metric.name === name))
    this.values = names.map(() => new Float64Array(this.length).fill(Number.NaN))
  }

  /** Whether the row is in the window, so that `at` does not replace its values. */
  holds(row: number): boolean {
    return row < this.end
  }

  /** The index of the row in `values`. Rows must not go back. */
  at(row: number): number {
    if (row >= this.end) this.moveTo(Math.floor(row / this.snapshot.groupRows))
    return row - this.first
  }

  private moveTo(group: number): void {
    const { scores, snapshot, chosen, values } = this
    const last = Math.min(group + WINDOW, groupsIn(snapshot))
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

export function readIds(scores: Database, snapshot: Snapshot, memory: Memory = sharedMemory): TextColumn {
  const into = emptyTexts(snapshot.players, snapshot.idBytes, memory)
  eachBlob(scores, snapshot, 'ids FROM texts', (packed, rows, first) => unpackTexts(packed, rows, into, first))
  return into
}

export function readNames(scores: Database, snapshot: Snapshot, memory: Memory = sharedMemory): TextColumn {
  const into = emptyTexts(snapshot.players, snapshot.nameBytes, memory)
  eachBlob(scores, snapshot, 'names FROM texts', (packed, rows, first) => unpackTexts(packed, rows, into, first))
  return into
}

/** The values of a label for all rows; empty texts if the snapshot has no such label. */
export function readLabel(
  scores: Database,
  snapshot: Snapshot,
  name: string,
  memory: Memory = sharedMemory,
): TextColumn {
  const label = snapshot.labels.findIndex(one => one.name === name)
  const into = emptyTexts(snapshot.players, snapshot.labels[label]?.bytes ?? 0, memory)
  if (label < 0) return into
  eachBlob(scores, snapshot, `texts FROM labels WHERE label = ${label}`, (packed, rows, first) =>
    unpackTexts(packed, rows, into, first),
  )
  return into
}

const emptyTexts = (rows: number, bytes: number, memory: Memory): TextColumn => ({
  bytes: new Uint8Array(memory(bytes)),
  offsets: new Uint32Array(memory((rows + 1) * 4)),
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

/** Calls `each` with the group of every row of `rows` that is not below 0; neighbours share one read. */
function eachRow<Group>(
  snapshot: Snapshot,
  rows: ArrayLike<number>,
  groupAt: (group: number) => Group,
  each: (place: number, group: Group, inGroup: number, n: number) => void,
): void {
  const { groupRows } = snapshot
  const places = Array.from(rows, (_, place) => place).sort((a, b) => rows[a]! - rows[b]!)
  let at = -1
  let group: Group | undefined
  for (const place of places) {
    const row = rows[place]!
    if (row < 0) continue
    const here = Math.floor(row / groupRows)
    if (group === undefined || here !== at) group = groupAt(here)
    at = here
    each(place, group, row - here * groupRows, rowsOfGroup(snapshot, here))
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
    (place, metrics, inGroup, n) => unpackRow(metrics, n, columns, inGroup, values, place * columns),
  )
  return values
}

/** `labels`: a map for each row; null is unknown. */
export type Rows = { ids: string[]; names: string[]; labels: Record<string, string | null>[]; values: Float64Array }

const decoder = new TextDecoder()

/** Like `readValues`, with ids, names and labels. */
export function readRows(scores: Database, snapshot: Snapshot, rows: ArrayLike<number>): Rows {
  const ids: string[] = []
  const names: string[] = []
  const labels: Record<string, string | null>[] = Array.from(rows, () => ({}))
  eachRow(
    snapshot,
    rows,
    group => textsAt(scores, snapshot, group),
    (place, texts, inGroup, n) => {
      ids[place] = decoder.decode(textIn(texts.ids, n, inGroup))
      names[place] = decoder.decode(textIn(texts.names, n, inGroup))
    },
  )
  if (snapshot.labels.length > 0)
    eachRow(
      snapshot,
      rows,
      group => labelsAt(scores, snapshot, group),
      (place, packed, inGroup, n) => {
        for (const [label, { name }] of snapshot.labels.entries()) {
          labels[place]![name] = decoder.decode(textIn(packed[label]!, n, inGroup)) || null
        }
      },
    )
  return { ids, names, labels, values: readValues(scores, snapshot, rows) }
}

const encoder = new TextEncoder()

const maxGroupsKept = 64 // by a finder: half a megabyte

/**
 * Finds the rows of players in a snapshot, or -1: two small reads each. It keeps the ids it has read, so use one finder to look
 * for several players.
 */
export function playerFinder(scores: Database, snapshot: Snapshot): (player_id: string) => number {
  const startBefore = scores.query<{ group_number: number }, [number, Uint8Array]>(
    'SELECT group_number FROM group_starts WHERE snapshot = ? AND first_id <= ? ORDER BY first_id DESC LIMIT 1',
  )
  const idsAt = scores.query<{ ids: Uint8Array }, [number]>('SELECT ids FROM texts WHERE key = ?')
  const isOneGroup = groupsIn(snapshot) === 1
  const kept = new Map<number, Uint8Array>()

  function idsOf(group: number): Uint8Array {
    const known = kept.get(group)
    if (known) return known
    const { ids } = idsAt.get(groupKey(snapshot.id, group)) ?? throwGone(snapshot)
    if (kept.size >= maxGroupsKept) kept.clear()
    kept.set(group, ids)
    return ids
  }

  return player_id => {
    const wanted = encoder.encode(player_id)
    const group = isOneGroup ? 0 : startBefore.get(snapshot.id, wanted)?.group_number
    if (group === undefined) return -1
    const row = rowIn(idsOf(group), rowsOfGroup(snapshot, group), wanted)
    return row < 0 ? -1 : group * snapshot.groupRows + row
  }
}

export const rowOfPlayer = (scores: Database, snapshot: Snapshot, player_id: string): number =>
  playerFinder(scores, snapshot)(player_id)

/** All that `work` reads is from one moment, under one lock. */
export const readAtOnce = <T>(scores: Database, work: () => T): T => scores.transaction(work).deferred()
