/** Which column holds what: the header row is found among the first rows, then each heading is given its role. */

import type { UploadDoubt } from '../../../../db/schema.ts'
import { sheetLimits } from '../../../platform/spreadsheets/limits.ts'
import { refuseSheet } from '../../../platform/spreadsheets/refusal.ts'
import type { PreviewRow } from '../../../platform/spreadsheets/workbook.ts'
import { truncate } from '../../../platform/truncate.ts'
import { isLabel, labelColumn, labelOfColumn } from '../../columns.ts'
import { computedHeadings } from '../../export-table.ts'
import { attributeAliases, idAliases, labelAliases, metricAliases, nameAliases } from './known-metrics.ts'
import { latinAliases } from './latin-aliases.ts'
import { BAD, BLANK, newNumberCell, readNumber } from './numbers.ts'
import { translatedAliases } from './translated-aliases.ts'

const utf8 = new TextEncoder()

export interface HeaderColumn {
  header: string
  /** `id`, `name`, `label:` and its name, or the metric's name; null is left out. */
  as: string | null
  /** No value was seen among the first rows: a metric only if all that follows are numbers. */
  tentative: boolean
}

export interface Header {
  /** Index among the rows that were examined. */
  row: number
  line: number
  columns: HeaderColumn[]
  /** How many headings were recognised, which decides the best row, dialect and worksheet. */
  known: number
}

export const isMetric = (as: string | null): boolean =>
  as !== null && as !== '' && as !== 'id' && as !== 'name' && !isLabel(as)

/** Header → `id`, `name`, `label:alliance` (or another label) or a metric; empty or null leaves the column out. What it does not name is recognised as usual. */
export type Mapping = Record<string, string | null>

/** More would make a snapshot's texts larger than its numbers. */
const MAX_LABELS = 8

const HEADER_WITHIN_ROWS = 50
/** More characters of a heading are not read. */
const MAX_HEADING = 200

/** Variation selectors only choose how the character before them is drawn. */
const variationSelectors = /[\ufe00-\ufe0f]/g

/** `K/D`, which is not the kingdom that `KD` is. */
const ratio = /^\p{L}(\/\p{L})+%?$/u

/** The form in which headings are compared: letters with their marks and digits only, but T4+ is not T4, nor K/D the same as KD. */
export const headerKey = (header: string): string => {
  const compared = header.slice(0, MAX_HEADING)
  if (/^[a-z0-9]*$/.test(compared)) return compared // most cells that are not headings are in this form already
  const key = compared
    .normalize('NFKC')
    .toLowerCase()
    .replace(variationSelectors, '')
    .replace(/[^\p{L}\p{M}\p{N}+%/]/gu, '')
  return ratio.test(key) ? key : key.replaceAll('/', '')
}

/** Words that mean something else in the answers of a board, or sort it by something else, and what replaces them. */
const reserved = new Map([
  ['score', 'points'],
  ...['id', 'name', 'player_id', 'players', 'tier', 'change', 'metrics', 'gains', 'goal_pct', 'constructor'].map(
    word => [word, `${word}_value`] as const,
  ),
])

/** A heading as a name: `City Hall Level` → `city_hall_level`, `Aktivität` → `aktivität`. Empty when nothing is left. */
const slugOf = (header: string): string =>
  header
    .slice(0, MAX_HEADING)
    .normalize('NFKC')
    .replace(variationSelectors, '')
    .toLowerCase()
    .replaceAll('%', ' pct ')
    .replaceAll('+', ' plus ')
    .replace(/[^\p{L}\p{M}\p{N}]+/gu, '_')
    .slice(0, 60)
    .replace(/^_+|_*\p{Surrogate}?$/gu, '') // the cut may have split a character

/** A metric's name made from its heading. */
function metricSlug(header: string): string {
  const slug = slugOf(header)
  return reserved.get(slug) ?? slug
}

