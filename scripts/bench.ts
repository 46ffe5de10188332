/**
 * `bun run bench`: compares Fieldhouse with its peers, in turns within each round, and prints ratios with their medians and spread.
 * Peers are FastAPI with Celery, Redis and pandas, DuckDB, and a bare Elysia route under wrk; those that this machine lacks are named
 * and left out. Needs Linux.
 *
 *   CASE…         only these cases, or all whose names start so: csv-1000, xlsx, reads …
 *   --list        lists the names of all cases
 *   --rounds N    the number of rounds (5; 2 with --quick)
 *   --quick       about seven minutes: fewer rounds, and fewer cases if time runs out
 *   --out FOLDER  the folder for the table, the chart and the figures (a new temporary folder)
 *   --with FILE   adds the figures of another run from its `speed.json`, so that a long bench can run in parts
 *   --write       writes the results into docs/speed.md, docs/speed.svg and README.md
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chartOf } from './bench/chart.ts'
import { type Comparison, type MeasuredComparison, measure } from './bench/comparison.ts'
import { firstReads } from './bench/comparisons/changes.ts'
import { dashboards } from './bench/comparisons/dashboards.ts'
import { growth } from './bench/comparisons/growth.ts'
import { readsDuringImport } from './bench/comparisons/imports.ts'
import { jobsComparison } from './bench/comparisons/jobs.ts'
import { reads } from './bench/comparisons/reads.ts'
import { rosters } from './bench/comparisons/rosters.ts'
import { soak } from './bench/comparisons/soak.ts'
import { startComparison } from './bench/comparisons/start.ts'
import { trades } from './bench/comparisons/trades.ts'
import { uploadComparisons } from './bench/comparisons/uploads.ts'
import {
  growthNotes,
  loadNow,
  machine,
  notesOf,
  type ReportRow,
  reportRows,
  shortTableOf,
  tableOf,
} from './bench/report.ts'
import { helpFirst, helpOf, misused } from './script-help.ts'

helpFirst(import.meta.path, { any: true })

/** In the order of the table. */
const comparisons: readonly Comparison[] = [
  ...uploadComparisons,
  readsDuringImport,
  firstReads,
  reads,
  jobsComparison,
  trades,
  rosters,
  dashboards,
  startComparison,
  growth,
  soak,
]
const quickBudget = 430_000 // ms; no comparison starts later
const quickShare = 80_000 // ms; a comparison starts no further round after that
/** These run last, so that a short run leaves them out. */
const slow = ['csv-10000', 'csv-100000', 'csv-1000000', 'imports', 'xlsx-100000', 'xlsx-1000', 'xlsx-10000']

type Run = { rows: ReportRow[]; notes: string[] }

const { names, rounds, isQuick, isWriting, out, added } = optionsOf(process.argv.slice(2))
const chosen = comparisons.filter(({ name, isLong }) =>
  names.length ? names.some(asked => name === asked || name.startsWith(`${asked}-`)) : !isLong,
)
const root = join(import.meta.dir, '..')
const load = loadNow()
const folder = mkdtempSync(join(tmpdir(), 'bench-'))
const measured: MeasuredComparison[] = []
const failed = new Map<string, string>()
const began = performance.now()
const end = isQuick ? began + quickBudget : Number.POSITIVE_INFINITY
process.on('SIGINT', () => {
  rmSync(folder, { recursive: true, force: true })
  process.exit(130)
})

