import type { Database } from 'bun:sqlite'
import type { TextColumn } from '../../../leaderboard/text.ts'
import { refuseSheet } from '../../../platform/spreadsheets/refusal.ts'
import type { NumberColumn } from '../number-column.ts'
import { maxCellsOfGroup } from './group.ts'

/** `heading`: as its sheet writes it. `extra`: it comes from an extra sheet; gains in it count from 0, or from an extra sheet that is no newer than the baseline. */
export type SheetMetric = { name: string; heading?: string; cumulative: boolean; extra?: boolean }

/** What a snapshot is written from. Ids are unique, in any order. */
export type SheetColumns = {
  ids: TextColumn
  names: TextColumn
  metrics: (SheetMetric & { values: NumberColumn })[]
  labels: LabelColumn[]
  /** The rows in id order where that is known; null: they are in that order. */
  order?: Uint32Array | null
}

/** A text about every player besides the name, such as the alliance. Empty if it is unknown. */
type LabelColumn = { name: string; heading?: string; texts: TextColumn }

export type Snapshot = {
  id: number
  players: number
  groupRows: number
  metrics: SheetMetric[]
  idBytes: number
  nameBytes: number
  labels: { name: string; heading?: string; bytes: number }[]
  createdAt: number
}

/** The snapshot was deleted, or is not complete yet. Whoever catches this reads again which snapshots the league has. */
export class SnapshotGone extends Error {
  override name = 'SnapshotGone'
  constructor(readonly id: number) {
    super(`Snapshot ${id} is gone`)
  }
}

type SnapshotRow = Pick<Snapshot, 'id' | 'players'> & {
  group_rows: number
  metrics: string
  id_bytes: number
  name_bytes: number
  labels: string
  created_at: number
}

export function snapshotOf(scores: Database, id: number): Snapshot {
  const snapshot = storedSnapshot(scores, id)
  if (!snapshot) throw new SnapshotGone(id)
  return snapshot
}

/** The snapshots that were read, by the open file. They never change, and ids are never reused. */
const snapshotsRead = new WeakMap<Database, Map<number, Snapshot>>()
const maxSnapshotsRead = 200

export function storedSnapshot(scores: Database, id: number): Snapshot | undefined {
  const snapshotsOfFile = snapshotsRead.get(scores) ?? new Map<number, Snapshot>()
  snapshotsRead.set(scores, snapshotsOfFile)
  const cached = snapshotsOfFile.get(id)
  if (cached) {
    const isStored =
      scores.query<object, [number]>('SELECT 1 FROM snapshots WHERE id = ? AND complete').get(id) !== null
    return isStored ? cached : undefined
  }
  const read = readSnapshot(scores, id)
  if (read) {
    if (snapshotsOfFile.size >= maxSnapshotsRead) snapshotsOfFile.clear()
    snapshotsOfFile.set(id, read)
  }
  return read
}

function readSnapshot(scores: Database, id: number): Snapshot | undefined {
  const row = scores.query<SnapshotRow, [number]>('SELECT * FROM snapshots WHERE id = ? AND complete').get(id)
  if (!row) return undefined
  return {
    id,
    players: row.players,
    groupRows: row.group_rows,
    metrics: JSON.parse(row.metrics),
    idBytes: row.id_bytes,
    nameBytes: row.name_bytes,
    labels: JSON.parse(row.labels),
    createdAt: row.created_at,
  }
}

/** The id of a derived snapshot, if it is stored. */
export const derivedSnapshot = (scores: Database, startsFor: string): number | undefined =>
  scores
    .query<{ id: number }, [string]>('SELECT id FROM snapshots WHERE starts_for = ? AND complete LIMIT 1')
    .get(startsFor)?.id

const MAX_GROUPS = 2 ** 24 // of a snapshot
export const groupKey = (snapshot: number, group: number): number => snapshot * MAX_GROUPS + group
export const snapshotGroupCount = ({ players, groupRows }: Pick<Snapshot, 'players' | 'groupRows'>): number =>
  Math.ceil(players / groupRows)
export const rowCountOfGroup = ({ players, groupRows }: Snapshot, group: number): number =>
  Math.min(groupRows, players - group * groupRows)

/** About two thousand values a group: some 8 KB, what one player, or one row of a page, costs to read. */
export function groupRowsFor(metrics: number): number {
  let rows = 256
  while (rows > 16 && rows * metrics > 2048) rows /= 2
  if (rows * metrics > maxCellsOfGroup)
    refuseSheet(
      'too_large',
      `With the columns of earlier sheets this makes ${metrics} metrics; ${maxCellsOfGroup / rows} are the most`,
    )
  return rows
}

/** The checksum of a stored group. */
export const checksum = (...parts: Uint8Array[]): number => parts.reduce(extendChecksum, 0)
/** The checksum of what `sum` is the checksum of, followed by `part`. */
export const extendChecksum = (sum: number, part: Uint8Array): number => Bun.hash.crc32(part, sum)
