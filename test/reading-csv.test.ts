import { describe, expect, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import Papa from 'papaparse'
import { outcome } from '../packages/bullmq-sqlite/test/outcome.ts'
import { type Random, randomFrom } from '../scripts/random.ts'
import { type ReadProgress, readSheet } from '../src/leagues/sheets/reading/sheet.ts'
import { sheetLimits } from '../src/platform/spreadsheets/limits.ts'
import type { ByteSource } from '../src/platform/spreadsheets/source.ts'
import { read, refusal, sheetRows, sourceInPieces, texts, utf8, valuesOf } from './fixtures/sheets/reads.ts'
import { governors, rokTrackerCsv } from './fixtures/sheets/scans.ts'

const pieces = [
  'a',
  'bc',
  '"',
  ',',
  ';',
  '\t',
  '|',
  '\n',
  '\r\n',
  '\r',
  ' ',
  'é',
  '白',
  '🔥',
  "'",
  '0',
  '-',
  '""',
  '\u00a0',
  'x',
]

function randomSheet(r: Random) {
  const delimiter = r.pick([',', ';', '\t', '|'])
  const newline = r.pick(['\n', '\r\n', '\r'])
  const metrics = 1 + r.below(4)
  const columns = 2 + metrics
  const text = () => Array.from({ length: r.below(6) }, () => r.pick(pieces)).join('')
  const quote = (field: string) =>
    r.chance(0.3) || field.includes(delimiter) || /["\r\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field
  const number = () => (r.chance(0.15) ? '' : String(r.below(r.pick([10, 1e5, 2 ** 31, 2 ** 50]))))
  const rows = [['ID', 'Name', ...Array.from({ length: metrics }, (_, i) => `Metric ${i}`)]]
  for (let i = 0; i < r.below(30) + 1; i++)
    rows.push([`${i}${text()}.`, text(), ...Array.from({ length: columns - 2 }, number)])
  const body = rows.map(row => row.map(quote).join(delimiter)).join(newline)
  return { text: r.chance(0.5) ? body + newline : body, delimiter, newline, metrics }
}

/** The result of a strict reader. */
function readStrictly({ text, delimiter, newline, metrics }: ReturnType<typeof randomSheet>) {
  const { data, errors } = Papa.parse<string[]>(text, { delimiter, newline: newline as '\n', skipEmptyLines: true })
  expect(errors).toEqual([])
  const trim = (field: string) => field.replace(/^[\0- \u00a0]+|[\0- \u00a0]+$/g, '')
  return data
    .slice(1)
    .map(row => [trim(row[0]!), trim(row[1]!), ...row.slice(2, 2 + metrics).map(n => (n === '' ? null : Number(n)))])
}

/** Columns without any number are no metrics, so they are left out on both sides. */
const withoutBlank = (rows: (string | number | null)[][]) => {
  const hasValues = (rows[0] ?? []).map((_, column) => column < 2 || rows.some(row => row[column] !== null))
  return rows.map(row => row.filter((_, column) => hasValues[column]))
}

describe('separated values', () => {
  test('read as papaparse reads them, whatever the dialect, the quoting and the pieces', async () => {
    const seed = 20_260_105
    const r = randomFrom(seed)
    for (let round = 0; round < 400; round++) {
      const sheet = randomSheet(r)
      const expected = withoutBlank(readStrictly(sheet))
      if (expected[0]!.length === 2) continue
      const piece = r.pick([1, 2, 3, 7, 64, 1e6])
      const got = await readSheet(sourceInPieces(utf8(sheet.text), () => piece))
      expect({ round, seed, rows: withoutBlank(sheetRows(got)) }).toEqual({ round, seed, rows: expected })
      expect(got.rowsBad).toBe(0)
    }
  })

  test('are the same wherever they are cut in two', async () => {
    const text = 'ID;Name;Power\r\n"1";"A ""白鸟"" é";1.234.567\r\n"2";"b\r\nc\rd\ne";12\r3;🔥;"7"\n\r\n4;"";'
    const bytes = utf8(text)
    const whole = sheetRows(await readSheet(bytes))
    expect(whole).toEqual([
      ['1', 'A "白鸟" é', 1_234_567],
      ['2', 'b\r\nc\rd\ne', 12],
      ['3', '🔥', 7],
      ['4', '', null],
    ])
    for (let cut = 1; cut < bytes.length; cut++)
      expect(sheetRows(await readSheet(sourceInPieces(bytes, at => (at < cut ? cut - at : bytes.length))))).toEqual(
        whole,
      )
  })

  test('end their records in LF, CRLF or CR, mixed as they come', async () => {
    const sheet = await read('id,power\r\n1,10\r2,20\n3,30\r\n\r\n\n\r4,40')
    expect(sheetRows(sheet).map(row => [row[0], row[2]])).toEqual([
      ['1', 10],
      ['2', 20],
      ['3', 30],
      ['4', 40],
    ])
    expect([...sheet.lines]).toEqual([2, 3, 4, 8])
  })

  test('keep quotes inside an unquoted field as they are', async () => {
    expect(texts((await read('id,name,power\n1,Mr "X",5\n2,5\'10",6')).names)).toEqual(['Mr "X"', '5\'10"'])
  })

  test('count the lines of the file, line breaks in quotes too', async () => {
    const sheet = await read('id,name,power\n1,"a\nb\r\nc",x\n2,b,y\n3,c,7\n')
    expect(sheet.errors.map(({ line }) => line)).toEqual([2, 5])
    expect([...sheet.lines]).toEqual([6])
  })

  test('may be quoted with apostrophes', async () => {
    const sheet = await read("'id';'name';'power'\n'1';'O''Neil; A';'5'\n")
    expect(sheetRows(sheet)).toEqual([['1', "O'Neil; A", 5]])
  })

  test('follow the hint Excel puts first', async () => {
    const sheet = await read('sep=;\r\nid;name;power\r\n1;a,b;5\r\n')
    expect(sheetRows(sheet)).toEqual([['1', 'a,b', 5]])
    expect(sheet).toMatchObject({ delimiter: ';', headerLine: 2, format: 'csv' })
  })
})

describe('broken records', () => {
  test('with too few or too many fields are bad rows', async () => {
    const sheet = await read('id,name,power,deads\n1,a,5,6\n2,b\n3,Doe, Jane,7,8\n4,d,9,10\n')
    expect(sheetRows(sheet)).toEqual([
      ['1', 'a', 5, 6],
      ['4', 'd', 9, 10],
    ])
    expect(sheet).toMatchObject({ rowsTotal: 4, rowsOk: 2, rowsBad: 2 })
    expect(sheet.errors).toEqual([
      { line: 3, column: '', value: '2,b', reason: 'expected 4 columns, found 2' },
      { line: 4, column: '', value: '3,Doe, Jane,7,8', reason: 'expected 4 columns, found 5' },
    ])
  })

  test('may lack or add what holds nothing', async () => {
    const sheet = await read('id,power,alliance,note\n1,5\n2,6,RS,x,,\n,,,\n , \n')
    expect(sheetRows(sheet).map(row => row[0])).toEqual(['1', '2'])
    expect(sheet.rowsTotal).toBe(2)
  })

  test('whose quote never closes cost one line', async () => {
    const sheet = await read('id,name,power\n1,a,5\n2,"b,6\n3,c,7\n4,d,8\n')
    expect(sheetRows(sheet).map(row => row[0])).toEqual(['1', '3', '4'])
    expect(sheet.errors).toEqual([{ line: 3, column: '', value: '2,"b,6', reason: 'a quote that never closes' }])
  })

  test('with text after a closing quote cost one line', async () => {
    const sheet = await read('id,name,power\n1,"a" b,5\n2,"b,6\n3,"c,7\n4,"d",8\n')
    expect(sheetRows(sheet).map(row => row[0])).toEqual(['4'])
    expect(sheet.errors.map(({ line, reason }) => [line, reason])).toEqual([
      [2, 'text after a closing quote'],
      [3, 'text after a closing quote'],
      [4, 'text after a closing quote'],
    ])
  })

  test('fail the sheet in strict mode, which still reports all of them', async () => {
    const failure = await refusal(read('id,power\n1,x\n2,5\n3,y\n', { mode: 'strict' }))
    expect(failure.code).toBe('bad_rows')
    expect(failure).toMatchObject({ report: { rowsTotal: 3, rowsOk: 1, rowsBad: 2, errorCount: 2 } })
    expect(failure.message).toContain('line 2')
    expect((await refusal(read('id,power\n1,x\n2,5\n', { mode: 'strict' }))).code).toBe('bad_rows') // one is enough
  })

  test('without a single good row fail the sheet in either mode', async () => {
    expect((await refusal(read('id,power\n1,x\n'))).code).toBe('no_rows')
    expect((await refusal(read('id,power\n'))).code).toBe('no_rows')
  })

  test('are all counted, though only the first are listed', async () => {
    const rows = Array.from({ length: 12_000 }, (_, i) => `${i},x\n`).join('')
    const sheet = await read(`id,power\n${rows}a,5\n`)
    expect(sheet).toMatchObject({ rowsBad: 12_000, errorCount: 12_000, rows: 1 })
    expect(sheet.errors).toHaveLength(sheetLimits.findings)
  })
})

describe('limits', () => {
  test('a field may be one megabyte long', async () => {
    const long = 'x'.repeat(sheetLimits.field)
    for (const piece of [997, 1 << 20]) {
      const bytes = utf8(`id,note,power\n1,"${long}",5\n2,${long},6\n3,${long}x,7\n4,d,8\n`)
      const sheet = await readSheet(sourceInPieces(bytes, () => piece))
      expect(texts(sheet.ids)).toEqual(['1', '2', '4'])
      expect(sheet.errors).toEqual([{ line: 4, column: 'note', value: '', reason: 'longer than 1 MB' }])
    }
  })

  test('an id or a name may be 200 characters long', async () => {
    for (const [longest, tooLong] of [
      ['x'.repeat(200), 'x'.repeat(201)],
      ['白'.repeat(200), '白'.repeat(201)],
      ['🔥'.repeat(100), '🔥'.repeat(101)], // two of what JavaScript counts, each
    ] as const) {
      const sheet = await read(`id,name,power\n1,${longest},5\n2,${tooLong},6\n${longest},c,7\n${tooLong},d,8\n`)
      expect(texts(sheet.ids)).toEqual(['1', longest])
      expect(texts(sheet.names)).toEqual([longest, 'c'])
      const finding = {
        value: tooLong.length > 250 ? expect.any(String) : `${tooLong.slice(0, 100)}…`,
        reason: 'longer than 200 characters',
      }
      expect(sheet.errors).toEqual([
        { line: 3, column: 'name', ...finding },
        { line: 5, column: 'id', ...finding },
      ])
    }
  })

  test('no heading makes an answer longer than documented', async () => {
    const heading = 'x'.repeat(100_000)
    const sheet = await read(`id,${heading},${heading}y,power\n1,2,oops,3\n2,4,6,5\n3,4,6,5\n`)
    expect(Math.max(...Object.keys(sheet.mapping).map(header => header.length))).toBeLessThan(250)
    expect(JSON.stringify(sheet.errors).length).toBeLessThan(1000)
  })

  test('a line of 100 MB is refused without reading it all', async () => {
    for (const quote of ['', '"']) {
      const start = utf8(`id,name,power\n1,${quote}`)
      let furthest = 0
      const source: ByteSource = {
        size: 100e6,
        read(into, at) {
          into.fill(120)
          if (at === 0) into.set(start)
          furthest = Math.max(furthest, at + into.length)
          return into.length
        },
        close() {},
      }
      const failure = await refusal(readSheet(source))
      expect(failure.code).toBe('line_too_long')
      expect(failure.message).toContain('Line 2')
      expect(furthest).toBeLessThan(sheetLimits.line * 4)
    }
  })

  test('more columns than any sheet has are refused', async () => {
    const header = ['id', ...Array.from({ length: sheetLimits.columns }, (_, i) => `m${i}`)].join(',')
    expect((await refusal(read(`${header}\n1\n`))).code).toBe('too_large')
  })
})

describe('encodings', () => {
  const text = 'ID\tName\tPower\n1\tÉlan €\t5\n2\t白鸟\t6\n3\t🔥\t7\n'
  const expected = [
    ['1', 'Élan €', 5],
    ['2', '白鸟', 6],
    ['3', '🔥', 7],
  ]
  const utf16 = (big: boolean, mark: boolean) => {
    const view = new DataView(new ArrayBuffer((text.length + (mark ? 1 : 0)) * 2))
    if (mark) view.setUint16(0, 0xfeff, !big)
    for (let i = 0; i < text.length; i++) view.setUint16((i + (mark ? 1 : 0)) * 2, text.charCodeAt(i), !big)
    return new Uint8Array(view.buffer)
  }

  test('UTF-16 is read in both byte orders, with and without a mark, in pieces of any length', async () => {
    for (const big of [false, true])
      for (const mark of [false, true])
        for (const piece of [1, 2, 3, 5, 1e6]) {
          const sheet = await readSheet(sourceInPieces(utf16(big, mark), () => piece))
          expect(sheetRows(sheet)).toEqual(expected)
          expect(sheet).toMatchObject({ encoding: big ? 'utf-16be' : 'utf-16le', format: 'tsv', delimiter: '\t' })
        }
  })

  test('half a surrogate pair becomes a replacement character', async () => {
    const bytes = utf16(false, true)
    const fire = bytes.findIndex((byte, i) => byte === 0x3d && bytes[i + 1] === 0xd8)
    bytes.set([0x41, 0], fire + 2)
    expect(texts((await readSheet(bytes)).names)[2]).toBe('\ufffdA')
  })

  test('a byte order mark is no part of the first heading', async () => {
    const sheet = await readSheet(utf8(`\ufeff${text}`))
    expect(sheet.mapping).toEqual({ ID: 'id', Name: 'name', Power: 'power' })
  })

  test('a byte order mark is no part of an id where one file was appended to another', async () => {
    const sheet = await read('\uFEFFID,Power\n1,10\n\uFEFF"2",20\n\uFEFF1,30\n')
    expect(sheetRows(sheet)).toEqual([
      ['2', '2', 20],
      ['1', '1', 30],
    ])
  })

  test('Windows-1252 is distinguished from UTF-8', async () => {
    const bytes = Uint8Array.from('id,name,power\n1,\xc9lan \x80 \x93x\x94,5\n', char => char.charCodeAt(0))
    const sheet = await readSheet(bytes)
    expect(sheet.encoding).toBe('windows-1252')
    expect(texts(sheet.names)).toEqual(['Élan € “x”'])
  })

  test('a stray Windows-1252 name far down in plain text is read too', async () => {
    const plain = Array.from({ length: 40_000 }, (_, i) => `${i},player ${i},${i}\n`).join('')
    const tail = Uint8Array.from('x,Jos\xe9,1\n', char => char.charCodeAt(0))
    const bytes = new Uint8Array([...utf8(`id,name,power\n${plain}`), ...tail])
    const sheet = await readSheet(bytes)
    expect(texts(sheet.names).at(-1)).toBe('José')
  })

  test('one broken character spoils no other name', async () => {
    const bytes = utf8('id,name,power\n1,白鸟,5\n2,Élan,6\n3,白鸟,7\n')
    bytes[bytes.indexOf(0xe7)] = 0x20
    const { encoding, names } = await readSheet(bytes)
    expect([encoding, texts(names)[1], texts(names)[2]]).toEqual(['utf-8', 'Élan', '白鸟'])
  })
})

describe('ids', () => {
  test('stay as they are written, without the space and the invisible marks around them', async () => {
    const marked = '\u200f\u202b\u200by\u202c\ufeff,\u2066 6\u2069\u200b\n👩\u200d,7\nâ,8\n'
    const sheet = await read(`id,power\n007,1\n 7 ,2\n"1,234",3\n1e5,4\n\u00a0x\u00a0,5\n${marked}`)
    expect(texts(sheet.ids)).toEqual(['007', '7', '1,234', '1e5', 'x', 'y', '👩\u200d', 'â'])
    expect(valuesOf(sheet, 'power')).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
    expect(texts(sheet.names)).toEqual(texts(sheet.ids))
  })

  test('and numbers lose the marks by which spreadsheets take them for text', async () => {
    const sheet = await read(
      'id,name,power\n\'007,\'a,\'1234\n\'x,b,\'-5\n\'7\',z,1\n="008",="c",="6"\n"=""009""",d,7\n="",e,8\n',
    )
    expect(sheetRows(sheet)).toEqual([
      ['007', "'a", 1234],
      ["'x", 'b', -5],
      ["'7'", 'z', 1],
      ['008', 'c', 6],
      ['009', 'd', 7],
    ])
    const nested = `${'="'.repeat(100_000)}${'"'.repeat(100_000)}`
    expect(sheetRows(await read(`id,power\n${nested},1\n7,2\n`))).toEqual([['7', '7', 2]])
  })

  test('that repeat keep the last row and report the earlier ones', async () => {
    const sheet = await read('id,name,power\n1,a,10\n2,b,20\n1,c,30\n3,d,40\n1,e,50\n')
    expect(sheetRows(sheet)).toEqual([
      ['2', 'b', 20],
      ['3', 'd', 40],
      ['1', 'e', 50],
    ])
    expect([...sheet.lines]).toEqual([3, 5, 6])
    expect(sheet).toMatchObject({ rowsTotal: 5, rowsOk: 5, rowsBad: 0, duplicateCount: 2, rows: 3 })
    expect(sheet.duplicates).toEqual([
      { line: 2, column: 'id', value: '1', reason: 'the same id stands again on line 4, which wins' },
      { line: 4, column: 'id', value: '1', reason: 'the same id stands again on line 6, which wins' },
    ])
  })

  test('repeat exactly where a Map of strings says so', async () => {
    const r = randomFrom(7)
    for (let round = 0; round < 20; round++) {
      const rows = Array.from({ length: 3000 }, (_, i) => [`${r.below(2000)}`, i] as const)
      const sheet = await read(`id,power\n${rows.map(row => row.join(',')).join('\n')}\n`)
      const last = new Map(rows)
      const expected = rows.filter(([id, i]) => last.get(id) === i)
      expect(sheetRows(sheet).map(row => [row[0], row[2]])).toEqual(expected.map(([id, i]) => [id, i]))
      expect(sheet.duplicateCount).toBe(rows.length - last.size)
    }
  })

  test('that a spreadsheet has shortened are bad rows, since they no longer tell players apart', async () => {
    const amounts = [
      '1.23457E+11',
      '1,23457E+11',
      '1E+12',
      '12,345,678',
      "1'234'567",
      '1\u202f234\u202f567',
      '12345678.0',
    ]
    const ids = ['123456789012', '1.234', '12,34,567', 'a,345,678', '1.0', '123 456 789', '001.234.567']
    const sheet = await read(`id;power\n${[...amounts, ...ids].map(id => `${id};1`).join('\n')}\n`)
    expect([texts(sheet.ids), sheet.rowsBad]).toEqual([ids, amounts.length])
    expect(sheet.errors[0]).toMatchObject({
      line: 2,
      value: '1.23457E+11',
      reason: expect.stringContaining('shortened or written as an amount in a spreadsheet'),
    })
  })

  test('and labels lose the decimals with which a program writes all of a column', async () => {
    const sheet = await read('id,power,kingdom\n12345.0,1,3101.0\n7.0,2,\n,3,3102.0\nTotal,6,\n')
    expect([texts(sheet.ids), texts(sheet.labels[0]!.texts)]).toEqual([
      ['12345', '7'],
      ['3101', ''],
    ])
    expect(sheet.notes.slice(0, 2)).toEqual([
      '“id” is written with decimals: 12345.0 is read as 12345.',
      '“kingdom” is written with decimals: 3101.0 is read as 3101.',
    ])
    expect(sheet.errors).toEqual([{ line: 4, column: 'id', value: '', reason: 'no id' }])
    expect(texts((await read('id;power\n12345,00;1\n12345,00;2\n1,00;3\n')).ids)).toEqual(['12345', '1'])
    const mixed = await read('id,power\n12345.0,1\n1.0,2\n12345.00,3\n12345,4\n')
    expect([texts(mixed.ids), mixed.errors.map(({ line }) => line), mixed.notes]).toEqual([
      ['1.0', '12345'],
      [2, 4],
      [
        '“id” has ids with decimals, such as 1.0, which are kept, as others such as 12345 are no whole numbers. A player who is 1 in another sheet is taken for somebody else.',
      ],
    ])
  })

  test('are needed', async () => {
    const sheet = await read('id,name,power\n,a,5\n2,b,6\nnan,c,7\n-,d,8\nNan,e,9\n')
    expect(sheet.errors.map(({ line, value, reason }) => [line, value, reason])).toEqual([
      [2, '', 'no id'],
      [4, 'nan', 'no id'],
      [5, '-', 'no id'],
    ])
  })

  test('that are errors of a spreadsheet make bad rows; names and labels that are such errors are empty', async () => {
    const sheet = await read(
      'id,name,power,alliance\n#N/A,a,5,A\n2,#REF!,6,A\n3,c,7,#WERT!\n4,d,7,#N/A\n#5,#REF,8,A\n,#N/A,,\n',
    )
    expect(sheet.errors.map(({ line, column, reason }) => [line, column, reason])).toEqual([
      [2, 'id', 'an error of the spreadsheet'],
      [7, 'id', 'no id'],
    ])
    expect(sheetRows(sheet)).toEqual([
      ['2', '', 6],
      ['3', 'c', 7],
      ['4', 'd', 7],
      ['#5', '#REF', 8],
    ])
    expect(texts(sheet.labels[0]!.texts)).toEqual(['A', '', '', 'A'])
    expect(sheet.notes).toEqual([
      '“name” is read as empty in 1 row, where it has an error such as #N/A or a formula without its result; the first is line 3.',
      '“alliance” is read as empty in 2 rows, where it has an error such as #N/A or a formula without its result; the first is line 4.',
    ])
  })
})

test('a sheet goes from thread to thread without a copy', async () => {
  const path = join(mkdtempSync(join(tmpdir(), 'fieldhouse-')), 'scan.csv')
  await Bun.write(path, rokTrackerCsv(governors(5000, randomFrom(6))))
  const here = await readSheet(path)
  const thread = new Worker(new URL('./fixtures/sheets/reader-thread.ts', import.meta.url).href)
  try {
    const answers: unknown[] = []
    await new Promise<void>((resolve, reject) => {
      thread.onerror = reject
      thread.onmessage = ({ data }) => answers.push(data) === 2 && resolve()
      thread.postMessage(path)
    })
    expect(answers).toEqual([here, true])
  } finally {
    thread.terminate()
    rmSync(dirname(path), { recursive: true })
  }
})

test('reading stops between two pieces when it is told to', async () => {
  const rows = Array.from({ length: 200_000 }, (_, i) => `${i},${i}\n`).join('')
  const stop = new AbortController()
  const reported: ReadProgress[] = []
  const work = read(`id,power\n${rows}`, {
    signal: stop.signal,
    onProgress(progress) {
      if (reported.push(progress) === 3) stop.abort(new Error('enough'))
    },
  })
  expect(await outcome(work)).toThrow('enough')
  await work.catch(() => {})
  expect(reported.map(({ stage }) => stage)).toEqual(['checking file type', 'reading', 'reading'])
  expect(reported[2]!.rows).toBeGreaterThan(reported[1]!.rows)
})

test('columns of any length are read completely', async () => {
  const rows = Array.from({ length: 50_000 }, (_, i) => `${i},name ${i},${i * 3},${i % 7 ? i : ''}`)
  const sheet = await read(`id,name,power,deads\n${rows.join('\n')}`)
  expect(sheet.rows).toBe(50_000)
  expect(valuesOf(sheet, 'power')).toEqual(rows.map((_, i) => i * 3))
  expect(valuesOf(sheet, 'deads')).toEqual(rows.map((_, i) => (i % 7 ? i : null)))
  expect(texts(sheet.names).at(-1)).toBe('name 49999')
})
