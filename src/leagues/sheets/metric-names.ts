/** Resolves metric names in a league's config as they are spelled in its sheets and on its board: `T4 Kills` and `Kills t4` are `kills_t4`. */
import type { Database } from 'bun:sqlite'
import type { FieldError } from '../../errors.ts'
import { metricName } from '../columns.ts'
import { metricNamed } from './reading/headers.ts'
import { metricAliases } from './reading/known-metrics.ts'
import { byTakenAt, type Published, scansOf } from './snapshot-selection.ts'
import { storedSnapshot } from './snapshots/snapshot.ts'

const maxScans = 100 // read for their metrics

/** The metrics of a league's scans, those of the newest scan first. */
export function seenMetrics(scores: Database, published: readonly Published[]): string[] {
  const newest = byTakenAt(published).reverse().slice(0, maxScans)
  const names = newest
    .flatMap(({ snapshot }) => storedSnapshot(scores, snapshot)?.metrics ?? [])
    .map(({ name }) => name)
  return [...new Set(names)]
}

/** The labels of a league's newest scan. */
export function seenLabels(scores: Database, published: readonly Published[]): string[] {
  const newest = byTakenAt(scansOf(published)).at(-1)
  return (newest && storedSnapshot(scores, newest.snapshot)?.labels.map(({ name }) => name)) ?? []
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
  ) {
    this.accepted = new Set([...seen, ...metricAliases.keys(), ...inConfig])
  }

  resolve(given: string, path: string): string {
    const onBoard = this.accepted.has(given) ? given : [...this.accepted].find(name => metricName(name) === given)
    const name = onBoard ?? metricNamed(given)
    if (name === '' || (this.seen.length > 0 && !this.accepted.has(name)))
      this.errors.push({ path, message: `There is no metric ${given} here; ${this.choices}.` })
    return name
  }

  private get choices(): string {
    const names = this.seen.length > 0 ? this.seen : [...metricAliases.keys()]
    return `${this.seen.length > 0 ? 'the sheets have' : 'common ones are'} ${names.map(metricName).join(', ')}`
  }
}
