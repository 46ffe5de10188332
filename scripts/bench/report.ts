/** The results as rows of a Markdown table: Fieldhouse against each side, with medians of all rounds and ratios within each. */
import { cpus, loadavg, release, totalmem } from 'node:os'
import { type Aim, type Figure, type MeasuredComparison, median, type Unit } from './comparison.ts'

export type ReportRow = {
  readonly comparison: string
  readonly figure: string
  readonly title: string
  readonly unit: Unit
  readonly ours: number
  readonly beside?: {
    readonly name: string
    readonly theirs: number
    readonly ratio: number
    readonly range: readonly [number, number]
  }
  /** The target, and whether it is met. Up to 5 % below counts as met, because ratios scatter. */
  readonly aim?: { readonly text: string; readonly isMet: boolean; readonly ratio?: number }
}

const tolerance = 0.95

export function reportRows({ comparison, rounds }: MeasuredComparison): ReportRow[] {
  const [own = '', ...others] = Object.keys(comparison.sides)
  const valuesOf = (side: string, figure: string) => (rounds.get(side) ?? []).map(one => one[figure])
  const rows: ReportRow[] = []
  for (const [name, figure] of Object.entries(comparison.figures)) {
    const ours = valuesOf(own, name)
    if (!ours.some(value => value !== undefined)) continue
    const base = {
      comparison: comparison.name,
      figure: name,
      title: figure.title,
      unit: figure.unit,
      ours: median(definedOnly(ours)),
    }
    const yardsticks = figure.yardstick ? [[figure.yardstick, valuesOf(own, figure.yardstick)] as const] : []
    const besides = [...others.map(side => [side, valuesOf(side, name)] as const), ...yardsticks]
    const compared = besides.flatMap(([side, theirs]) => {
      const ratios = definedOnly(ours.map((one, i) => ratioOf(figure, one, theirs[i]))).sort((a, b) => a - b)
      if (!ratios.length) return []
      const ratio = median(ratios)
      const title = comparison.figures[side]?.title ?? side
      const beside = {
        name: title,
        theirs: median(definedOnly(theirs)),
        ratio,
        range: [ratios[0] ?? 0, ratios.at(-1) ?? 0] as const,
      }
      return [{ ...base, beside, ...aimOf(figure, aim => 'beside' in aim && aim.beside === side, base.ours, ratio) }]
    })
    const absolute = aimOf(figure, aim => !('beside' in aim), base.ours)
    if (!compared.length || absolute.aim) rows.push({ ...base, ...absolute })
    rows.push(...compared)
  }
  return rows
}

const definedOnly = (values: readonly (number | undefined)[]) => values.filter(value => value !== undefined)

/** Above 1 if `ours` is better. */
function ratioOf({ unit }: Figure, ours: number | undefined, theirs: number | undefined): number | undefined {
  if (ours === undefined || theirs === undefined) return undefined
  if (ours === theirs) return 1 // also for 0 and 0
  return unit === 'a second' || unit === 'times' ? ours / theirs : theirs / ours
}

function aimOf({ aims, unit }: Figure, fits: (aim: Aim) => boolean, ours: number, ratio = 0): Pick<ReportRow, 'aim'> {
  const aim = aims?.find(fits)
  if (!aim) return {}
  if ('beside' in aim)
    return { aim: { text: times(aim.ratio), isMet: ratio >= aim.ratio * tolerance, ratio: aim.ratio } }
  if ('most' in aim)
    return { aim: { text: `at most ${withUnit(aim.most, unit)}`, isMet: ours * tolerance <= aim.most } }
  return { aim: { text: `at least ${withUnit(aim.least, unit)}`, isMet: ours >= aim.least * tolerance } }
}

const digits = (value: number) => (value >= 100 ? 0 : value >= 10 ? 1 : 2)
const plain = (value: number) => value.toLocaleString('en', { maximumFractionDigits: digits(value) })
export const withUnit = (value: number, unit: Unit) =>
  unit === 'places' || unit === 'times'
    ? plain(value)
    : unit === 'a second'
      ? `${plain(value)}/s`
      : `${plain(value)} ${unit}`
export const times = (ratio: number) => `${plain(ratio)} ×`

