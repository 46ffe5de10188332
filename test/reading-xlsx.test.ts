import { describe, expect, test } from 'bun:test'
import { outcome } from '../packages/bullmq-sqlite/test/outcome.ts'
import { type Random, randomFrom } from '../scripts/random.ts'
import { readSheet } from '../src/leagues/sheets/reading/sheet.ts'
import { StringScanner } from '../src/platform/spreadsheets/shared-strings.ts'
import { bytesSource } from '../src/platform/spreadsheets/source.ts'
import { WorksheetScanner } from '../src/platform/spreadsheets/worksheet.ts'
import { refusal, sheetRows, sourceInPieces, texts, utf8, valuesOf } from './fixtures/sheets/reads.ts'
import { governors, heroScrollsWorkbook, rokTrackerHeaders, rokTrackerRow } from './fixtures/sheets/scans.ts'
import { columnLetters, type FixtureCell, workbook, workbookParts } from './fixtures/sheets/workbook.ts'
import { zip } from './fixtures/sheets/zip.ts'

/** The first worksheet as exceljs reads it, loaded completely: rows of plain values. */
async function readByExceljs(bytes: Uint8Array): Promise<{ line: number; cells: unknown[] }[]> {
  const { Workbook } = await import('exceljs')
  const book = new Workbook()
  await book.xlsx.load(bytes.slice().buffer)
  const rows: { line: number; cells: unknown[] }[] = []
  book.worksheets[0]!.eachRow((row, line) => {
    const cells: unknown[] = []
    row.eachCell((cell, column) => {
      const { value } = cell
      cells[column - 1] =
        value && typeof value === 'object' && 'richText' in value
          ? value.richText.map(({ text }) => text).join('')
          : value && typeof value === 'object' && 'result' in value
            ? value.result
            : value
    })
    rows.push({ line, cells })
  })
  return rows
}

const trimmed = (value: unknown) => String(value ?? '').replace(/^[\0- \u00a0]+|[\0- \u00a0]+$/g, '')

/** Reads the same file with both; ids and names are in the first two columns, numbers in the others. */
async function expectSameAsExceljs(bytes: Uint8Array, run: unknown = '') {
  const [head, ...rows] = await readByExceljs(bytes)
  const expected = rows
    .filter(({ cells }) => trimmed(cells[0]) !== '')
    .map(({ cells }) => [
      trimmed(cells[0]),
      trimmed(cells[1]),
      ...head!.cells.slice(2).map((_, i) => {
        const value = cells[i + 2]
        return typeof value === 'number' ? value : null
      }),
    ])
  const sheet = await readSheet(bytes)
  expect({ run, rows: sheetRows(sheet) }).toEqual({ run, rows: expected })
  return sheet
}

const tricky = ['a', '&', '<', '>', '"', "'", '白鸟', '🔥', 'é', ' ', '\n', '_x', '_x0041_', ']]', '0', '12']

function randomRows(r: Random): FixtureCell[][] {
  const text = (i: number) => `${i}.${Array.from({ length: r.below(5) }, () => r.pick(tricky)).join('')}`
  const number = (): FixtureCell => {
    const kind = r.below(8)
    if (kind === 0) return null
    if (kind === 1) return r.next() * 1e6
    if (kind === 2) return -5 - r.below(1000)
    if (kind === 3) return { xml: `><v>${r.below(9)}.${r.below(1e6)}E+${r.below(12)}</v>` }
    if (kind === 4) return { xml: `><f>A1&gt;B1</f><v>${r.below(1e6)}</v>` }
    return r.below(r.pick([10, 1e6, 2 ** 50]))
  }
  const metrics = 1 + r.below(5)
  return [
    ['ID', 'Name', ...Array.from({ length: metrics }, (_, i) => `Metric ${i}`)],
    ['first', 'of all', ...Array.from({ length: metrics }, () => 1)],
    ...Array.from({ length: r.below(40) }, (_, i) => [
      r.chance(0.3) ? i : r.chance(0.3) ? { xml: ` t="inlineStr"><is><t>${i}x</t></is>` } : text(i),
      r.chance(0.1) ? null : text(r.below(20)),
      ...Array.from({ length: metrics }, number),
    ]),
  ]
}