/** Key of an alias → what it stands for, and its place in its list. */
const aliases = new Map<string, { to: string; rank: number }>()
const addAliases = (to: string, list: string[]) => {
  const translated = [...(translatedAliases.get(to) ?? []), ...(latinAliases.get(to) ?? [])]
  for (const [rank, key] of [...list, ...translated].map(headerKey).entries())
    if (!aliases.has(key)) aliases.set(key, { to, rank })
}
addAliases('id', idAliases)
addAliases('name', nameAliases)
for (const [label, list] of labelAliases) addAliases(labelColumn(label), list)
for (const [metric, list] of metricAliases) addAliases(metric, [...list, metric])
const attributes = new Set(attributeAliases.map(headerKey))
/** `Unnamed: 0`, as pandas calls a column without a heading, which is often the number of the row. */
const unnamed = /^unnamed\d+$/

/** The best header row, or null if no row names an id. */
export function findHeader(rows: PreviewRow[], mapping: Mapping = {}): Header | null {
  return bestHeader(rows, mapping, (_, roles) => roles.includes('id'))
}

/** Of the rows that may be the header, the first with the most recognised headings. Only that one's columns are examined. */
function bestHeader(
  rows: PreviewRow[],
  mapping: Mapping,
  mayBe: (row: PreviewRow, roles: Roles) => boolean,
): Header | null {
  const mapped = mappedRoles(mapping)
  let best: { row: number; headings: HeadingRow } | undefined
  for (const [row, candidate] of rows.slice(0, HEADER_WITHIN_ROWS).entries()) {
    if (candidate.cells.length > sheetLimits.columns || candidate.cells.length <= (best?.headings.known.size ?? 0))
      continue
    const keys = candidate.cells.map(headerKey)
    const maxKnown = keys.filter(key => aliases.has(key) || mapped.has(key)).length
    if (best && maxKnown <= best.headings.known.size) continue // it cannot be better
    const { roles } = headingRow(candidate.cells, keys, mapped)
    if (!mayBe(candidate, roles)) continue
    const found = inTwoRows(rows, row, roles, mapped)
    if (!best || found.headings.known.size > best.headings.known.size) best = found
  }
  return best ? headerAt(rows, best.row, best.headings) : null
}

/** The headings of a row with what stands above or below them and belongs to them, and the row in which they end. */
function inTwoRows(rows: PreviewRow[], row: number, roles: Roles, mapped: MappedRoles) {
  const joined = joinedWithNext(rows, row, roles)
  const cells = joined.length > 0 ? joined : tiersWithMetric(rows, row, mapped)
  return { row: joined.length > 0 ? row + 1 : row, headings: headingRow(cells, cells.map(headerKey), mapped) }
}

/** The headings of a row, where “T4” below “Deads” in the row above is “Deads T4”. */
function tiersWithMetric(rows: PreviewRow[], row: number, mapped: MappedRoles): string[] {
  const above = rows[row - 1]?.cells ?? []
  let group = ''
  return rows[row]!.cells.map((cell, column) => {
    group = above[column]?.trim() || group
    const key = headerKey(cell)
    const isOfGroup = /^t\d+$/.test(key) && !mapped.has(key) && isMetric(aliases.get(headerKey(group))?.to ?? null)
    return isOfGroup ? `${group} ${cell.trim()}` : cell
  })
}

/** Headings of two rows, where cells such as “Kills” are merged over “T4” and “T5” in the row below; empty if they are not. */
function joinedWithNext(rows: PreviewRow[], row: number, roles: Roles): string[] {
  const [upper, lower] = [rows[row], rows[row + 1]].map(each => each?.cells.map(cell => cell.trim()) ?? [])
  if (!upper || !lower || lower.length > sheetLimits.columns) return []
  let group = ''
  let spans = false
  const joined: string[] = []
  for (let column = 0; column < Math.max(upper.length, lower.length); column++) {
    const [above = '', below = ''] = [upper[column], lower[column]]
    const role = roles[column]
    if (below && (role === 'id' || role === 'name' || isNumber(below))) return [] // the first player
    if (below && above && !(lower[column + 1] && !upper[column + 1])) return [] // nothing is spanned
    if (below && !above && !group) return []
    if (above || !below) group = above
    spans ||= above === '' && below !== ''
    joined.push(below ? `${group} ${below}` : above)
  }
  return spans ? joined : []
}

