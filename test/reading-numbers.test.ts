import { describe, expect, test } from 'bun:test'
import { randomFrom } from '../scripts/random.ts'
import {
  BAD,
  BLANK,
  NUMBER,
  newNumberCell,
  ONE_COMMA,
  ONE_DOT,
  readNumber,
} from '../src/leagues/sheets/reading/numbers.ts'
import { numbersIn, read, utf8, valuesOf } from './fixtures/sheets/reads.ts'

function numberOf(text: string): number | string {
  const cell = newNumberCell()
  const bytes = utf8(`;${text};`) // as within a line, so that looking past the end shows
  readNumber(bytes, 1, bytes.length - 1, cell)
  if (cell.kind === NUMBER) return cell.value
  return cell.kind === BLANK ? 'blank' : cell.kind === BAD ? 'bad' : `${cell.value}?`
}

/** Values of a column that holds these cells. */
async function column(cells: string[], header = 'Ratio') {
  const rows = cells.map((cell, i) => `${i};"${cell}"\n`).join('')
  const sheet = await read(`id;${header}\n${rows}x;1\n`)
  return { values: numbersIn(sheet.metrics[0]!.values).subarray(0, -1), errors: sheet.errors, sheet }
}

describe('a number', () => {
  const table: Record<string, number | string> = {
    '0': 0,
    '1234': 1234,
    '007': 7,
    '+5': 5,
    '-5': -5,
    '−5': -5,
    '-0': 0,
    ' 42 ': 42,
    '\u00a042\u00a0': 42,
    '1,234,567': 1_234_567,
    '1.234.567': 1_234_567,
    '1 234 567': 1_234_567,
    '1\u00a0234\u00a0567': 1_234_567,
    '1\u2009234\u202f567': 1_234_567,
    "1'234'567": 1_234_567,
    '1’234’567': 1_234_567,
    '12 345': 12_345,
    '1,234.5': 1234.5,
    '1.234,5': 1234.5,
    '1 234,56': 1234.56,
    "1'234.56": 1234.56,
    '1,234,567.891': 1_234_567.891,
    '1.5': 1.5,
    '1,5': 1.5,
    '.5': 0.5,
    '0.125': 0.125,
    '0,125': 0.125,
    '1234.567': 1234.567,
    '1.2345': 1.2345,
    '12k': 12_000,
    '12K': 12_000,
    '1.2M': 1_200_000,
    '1,2M': 1_200_000,
    '1.234M': 1_234_000,
    '3.4B': 3_400_000_000,
    '1.1 b': 1_100_000_000,
    '2T': 2e12,
    '-1.5k': -1500,
    '12%': 12,
    '12.5 %': 12.5,
    '$1,234.50': 1234.5,
    '-$5': -5,
    '$-5': -5,
    '$ 2.5M': 2_500_000,
    '£3': 3,
    '1.234,50 €': 1234.5,
    '€ 5': 5,
    '5k₽': 5000,
    ' $-   ': 'blank',
    '(12)': -12,
    '($1,234,567)': -1_234_567,
    '1,2 Mio.': 1_200_000,
    '1,234 Mio': 1_234_000,
    '1,234 млн': 1_234_000,
    '1,234万': '12340000?',
    '3 Mrd': 3e9,
    '1.5bn': 1.5e9,
    '2 million': 2e6,
    '5万': 50_000,
    '1.2億': 120_000_000,
    '7 тыс.': 7000,
    '1.2E+08': 120_000_000,
    '1,2E+08': 120_000_000,
    '5e3': 5000,
    '1E-2': 0.01,
    '9007199254740993': 9_007_199_254_740_992,
    '123456789012345678901': 123_456_789_012_345_680_000,
    '0.1': 0.1,
    '123456789.123456789': Number('123456789.123456789'),
    '1.234': '1234?',
    '1,234': '1234?',
    '12,345k': '12345000?',
    '-1.234': '-1234?',
    '': 'blank',
    '   ': 'blank',
    '-': 'blank',
    '—': 'blank',
    'n/a': 'blank',
    NaN: 'blank',
    Unknown: 'blank',
    Skipped: 'blank',
    abc: 'bad',
    '12abc': 'bad',
    '1 2': 'bad',
    '1 23': 'bad',
    '1,23,456': 'bad',
    '1,2345,678': 'bad',
    '1.234.56': 'bad',
    '1,234,56': 'bad',
    '1.2.3': 'bad',
    '12.': 'bad',
    '1,': 'bad',
    ',5,': 'bad',
    '1..2': 'bad',
    '1.234,567.8': 'bad',
    '1,234 567': 'bad',
    '1234,567,890': 'bad',
    '--5': 'bad',
    '5-': 'bad',
    '1e': 'bad',
    e5: 'bad',
    '1e31': 'bad',
    '1e999': 'bad',
    '1.2.3e4': 'bad',
    Infinity: 'bad',
    '0x10': 'bad',
    '1kk': 'bad',
    '5 lbs': 'bad',
    $: 'bad',
    '€': 'bad',
    $$5: 'bad',
    '()': 'bad',
    '(-5)': 'bad',
    '(−5)': 'bad',
    '(+5)': 'bad',
    '($-5)': 'bad',
    '5 mn': 'bad',
    '(5': 'bad',
    '(3/4)': 'bad',
    '5$5': 'bad',
    '5k%': 'bad',
    '2024-05-01': 'bad',
    '12:30': 'bad',
    '#REF!': 'bad',
    '٣': 'bad',
  }
  for (const [text, expected] of Object.entries(table))
    test(`written ${JSON.stringify(text)} is ${expected}`, () => expect(numberOf(text)).toBe(expected))

  test('is what JavaScript reads, for all that both can read', () => {
    const seed = 99
    const r = randomFrom(seed)
    for (let i = 0; i < 20_000; i++) {
      const digits = (n: number) => Array.from({ length: n }, () => r.below(10)).join('')
      const fraction = r.chance(0.5) ? `.${digits(4 + r.below(14))}` : ''
      const exponent = r.chance(0.2) ? `e${r.pick(['', '-', '+'])}${r.below(10)}` : ''
      const text = `${r.pick(['', '-'])}${digits(1 + r.below(20))}${fraction}${exponent}`
      const value = Number(text)
      expect([seed, text, numberOf(text)]).toEqual([seed, text, value === 0 ? 0 : value])
    }
  })

  test('written with groups and a suffix is what was grouped', () => {
    const r = randomFrom(5)
    for (let i = 0; i < 5000; i++) {
      const value = r.below(2 ** r.below(50)) + 1_000_000
      const text = String(value).replace(/\B(?=(\d{3})+$)/g, r.pick([',', '.', ' ', "'", '\u00a0', '\u202f']))
      expect([text, numberOf(text)]).toEqual([text, value])
    }
  })

  test('never comes from random bytes in a way that hangs or throws', () => {
    const r = randomFrom(11)
    const cell = newNumberCell()
    for (let i = 0; i < 20_000; i++) {
      const bytes = r.chance(0.5)
        ? r.bytes(r.below(24))
        : Uint8Array.from({ length: r.below(24) }, () =>
            r.pick([...utf8("0123456789.,- 'kMe%+"), 0xc2, 0xa0, 0xe2, 0x80, 0x89]),
          )
      readNumber(bytes, 0, bytes.length, cell)
      expect(cell.kind === BAD || Number.isFinite(cell.value)).toBe(true)
      expect([BLANK, NUMBER, BAD, ONE_DOT, ONE_COMMA]).toContain(cell.kind)
    }
  })
})