try {
  const slowLast = chosen.toSorted((a, b) => slow.indexOf(a.name) - slow.indexOf(b.name))
  for (const comparison of slowLast) {
    if (performance.now() > end) {
      failed.set(comparison.name, 'the time did not suffice')
      continue
    }
    console.error(`${comparison.title} …`)
    const own = mkdtempSync(join(folder, `${comparison.name}-`))
    try {
      const one = await measure(
        comparison,
        { folder: own, isQuick, rounds },
        isQuick ? performance.now() + quickShare : end,
      )
      measured.push(one)
      console.error(`${tableOf(reportRows(one))}\n`)
    } catch (error) {
      failed.set(comparison.name, error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error))
      console.error(error)
    } finally {
      rmSync(own, { recursive: true, force: true })
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}

const inOrder = measured.toSorted((a, b) => comparisons.indexOf(a.comparison) - comparisons.indexOf(b.comparison))
const others: Run = added === undefined ? { rows: [], notes: [] } : await Bun.file(added).json()
for (const { comparison } of others.rows) failed.delete(comparison)
const positionOf = (row: ReportRow) => comparisons.findIndex(({ name }) => name === row.comparison)
const own = inOrder.flatMap(reportRows)
const isOwn = new Set(own.map(({ comparison }) => comparison))
const rows = [...own, ...others.rows.filter(({ comparison }) => !isOwn.has(comparison))].sort(
  (a, b) => positionOf(a) - positionOf(b),
)
const machineText = machine(load, new Date())
const roundsText = `${isQuick ? 'quick, ' : ''}${rounds} rounds in turns`
const notes = [...notesOf(inOrder, failed), ...others.notes]
const footnotes = [...growthNotes(rows), ...notes].map(note => `- ${note}`)
const report = [
  `${machineText}; ${roundsText}.`,
  tableOf(rows),
  ...(footnotes.length ? [footnotes.join('\n')] : []),
].join('\n\n')
const chart = chartOf(rows, machineText)
console.log(report)

if (isWriting) {
  replaceFigures('docs/speed.md', report)
  replaceFigures('README.md', `${shortTableOf(rows)}\n\n${machineText}. All of it: [Speed](docs/speed.md).`)
  await Bun.write(join(root, 'docs/speed.svg'), chart)
  console.error('\nWritten into docs/speed.md, docs/speed.svg and README.md')
} else {
  const target = out ?? mkdtempSync(join(tmpdir(), 'fieldhouse-speed-'))
  mkdirSync(target, { recursive: true })
  await Bun.write(join(target, 'speed.md'), `${report}\n\n${shortTableOf(rows)}\n`)
  await Bun.write(join(target, 'speed.svg'), chart)
  await Bun.write(join(target, 'speed.json'), JSON.stringify({ rows, notes } satisfies Run))
  console.error(`\nTable and chart: ${target}`)
}
process.exit(failed.size && !isQuick ? 1 : 0)

/** Replaces the text between the two marker comments. */
function replaceFigures(path: string, text: string): void {
  const file = join(root, path)
  const [open, close] = ['<!-- figures of bun run bench -->', '<!-- end of figures -->']
  const before = readFileSync(file, 'utf8')
  const [from, to] = [before.indexOf(open), before.indexOf(close)]
  if (from < 0 || to < from) throw new Error(`${path} has no place for the figures`)
  Bun.write(file, `${before.slice(0, from + open.length)}\n\n${text}\n\n${before.slice(to)}`)
}

function optionsOf(given: readonly string[]) {
  const names: string[] = []
  const words = [...given]
  let [rounds, isQuick, isWriting]: [number | undefined, boolean, boolean] = [undefined, false, false]
  let [out, added]: (string | undefined)[] = []
  for (let word = words.shift(); word !== undefined; word = words.shift()) {
    if (word === '--quick') isQuick = true
    else if (word === '--write') isWriting = true
    else if (word === '--rounds') rounds = Number(words.shift())
    else if (word === '--out') out = words.shift()
    else if (word === '--with') added = words.shift()
    else if (word === '--list') {
      for (const { name, title } of comparisons) console.log(`${name.padEnd(14)} ${title}`)
      process.exit(0)
    } else if (!word.startsWith('-') && comparisons.some(({ name }) => name === word || name.startsWith(`${word}-`)))
      names.push(word)
    else refuseOption(word)
  }
  if (rounds !== undefined && !(Number.isInteger(rounds) && rounds > 0)) refuseOption('--rounds')
  if (isWriting && names.length) refuseOption('--write with names of cases: the table would hold nothing else')
  return { names, rounds: rounds ?? (isQuick ? 2 : 5), isQuick, isWriting, out, added }
}

function refuseOption(what: string): never {
  console.error(`${what} is not understood.\n\n${helpOf(import.meta.path)}`)
  process.exit(misused)
}
