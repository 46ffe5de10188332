/**
 * Damaged sheets: CSV, TSV and XLSX, intact or with a few bytes, cells, parts or records of the archive changed. A sheet that leads to a
 * new outcome is kept and changed further.
 */

import { governors, rokTrackerCsv } from '../../test/fixtures/sheets/scans.ts'
import { type FixtureCell, workbookParts } from '../../test/fixtures/sheets/workbook.ts'
import { zip } from '../../test/fixtures/sheets/zip.ts'
import { type Random, randomFrom } from '../random.ts'

export type OddSheet = { bytes: Uint8Array<ArrayBuffer>; filename: string }

const cells = [
  ...['', ' ', '-', '#REF!', '1,234', '1.234.567', '1 234', '12,5', '1e309', '-1e309', '9'.repeat(400), '0x1F', '٣٤'],
  ...['1.2M', '3B', '(5)', '5%', 'NaN', 'Infinity', 'true', '2026-02-30', '1/2/26', '=1+1', "'5", '__proto__'],
  ...['"', '""', 'a"b', '\0', '\ud83d', '👩‍👧', 'x'.repeat(40_000)],
]
const headers = [
  ...['ID', 'Governor ID', 'Name', 'Power', 'Kill Points', 'T4 Kills', 'Deads', 'Power'],
  ...['', '__proto__', 'constructor', 'é', '\0', '"'],
]

const utf16 = (text: string) =>
  new Uint8Array(Uint16Array.from(`\ufeff${text}`, character => character.charCodeAt(0)).buffer)

function randomCsv(random: Random): Uint8Array<ArrayBuffer> {
  const { pick, chance, whole } = random
  if (chance(0.3)) return new TextEncoder().encode(rokTrackerCsv(governors(whole(1, 20), randomFrom(whole(1, 1e9)))))
  const delimiter = pick([',', ';', '\t', '|', ' '])
  const newline = pick(['\n', '\r\n', '\r', '\n\n'])
  const columns = chance(0.7) ? ['ID', 'Name', 'Power'] : Array.from({ length: whole(1, 12) }, () => pick(headers))
  const row = (i: number) =>
    columns.map((_, c) => (chance(0.2) ? pick(cells) : c ? String(whole(0, 1e6)) : String(i))).join(delimiter)
  const lines = [columns.join(delimiter), ...Array.from({ length: whole(0, 30) }, (_, i) => row(i))]
  const text = lines.join(newline)
  return chance(0.1) ? utf16(text) : new TextEncoder().encode(text)
}

function randomXlsx(random: Random): Uint8Array<ArrayBuffer> {
  const { pick, chance, whole } = random
  const cell = (): FixtureCell => {
    if (chance(0.5)) return whole(-5, 1e9)
    if (chance(0.6)) return pick(cells).replaceAll('\0', '').toWellFormed()
    return {
      xml: pick([
        ' t="b"><v>1</v></c>',
        ' t="e"><v>#N/A</v></c>',
        ' t="s"><v>7</v></c>',
        '><f>A1</f></c>',
        ' s="99"><v>45000</v></c>',
        ' t="inlineStr"><is><t>x</t></is></c>',
      ]),
    }
  }
  const rows: FixtureCell[][] = [
    ['ID', 'Name', 'Power'],
    ...Array.from({ length: whole(0, 20) }, () => [cell(), cell(), cell()]),
  ]
  const parts = workbookParts([{ name: 'Data', rows }]).map(part => {
    if (chance(0.9) || typeof part.content !== 'string') return part
    const at = whole(0, part.content.length)
    const content =
      part.content.slice(0, at) +
      pick(['', '<', '&', '&#0;', '"', ' ', '<!--', 'x'.repeat(70_000), '\0']) +
      part.content.slice(at + whole(0, 3))
    return { ...part, content }
  })
  if (chance(0.05)) parts.splice(whole(0, parts.length - 1), 1)
  return zip(parts)
}

