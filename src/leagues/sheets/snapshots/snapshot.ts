import type { Database } from 'bun:sqlite'
import type { TextColumn } from '../../../leaderboard/text.ts'
import type { NumberColumn } from '../number-column.ts'
import { maxCellsOfGroup } from './group.ts'

/** `extra`: it comes from an extra sheet; gains in it count from 0, or from an extra sheet that is no newer than the baseline. */
export type SheetMetric = { name: string; cumulative: boolean; extra?: boolean }

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
type LabelColumn = { name: string; texts: TextColumn }

export type Snapshot = {
  id: number
  players: number
  groupRows: number
  metrics: SheetMetric[]
  idBytes: number
  nameBytes: number
  labels: { name: string; bytes: number }[]
  createdAt: number
}

/** Nothing refers to the snapshot any more, or not yet. Read again which snapshots the league has. */
export class SnapshotGone extends Error {
  override name = 'SnapshotGone'
  constructor(readonly id: number) {
    super(`Snapshot ${id} is gone`)
  }
}

type Stored = Pick<Snapshot, 'id' | 'players'> & {
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

/** Snapshots that were read: they never change, and ids are never reused. */
const known = new WeakMap<Database, Map<number, Snapshot>>()
const maxKnown = 200

export function storedSnapshot(scores: Database, id: number): Snapshot | undefined {
  const ofFile = known.get(scores) ?? new Map<number, Snapshot>()
  known.set(scores, ofFile)
  const cached = ofFile.get(id)
  if (cached) {
    const isStored =
      scores.query<object, [number]>('SELECT 1 FROM snapshots WHERE id = ? AND complete').get(id) !== null
    return isStored ? cached : undefined
  }
  const read = readSnapshot(scores, id)
  if (read) {
    if (ofFile.size >= maxKnown) ofFile.clear()
    ofFile.set(id, read)
  }
  return read
}

function readSnapshot(scores: Database, id: number): Snapshot | undefined {
  const stored = scores.query<Stored, [number]>('SELECT * FROM snapshots WHERE id = ? AND complete').get(id)
  if (!stored) return undefined
  return {
    id,
    players: stored.players,
    groupRows: stored.group_rows,
    metrics: JSON.parse(stored.metrics),
    idBytes: stored.id_bytes,
    nameBytes: stored.name_bytes,
    labels: JSON.parse(stored.labels),
    createdAt: stored.created_at,
  }
}

/** The id of a derived snapshot, if it is stored. */
export const derivedSnapshot = (scores: Database, startsFor: string): number | undefined =>
  scores
    .query<{ id: number }, [string]>('SELECT id FROM snapshots WHERE starts_for = ? AND complete LIMIT 1')
    .get(startsFor)?.id

const KEYS = 2 ** 24 // groups a snapshot can have
export const groupKey = (snapshot: number, group: number): number => snapshot * KEYS + group
export const groupsIn = ({ players, groupRows }: Pick<Snapshot, 'players' | 'groupRows'>): number =>
  Math.ceil(players / groupRows)
export const rowsOfGroup = ({ players, groupRows }: Snapshot, group: number): number =>
  Math.min(groupRows, players - group * groupRows)

/** About two thousand values a group: some 8 KB, what one player, or one row of a page, costs to read. */
export function groupRowsFor(metrics: number): number {
  let rows = 256
  while (rows > 16 && rows * metrics > 2048) rows /= 2
  if (rows * metrics > maxCellsOfGroup) throw new Error(`${metrics} metrics are more than a snapshot can hold`)
  return rows
}

/** The checksum of a stored group. */
export const checksum = (...parts: Uint8Array[]): number => parts.reduce(checksumOn, 0)
/** Continues a checksum with another part. */
export const checksumOn = (sum: number, part: Uint8Array): number => Bun.hash.crc32(part, sum)
