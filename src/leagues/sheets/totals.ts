/** Totals of a sheet board, by the values of a label and for everyone who counts. */
import { BadQuery } from '../../leaderboard/query.ts'
import { groupTotalOf, rankedTotals, sumOfAll, type TotalsQuery } from '../../leaderboard/totals.ts'
import { headingsOf } from '../headings.ts'
import type { TotalsPage } from '../kinds.ts'
import { type BoardSource, requireLabel, type SheetBoards, shownSnapshots, withMetricOfHeading } from './boards.ts'
import { leftOutBy } from './marks.ts'
import { scoreInput } from './scoring.ts'
import { publishedUpTo, takenAtOf } from './snapshot-selection.ts'
import { snapshotOf } from './snapshots/snapshot.ts'
import { maxGroups } from './totals-sums.ts'

/** Without a label, only the total of everyone. */
export async function sheetTotals(
  boards: SheetBoards,
  source: BoardSource,
  asked: TotalsQuery,
): Promise<TotalsPage | undefined> {
  const published = publishedUpTo(source.published, asked.at)
  const selection = await shownSnapshots(boards, published, asked.from)
  if (!selection) return undefined
  const snapshot = snapshotOf(boards.scores, selection.current)
  requireLabel(snapshot, asked.label)
  const { boardCache } = boards
  const leftOut = leftOutBy(source.marks)
  const sums = await boardCache.totals(scoreInput(selection, source.config), asked.label, leftOut)
  if (!sums)
    throw new BadQuery([
      { path: 'label', message: `It has more than ${maxGroups} different values, too many to add up.` },
    ])
  const isGrouped = asked.label !== undefined
  const query = asked.sort_by === 'players' ? asked : withMetricOfHeading(asked, snapshot, source.config)
  return {
    asOf: selection.asOf,
    ...(asked.from !== undefined && { gainsFrom: takenAtOf(published, selection.baseline) }),
    labels: snapshot.labels.map(({ name }) => name),
    headings: headingsOf(snapshot),
    all: groupTotalOf(isGrouped ? sumOfAll(sums) : sums, 0),
    groups: isGrouped ? rankedTotals(sums, query) : undefined,
  }
}
