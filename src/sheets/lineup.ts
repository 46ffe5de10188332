/** One finished upload of a league: the snapshot it became. */
export type Published = { snapshot: number; kind: 'baseline' | 'current'; takenAt: number }

/** The snapshots a board is made of. `snapshots/README.md` tells why it is exactly these. */
export type Lineup = {
  current: number
  baseline: number
  /** Current snapshots since the baseline and before `current`, in order: where latecomers may first have appeared. */
  between: number[]
  asOf: number
}

export const inOrder = (published: readonly Published[]): Published[] =>
  published.toSorted((a, b) => a.takenAt - b.takenAt || a.snapshot - b.snapshot)

/** The board of these snapshots: the newest current one against the newest baseline, else the first current one. */
export function lineupOf(published: readonly Published[]): Lineup | undefined {
  const all = inOrder(published)
  const currents = all.filter(({ kind }) => kind === 'current')
  const current = currents.at(-1)
  if (!current) return undefined
  const baseline = all.findLast(({ kind }) => kind === 'baseline') ?? currents[0]!
  const between = currents
    .slice(0, -1)
    .filter(({ snapshot, takenAt }) => takenAt >= baseline.takenAt && snapshot !== baseline.snapshot)
    .map(({ snapshot }) => snapshot)
  return { current: current.snapshot, baseline: baseline.snapshot, between, asOf: current.takenAt }
}

export const upTo = (published: readonly Published[], at: number | undefined): readonly Published[] =>
  at === undefined ? published : published.filter(({ takenAt }) => takenAt <= at)

/** What was published before the current snapshot of `lineup`: the board that was seen until it came. */
export function before(published: readonly Published[], { current }: Lineup): Published[] {
  const all = inOrder(published)
  return all.slice(
    0,
    all.findIndex(({ snapshot }) => snapshot === current),
  )
}

/** The list that names a derived snapshot of latecomers. */
export const listOf = ({ baseline, between }: Pick<Lineup, 'baseline' | 'between'>): string =>
  [baseline, ...between].join()

/**
 * What the board as it is now cannot do without: snapshots, and lists of latecomers, which stand in for the snapshots
 * between. All else may be thinned out without a rank or a score of it changing, as long as `published` still tells of it.
 */
export function neededBy(published: readonly Published[]): { snapshots: number[]; lists: string[] } {
  const now = lineupOf(published)
  const lineups = [now, now && lineupOf(before(published, now))].filter(lineup => lineup !== undefined)
  return {
    snapshots: lineups.flatMap(({ current, baseline }) => [current, baseline]),
    lists: lineups.map(listOf),
  }
}
