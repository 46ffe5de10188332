/** The config of a sheet league: validated once, at the edge. */

import type { App } from '../../context.ts'
import type { FieldError } from '../../errors.ts'
import { GOAL_COLUMN, gainColumn, goalColumn, metricOfGain, metricOfGoal } from '../../leaderboard/page.ts'
import { refuseAny } from '../../platform/http/field-errors.ts'
import { checkWebhook } from '../announcements.ts'
import { labelColumn, labelOfColumn } from '../columns.ts'
import { configErrors } from '../config-errors.ts'
import type { League } from '../league.ts'
import { type SheetConfig, sheetConfig } from './config-schema.ts'
import { type Goal, overlapOf } from './goals.ts'
import { MetricNames, metricsNamedIn, seenHeadings, seenLabels, seenMetrics } from './metric-names.ts'
import { publishedSnapshots } from './queries.ts'
import type { RankedConfig } from './scoring.ts'

export function checkedSheetConfig(
  given: Record<string, unknown>,
  app: Pick<App, 'db' | 'sheets' | 'config'>,
  league?: League,
): Record<string, unknown> {
  const errors = configErrors(sheetConfig, given)
  if (given.classify_by === 'goal' && given.goal === undefined && given.goals === undefined)
    errors.push({ path: 'config.goal', message: 'Set a goal to classify by it.' })
  const config = given as SheetConfig
  if (!errors.length) errors.push(...sameNames(config.tiers ?? []), ...goalErrors(config))
  refuseAny(errors)
  const scans = league ? publishedSnapshots(app.db, league.id) : []
  const seen = seenMetrics(app.sheets.boards.scores, scans)
  const labels = seenLabels(app.sheets.boards.scores, scans)
  const before: SheetConfig = league?.config ?? {}
  const headings = seenHeadings(app.sheets.boards.scores, scans)
  const names = new MetricNames(seen, metricsNamedIn(before), headings)
  const named = {
    ...config,
    ...(config.weights && { weights: namedNumbers(config.weights, names, 'config.weights', 'weight') }),
    ...(config.goals && { goals: config.goals.map((goal, i) => namedGoal(goal, i, names)) }),
    ...(config.columns && { columns: namedColumns(config.columns, names, labels, before.columns) }),
    ...(config.sort && { sort: namedSort(config.sort, names) }),
  }
  refuseAny(names.errors)
  checkWebhook(given, app, league)
  return named
}

/** `score`, `tier`, `label:alliance` (or `alliance`, or as on the board), or a column the board can be ranked by. Without duplicates. */
function namedColumns(
  columns: readonly string[],
  names: MetricNames,
  labels: readonly string[],
  before: readonly string[] = [],
): string[] {
  const named = columns.map((given, i) => {
    const path = `config.columns.${i}`
    const asked = labelOfColumn(given)
    const label = labels.find(each => [each, names.called(labelColumn(each))].includes(asked ?? given))
    if (label !== undefined) return labelColumn(label)
    if (asked === undefined) return fixedColumn(given) ?? namedColumn(given, names, path)
    if (labels.length > 0 && !before.includes(given))
      names.errors.push({
        path,
        message: `There is no label ${asked} here; the newest sheet has ${labels.join(', ')}.`,
      })
    return given
  })
  return [...new Set(named)]
}

/** A column that is no metric, also with a capital as on the board: `Score`. */
const fixedColumn = (given: string): string | undefined =>
  ['score', 'tier', GOAL_COLUMN].find(column => column === given.trim().toLowerCase())
const isScore = (given: string): boolean => fixedColumn(given) === 'score'

function namedSort(given: string, names: MetricNames): string {
  const fixed = fixedColumn(given)
  return fixed !== undefined && fixed !== 'tier' ? fixed : namedColumn(given, names, 'config.sort')
}

/** A metric, `deads.gain`, `goal_pct` or `deads.goal_pct`. */
function namedColumn(given: string, names: MetricNames, path: string): string {
  const [gainMetric, goalMetric] = [metricOfGain(given), metricOfGoal(given)]
  if (goalMetric === 'score') return given
  const metric = names.resolve(gainMetric ?? goalMetric ?? given, path)
  return gainMetric !== undefined ? gainColumn(metric) : goalMetric !== undefined ? goalColumn(metric) : metric
}

/** Numbers by metric, whose names may be spelled as in the sheets; and by `score`, where `mayBeScore` says that a name is it. */
function namedNumbers(
  numbers: Record<string, number>,
  names: MetricNames,
  path: string,
  what: string,
  mayBeScore?: (given: string) => boolean,
) {
  const named: Record<string, number> = {}
  for (const [given, number] of Object.entries(numbers)) {
    const name = mayBeScore?.(given) ? 'score' : names.resolve(given, `${path}.${given}`)
    if (Object.hasOwn(named, name))
      names.errors.push({
        path: `${path}.${given}`,
        message: `“${given}” is ${names.called(name)}, which already has a ${what}.`,
      })
    else named[name] = number
  }
  return named
}

function namedGoal({ targets, ...power }: Goal, i: number, names: MetricNames): Goal {
  const named = namedNumbers(targets, names, `config.goals.${i}.targets`, 'target', isScore)
  return { ...power, targets: named }
}

function goalErrors({ goal, goals = [] }: SheetConfig): FieldError[] {
  const errors: FieldError[] = goals.flatMap(({ from, to }, i) =>
    from !== undefined && to !== undefined && to <= from
      ? [{ path: `config.goals.${i}.to`, message: `Enter a power above ${from}, where this goal starts.` }]
      : [],
  )
  if (goal !== undefined && goals.length > 0)
    errors.push({
      path: 'config.goal',
      message: 'Leave this empty if there are goals by power: set a target named score there.',
    })
  const overlap = errors.length > 0 ? undefined : overlapOf(goals)
  if (overlap)
    errors.push({
      path: `config.goals.${overlap[1]}.from`,
      message: `This goal and goal ${overlap[0] + 1} overlap: let one start where the other ends.`,
    })
  return errors
}

const sameNames = (tiers: { name: string }[]): FieldError[] =>
  tiers.flatMap(({ name }, i) =>
    tiers.findIndex(other => other.name === name) < i
      ? [{ path: `config.tiers.${i}.name`, message: `${name} is already the name of another tier.` }]
      : [],
  )

/** The part of a config that decides the board. */
export const boardConfigOf = ({ config }: Pick<League, 'config'>): RankedConfig => config as SheetConfig
