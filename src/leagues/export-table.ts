/** A board as a table: what its columns are called, and what stands in a row's. */
import type { Row } from '../leaderboard/page.ts'
import type { Cell } from '../platform/files/workbook.ts'

export const exportColumns = (row: Row | undefined): string[] => [
  'rank',
  'change',
  'player_id',
  'name',
  'score',
  ...(row && 'tier' in row ? ['tier'] : []),
  ...Object.keys(row?.labels ?? {}),
  ...(row?.mark !== undefined ? ['mark', 'farm_of', 'counted', 'note'] : []),
  ...Object.keys(row?.metrics ?? {}),
  ...Object.keys(row?.gains ?? {}).map(metric => `${metric}_gain`),
  ...(row && 'goal_pct' in row ? ['goal_pct'] : []),
  ...Object.keys(row?.goals ?? {}).map(metric => `${metric}_goal_pct`),
]

export const exportCells = (row: Row): Cell[] => [
  row.rank,
  row.change,
  row.player_id,
  row.name,
  row.score,
  ...('tier' in row ? [row.tier ?? null] : []),
  ...Object.values(row.labels ?? {}),
  ...markCells(row.mark),
  ...Object.values(row.metrics),
  ...Object.values(row.gains ?? {}),
  ...('goal_pct' in row ? [row.goal_pct ?? null] : []),
  ...Object.values(row.goals ?? {}),
]

function markCells(mark: Row['mark']): Cell[] {
  if (mark === undefined) return []
  if (mark === null) return [null, null, 'yes', null]
  return [mark.reason, mark.farm_of?.player_id ?? null, mark.counted ? 'yes' : 'no', mark.note]
}
