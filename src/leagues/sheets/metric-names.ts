/** Resolves metric names in a league's config as they are spelled in its sheets and on its board: `T4 Kills` and `Kills t4` are `kills_t4`. */
import type { Database } from 'bun:sqlite'
import type { FieldError } from '../../errors.ts'
import { metricOfGain, metricOfGoal } from '../../leaderboard/page.ts'
import { withoutAccents } from '../../platform/spreadsheets/text.ts'
import { labelColumn, labelOfColumn } from '../columns.ts'
import { type Headings, headingsOf, metricName } from '../headings.ts'
import type { SheetConfig } from './config-schema.ts'
import { metricNamed } from './reading/headers.ts'
import { labelAliases, metricAliases } from './reading/known-metrics.ts'
import type { SheetReport } from './reading/report.ts'
import { byTakenAt, type Published, scansOf } from './snapshot-selection.ts'
import { type SheetColumns, storedSnapshot } from './snapshots/snapshot.ts'

const maxScans = 100 // read for their metrics

const newestSnapshots = (scores: Database, published: readonly Published[], scans: number) =>
  byTakenAt(published)
    .reverse()
    .slice(0, scans)
    .flatMap(({ snapshot }) => storedSnapshot(scores, snapshot) ?? [])

/** The metrics of a league's scans, those of the newest scan first. */
export function seenMetrics(scores: Database, published: readonly Published[], scans = maxScans): string[] {
  const metrics = newestSnapshots(scores, published, scans).flatMap(({ metrics }) => metrics)
  return [...new Set(metrics.map(({ name }) => name))]
}

/** How a league's scans head their columns, the newest first. */
export const seenHeadings = (scores: Database, published: readonly Published[]): Headings | undefined =>
  headingsOf(...newestSnapshots(scores, published, maxScans))

/** What each heading was read as: what is common by its plain name, which shows that it was recognised, the rest as people call it. */
export function readAsWords(mapping: Record<string, string>, headings: Headings | undefined): Record<string, string> {
  const words = (as: string) => {
    const label = labelOfColumn(as)
    const isCommon = metricAliases.has(as) || labelAliases.has(label ?? '')
    const name = as === 'id' ? 'Player id' : metricName(as, isCommon ? undefined : headings)
    return label === undefined ? name : `${name} (label)`
  }
  return Object.fromEntries(Object.entries(mapping).map(([header, as]) => [header, words(as)]))
}

/** The labels of a league's newest scan. */
export function seenLabels(scores: Database, published: readonly Published[]): string[] {
  const newest = byTakenAt(scansOf(published)).at(-1)
  return (newest && storedSnapshot(scores, newest.snapshot)?.labels.map(({ name }) => name)) ?? []
}

/** The metrics that a config names. */
export const metricsNamedIn = ({ weights, goals, sort, columns }: SheetConfig): string[] => [
  ...Object.keys(weights ?? {}),
  ...(goals ?? []).flatMap(({ targets }) => Object.keys(targets)),
  ...[...(sort ? [sort] : []), ...(columns ?? [])].map(each => metricOfGain(each) ?? metricOfGoal(each) ?? each),
]

/** The columns that a league's scans and its config have names for. */
const knownColumns = (scores: Database, published: readonly Published[], config: SheetConfig): string[] => [
  ...seenMetrics(scores, published),
  ...seenLabels(scores, published).map(labelColumn),
  ...metricsNamedIn(config),
]

/** The name among `known` that differs from `name` at most in the accents of Latin letters. */
export function nameAmong(known: readonly string[], name: string): string | undefined {
  if (known.includes(name)) return name
  const plain = withoutAccents(name)
  return known.find(each => withoutAccents(each) === plain)
}

/** Whether these columns are all in the newest scan, so that their names need not be looked for in a hundred others. */
function areInNewest(
  scores: Database,
  published: readonly Published[],
  { metrics, labels }: Pick<SheetColumns, 'metrics' | 'labels'>,
): boolean {
  const seen = new Set([...seenMetrics(scores, published, 1), ...seenLabels(scores, published).map(labelColumn)])
  return metrics.every(({ name }) => seen.has(name)) && labels.every(({ name }) => seen.has(labelColumn(name)))
}

/** Gives the columns of a sheet the names that its league has for them: another program may write `Aktivitat`, as older versions did. */
export function renameAsKnown(
  scores: Database,
  sheet: Pick<SheetColumns, 'metrics' | 'labels'>,
  report: Pick<SheetReport, 'mapping'>,
  { published, config }: { published: readonly Published[]; config: SheetConfig },
): void {
  if (areInNewest(scores, published, sheet)) return
  const known = knownColumns(scores, published, config)
  const taken = new Set(Object.values(report.mapping))
  const rename = (column: string): string => {
    const name = nameAmong(known, column)
    if (name === undefined || taken.has(name)) return column
    taken.add(name)
    return name
  }
  const names = new Map(Object.values(report.mapping).map(column => [column, rename(column)]))
  for (const header of Object.keys(report.mapping)) report.mapping[header] = names.get(report.mapping[header]!)!
  for (const metric of sheet.metrics) {
    const name = names.get(metric.name) ?? metric.name
    if (name !== metric.name && withoutAccents(name) !== name) metric.heading = undefined // the league's has the accents
    metric.name = name
  }
  for (const label of sheet.labels) label.name = labelOfColumn(names.get(labelColumn(label.name)) ?? '') ?? label.name
}

/**
 * Reads names like headings, those of the board first. Once a league has scans, a name that is neither in them, nor a common metric, nor
 * already in the config is an error: nothing would ever count under it.
 */
export class MetricNames {
  readonly errors: FieldError[] = []
  private readonly accepted: ReadonlySet<string>

  constructor(
    private readonly seen: readonly string[],
    inConfig: readonly string[],
    private readonly headings: Headings | undefined,
  ) {
    this.accepted = new Set([...seen, ...metricAliases.keys(), ...inConfig])
  }

  resolve(given: string, path: string): string {
    const read = metricNamed(given)
    const isCalledSo = (name: string) => this.accepted.has(name) && this.called(name) === given
    const onBoard = this.accepted.has(given) ? given : [read, ...this.accepted].find(isCalledSo)
    const named = onBoard ?? read
    const name = nameAmong([...this.accepted], named) ?? named
    if (name === '' || (this.seen.length > 0 && !this.accepted.has(name)))
      this.errors.push({ path, message: `There is no metric ${given} here; ${this.choices}.` })
    return name
  }

  /** What people call it. */
  called = (name: string): string => metricName(name, this.headings)

  private get choices(): string {
    const names = this.seen.length > 0 ? this.seen : [...metricAliases.keys()]
    return `${this.seen.length > 0 ? 'the sheets have' : 'common ones are'} ${names.map(this.called).join(', ')}`
  }
}