describe('a workbook', () => {
  test('reads as exceljs reads it', async () => {
    const seed = 424_242
    const r = randomFrom(seed)
    for (let round = 0; round < 60; round++)
      await expectSameAsExceljs(workbook([{ name: 'Data', rows: randomRows(r) }]), { seed, round })
  })

  test('written by exceljs reads as it was meant', async () => {
    const { Workbook } = await import('exceljs')
    for (const useSharedStrings of [true, false]) {
      const book = new Workbook()
      const data = book.addWorksheet('Data')
      data.addRow(['ID', 'Name', 'Power', 'Killpoints', 'Joined', 'Active', 'Sum'])
      for (let i = 0; i < 500; i++)
        data.addRow([
          ...[
            `00${i}`,
            { richText: [{ text: 'Wing ' }, { font: { bold: true }, text: `白鸟 ${i}` }] },
            i * 1.5,
            i * 1e9,
          ],
          ...[new Date(Date.UTC(2026, 0, 1 + i)), i % 2 === 0, { formula: `C${i + 2}+1`, result: i * 1.5 + 1 }],
        ])
      const options = { useSharedStrings, filename: '', useStyles: true }
      const bytes = new Uint8Array(await book.xlsx.writeBuffer(options))
      const sheet = await readSheet(bytes)
      expect(sheet.mapping).toEqual({ ID: 'id', Name: 'name', Power: 'power', Killpoints: 'kill_points', Sum: 'sum' })
      expect(sheet.ignored).toEqual(['Joined', 'Active'])
      expect(sheetRows(sheet)).toEqual(
        Array.from({ length: 500 }, (_, i) => [`00${i}`, `Wing 白鸟 ${i}`, i * 1.5, i * 1e9, i * 1.5 + 1]),
      )
    }
  })

  test('of a Hero Scrolls export: the third worksheet, and the time from the first', async () => {
    const list = governors(205, randomFrom(8))
    const sheet = await readSheet(heroScrollsWorkbook(list))
    expect(sheet).toMatchObject({
      format: 'xlsx',
      worksheet: '3584',
      takenAt: '2026-01-05T17:12:00.000Z',
      rows: 205,
      headerLine: 1,
      suspiciousCount: 0,
    })
    expect(texts(sheet.ids)).toEqual(list.map(({ id }) => id))
    expect(texts(sheet.names)).toEqual(list.map(({ name }) => name))
    expect(valuesOf(sheet, 'kills_t5')).toEqual(list.map(({ kills }) => kills[4]!))
  })

  test('names the cell whose number is too large to be scored', async () => {
    const sheet = await readSheet(
      workbook([
        {
          name: 'Scan',
          rows: [
            ['ID', 'Power'],
            ['1', 5],
            ['2', 1e308],
            ['3', -1e31],
          ],
        },
      ]),
    )
    expect(valuesOf(sheet, 'power')).toEqual([5])
    const reason = 'larger than 1e30, so it cannot be scored'
    expect(sheet.errors).toMatchObject([3, 4].map(line => ({ line, column: 'Power', reason })))
  })

  test('shows shared texts, never their index', async () => {
    const list = governors(300, randomFrom(9))
    const rows = list.map(g => rokTrackerRow(g).map(String)) // numbers stored as text, too
    const sheet = await readSheet(workbook([{ name: '2026-01-05', rows: [rokTrackerHeaders, ...rows] }]))
    expect(texts(sheet.ids)).toEqual(list.map(({ id }) => id))
    expect(valuesOf(sheet, 'power')).toEqual(list.map(({ power }) => power))
    expect(valuesOf(sheet, 'helps')).toEqual(list.map(({ helps }) => helps))
  })

  test('has ids and names of 200 characters at most, and findings are short', async () => {
    const [longest, tooLong] = ['白'.repeat(200), '白'.repeat(201)]
    const rows: FixtureCell[][] = [
      ['ID', 'Name', 'Power'],
      [1, longest, 5],
      [2, tooLong, 6],
      [tooLong, 'c', 7],
      [4, 'x'.repeat(100_000), 8],
    ]
    const sheet = await readSheet(workbook([{ name: 'Data', rows }]))
    expect(texts(sheet.ids)).toEqual(['1'])
    expect(texts(sheet.names)).toEqual([longest])
    expect(sheet.errors.map(({ line, column, reason }) => `${line} ${column} ${reason}`)).toEqual([
      '3 Name longer than 200 characters',
      '4 ID longer than 200 characters',
      '5 Name longer than 200 characters',
    ])
    expect(sheet.errors.every(({ value }) => value.length <= 101)).toBe(true)
  })

  test('is the same however few bytes of its XML come at once', () => {
    const long = 'x'.repeat(9000)
    const list = `<sst><si><t>a</t></si><si><r><t>b&amp;</t></r><r><t>c</t></r></si><si/><si><t>${long}</t></si></sst>`
    const sheet = `<worksheet><sheetData><row r="1"><c r="A1" t="s"><v>1</v></c><c r="B1"/><c r="C1"><v>12.5</v></c></row><!-- x -->
      <row r="12"><c r="A12" t="inlineStr"><is><t>${long}</t></is></c><c r="AB12" s="1"><f>A1</f><v>7</v></c></row></sheetData></worksheet>`
    for (const length of [1, 2, 3, 5, 17, 4000, 1e6]) {
      const strings = new StringScanner()
      for (let at = 0; at < list.length; at += length) strings.push(utf8(list.slice(at, at + length)))
      strings.finish()
      expect(texts(strings.column())).toEqual(['a', 'b&c', '', long])
      const events: unknown[] = []
      const noteText = (column: number, bytes: Uint8Array, start: number, stop: number) =>
        events.push(`${column}: ${new TextDecoder().decode(bytes.subarray(start, stop))}`)
      const scanner = new WorksheetScanner(
        'Data',
        strings.column(),
        { shows: [], from1904: false },
        {
          row: line => events.push(line),
          number: (column, _value, bytes, start, stop) => noteText(column, bytes, start, stop),
          text: noteText,
          other: () => events.push('other'),
          rowEnd: () => events.push('end'),
        },
      )
      for (let at = 0; at < sheet.length; at += length) scanner.push(utf8(sheet.slice(at, at + length)))
      scanner.finish()
      expect(events).toEqual([1, '0: b&c', '2: 12.5', 'end', 12, `0: ${long}`, '27: 7', 'end'])
    }
  })

  test('is the same however few bytes come at once', async () => {
    const list = governors(40, randomFrom(10))
    const bytes = workbook([{ name: 'Data', rows: [rokTrackerHeaders, ...list.map(rokTrackerRow)] }])
    const whole = sheetRows(await readSheet(bytes))
    for (const piece of [1, 7, 100])
      expect(sheetRows(await readSheet(sourceInPieces(bytes, () => piece)))).toEqual(whole)
  })

  test('may do without shared strings and styles', async () => {
    const row = (cells: string) => `<row>${cells}</row>`
    const text = (value: string) => `<c t="inlineStr"><is><t>${value}</t></is></c>`
    const xml = `<worksheet><sheetData>${row(text('ID') + text('Power'))}${row(`${text('a')}<c><v>5</v></c>`)}</sheetData></worksheet>`
    const parts = workbookParts([{ name: 'Data', rows: [], xml }]).filter(({ name }) => !/Strings|styles/.test(name))
    expect(sheetRows(await readSheet(zip(parts)))).toEqual([['a', 'a', 5]])
  })

  test('picks a shown worksheet before a hidden one', async () => {
    const rows: FixtureCell[][] = [
      ['ID', 'Power', 'Deads'],
      ['old', 1, 1],
    ]
    const sheet = await readSheet(
      workbook([
        { name: 'Old', rows, hidden: true },
        {
          name: 'New',
          rows: [
            ['ID', 'Power'],
            ['new', 2],
          ],
        },
      ]),
    )
    expect([sheet.worksheet, texts(sheet.ids)]).toEqual(['New', ['new']])
  })

  test('says how many of its rows are hidden, which are read too', async () => {
    const rows: FixtureCell[][] = [['Kingdom'], ['ID', 'Power'], ['a', 5], ['b', 6], [null, null], ['c', 'x']]
    const sheet = await readSheet(workbook([{ name: 'Data', rows, hiddenRows: [1, 4, 5, 6] }]))
    expect([sheet.notes, texts(sheet.ids), sheet.rowsBad]).toEqual([
      ['2 hidden rows of the workbook were read too.'],
      ['a', 'b'],
      1,
    ])
  })

  test('gives a label that is merged over several rows to each of them, and says what merged cells and hidden columns hold', async () => {
    const rows: FixtureCell[][] = [
      ['ID', 'Power', 'Alliance', 'Seen'],
      [null, null, null, 'days'],
      ['a', 5, 'North', 1],
      ['b', null, null, 2],
      ['b', 6, null, 3],
      ['c', 7, 'South', 4],
      ['d', 8, null, 5],
      ['e', 9, 'West', 6],
    ]
    const before = '<cols><col min="2" max="2" width="9" hidden="1"/><col min="4" max="9" hidden="0"/></cols>'
    const merged = ['A1:A2', 'C6:C7', 'C3:D5', 'B3:B4', 'C8:D8', 'Z1:Z900'].map(ref => `<mergeCell ref="${ref}"/>`)
    const after = `<autoFilter ref="A1:C6"/><mergeCells count="6">${merged.join('')}</mergeCells>`
    const notes = [
      'Hidden columns of the workbook were read too: “Power”.',
      'Cells of “Power” are merged over several rows: only the first row has the value.',
      'Cells of “Alliance” are merged over several rows: each row has the value of the first, unless that row is left out.',
    ]
    const book = workbook([{ name: 'Data', rows, before, after }])
    const sheet = await readSheet(book)
    expect(texts(sheet.ids)).toEqual(['a', 'b', 'c', 'd', 'e'])
    expect(texts(sheet.labels[0]!.texts)).toEqual(['North', 'North', 'South', 'South', 'West'])
    expect(sheet.notes).toEqual(notes)
  })

  test('counts rows as the worksheet does, leaving out blank ones', async () => {
    const sheet = await readSheet(
      workbook([
        { name: 'Data', rows: [['Season 3'], [], ['ID', 'Power'], [], ['a', 5], [null, null], ['b', 'x'], ['c']] },
      ]),
    )
    expect(sheet).toMatchObject({ headerLine: 3, rowsTotal: 3, rowsBad: 1 })
    expect([...sheet.lines]).toEqual([5, 8])
    expect(sheet.errors).toEqual([{ line: 7, column: 'Power', value: 'x', reason: 'not a number' }])
    expect(valuesOf(sheet, 'power')).toEqual([5, null])
  })
})

