import type { Database } from 'bun:sqlite'
import { checksum, extendChecksum, groupKey, rowCountOfGroup, snapshotGroupCount, snapshotOf } from './snapshot.ts'

const GROUPS_PER_TRANSACTION = 256

const withoutPause = { pause: async () => {} }

/** Deletes in small steps. After the first step no reader sees the snapshot; the next sweep deletes what a crash leaves. */
export async function deleteSnapshot(scores: Database, id: number, { pause } = withoutPause): Promise<void> {
  scores.query('UPDATE snapshots SET complete = 0 WHERE id = ?').run(id)
  for (const table of ['groups', 'texts', 'labels']) {
    const deleteBatch = scores.query(
      `DELETE FROM ${table} WHERE key IN (SELECT key FROM ${table} WHERE key BETWEEN ? AND ? LIMIT ?)`,
    )
    while (deleteBatch.run(groupKey(id, 0), groupKey(id + 1, 0) - 1, GROUPS_PER_TRANSACTION).changes > 0) await pause()
  }
  scores
    .transaction(() => {
      scores.query('DELETE FROM group_starts WHERE snapshot = ?').run(id)
      scores.query('DELETE FROM snapshots WHERE id = ?').run(id)
    })
    .immediate()
}

type SweepOptions = {
  /** Every snapshot something refers to; read after `before` was chosen. */
  keep: ReadonlySet<number>
  /** Derived snapshots to keep, by their `starts_for`. Others are deleted with any snapshot that they are derived from; those with extra columns at once. */
  keepDerived?: ReadonlySet<string>
  /** Younger ones stay: they may be about to be published, also by another process. */
  before: number
}

/** Deletes what nothing refers to, and gives the space back. Returns how many snapshots it deleted. */
export async function sweepStoredSnapshots(
  scores: Database,
  { keep, keepDerived, before }: SweepOptions,
  work = withoutPause,
): Promise<number> {
  type Candidate = { id: number; complete: number; starts_for: string | null }
  const candidates = scores
    .query<Candidate, [number]>('SELECT id, complete, starts_for FROM snapshots WHERE created_at < ?')
    .all(before)
  const deletable = candidates.filter(({ id, complete, starts_for }) => {
    if (!complete) return true
    if (starts_for === null) return !keep.has(id)
    const members = starts_for.split(',')
    const isOfExtras = members.at(-1)?.startsWith('+')
    return !keepDerived?.has(starts_for) && (isOfExtras || members.some(member => !keep.has(Number(member))))
  })
  for (const { id } of deletable) await deleteSnapshot(scores, id, work)
  await returnFreePages(scores, work)
  return deletable.length
}

const SPARE_PAGES = 4096 // free pages kept for the next import: 64 MB

async function returnFreePages(scores: Database, { pause }: typeof withoutPause): Promise<void> {
  const countFreePages = () =>
    scores.query<{ freelist_count: number }, []>('PRAGMA freelist_count').get()?.freelist_count ?? 0
  for (let freePages = countFreePages(); freePages > SPARE_PAGES; freePages -= 1000) {
    scores.query('PRAGMA incremental_vacuum(1000)').all()
    await pause()
  }
}

/** What is wrong with a snapshot, in words; empty when all its rows are as they were written. */
export function snapshotFaults(scores: Database, id: number): string[] {
  const snapshot = snapshotOf(scores, id)
  type Group = { ids: Uint8Array; names: Uint8Array; metrics: Uint8Array; checksum: number }
  const sumOf = ({ ids, names, metrics }: Group, labels: { texts: Uint8Array }[]) =>
    labels.reduce((sum, { texts }) => extendChecksum(sum, texts), checksum(ids, names, metrics))
  const read = scores.query<Group, [number]>(
    'SELECT checksum, ids, names, metrics FROM groups JOIN texts USING (key) WHERE key = ?',
  )
  const labelsOf = scores.query<{ texts: Uint8Array }, [number]>(
    'SELECT texts FROM labels WHERE key = ? ORDER BY label',
  )
  const faults: string[] = []
  for (let group = 0; group < snapshotGroupCount(snapshot); group++) {
    const first = group * snapshot.groupRows
    const place = `Snapshot ${id}, rows ${first} to ${first + rowCountOfGroup(snapshot, group) - 1}`
    const stored = read.get(groupKey(id, group))
    if (!stored) faults.push(`${place}: missing`)
    else if (stored.checksum !== sumOf(stored, labelsOf.all(groupKey(id, group)))) faults.push(`${place}: damaged`)
  }
  return faults
}