describe('a column', () => {
  test('of dots that all group by three holds thousands', async () => {
    expect([...(await column(['1.234', '12.345', '999', '1.234.567'])).values]).toEqual([1234, 12_345, 999, 1_234_567])
  })

  test('with one dot that groups nothing holds fractions, above and below', async () => {
    expect([...(await column(['1.234', '2.5', '12.345', '7'])).values]).toEqual([1.234, 2.5, 12.345, 7])
    expect([...(await column(['1.234', '0.987', '-1.001'])).values]).toEqual([1.234, 0.987, -1.001])
  })

  test('treats commas the same way', async () => {
    expect([...(await column(['1,234', '12,345'])).values]).toEqual([1234, 12_345])
    expect([...(await column(['1,234', '2,5'])).values]).toEqual([1.234, 2.5])
  })

  test('knows commas for groups from its dots for fractions', async () => {
    expect([...(await column(['1,234', '1,234.5'])).values]).toEqual([1234, 1234.5])
    expect([...(await column(['1.234', '1.234,5'])).values]).toEqual([1234, 1234.5])
  })

  test('is not decided by numbers with a suffix', async () => {
    expect([...(await column(['1.234', '1.5M'])).values]).toEqual([1234, 1_500_000])
  })

  test('with both kinds of dots reports what could be either', async () => {
    const { values, errors } = await column(['1.234.567', '2.5', '1.234'])
    expect([...values]).toEqual([1_234_567, 2.5])
    expect(errors).toEqual([
      { line: 4, column: 'Ratio', value: '1.234', reason: 'could be a thousand or a fraction: the column has both' },
    ])
  })

  test('learns nothing from bad rows', async () => {
    const sheet = await read('id;ratio;power\n1;1.234;5\n2;2.5;x\n3;2.5\n4;12.345;6\n')
    expect(valuesOf(sheet, 'ratio')).toEqual([1234, 12_345])
  })

  test('settles thousands of rows, also where rows are dropped', async () => {
    const rows = Array.from({ length: 9000 }, (_, i) => `${i % 8000};${1 + (i % 900)}.125\n`)
    const sheet = await read(`id;ratio\n${rows.join('')}x;0.5\n`)
    expect(valuesOf(sheet, 'ratio').slice(0, -1)).toEqual(
      Array.from({ length: 8000 }, (_, i) => 1 + ((i + 1000) % 900) + 0.125),
    )
  })

  test('is the same to the last digit in a narrow column and in one that had to widen', async () => {
    const largest = 2 ** 32 - 2 // that four bytes hold, besides unknown
    const narrow = ['0', '', String(largest), ...Array.from({ length: 3000 }, (_, i) => String(i * 1_000_003))]
    const expected = narrow.map(cell => (cell === '' ? Number.NaN : Number(cell)))
    for (const last of ['7', '4294967294', '4294967295', '4294967296', '-4', '0.1', '9007199254740991', '1e30', '']) {
      const { values, sheet } = await column([...narrow, last], 'Plus Minus')
      expect([...values]).toEqual([...expected, last === '' ? Number.NaN : Number(last)])
      expect(sheet.metrics[0]!.values.BYTES_PER_ELEMENT).toBe(
        last === '' || last === '7' || last === String(largest) ? 4 : 8,
      )
    }
  })

  test('of counts reads -1, -2 and -3 as unknown', async () => {
    const cells = ['-1', '-2', '-3', '-4', '0', '', 'Skipped']
    expect([...(await column(cells, 'T5 Kills')).values].map(String)).toEqual([
      'NaN',
      'NaN',
      'NaN',
      '-4',
      '0',
      'NaN',
      'NaN',
    ])
    expect([...(await column(['-1', '-2.5'], 'Plus Minus')).values]).toEqual([-1, -2.5])
  })

  test('never turns what it cannot read into 0, nor into what a score cannot hold', async () => {
    const { values, errors } = await column(['5', 'l2', '1O', '8', '1e308', `-${'9'.repeat(40)}`], 'Power')
    expect([...values]).toEqual([5, 8])
    expect(errors).toEqual([
      { line: 3, column: 'Power', value: 'l2', reason: 'not a number' },
      { line: 4, column: 'Power', value: '1O', reason: 'not a number' },
      { line: 6, column: 'Power', value: '1e308', reason: 'larger than 1e30, so it cannot be scored' },
      { line: 7, column: 'Power', value: `-${'9'.repeat(40)}`, reason: 'larger than 1e30, so it cannot be scored' },
    ])
  })
})
