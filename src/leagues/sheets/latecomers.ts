import type { Database } from 'bun:sqlite'
import { joinTexts, rowCount, type TextColumn, textColumn } from '../../leaderboard/text.ts'
import { longestStored } from './buildable.ts'
import { readNumbers } from './number-column.ts'
import { latecomerListKey, type SnapshotSelection } from './snapshot-selection.ts'
import { makeOnce } from './snapshots/make-once.ts'
import { playersInNeither, readIds, readMetrics, readNames, readRows } from './snapshots/read.ts'
import { type SheetColumns, type Snapshot, snapshotOf } from './snapshots/snapshot.ts'
import { bringToIdOrder, writeSnapshot } from './snapshots/write.ts'

export type PausableWork = { now: number; pause(): Promise<void>; signal?: AbortSignal }

type LatecomerList = Pick<SnapshotSelection, 'baseline' | 'between'>

/**
 * The derived snapshot of players who are not in the baseline but in a later snapshot, each with their first row.
 * Undefined if there is no snapshot in between. See `snapshots/README.md`.
 */
export async function latecomersOf(
  scores: Database,
  list: LatecomerList,
  work: PausableWork,
): Promise<Snapshot | undefined> {
  if (list.between.length === 0) return undefined
  return makeOnce(latecomerListKey(list), () => storedOrMade(scores, list, work))
}

async function storedOrMade(
  scores: Database,
  { baseline, between }: LatecomerList,
  work: PausableWork,
): Promise<Snapshot> {
  const keyOf = (members: number) => latecomerListKey({ baseline, between: between.slice(0, members) })
  const longest = longestStored(scores, { baseline, between })
  const stored = longest && snapshotOf(scores, longest.id)
  let members = longest?.members ?? 0
  if (stored && members === between.length) return stored

  const baselineScan = snapshotOf(scores, baseline)
  let known = stored ? readSheetColumns(scores, stored) : emptySheet()
  let id = 0
  while (members < between.length) {
    known = joinSheets(known, newcomers(scores, snapshotOf(scores, between[members]!), baselineScan, known.ids))
    members++
    // The last but one is the previous board, which is needed together with this one.
    if (members >= between.length - 1) id = await writeSnapshot(scores, known, { ...work, startsFor: keyOf(members) })
    await work.pause()
  }
  return snapshotOf(scores, id)
}

/** Stores the latecomers that the board after this one will need, so that no upload waits for them. */
export async function prepareLatecomers(
  scores: Database,
  { baseline, between, scan }: Pick<SnapshotSelection, 'baseline' | 'between' | 'scan'>,
  work: PausableWork,
): Promise<void> {
  if (scan !== baseline) await latecomersOf(scores, { baseline, between: [...between, scan] }, work)
}

const emptySheet = (): SheetColumns => ({ ids: textColumn([]), names: textColumn([]), metrics: [], labels: [] })

function readSheetColumns(scores: Database, snapshot: Snapshot): SheetColumns {
  return {
    ids: readIds(scores, snapshot),
    names: readNames(scores, snapshot),
    metrics: readMetrics(scores, snapshot),
    labels: [],
  }
}

/** The players of a snapshot who are neither in the baseline nor already known. */
function newcomers(scores: Database, snapshot: Snapshot, baseline: Snapshot, known: TextColumn): SheetColumns {
  const { rows, ids } = playersInNeither(scores, snapshot, baseline, known)
  const columns = snapshot.metrics.length
  const { names, values } = readRows(scores, snapshot, rows)
  return {
    ids,
    names: textColumn(names),
    metrics: snapshot.metrics.map((metric, c) => ({
      ...metric,
      values: Float64Array.from(rows, (_, i) => values[i * columns + c]!),
    })),
    labels: [], // start values have no labels
  }
}

/** Both sheets as one, in id order; a metric that one of them does not have is NaN there. */
function joinSheets(a: SheetColumns, b: SheetColumns): SheetColumns {
  const names = new Set([...a.metrics, ...b.metrics].map(({ name }) => name))
  const first = rowCount(a.ids)
  const both = {
    ids: joinTexts(a.ids, b.ids),
    names: joinTexts(a.names, b.names),
    metrics: Array.from(names, name => {
      const [left, right] = [a, b].map(({ metrics }) => metrics.find(metric => metric.name === name))
      const values = new Float64Array(first + rowCount(b.ids)).fill(Number.NaN)
      if (left) readNumbers(left.values, 0, left.values.length, values)
      if (right) readNumbers(right.values, 0, right.values.length, values, first)
      return { name, cumulative: (left ?? right)!.cumulative, values }
    }),
    labels: [],
  }
  bringToIdOrder(both)
  return both
}
