import { expect, test } from 'bun:test'
import { truncate } from '../src/platform/truncate.ts'
import { address } from '../src/ui/parts/address.ts'
import { movement, tier } from '../src/ui/parts/badges.ts'
import { sparkline } from '../src/ui/parts/figures.ts'
import { formField } from '../src/ui/parts/form.ts'
import { paginationLinks } from '../src/ui/parts/pagination-links.ts'
import { table } from '../src/ui/parts/table.ts'
import {
  bytes,
  compact,
  countdown,
  duration,
  localDay,
  localMoment,
  moment,
  money,
  number,
  percent,
  time,
  toPar,
  utcDay,
} from '../src/ui/parts/values.ts'

const plain = (content: unknown) => String(content).replaceAll('\u202f', ' ')

test('a text that is cut ends with a whole character', () => {
  const family = '👩‍👩‍👧‍👦'
  expect(truncate(`ab${family}c`, 2 + family.length)).toBe(`ab${family}`)
  for (let length = 2; length < 2 + family.length; length++) expect(truncate(`ab${family}c`, length)).toBe('ab')
  expect(truncate('cafe\u0301s', 4)).toBe('caf')
  expect(truncate('short', 5)).toBe('short')
  expect(truncate(`a${'\u0301'.repeat(300)}`, 200)).toHaveLength(200) // one character longer than the text may be
})

test('numbers carry their thousands, their sign and their unit', () => {
  expect([0, -0, 7, 1_234_567, -1_234.5, 0.125].map(n => plain(number(n)))).toEqual([
    '0',
    '0',
    '7',
    '1,234,567',
    '−1,234.5',
    '0.13',
  ])
  expect([5, 0, -5].map(n => plain(number(n, { signed: true })))).toEqual(['+5', '0', '−5'])
  expect([0.4, -0.4].map(n => plain(number(n, { signed: true, digits: 0 })))).toEqual(['0', '0'])
  expect(plain(number(3, { unit: 'rows', digits: 1 }))).toBe('3.0 rows')
  expect([123_456, -5, 0].map(n => plain(money(n)))).toEqual(['1,234.56', '−0.05', '0.00'])
  expect(plain(percent(12.345))).toBe('12.3 %')
  expect([-5, 0, 3].map(n => plain(toPar(n)))).toEqual(['−5', 'E', '+3'])
  expect(plain(compact(1_250_000))).toBe('<span title="1,250,000">1.3M</span>')
})

test('what is missing is a dash and never 0', () => {
  for (const missing of [null, undefined, Number.NaN, Number.POSITIVE_INFINITY]) {
    for (const value of [number, compact, money, percent, toPar, bytes, duration])
      expect(plain(value(missing))).toBe('<span class="none">–</span>')
  }
  for (const missing of [null, undefined, 'not a time', Number.NaN]) {
    for (const value of [time, moment, utcDay, localDay, localMoment, countdown])
      expect(plain(value(missing))).toBe('<span class="none">–</span>')
  }
})

test('sizes and durations are shown in a fitting unit', () => {
  expect([0, 1, 1_023, 1_024, 1_536, 123_456_789, 5e12].map(n => plain(bytes(n)))).toEqual([
    '0 B',
    '1 B',
    '1,023 B',
    '1.0 kB',
    '1.5 kB',
    '118 MB',
    '4.5 TB',
  ])
  const durations = [
    0, 0.4, 340, 999.6, 1_000, 12_400, 59_700, 200_000, 3_600_000, 14_700_000, 86_400_000, 1_047_600_000, -1_500,
  ]
  expect(durations.map(ms => plain(duration(ms)))).toEqual([
    '0 ms',
    '0.4 ms',
    '340 ms',
    '1.0 s',
    '1.0 s',
    '12 s',
    '1 min',
    '3 min 20 s',
    '1 h',
    '4 h 5 min',
    '1 d',
    '12 d 3 h',
    '−1.5 s',
  ])
})

test('times say their zone', () => {
  expect(plain(moment('2026-03-01T09:05:59+02:00'))).toBe(
    '<time datetime="2026-03-01T07:05:59.000Z">1 Mar 2026, 07:05 UTC</time>',
  )
  expect(plain(utcDay(Date.UTC(2026, 11, 31, 23, 59)))).toBe('<time datetime="2026-12-31">31 Dec 2026</time>')
  expect(plain(localDay(Date.UTC(2026, 11, 31, 23, 59)))).toBe(
    '<time datetime="2026-12-31T23:59:00.000Z" title="31 Dec 2026, 23:59 UTC" data-day>31 Dec 2026</time>',
  )
})

