/** Whether a board can still be computed after old scans of its league were deleted: checked before anything changes its list. */
import type { Database } from 'bun:sqlite'
import { refuse } from '../../errors.ts'
import { latecomerListKey, type Published, type SnapshotSelection, selectSnapshots } from './snapshot-selection.ts'
import { derivedSnapshot, storedSnapshot } from './snapshots/snapshot.ts'

/** Stands for a snapshot that is still to be written, after all others. */
export const pendingSnapshot = Number.MAX_SAFE_INTEGER

/** Whether every snapshot that the board of these uploads needs still exists. */
export function isBuildable(scores: Database, published: readonly Published[]): boolean {
  const selection = selectSnapshots(published)
  if (!selection) return true
  const isKept = (snapshot: number) => snapshot === pendingSnapshot || storedSnapshot(scores, snapshot) !== undefined
  const { baseline, between, current } = selection
  if (!isKept(current) || !isKept(baseline)) return false
  const known = longestStored(scores, selection)?.members ?? 0
  return between.slice(known).every(isKept)
}

/** The stored latecomers of the longest prefix of a list: the rest has to be read from its snapshots. */
export function longestStored(
  scores: Database,
  { baseline, between }: Pick<SnapshotSelection, 'baseline' | 'between'>,
) {
  for (let members = between.length; members > 0; members--) {
    const id = derivedSnapshot(scores, latecomerListKey({ baseline, between: between.slice(0, members) }))
    if (id !== undefined) return { id, members }
  }
  return undefined
}

/** Refuses a change that would leave no board where there is one now. */
export function requireBuildable(
  scores: Database,
  before: readonly Published[],
  after: readonly Published[],
  detail: string,
): void {
  if (!isBuildable(scores, after) && isBuildable(scores, before)) refuse('conflict', detail)
}

export const undoneTooLate =
  'This upload cannot be undone: without it the board would need older scans of this league, which were deleted after it ended'
export const sentTooLate =
  'The board would need older scans of this league, which were deleted after it ended: upload a sheet that was taken after its newest one'
