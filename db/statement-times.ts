/**
 * How long the statements of a connection take, by their text without values: count, mean and p95 since it was opened. It costs
 * a tenth of a microsecond per statement, less than a hundredth of a request.
 */
import { Database, type SQLQueryBindings, type Statement } from 'bun:sqlite'

export type StatementTimes = { statement: string; count: number; total_ms: number; mean_ms: number; p95_ms: number }

/** Each bound is 1.2 times the one before, from a microsecond to some minutes: the middle of a bucket is within 10 % of every time in it. */
const factor = Math.log(1.2)
const buckets = 104
const maxLength = 600 // characters of a statement
const maxStatements = 500 // further ones are counted together as one
const maxTexts = 5_000 // before they are normalised

type Count = { count: number; totalMs: number; histogram: Uint32Array }

function note(count: Count, ms: number): void {
  count.count++
  count.totalMs += ms
  const bucket = ms <= 0.001 ? 0 : Math.min(buckets - 1, Math.ceil(Math.log(ms * 1_000) / factor))
  count.histogram[bucket] = (count.histogram[bucket] ?? 0) + 1
}

/** The text without its values; lists of any length become the same text. */
export const normalised = (sql: string): string =>
  sql
    .replaceAll(/'(?:[^']|'')*'/g, '?')
    .replaceAll(/"(\w+)"/g, '$1')
    .replaceAll(/\b\d+(?:\.\d+)?\b/g, '?')
    .replaceAll(/\?\d*(?:\s*,\s*\?\d*)+/g, '?, …')
    .replaceAll(/\(\?, …\)(?:\s*,\s*\(\?, …\))+/g, '(?, …), …')
    .replaceAll(/\s+/g, ' ')
    .trim()
    .slice(0, maxLength)

class Times {
  readonly #counts = new Map<string, Count>()
  readonly #byText = new Map<string, Count>()

  of(sql: string): Count {
    const known = this.#byText.get(sql)
    if (known) return known
    const text = normalised(sql)
    const statement = this.#counts.has(text) || this.#counts.size < maxStatements ? text : 'other statements'
    let count = this.#counts.get(statement)
    if (!count) this.#counts.set(statement, (count = { count: 0, totalMs: 0, histogram: new Uint32Array(buckets) }))
    if (this.#byText.size >= maxTexts) this.#byText.clear()
    this.#byText.set(sql, count)
    return count
  }

  /** Every statement that ran, the highest total time first. */
  all(): StatementTimes[] {
    return [...this.#counts]
      .filter(([statement, { count }]) => count > 0 && !opensOrMigrates.test(statement))
      .map(([statement, { count, totalMs, histogram }]) => ({
        statement,
        count,
        total_ms: rounded(totalMs),
        mean_ms: rounded(totalMs / count),
        p95_ms: rounded(shareBelow(histogram, 0.95 * count)),
      }))
      .sort((a, b) => b.total_ms - a.total_ms)
  }
}

/** Statements that open a file or migrate it. */
const opensOrMigrates = /^(alter|create|drop|pragma)\b/i

const rounded = (ms: number) => Math.round(ms * 1_000) / 1_000

function shareBelow(histogram: Uint32Array, wanted: number): number {
  let below = 0
  for (const [bucket, count] of histogram.entries()) {
    below += count
    if (below >= wanted) return Math.exp((bucket - 0.5) * factor) / 1_000
  }
  return 0
}

const timesOf = new WeakMap<Database, Times>()

/** The times of a connection that was opened as a `TimedDatabase`, the highest total first. */
export const statementTimes = (client: Database): StatementTimes[] => timesOf.get(client)?.all() ?? []

export class TimedDatabase extends Database {
  readonly #times = new Times()
  readonly #timed = new WeakSet<object>()

  constructor(path: string, options: ConstructorParameters<typeof Database>[1]) {
    super(path, options)
    timesOf.set(this, this.#times)
  }

  /** Prepares each text once; `open` makes drizzle prepare through this too. */
  override query<Row, Params extends SQLQueryBindings | SQLQueryBindings[]>(sql: string) {
    const statement = super.query<Row, Params>(sql)
    if (this.#timed.has(statement)) return statement
    this.#timed.add(statement)
    return timed(statement, this.#times.of(sql))
  }

  override run<Param extends SQLQueryBindings[]>(sql: string, ...params: Param[]) {
    const start = performance.now()
    try {
      return super.run(sql, ...params)
    } finally {
      note(this.#times.of(sql), performance.now() - start)
    }
  }
}

/** Makes the statement measure its own runs. The time between two rows of `iterate` does not count. */
function timed<Row, Params extends SQLQueryBindings[]>(statement: Statement<Row, Params>, count: Count) {
  const { get, all, values, run, iterate } = statement
  const measured =
    <Args extends unknown[], T>(method: (...args: Args) => T) =>
    (...args: Args): T => {
      const start = performance.now()
      try {
        return method.apply(statement, args)
      } finally {
        note(count, performance.now() - start)
      }
    }
  statement.get = measured(get)
  statement.all = measured(all)
  statement.values = measured(values)
  statement.run = measured(run)
  statement.iterate = function* (...params) {
    const rows = iterate.apply(statement, params)
    let ms = 0
    try {
      for (;;) {
        const start = performance.now()
        const { value, done } = rows.next()
        ms += performance.now() - start
        if (done) return
        yield value
      }
    } finally {
      rows.return?.()
      note(count, ms)
    }
  }
  return statement
}