describe('cells', () => {
  const styles =
    '<styleSheet><numFmts count="2"><numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd"/><numFmt numFmtId="165" formatCode="[Red]#,##0 &quot;days&quot;"/></numFmts>' +
    '<cellStyleXfs><xf numFmtId="14"/></cellStyleXfs><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="164"/><xf numFmtId="165"/></cellXfs></styleSheet>'
  const readCells = (cells: FixtureCell[], more: FixtureCell[][] = []) =>
    readSheet(
      workbook(
        [{ name: 'Data', rows: [['ID', 'Name', 'Power', 'Seen'], ['ok', 'ok', 1, null], cells, ...more] }],
        styles,
      ),
    )

  test('that hold dates are dates: no metric, and no number', async () => {
    const sheet = await readCells(['a', 'b', { xml: ' s="1"><v>46000</v>' }, { xml: ' s="2"><v>46000.5</v>' }])
    expect(sheet.errors).toEqual([{ line: 3, column: 'Power', value: '2025-12-09', reason: 'a date, not a number' }])
    expect(sheet.ignored).toEqual(['Seen'])
  })

  test('with a number format that only looks like a date are numbers', async () => {
    expect(valuesOf(await readCells(['a', 'b', { xml: ' s="3"><v>46000</v>' }]), 'power')).toEqual([1, 46_000])
  })

  test('that are shown as percentages are what is shown, as in a text', async () => {
    const formats = '<numFmts><numFmt numFmtId="164" formatCode="0.0%"/></numFmts>'
    const styles = `<styleSheet>${formats}<cellXfs><xf numFmtId="9"/><xf numFmtId="10"/><xf numFmtId="164"/></cellXfs></styleSheet>`
    const shares = ['0.12', '0.07', '1', '0.12345'].map((v, i) => [`${i}`, { xml: ` s="${i % 3}"><v>${v}</v>` }])
    const sheet = await readSheet(workbook([{ name: 'Data', rows: [['ID', 'Share'], ...shares] }], styles))
    expect(valuesOf(sheet, 'share')).toEqual([12, 7, 100, 12.345])
  })

  test('that hold errors, yes or no, or a formula without a result are reported', async () => {
    const sheet = await readCells(
      ['a', 'b', { xml: ' t="e"><f>1/0</f><v>#DIV/0!</v>' }],
      [
        ['b', 'b', { xml: ' t="b"><v>1</v>' }],
        ['c', 'b', { xml: '><f>A1+1</f>' }],
        [{ xml: ' t="e"><v>#N/A</v>' }, 'b', 5],
        ['e', 'b', { xml: ' t="str"><f>T(1)</f><v></v>' }],
        ['f', { xml: ' t="e"><f>VLOOKUP(A8,B:C,2,0)</f><v>#N/A</v>' }, 7],
        ['g', { xml: '><f>VLOOKUP(A9,B:C,2,0)</f>' }, 8],
        [{ xml: '><f>A9</f>' }, 'h', 9],
      ],
    )
    expect(sheet.errors.map(({ line, column, value }) => [line, column, value])).toEqual([
      [3, 'Power', '#DIV/0!'],
      [4, 'Power', 'TRUE'],
      [5, 'Power', ''],
      [6, 'ID', '#N/A'],
      [10, 'ID', ''],
    ])
    expect(texts(sheet.ids)).toEqual(['ok', 'e', 'f', 'g'])
    expect(texts(sheet.names)).toEqual(['ok', 'b', '', ''])
    expect(sheet.notes).toEqual([
      '“Name” is read as empty in 2 rows, where it has an error such as #N/A or a formula without its result; the first is line 8.',
    ])
  })

  test('with large ids keep all their digits; ids that have lost some are bad rows', async () => {
    const sheet = await readCells([172_867_508, 'a', 1], [[{ xml: '><v>1.72867509E8</v>' }, 7, 1]])
    expect(texts(sheet.ids)).toEqual(['ok', '172867508', '172867509'])
    expect(texts(sheet.names)).toEqual(['ok', 'a', '7'])
    const lost = ['><v>1.2345678901234568E+17</v>', '><v>12345678.5</v>', ' s="1"><v>46000</v>']
    const { errors, rowsBad } = await readCells(
      [1, 'a', 1],
      lost.map(xml => [{ xml }, 'b', 1]),
    )
    expect(errors.flatMap(({ value }) => value || [])).toEqual(['123456789012345680', '12345678.5', '2025-12-09'])
    expect(rowsBad).toBe(3)
  })

  test('are read in every way XML may write them', async () => {
    const xml = `<?xml version='1.0'?><!-- a > b --><x:worksheet xmlns:x="m" xmlns:r="r"><x:dimension ref='A1:D9'/>
<x:cols><x:col min="1" max="2" note="c > d"/></x:cols><x:sheetData>
 <x:row r='1' spans="1:3"><x:c r='A1' t='inlineStr'><x:is><x:t>ID</x:t></x:is></x:c>
  <x:c t = "inlineStr" r = "B1"><x:is><x:r><x:rPr/><x:t>Na</x:t></x:r><x:r><x:t xml:space="preserve">me</x:t></x:r><x:rPh sb="0"><x:t>hint</x:t></x:rPh></x:is></x:c>
  <x:c r="C1" t="str"><x:v>Power</x:v></x:c></x:row>
 <x:row><x:c t="str"><x:v>a &amp; &#98;&#x1F525;</x:v></x:c><x:c/><x:c s="0" r="C2" t="n" ><x:f t="shared" si="0">B1&gt;"x"</x:f>
 <x:v>1.5E3</x:v></x:c></x:row><x:row r="3"/><?skip this > too?>
 <x:row r="5"><x:c r="C5"><x:v>7</x:v></x:c><x:c r="A5" t="str"><x:v>b</x:v></x:c></x:row>
</x:sheetData><x:pageMargins left="1"/></x:worksheet>`
    const sheet = await readSheet(workbook([{ name: 'Data', rows: [], xml }]))
    expect(sheetRows(sheet)).toEqual([
      ['a & b🔥', '', 1500],
      ['b', '', 7],
    ])
    expect([...sheet.lines]).toEqual([2, 5])
  })

  test('far to the right and beyond the headings are found or left alone', async () => {
    const header = Array.from({ length: 60 }, (_, i) => (i === 0 ? 'ID' : `m${i}`))
    const xml = `<worksheet><sheetData><row r="1">${header
      .map((text, i) => `<c r="${columnLetters(i)}1" t="inlineStr"><is><t>${text}</t></is></c>`)
      .join(
        '',
      )}</row><row r="2"><c r="A2"><v>1</v></c><c r="BH2"><v>59</v></c><c r="XFD2"><v>5</v></c></row></sheetData></worksheet>`
    const sheet = await readSheet(workbook([{ name: 'Data', rows: [], xml }]))
    expect(valuesOf(sheet, 'm59')).toEqual([59])
  })
})

