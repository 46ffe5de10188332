import { describe, expect, test } from 'bun:test'
import { outcome } from '../packages/bullmq-sqlite/test/outcome.ts'
import { randomFrom } from '../scripts/random.ts'
import { readSheet, type Sheet } from '../src/leagues/sheets/reading/sheet.ts'
import { SheetRefusal } from '../src/platform/spreadsheets/refusal.ts'
import { bytesSource } from '../src/platform/spreadsheets/source.ts'
import { Zip } from '../src/platform/spreadsheets/zip.ts'
import { refusal, sheetRows, utf8 } from './fixtures/sheets/reads.ts'
import { governors, rokTrackerCsv, rokTrackerHeaders, rokTrackerRow } from './fixtures/sheets/scans.ts'
import { type FixtureCell, workbook, workbookParts } from './fixtures/sheets/workbook.ts'
import { type Part, zip } from './fixtures/sheets/zip.ts'

const rows: FixtureCell[][] = [
  ['ID', 'Name', 'Power'],
  ['a', 'Ann', 5],
  ['b', 'Bob', 6],
]
const parts = () => workbookParts([{ name: 'Data', rows }])

/** The workbook with one part changed. */
const changed = (name: string, change: (part: Part) => Partial<Part>) =>
  zip(parts().map(part => (part.name === name ? { ...part, ...change(part) } : part)))
const SHEET = 'xl/worksheets/sheet1.xml'

/** The sheet, or null if it is refused. Any other error is a bug. */
async function readOrRefuse(bytes: Uint8Array): Promise<Sheet | null> {
  try {
    return await readSheet(bytes)
  } catch (error) {
    if (error instanceof SheetRefusal) return null
    throw error
  }
}

describe('a file that is no sheet is refused by what it is', () => {
  const table: [string, Uint8Array, string, string][] = [
    ['an empty file', utf8(''), 'empty', 'empty'],
    ['white space', utf8('\n\n   \n'), 'empty', 'white space'],
    ['a PDF', utf8('%PDF-1.7\n1 0 obj\n<< >>\nendobj\n'), 'wrong_type', 'PDF'],
    ['a PNG', Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10, 0, 0), 'wrong_type', 'PNG'],
    ['a gzip', Bun.gzipSync('id,power\n1,2\n'), 'wrong_type', 'unpack'],
    ['an old .xls', Uint8Array.of(0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1), 'encrypted', 'password'],
    ['HTML', utf8('<!DOCTYPE html><table><tr><td>id</td></tr></table>'), 'wrong_type', 'HTML'],
    ['HTML that begins otherwise', utf8('\ufeff<!-- x --><div><table></table></div>'), 'wrong_type', 'HTML'],
    ['a web page in one file', utf8('MIME-Version: 1.0\nContent-Type: text/html\n\n<html>'), 'wrong_type', 'HTML'],
    ['JSON', utf8('[{"id": 1, "power": 5}]'), 'wrong_type', 'JSON'],
    ['binary data', randomFrom(1).bytes(4096), 'wrong_type', 'binary'],
    ['zeros', new Uint8Array(1000), 'wrong_type', 'binary'],
    ['prose', utf8('Dear officers,\nthe scan will follow tomorrow; sorry.\n'), 'no_id', 'Governor ID'],
  ]
  for (const [name, bytes, code, words] of table)
    test(name, async () => {
      const failure = await refusal(readSheet(bytes, { filename: 'scan.csv' }))
      expect(failure.code as string).toBe(code)
      expect(failure.message).toContain(words)
    })

  test('a workbook called .csv and a text called .xlsx', async () => {
    const book = await refusal(readSheet(workbook([{ name: 'Data', rows }]), { filename: 'scan.csv' }))
    expect([book.code, book.message.includes('.xlsx')]).toEqual(['lying_extension', true])
    const text = await refusal(readSheet(utf8('id,power\n1,2\n'), { filename: 'Scan.XLSX' }))
    expect([text.code, text.message.includes('.csv')]).toEqual(['lying_extension', true])
    expect((await readSheet(utf8('id\tpower\n1\t2\n'), { filename: 'scan.csv' })).format).toBe('tsv')
  })
})