const cells = ({ title, unit, ours, beside, aim }: ReportRow) => [
  title,
  withUnit(ours, unit),
  beside?.name ?? '',
  beside ? withUnit(beside.theirs, unit) : '',
  beside ? times(beside.ratio) : '',
  beside && beside.range[0] !== beside.range[1] ? `${plain(beside.range[0])}–${plain(beside.range[1])}` : '',
  aim ? `${aim.text}${aim.isMet ? '' : ' (missed)'}` : '',
]
const tableLine = (row: readonly string[]) => `| ${row.join(' | ')} |`

export function tableOf(rows: readonly ReportRow[]): string {
  const head = ['', 'Fieldhouse', 'compared with', 'theirs', 'ratio', 'from–to', 'aim']
  return [
    tableLine(head),
    tableLine(head.map((_, i) => (i === 0 || i === 2 || i === 6 ? '---' : '---:'))),
    ...rows.map(row => tableLine(cells(row))),
  ].join('\n')
}

/** The most important rows. */
export function shortTableOf(rows: readonly ReportRow[]): string {
  const shown = [
    ...['csv-1000 board', 'csv-100000 board', 'csv-1000000 board', 'csv-1000000 peak', 'xlsx-100000 board'],
    ...['reads board stranger', 'reads board key', 'imports p99', 'trades rate', 'start idle'],
  ]
  const found = shown.flatMap(name => {
    const row = rows.find(
      ({ comparison, figure, beside }) => `${comparison} ${figure}` === name && beside?.name === 'stack',
    )
    return row?.beside
      ? [[row.title, withUnit(row.ours, row.unit), withUnit(row.beside.theirs, row.unit), times(row.beside.ratio)]]
      : []
  })
  const head = ['', 'Fieldhouse', 'FastAPI, Celery, Redis, pandas', 'ratio']
  return [tableLine(head), '| --- | ---: | ---: | ---: |', ...found.map(tableLine)].join('\n')
}

/** What was left out and why, what there was no time for, and what blocked the HTTP thread. */
export function notesOf(all: readonly MeasuredComparison[], failed: ReadonlyMap<string, string>): string[] {
  const missing = new Set(all.flatMap(one => [...one.missing].map(([side, why]) => `Left out: ${side}; ${why}.`)))
  const cut = all
    .filter(({ cut }) => cut > 0)
    .map(({ comparison, cut }) => `${comparison.title}: ${cut} rounds fewer, for want of time.`)
  const failures = [...failed].map(([name, why]) => `Not measured: ${name}; ${why}.`)
  return [...missing, ...cut, ...failures, ...all.flatMap(stretchNotes)]
}

function stretchNotes({ comparison, stretches }: MeasuredComparison): string[] {
  const over = [...stretches].filter(([, count]) => count > 0)
  const [longest] = over.at(-1) ?? []
  if (longest === undefined) return []
  const why = comparison.longStretches ? `: ${comparison.longStretches}` : ''
  const counts = over.map(([ms, count]) => `${count} over ${ms} ms`).join(', ')
  return [`The HTTP thread did one thing for longer than 10 ms in “${comparison.title}” (${counts})${why}.`]
}

/** How the times of the same requests grow from a thousand players to a million. */
export function growthNotes(rows: readonly ReportRow[]): string[] {
  const at = (size: number, figure: string) =>
    rows.find(row => row.comparison === `csv-${size}` && row.figure === figure)?.ours
  return (['again', 'around'] as const).flatMap(figure => {
    const [small, large] = [at(1_000, figure), at(1_000_000, figure)]
    if (small === undefined || large === undefined) return []
    const what = figure === 'again' ? 'A cached page' : 'The page around a player'
    return [`${what} takes ${withUnit(small, 'ms')} with 1,000 players and ${withUnit(large, 'ms')} with 1,000,000.`]
  })
}

/** `load`: the load of the machine before the bench started. */
export function machine(load: number, date: Date): string {
  const [cpu] = cpus()
  const cores = cpus().length
  const busy = load > cores / 4 ? `; the machine was busy with other work, load ${load.toFixed(1)} at the start` : ''
  return `${cores} × ${cpu?.model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GB, Linux ${release().split('-')[0]}, Bun ${Bun.version}, ${date.toISOString().slice(0, 10)}${busy}`
}
export const loadNow = () => loadavg()[0] ?? 0