/** Changes a few bytes, or cuts off the end. */
function damageBytes(bytes: Uint8Array<ArrayBuffer>, random: Random): Uint8Array<ArrayBuffer> {
  const { whole, chance } = random
  if (!bytes.length) return bytes
  if (chance(0.2)) return bytes.slice(0, whole(0, bytes.length))
  const changed = Uint8Array.from(bytes)
  for (let i = whole(1, 8); i > 0; i--) changed[whole(0, changed.length - 1)] = whole(0, 255)
  return changed
}

/** Records of a zip archive by the third and fourth byte of their signature: where their numbers of two and of four bytes are. */
const records: Readonly<Record<string, { two: number[]; four: number[] }>> = {
  '3,4': { two: [4, 6, 8, 26, 28], four: [14, 18, 22] },
  '1,2': { two: [6, 8, 10, 28, 30, 32], four: [16, 20, 24, 42] },
  '5,6': { two: [4, 6, 8, 10, 20], four: [12, 16] },
}

/** Changes a few numbers in the records of an archive: methods, sizes, checksums, offsets, counts. */
function damageArchive(bytes: Uint8Array<ArrayBuffer>, random: Random): Uint8Array<ArrayBuffer> {
  const { pick, whole, chance } = random
  const changed = Uint8Array.from(bytes)
  const view = new DataView(changed.buffer)
  const numbers: [at: number, length: 2 | 4][] = []
  for (let at = 0; at < changed.length; at++) {
    const fields =
      changed[at] === 0x50 && changed[at + 1] === 0x4b ? records[`${changed[at + 2]},${changed[at + 3]}`] : undefined
    for (const offset of fields?.two ?? []) numbers.push([at + offset, 2])
    for (const offset of fields?.four ?? []) numbers.push([at + offset, 4])
  }
  const inside = numbers.filter(([at, length]) => at + length <= changed.length)
  for (let i = inside.length && whole(1, 3); i > 0; i--) {
    const [at, length] = pick(inside)
    const before = length === 2 ? view.getUint16(at, true) : view.getUint32(at, true)
    const value = chance(0.4)
      ? before + pick([-1, 1, 8, 256])
      : pick([0, 1, 8, 9, 12, 99, 0x7fff, 0xffff, 0x7fffffff, 0xffffffff])
    if (length === 2) view.setUint16(at, value, true)
    else view.setUint32(at, value, true)
  }
  return changed
}

const maxInteresting = 200

export function sheetMaker(random: Random) {
  const { pick, chance } = random
  const interesting: OddSheet[] = []
  const outcomes = new Set<string>()

  function change({ bytes, filename }: OddSheet): OddSheet {
    const isArchive = bytes[0] === 0x50 && bytes[1] === 0x4b
    return { bytes: isArchive && chance(0.6) ? damageArchive(bytes, random) : damageBytes(bytes, random), filename }
  }

  return {
    outcomes,
    next(): OddSheet {
      if (interesting.length && chance(0.3)) return change(pick(interesting))
      const isWorkbook = chance(0.4)
      const bytes = isWorkbook ? randomXlsx(random) : randomCsv(random)
      const filename = chance(0.05) ? 'scan.pdf' : isWorkbook ? 'scan.xlsx' : 'scan.csv'
      return chance(0.4) ? change({ bytes, filename }) : { bytes, filename }
    },
    /** Records the outcome of a sheet, in words that are the same for the same kind of outcome. */
    record(sheet: OddSheet, outcome: string): void {
      const isNew = outcomes.size < outcomes.add(outcome.replaceAll(/\d+|“[^”]*”|"[^"]*"/g, '#').slice(0, 200)).size
      if (isNew && interesting.length < maxInteresting && sheet.bytes.length < 100_000) interesting.push(sheet)
    },
  }
}
export type SheetMaker = ReturnType<typeof sheetMaker>