describe('a workbook made to do harm is refused', () => {
  const blanks = (megabytes: number) => new Uint8Array(megabytes << 20).fill(32)
  const harmful: [string, () => Uint8Array, string][] = [
    ['a worksheet that unpacks a thousandfold', () => changed(SHEET, () => ({ content: blanks(64) })), 'too_large'],
    [
      'strings that unpack a thousandfold',
      () => changed('xl/sharedStrings.xml', () => ({ content: blanks(64) })),
      'too_large',
    ],
    ['a part that claims 5 GB', () => changed(SHEET, () => ({ claim: { size: 0xfffffffe } })), 'corrupt'],
    ['a part larger than it claims', () => changed(SHEET, () => ({ claim: { size: 50 } })), 'corrupt'],
    ['a styles part of 20 MB', () => changed('xl/styles.xml', () => ({ content: blanks(20) })), 'too_large'],
    ['a cell of 2 MB', () => changed(SHEET, () => cellOf('x'.repeat(2 << 20))), 'too_large'],
    ['a text of 100 kB in every row', () => workbook([{ name: 'Data', rows: [...rows, ...repeated] }]), 'too_large'],
    ['a wrong checksum', () => changed(SHEET, () => ({ claim: { crc: 1 } })), 'corrupt'],
    ['an unknown method', () => changed(SHEET, () => ({ claim: { method: 12 } })), 'corrupt'],
    ['a password', () => changed(SHEET, () => ({ claim: { flags: 1 } })), 'encrypted'],
    ['parts that share bytes', () => changed(SHEET, () => ({ claim: { offset: 0 } })), 'corrupt'],
    ['a part beyond the file', () => changed(SHEET, () => ({ claim: { offset: 0x7fffffff } })), 'corrupt'],
    ['a part named twice', () => zip([...parts(), { name: 'XL/styles.xml', content: '' }]), 'corrupt'],
    [
      'too many parts',
      () => zip(Array.from({ length: 10_001 }, (_, i) => ({ name: `${i}`, content: '', stored: true }))),
      'too_large',
    ],
    ['a document type', () => changed(SHEET, ({ content }) => ({ content: bomb + content })), 'corrupt'],
    ['a document type in its strings', () => changed('xl/sharedStrings.xml', () => ({ content: bomb })), 'corrupt'],
    ['a document type in its list of sheets', () => changed('xl/workbook.xml', () => ({ content: bomb })), 'corrupt'],
    ['an unknown entity', () => changed(SHEET, () => cellOf('&lol9;')), 'corrupt'],
    ['an entity that never ends', () => changed(SHEET, () => cellOf('&amp')), 'corrupt'],
    ['a character that does not exist', () => changed(SHEET, () => cellOf('&#x110000;')), 'corrupt'],
    [
      'a tag of a megabyte',
      () => changed('xl/workbook.xml', () => ({ content: `<workbook ${'a'.repeat(1 << 20)}/>` })),
      'no_worksheet',
    ],
    ['a million tags', () => changed('xl/styles.xml', () => ({ content: '<xf/>'.repeat(600_000) })), 'too_large'],
    ['CDATA', () => changed(SHEET, () => cellOf('<![CDATA[x]]>')), 'corrupt'],
    ['a text that is not there', () => changed(SHEET, () => sheetOf('<c r="A2" t="s"><v>99</v></c>')), 'corrupt'],
    ['a text before the first', () => changed(SHEET, () => sheetOf('<c r="A2" t="s"><v>-1</v></c>')), 'corrupt'],
    ['a cell in another row', () => changed(SHEET, () => sheetOf('<c r="A3"><v>9</v></c>')), 'corrupt'],
    ['a cell beyond the last column', () => changed(SHEET, () => sheetOf('<c r="ZZZZ2"><v>9</v></c>')), 'corrupt'],
    ['a cell that never ends', () => changed(SHEET, () => sheetOf('<c r="A2"><v>9</v>')), 'corrupt'],
    ['a type nobody knows', () => changed(SHEET, () => sheetOf('<c r="A2" t="z"><v>9</v></c>')), 'corrupt'],
    ['rows out of order', () => changed(SHEET, () => sheetOf('</row><row r="1"><c><v>9</v></c>')), 'corrupt'],
    ['a row inside a row', () => changed(SHEET, () => sheetOf('<c><v>9</v></c><row r="3">')), 'corrupt'],
    ['a row beyond the last', () => changed(SHEET, () => sheetOf('</row><row r="1048577">')), 'corrupt'],
    ['a worksheet cut off', () => changed(SHEET, () => ({ content: '<worksheet><sheetData><row r="1">' })), 'corrupt'],
  ]
  const repeated = Array.from({ length: 50 }, () => ['c', 'x'.repeat(100_000), 1])
  const bomb = '<!DOCTYPE x [<!ENTITY lol "lol"><!ENTITY lol9 "&lol;&lol;">]>'
  const head = ['ID', 'Name', 'Power'].map((h, i) => `<c r="${'ABC'[i]}1" t="str"><v>${h}</v></c>`).join('')
  const sheetOf = (cells: string) => ({
    content: `<worksheet><sheetData><row r="1">${head}</row><row r="2">${cells}</row></sheetData></worksheet>`,
  })
  const cellOf = (text: string) => sheetOf(`<c r="A2" t="str"><v>${text}</v></c><c r="C2"><v>5</v></c>`)

  for (const [name, make, code] of harmful)
    test(name, async () => {
      const before = process.memoryUsage.rss()
      const failure = await refusal(readSheet(make()))
      expect([failure.message, failure.code as string]).toEqual([failure.message, code])
      expect(process.memoryUsage.rss() - before).toBeLessThan(400e6)
    })
})

