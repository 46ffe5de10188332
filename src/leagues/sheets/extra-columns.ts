/**
 * Extra sheets, such as verified deaths, add columns to the players of a scan, joined by id. The scan with these columns is
 * stored as a derived snapshot, so that a board is read from one snapshot. Runs in the worker thread.
 */
import type { Database } from 'bun:sqlite'
import { freeBuffers } from '../../leaderboard/free-buffers.ts'
import type { TextColumn } from '../../leaderboard/text.ts'
import { refuseSheet } from '../../platform/spreadsheets/refusal.ts'
import { isLabel } from '../columns.ts'
import { headingsOf, metricName } from '../headings.ts'
import type { PausableWork } from './latecomers.ts'
import type { SheetReport } from './reading/report.ts'
import { extrasListKey, newestScan, type Published, type SnapshotSelection } from './snapshot-selection.ts'
import { makeOnce } from './snapshots/make-once.ts'
import { matchStored, readIds, readLabel, readMetrics, readNames } from './snapshots/read.ts'
import { derivedSnapshot, type SheetColumns, type Snapshot, snapshotOf, storedSnapshot } from './snapshots/snapshot.ts'
import { writeSnapshot } from './snapshots/write.ts'

/** The selection with the columns of its extra sheets. */
export async function withExtras(
  scores: Database,
  selection: SnapshotSelection,
  work: PausableWork,
): Promise<SnapshotSelection> {
  if (selection.extras.length === 0 || selection.current !== selection.scan) return selection
  return { ...selection, current: await joinedSnapshot(scores, selection.scan, selection.extras, false, work) }
}

/** Start values in the columns of extra sheets, in the row order of the scan; undefined: all from 0. */
export async function extraStartsOf(
  scores: Database,
  { scan, startExtras }: SnapshotSelection,
  work: PausableWork,
): Promise<number | undefined> {
  return startExtras.length === 0 ? undefined : joinedSnapshot(scores, scan, startExtras, true, work)
}

function joinedSnapshot(
  scores: Database,
  scan: number,
  extras: readonly number[],
  isExtrasOnly: boolean,
  work: PausableWork,
): Promise<number> {
  const key = extrasListKey(scan, extras, isExtrasOnly)
  return makeOnce(
    key,
    async () =>
      derivedSnapshot(scores, key) ?? joinColumns(scores, scan, extras, isExtrasOnly, { ...work, startsFor: key }),
  )
}

async function joinColumns(
  scores: Database,
  scan: number,
  extras: readonly number[],
  isExtrasOnly: boolean,
  work: PausableWork & { startsFor: string },
): Promise<number> {
  const base = snapshotOf(scores, scan)
  const ids = readIds(scores, base)
  const scanColumns = isExtrasOnly ? [] : readMetrics(scores, base)
  const taken = new Set(base.metrics.map(({ name }) => name))
  const joined: SheetColumns = {
    ids,
    names: readNames(scores, base),
    metrics: [...scanColumns, ...addedColumns(scores, ids, extras).filter(({ name }) => !taken.has(name))],
    labels: isExtrasOnly
      ? []
      : base.labels.map(({ name, heading }) => ({ name, heading, texts: readLabel(scores, base, name) })),
  }
  await work.pause()
  try {
    return await writeSnapshot(scores, joined, work)
  } finally {
    freeBuffers(...joined.metrics.map(({ values }) => values), ids.bytes, ids.offsets)
  }
}

type AddedColumn = SheetColumns['metrics'][number]

/** The newest value that an extra sheet has for each player, column by column. */
function addedColumns(scores: Database, ids: TextColumn, extras: readonly number[]): AddedColumn[] {
  const players = ids.offsets.length - 1
  const added = new Map<string, AddedColumn>()
  for (const id of extras) {
    const sheet = snapshotOf(scores, id)
    const rows = matchStored(scores, ids, sheet)
    for (const { name, heading, cumulative, values } of readMetrics(scores, sheet)) {
      const column = added.get(name) ?? {
        name,
        cumulative,
        extra: true,
        values: new Float64Array(players).fill(Number.NaN),
      }
      added.set(name, column)
      column.heading = heading
      for (let row = 0; row < players; row++) {
        const value = rows[row]! < 0 ? Number.NaN : values[rows[row]!]!
        if (!Number.isNaN(value)) column.values[row] = value
      }
      freeBuffers(values)
    }
  }
  return [...added.values()]
}

/** The scan whose players get the columns. */
export function scanOfExtras(scores: Database, published: readonly Published[]): Snapshot | undefined {
  const newest = newestScan(published)
  return newest && storedSnapshot(scores, newest.snapshot)
}

/** The metrics that an extra sheet cannot add because the scans have them. */
export const scanMetrics = (scores: Database, published: readonly Published[]): string[] =>
  scanOfExtras(scores, published)?.metrics.map(({ name }) => name) ?? []

/**
 * Keeps only new columns of an extra sheet: metrics that the scans have, labels and names always come from the scans.
 * Returns the names of the columns that were left out.
 */
export function keepNewColumns(
  sheet: SheetColumns,
  report: Pick<SheetReport, 'mapping' | 'ignored'>,
  scan: readonly string[],
): string[] {
  const isTaken = (name: string) => scan.includes(name)
  const taken = sheet.metrics.map(({ name }) => name).filter(isTaken)
  const headings = headingsOf(sheet)
  const takenNames = taken.map(name => metricName(name, headings))
  if (taken.length === sheet.metrics.length)
    refuseSheet(
      'no_metric',
      `All columns of this sheet are columns of the scans: ${takenNames.join(', ')}. Give the new one another name, such as Verified ${takenNames.at(-1)}`,
    )
  const isLeftOut = (as: string) => taken.includes(as) || isLabel(as)
  report.ignored.push(...Object.keys(report.mapping).filter(header => isLeftOut(report.mapping[header]!)))
  report.mapping = Object.fromEntries(Object.entries(report.mapping).filter(([, as]) => !isLeftOut(as)))
  sheet.metrics = sheet.metrics.filter(({ name }) => !isTaken(name))
  sheet.labels = []
  return takenNames
}