test('movement and tiers are shown in words too', () => {
  const words = (content: unknown) =>
    plain(content)
      .replaceAll(/<[^>]*>/g, ' ')
      .replaceAll(/\s+/g, ' ')
      .trim()
  expect([3, -1_200, 0, null].map(change => words(movement(change)))).toEqual([
    '▲ up 3',
    '▼ down 1,200',
    '– unchanged',
    'new',
  ])
  expect([0, 2, 4].map(place => plain(tier('x', place, 5)))).toEqual(
    [0, 2, 4].map(depth => `<span class="tier t${depth}">x</span>`),
  )
  expect([plain(tier('only', 0, 1)), plain(tier('unknown', -1, 3))]).toEqual([
    '<span class="tier t0">only</span>',
    '<span class="tier t4">unknown</span>',
  ])
})

test('an address contains only parameters with a value', () => {
  expect(address('/x', { a: 1, b: undefined, c: null, d: '', e: 'é&=' })).toBe('/x?a=1&e=%C3%A9%26%3D')
  expect(address('/x')).toBe('/x')
})

test('page links surround the current page', () => {
  const numbers = (page: number, pages: number) =>
    [
      ...String(paginationLinks({ page, limit: 10, total: pages * 10, pages }, n => `?page=${n}`)).matchAll(
        /Page <\/span>([\d,]+)|(…)/g,
      ),
    ]
      .map(([, n, gap]) => n ?? gap)
      .join(' ')
  expect([
    numbers(1, 1),
    numbers(1, 2),
    numbers(1, 9),
    numbers(3, 9),
    numbers(5, 9),
    numbers(9, 9),
    numbers(3, 5),
  ]).toEqual(['', '1 2', '1 2 … 9', '1 2 3 4 … 9', '1 … 4 5 6 … 9', '1 … 8 9', '1 2 3 4 5'])
  expect(String(paginationLinks({ page: 1, limit: 10, total: 0, pages: 0 }, String))).toBe('null')
  const beyond = String(paginationLinks({ page: 7, limit: 10, total: 15, pages: 2 }, n => `?page=${n}`))
  expect(beyond).toContain('None of 15')
  expect(beyond).toContain('href="?page=2">← Previous')
  const shown = (page: number, total: number, pages: number) =>
    String(table({ caption: 'A', columns: [], rows: [], empty: 'None yet', pages: { page, limit: 10, total, pages } }))
  expect(shown(7, 15, 2)).toContain('There is no page 7 of this list: its last page is 2.')
  expect(shown(1, 0, 0)).toBe('None yet')
  expect(shown(7, 0, 0)).toBe('None yet')
})

test('a click on a heading reverses its order, or starts with the best', () => {
  const columns = [
    { head: 'A', cell: String, sort: { by: 'a' } },
    { head: 'B', cell: String, sort: { by: 'b', first: 'asc' as const } },
  ]
  const hrefs = (by: string, order: 'asc' | 'desc') =>
    [
      ...String(
        table({ caption: 'x', columns, rows: [1], sorted: { by, order, href: (by, order) => `${by}-${order}` } }),
      ).matchAll(/href="([^"]+)"/g),
    ].map(([, href]) => href)
  expect([hrefs('a', 'desc'), hrefs('a', 'asc'), hrefs('b', 'asc')]).toEqual([
    ['a-asc', 'b-asc'],
    ['a-desc', 'b-asc'],
    ['a-desc', 'b-desc'],
  ])
})

test('a sparkline leaves gaps for unknown values and handles a single value', () => {
  expect(String(sparkline([1, null, 3, 2], 'x'))).toContain('d="M2.0 22.0M63.3 2.0L94.0 12.0"')
  for (const values of [[], [null], [5], [5, 5]]) expect(String(sparkline(values, 'x'))).not.toMatch(/NaN|Infinity/)
})

test('an input has its label, hint, error and constraints', () => {
  const field = String(
    formField({
      label: 'Cash <',
      name: 'config.cash_cents',
      type: 'cents',
      value: 1_250,
      hint: 'h',
      error: 'too "much"',
      min: 0,
    }),
  )
  expect(field).toContain('<label for="f-config-cash_cents">Cash &lt;</label>')
  expect(field).toContain('aria-describedby="f-config-cash_cents-hint f-config-cash_cents-error"')
  expect(field).toContain('value="12.50"')
  expect(field).toContain('aria-invalid="true"')
  expect(field).toContain('too &quot;much&quot;')
})