test('a worksheet large enough to be inflated in another thread is read, and refused where it is damaged', async () => {
  const padding = ' '.repeat(3 << 20)
  const padded = (part: Partial<Part> = {}) =>
    changed(SHEET, ({ content }) => ({
      content: String(content).replace('</sheetData>', `${padding}</sheetData>`),
      level: 0,
      ...part,
    }))
  expect(sheetRows(await readSheet(padded()))).toEqual(sheetRows(await readSheet(zip(parts()))))
  const damaged = padded().fill(0xff, 2 << 20, (2 << 20) + 70_000)
  expect((await refusal(readSheet(damaged))).message).toContain('does not unpack')
  const cut = await refusal(readSheet(padded({ claim: { packed: 5 << 19 } })))
  expect(cut.message).toContain('does not unpack')
  expect((await refusal(readSheet(padded({ claim: { crc: 1 } })))).message).toContain('checksum')
  expect((await refusal(readSheet(padded({ claim: { size: 1 << 20 } })))).message).toContain('larger')
})

test('a bug of ours while a part is unpacked is not taken for damage of the file', async () => {
  const file = bytesSource(zip([{ name: 'part', content: 'some text' }]))
  const archive = new Zip(file)
  const { read } = file
  const bug = new TypeError('undefined is not a function')
  file.read = (into, at) => {
    if (at > 0) throw bug // after the header of the part
    return read(into, at)
  }
  expect(await outcome(Array.fromAsync(archive.content(archive.entry('part')!)))).toThrow(bug)
})

test('long nonsense in unused places is skipped quickly', async () => {
  const long = 'a'.repeat(500_000)
  const readChanged = (name: string, change: (content: string) => string) =>
    readOrRefuse(changed(name, ({ content }) => ({ content: change(String(content)) })))
  const styles = (format: string) =>
    `<styleSheet><numFmts><numFmt numFmtId="164" formatCode="${format}"/></numFmts><cellXfs><xf numFmtId="164"/></cellXfs></styleSheet>`
  await readChanged('xl/_rels/workbook.xml.rels', content => content.replaceAll('Type="', `Type="${long}`))
  await readChanged('xl/workbook.xml', content => content.replace('<sheets', `<sheets ${long}`))
  await readChanged('xl/styles.xml', () => styles('['.repeat(500_000)))
  await readChanged('xl/styles.xml', () => styles(long))
  await readChanged(SHEET, content => content.replace('<row', `<row ${'\u0301\u0316'.repeat(200_000)}`))
  for (const field of ['1'.repeat(500_000), `${'1'.repeat(500_000)}e`, '1,'.repeat(250_000), "'".repeat(500_000)])
    await readOrRefuse(utf8(`id;power\n1;${field}\n2;5\n`))
  for (const heading of ['\u0301\u0316'.repeat(60_000), '"'.repeat(200_001), ';'.repeat(200_000), "';".repeat(100_000)])
    await readOrRefuse(utf8(`${heading};id;power\n1;2;3\n`))
})