describe('its zip', () => {
  const rows: FixtureCell[][] = [
    ['ID', 'Power'],
    ['a', 5],
  ]

  test('may hold stored parts, a comment, and paths from the root', async () => {
    const parts = workbookParts([{ name: 'Data', rows }]).map(part => ({
      ...part,
      stored: part.name.includes('sheet1'),
    }))
    const rels = parts.find(({ name }) => name === 'xl/_rels/workbook.xml.rels')!
    rels.content = String(rels.content).replace('Target="worksheets', 'Target="/xl/worksheets')
    expect(sheetRows(await readSheet(zip(parts, 'made by a tool')))).toEqual([['a', 'a', 5]])
  })

  test('may be zip64', async () => {
    const plain = workbook([{ name: 'Data', rows }])
    const end = plain.length - 22
    const view = new DataView(plain.buffer)
    const wide = new DataView(new ArrayBuffer(76))
    wide.setUint32(0, 0x06064b50, true)
    wide.setBigUint64(4, 44n, true)
    wide.setBigUint64(32, BigInt(view.getUint16(end + 10, true)), true)
    wide.setBigUint64(40, BigInt(view.getUint32(end + 12, true)), true)
    wide.setBigUint64(48, BigInt(view.getUint32(end + 16, true)), true)
    wide.setUint32(56, 0x07064b50, true)
    wide.setBigUint64(64, BigInt(end), true)
    for (const at of [8, 10]) view.setUint16(end + at, 0xffff, true)
    for (const at of [12, 16]) view.setUint32(end + at, 0xffffffff, true)
    const bytes = Buffer.concat([plain.subarray(0, end), new Uint8Array(wide.buffer), plain.subarray(end)])
    expect(sheetRows(await readSheet(new Uint8Array(bytes)))).toEqual([['a', 'a', 5]])
  })

  test('is refused when it is another kind of document', async () => {
    const kinds: [string, string][] = [
      ['word/document.xml', 'Word'],
      ['ppt/presentation.xml', 'PowerPoint'],
      ['xl/workbook.bin', 'xlsb'],
      ['readme.txt', 'zip archive'],
    ]
    for (const [name, words] of kinds) {
      const failure = await refusal(readSheet(zip([{ name, content: 'x' }])))
      expect([failure.code, failure.message.includes(words)]).toEqual(['wrong_type', true])
    }
    expect((await refusal(readSheet(zip([])))).code).toBe('wrong_type')
  })
})

test('reading stops when it is told to, and closes the file', async () => {
  const list = governors(20_000, randomFrom(12))
  const bytes = workbook([{ name: 'Data', rows: [rokTrackerHeaders, ...list.map(rokTrackerRow)] }])
  const stop = new AbortController()
  let closed = false
  const close = () => {
    closed = true
  }
  const work = readSheet(
    { ...bytesSource(bytes), close },
    {
      signal: stop.signal,
      onProgress: ({ stage }) => stage === 'reading' && stop.abort(new Error('enough')),
    },
  )
  expect(await outcome(work)).toThrow('enough')
  await work.catch(() => {})
  expect(closed).toBe(true)
})