/** The best header row; without an id, the row of at least two texts in which most headings are recognised, the first of equals. */
export function likelyHeader(rows: PreviewRow[], mapping: Mapping = {}): Header | null {
  const hasTexts = (row: PreviewRow) => {
    const texts = textsIn(row)
    return texts.length >= 2 && !texts.every(isNumber)
  }
  return findHeader(rows, mapping) ?? bestHeader(rows, mapping, hasTexts)
}

const isNumber = (text: string): boolean => {
  const cell = newNumberCell()
  const bytes = utf8.encode(text)
  readNumber(bytes, 0, bytes.length, cell)
  return cell.kind !== BAD
}

/** What each heading of a row stands for; null if the mapping leaves it out. */
type Roles = (string | null | undefined)[]
type HeadingRow = { headers: string[]; keys: string[]; roles: Roles; known: Set<string> }

function headingRow(cells: string[], keys: string[], mapped: MappedRoles): HeadingRow {
  const headers = numberRepeated(cells)
  const roles = rolesOf(headers, keys, mapped)
  return { headers, keys, roles, known: new Set(roles.filter(role => typeof role === 'string')) }
}

function headerAt(rows: PreviewRow[], row: number, { headers, keys, roles, known }: HeadingRow): Header {
  const taken = new Set(known)
  const computed = computedHeadings(headers)
  const columns = headers.map((header, column): HeaderColumn => {
    const role = roles[column]
    if (role) return { header, as: role, tentative: false }
    const name = metricSlug(header)
    const meant = aliases.get(keys[column]!)?.to ?? ''
    const isAttribute = attributes.has(keys[column]!) || unnamed.test(keys[column]!) || meant === 'id' || isLabel(meant)
    const isLeftOut = role === null || name === '' || isAttribute || computed.includes(header)
    const content = isLeftOut ? 'text' : contentBelow(rows, row, column)
    if (content === 'text') return { header, as: null, tentative: false }
    let metric = name
    for (let n = 2; taken.has(metric); n++) metric = `${name}_${n}`
    taken.add(metric)
    return { header, as: metric, tentative: content === 'blank' }
  })
  return { row, line: rows[row]!.line, columns, known: known.size }
}

/** What a mapping says, by the keys of its headings. */
type MappedRoles = Map<string, string | null>
const mappedRoles = (mapping: Mapping): MappedRoles =>
  new Map(Object.entries(mapping).map(([header, to]) => [headerKey(header), roleNamed(to ?? '') || null]))

/** The role of each heading: by the mapping, else by its alias. */
function rolesOf(headers: string[], keys: string[], mapped: MappedRoles): Roles {
  const roles: Roles = headers.map(header => (mapped.size ? mapped.get(headerKey(header)) : undefined))
  const holders = new Map<string, { column: number; rank: number }>()
  for (const [column, to] of roles.entries()) if (to) holders.set(to, { column, rank: -1 })
  for (const [column, key] of keys.entries()) {
    const alias = aliases.get(key)
    if (!alias || roles[column] !== undefined) continue
    const holder = holders.get(alias.to)
    if (holder && holder.rank <= alias.rank) continue
    if (holder) roles[holder.column] = undefined
    holders.set(alias.to, { column, rank: alias.rank })
    roles[column] = alias.to
  }
  return roles
}

/** The headings; of equal ones, the later ones are numbered. */
function numberRepeated(cells: string[]): string[] {
  const counts = new Map<string, number>()
  return cells.map(cell => {
    const header = cell.trim().slice(0, MAX_HEADING)
    const count = (counts.get(header) ?? 0) + 1
    counts.set(header, count)
    return count === 1 || header === '' ? header : `${header} (${count})`
  })
}

/** `id`, `name`, a label, a metric known by this name or alias, or the name made into a slug. */
function roleNamed(to: string): string {
  const label = labelOfColumn(to)
  if (label === undefined) return aliases.get(headerKey(to))?.to ?? metricSlug(to)
  const slug = metricSlug(label)
  return slug && labelColumn(slug)
}

