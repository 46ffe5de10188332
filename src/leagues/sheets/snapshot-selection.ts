import type { UploadKind } from '../../../db/schema.ts'

/** One finished upload of a league: the snapshot it became. */
export type Published = { snapshot: number; kind: UploadKind; takenAt: number }

/** The snapshots a board is made of. `snapshots/README.md` explains why it is exactly these. */
export type SnapshotSelection = {
  /** What the board shows: the newest scan, with the columns of the extra sheets once they have been added (`withExtras`). */
  current: number
  /** The newest scan itself. */
  scan: number
  baseline: number
  /** Current snapshots since the baseline and before `current`, in order: where latecomers may first have appeared. */
  between: number[]
  /** Extra sheets, in order: they add columns to the scan. */
  extras: number[]
  /** The extra sheets that are not newer than the baseline: gains in their columns count from them. */
  startExtras: number[]
  asOf: number
}

/** Baselines and current scans contain everyone on the board. Extra sheets only add columns. */
export const scansOf = (published: readonly Published[]): Published[] =>
  published.filter(({ kind }) => kind !== 'extra')

type ScanTime = Pick<Published, 'takenAt' | 'snapshot'>
const compareMoments = (a: ScanTime, b: ScanTime): number => a.takenAt - b.takenAt || a.snapshot - b.snapshot

export const byTakenAt = (published: readonly Published[]): Published[] => published.toSorted(compareMoments)

/** Those that come before `sheet`. */
const before = (published: readonly Published[], sheet: ScanTime): Published[] =>
  published.filter(other => compareMoments(other, sheet) < 0)

/**
 * The snapshots of a board: the newest current one against the newest baseline, or else the first current one. With `from`
 * against the scan of that time, of either kind.
 */
export function selectSnapshots(published: readonly Published[], from?: number): SnapshotSelection | undefined {
  const all = byTakenAt(published)
  const scans = scansOf(all)
  const currents = scans.filter(({ kind }) => kind === 'current')
  const current = currents.at(-1)
  if (!current) return undefined
  const baseline =
    from === undefined
      ? (scans.findLast(({ kind }) => kind === 'baseline') ?? currents[0]!)
      : scans.findLast(({ takenAt }) => takenAt <= from)
  if (!baseline) return undefined
  if (from !== undefined && (baseline.snapshot === current.snapshot || baseline.takenAt > current.takenAt))
    return undefined
  const between = currents
    .slice(0, -1)
    .filter(({ snapshot, takenAt }) => takenAt >= baseline.takenAt && snapshot !== baseline.snapshot)
    .map(({ snapshot }) => snapshot)
  const extras = all.filter(({ kind }) => kind === 'extra')
  return {
    current: current.snapshot,
    scan: current.snapshot,
    baseline: baseline.snapshot,
    between,
    extras: extras.map(({ snapshot }) => snapshot),
    startExtras: extras.filter(({ takenAt }) => takenAt <= baseline.takenAt).map(({ snapshot }) => snapshot),
    asOf: Math.max(current.takenAt, extras.at(-1)?.takenAt ?? 0),
  }
}

export const newestOf = (published: readonly Published[], kind: UploadKind): Published | undefined =>
  byTakenAt(published).findLast(upload => upload.kind === kind)

/** The scan that `scan` is compared with: the newest current one before it, or else the newest baseline. */
export const scanBefore = (published: readonly Published[], scan: ScanTime): Published | undefined =>
  newestOf(before(published, scan), 'current') ?? newestOf(published, 'baseline')

/** The scan whose players extra sheets are about: the newest one, or the newest baseline while there is none. */
export const newestScan = (published: readonly Published[]): Published | undefined =>
  newestOf(published, 'current') ?? newestOf(published, 'baseline')

export const extraBefore = (published: readonly Published[], extra: ScanTime): Published | undefined =>
  newestOf(before(published, extra), 'extra')

/** What came before a sheet. Without a baseline among it, with later ones: many are dated only when they are sent. */
export function publishedBefore(published: readonly Published[], sheet: ScanTime): Published[] {
  const earlier = before(published, sheet)
  return newestOf(earlier, 'baseline') ? earlier : [...earlier, ...published.filter(({ kind }) => kind === 'baseline')]
}

/** What the board before the newest scan of `selection` was made of. */
export const previousBoard = (published: readonly Published[], { scan }: SnapshotSelection): Published[] =>
  publishedBefore(published, { snapshot: scan, takenAt: takenAtOf(published, scan) })

export const takenAtOf = (published: readonly Published[], id: number): number =>
  published.find(({ snapshot }) => snapshot === id)!.takenAt

export const publishedUpTo = (published: readonly Published[], at: number | undefined): readonly Published[] =>
  at === undefined ? published : published.filter(({ takenAt }) => takenAt <= at)

/** The list that names a derived snapshot of latecomers. */
export const latecomerListKey = ({ baseline, between }: Pick<SnapshotSelection, 'baseline' | 'between'>): string =>
  [baseline, ...between].join()

/** The list that names a derived snapshot of a scan with the columns of extra sheets, or of these columns alone. */
export const extrasListKey = (scan: number, extras: readonly number[], isExtrasOnly: boolean): string =>
  [isExtrasOnly ? `+${scan}` : scan, ...extras.map(extra => `+${extra}`)].join()

/** The derived snapshots with extra columns that a board is made of. */
export const extrasListsOf = ({ scan, extras, startExtras }: SnapshotSelection): string[] => [
  ...(extras.length > 0 ? [extrasListKey(scan, extras, false)] : []),
  ...(startExtras.length > 0 ? [extrasListKey(scan, startExtras, true)] : []),
]

/** Everything that decides where players start. */
export const startsKey = (selection: SnapshotSelection): string =>
  [latecomerListKey(selection), ...selection.startExtras.map(extra => `+${extra}`)].join()

/**
 * The boards that must not change: the current one, those that undoing the newest `undos` uploads leads back to, and
 * the one before each. They need the snapshots `current` and `baseline`, and the list of latecomers or the snapshots `between`. Others
 * may be thinned out without changing a rank or a score, as long as `published` still lists them.
 */
export function selectionsToKeep(published: readonly Published[], undos = 0): SnapshotSelection[] {
  const all = byTakenAt(published)
  const selections: (SnapshotSelection | undefined)[] = []
  for (let count = all.length; count >= Math.max(0, all.length - undos); count--) {
    const selection = selectSnapshots(all.slice(0, count))
    selections.push(selection, selection && selectSnapshots(previousBoard(all.slice(0, count), selection)))
  }
  return selections.filter(selection => selection !== undefined)
}