describe('a damaged file', () => {
  const r = randomFrom(77)
  const list = governors(30, r)
  const book = workbook([{ name: 'Data', rows: [rokTrackerHeaders, ...list.map(rokTrackerRow)] }])

  test('that ends anywhere is refused', async () => {
    for (let length = 1; length < book.length; length += length < 100 || length > book.length - 100 ? 1 : 13)
      expect([length, await readOrRefuse(book.subarray(0, length))]).toEqual([length, null])
  })

  test('with a flipped bit is refused or reads as before, never otherwise', async () => {
    const whole = sheetRows(await readSheet(book))
    let accepted = 0
    for (let round = 0; round < 400; round++) {
      const bytes = book.slice()
      const at = r.below(bytes.length)
      bytes[at]! ^= 1 << r.below(8)
      const sheet = await readOrRefuse(bytes)
      if (sheet) expect({ at, rows: sheetRows(sheet) }).toEqual({ at, rows: whole })
      if (sheet) accepted++
    }
    expect(accepted).toBeLessThan(100)
  })

  test('of text with flipped, missing and doubled bytes reads or is refused', async () => {
    const text = utf8(rokTrackerCsv(list))
    for (let round = 0; round < 300; round++) {
      const bytes = [...text]
      for (let n = r.below(20); n >= 0; n--) {
        const at = r.below(bytes.length)
        const kind = r.below(4)
        if (kind === 0) bytes[at] = r.below(256)
        else if (kind === 1) bytes.splice(at, r.below(50))
        else if (kind === 2) bytes.splice(at, 0, ...bytes.slice(at, at + r.below(50)))
        else bytes.splice(at, 0, r.pick([34, 10, 13, 44, 0, 0xff]))
      }
      const sheet = await readOrRefuse(Uint8Array.from(bytes))
      if (sheet) expect(sheet.rowsTotal).toBe(sheet.rowsOk + sheet.rowsBad)
    }
  })

  test('of XML with wild changes reads or is refused', async () => {
    const sheet = workbookParts([{ name: 'Data', rows: [rokTrackerHeaders, ...list.slice(0, 8).map(rokTrackerRow)] }])
    const bits = [
      '<',
      '>',
      '/',
      '"',
      "'",
      '&',
      '<c ',
      '</c>',
      '<row>',
      '<v>',
      '</v>',
      '<!--',
      '<?',
      ' r="',
      't="s"',
      '=',
      'é',
    ]
    for (let round = 0; round < 400; round++) {
      const name = r.pick([SHEET, SHEET, SHEET, 'xl/sharedStrings.xml', 'xl/workbook.xml', 'xl/styles.xml'])
      const bytes = zip(
        sheet.map(part => {
          if (part.name !== name) return part
          let content = String(part.content)
          for (let n = r.below(6); n >= 0; n--) {
            const at = r.below(content.length)
            const cut = r.chance(0.5) ? r.below(30) : 0
            content = content.slice(0, at) + (r.chance(0.7) ? r.pick(bits) : '') + content.slice(at + cut)
          }
          return { ...part, content, stored: true }
        }),
      )
      await readOrRefuse(bytes)
    }
  })

  test('of random bytes reads or is refused', async () => {
    const alphabet = [...utf8('id,ID;name\tpower|"\'\n\r 0123456789.-é')]
    for (let round = 0; round < 2000; round++) {
      const bytes = r.chance(0.3)
        ? r.bytes(r.below(3000))
        : Uint8Array.from({ length: r.below(400) }, () => r.pick(alphabet))
      if (r.chance(0.2)) bytes.set([0x50, 0x4b, 3, 4].slice(0, bytes.length))
      else if (r.chance(0.5)) {
        const start = utf8('id,power,name\n')
        if (bytes.length > start.length) bytes.set(start)
      }
      await readOrRefuse(bytes)
    }
  })
})