/** The metric that a text stands for as a heading; empty if it can be none. */
export function metricNamed(text: string): string {
  const name = roleNamed(text)
  return isMetric(name) ? name : ''
}

/** A name that a program wrote, such as `kill_points`: people are shown it in plain words. */
const isKey = (text: string): boolean => /^[\p{Ll}\p{N}_]*$/u.test(text)
const maxShownHeading = 60 // characters

/** What people call the metrics and labels of a sheet: as the mapping or else the sheet writes it, if that is read as the same column again. */
export function writtenHeadings({ columns }: Header, mapping: Mapping = {}): Map<string, string> {
  const called = new Map(Object.entries(mapping).map(([header, to]) => [headerKey(header), to ?? '']))
  const headings = columns.flatMap(({ header, as }): [string, string][] => {
    const label = labelOfColumn(as ?? '')
    if (as === null || (label === undefined && !isMetric(as))) return []
    const names = [called.get(headerKey(header)) ?? '', header].map(
      each =>
        (labelOfColumn(each) ?? each)
          .replace(/\s+/g, ' ')
          .replace(/[\p{Cc}\p{Bidi_Control}]/gu, '')
          .trim()
          .replace(/^'(?=[=+@-])/, ''), // an export has put it there
    )
    const isShown = (each: string) => !isKey(each) && each.length <= maxShownHeading && !reserved.has(slugOf(each))
    const heading = names.find(each => isShown(each) && [as, label].includes(roleNamed(each)))
    return heading === undefined ? [] : [[as, heading]]
  })
  return new Map(headings)
}

/** What the cells below an unknown heading hold. */
function contentBelow(rows: PreviewRow[], header: number, column: number): 'numbers' | 'text' | 'blank' {
  const cell = newNumberCell()
  let numbers = 0
  let others = 0
  for (const { cells } of rows.slice(header + 1)) {
    const bytes = utf8.encode(cells[column] ?? '')
    readNumber(bytes, 0, bytes.length, cell)
    if (cell.kind === BAD) others++
    else if (cell.kind !== BLANK) numbers++
  }
  return numbers + others === 0 ? 'blank' : numbers >= others ? 'numbers' : 'text'
}

/** Refuses what cannot be read with this mapping and header row, and says what was looked for and what was found. */
export function checkHeader(header: Header | null, rows: PreviewRow[], mapping: Mapping = {}): Header {
  const width = Math.max(...rows.map(({ cells }) => cells.length))
  if (!header && width > sheetLimits.columns)
    refuseSheet('too_large', `The sheet has ${width} columns; ${sheetLimits.columns} are the most`)
  const found = header ? header.columns.map(column => column.header) : likelyHeadings(rows)
  const foundText = found.length ? `The sheet has: ${quoted(found)}.` : 'The sheet has no row of headings.'
  const keys = new Set(found.map(headerKey))
  const unknown = Object.keys(mapping).filter(name => !keys.has(headerKey(name)))
  if (unknown.length)
    refuseSheet('bad_mapping', `The mapping names headers the sheet does not have: ${quoted(unknown)}. ${foundText}`)
  const targets = Object.values(mapping).map(to => roleNamed(to ?? ''))
  const repeated = targets.find((to, i) => to !== '' && targets.indexOf(to) !== i)
  if (repeated) refuseSheet('bad_mapping', `The mapping gives ${repeated} to two headers`)
  if (targets.filter(isLabel).length > MAX_LABELS)
    refuseSheet('bad_mapping', `The mapping asks for more than ${MAX_LABELS} labels`)
  if (!header) {
    if (found.length === 1 && found[0]!.split(/[,;:^\t|]| {2,}|" /).some(name => roleNamed(name) === 'id'))
      return refuseSheet(
        'no_id',
        `All columns stand in one. ${foundText} Split it in the spreadsheet (“Text to columns”), or send the file from before it was opened there.`,
      )
    const likely = found.find(name => roleNamed(name) === 'name') ?? found[0]
    const hint = likely ? ` By API, a mapping such as ${JSON.stringify({ [likely]: 'id' })} names it.` : ''
    return refuseSheet(
      found.length ? 'no_id' : 'no_header',
      `No id column: looked for ${idAliases.join(', ')}. ${foundText}${hint}`,
    )
  }
  if (!header.columns.some(({ as }) => isMetric(as))) {
    const lookedFor = [...metricAliases.values()].map(list => list[0]!)
    refuseSheet('no_metric', `No metric: looked for ${lookedFor.join(', ')} or any column of numbers. ${foundText}`)
  }
  return header
}

/** Those that `numberRepeated` has numbered; `Points (2025)` stands for itself. */
function repeatedIn(columns: HeaderColumn[]): HeaderColumn[] {
  const headings = new Set(columns.map(({ header }) => header))
  return columns.filter(({ header }) => header !== unnumbered(header) && headings.has(unnumbered(header)))
}
const unnumbered = (header: string): string => header.replace(/ \(\d{1,3}\)$/, '')

/** What would surprise: headings that are mostly numbers, so that the row may well be a player, and those that stand more than once. */
export function headingNotes({ line, columns }: Header): string[] {
  const headings = columns.map(({ header }) => header).filter(Boolean)
  const numbers = headings.filter(heading => /^[\d.,\s]+$/.test(heading)).length
  const repeated = repeatedIn(columns).filter(({ as, tentative }) => isMetric(as) && !tentative)
  const notes: string[] = []
  const leftOut = new Set(columns.filter(({ as }) => as === null).map(({ header }) => header))
  const computed = computedHeadings(headings).filter(heading => leftOut.has(heading))
  if (computed.length > 0)
    notes.push(`This is an exported board. What the board works out itself is not read: ${quoted(computed)}.`)
  if (headings.length > 1 && numbers * 2 >= headings.length)
    notes.push(
      `Line ${line} is read as the headings but looks like a player. If it is one, put a line of headings above it.`,
    )
  if (repeated.length > 0)
    notes.push(
      `Some headings stand more than once. The first column of each has its name; the others are ${quoted(repeated.map(({ header }) => header))}.`,
    )
  return notes
}

/** Two tables side by side would be read as one: the numbers of the second would be those of the players beside them in the first. */
export function headingDoubts({ columns }: Header): UploadDoubt[] {
  const id = columns.find(({ as }) => as === 'id')?.header
  const repeated = repeatedIn(columns)
  const second = columns.findIndex(column => repeated.includes(column) && unnumbered(column.header) === id)
  const beside = columns.slice(second)
  const isTable = columns[second - 1]?.header === '' || beside.filter(column => repeated.includes(column)).length > 1
  if (second < 0 || !isTable || !beside.some(({ as }) => isMetric(as))) return []
  return [
    {
      reason: 'second_table',
      count: columns.length - second,
      of: columns.length,
      message: `“${id}” is the heading of two columns, as where two tables stand side by side: the players of the second are not read, and its numbers would go to those of the first`,
    },
  ]
}

/** For the message only: the first row with several texts in it. */
function likelyHeadings(rows: PreviewRow[]): string[] {
  return textsIn(rows.find(row => textsIn(row).length > 1) ?? rows[0] ?? { line: 1, cells: [] })
}
const textsIn = ({ cells }: PreviewRow) => cells.map(cell => cell.trim()).filter(Boolean)

const quoted = (headers: string[]) =>
  headers
    .slice(0, 40)
    .map(header => `"${truncate(header, 60)}"`)
    .join(', ')

/** Rows of a template's examples and sums below a table are not players. Called only where the first letters fit. */
const notAPlayer =
  /^(example\b|((sub[- ]?|grand )?totals?|sum|average|avg|mean|median|((zwischen|teil|gesamt)-?)?summe|gesamt|insgesamt|durchschnitt|mittelwert|suma|promedio|somme|sous-total|moyenne|合計|小計|平均|总计|合计|小计|平均值|總計|합계|소계|총계|평균|итого|всего|сумма|среднее)\s*:?$)/i
export const isNoPlayer = (id: string): boolean => notAPlayer.test(id)
