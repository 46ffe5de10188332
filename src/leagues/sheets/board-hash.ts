import type { Database } from 'bun:sqlite'
import type { SnapshotSelection } from './snapshot-selection.ts'

export type BoardHashInput = { selection: SnapshotSelection; config: string }

/** A board follows from its snapshots, which never change, and its config: their hash is the hash of the board. */
export function sheetBoardHash(scores: Database, { selection, config }: BoardHashInput): string {
  const hash = new Bun.CryptoHasher('sha256').update(config)
  const checksums = scores.query<{ checksum: number }, [number, number]>(
    'SELECT checksum FROM groups WHERE key >= ? * 16777216 AND key < (? + 1) * 16777216 ORDER BY key',
  )
  for (const snapshot of [selection.baseline, ...selection.between, selection.scan, ...selection.extras]) {
    for (const { checksum } of checksums.iterate(snapshot, snapshot)) hash.update(`${checksum},`)
    hash.update(';')
  }
  return hash.digest('hex')
}
