/** Prices from a spreadsheet: `symbol`, `price` in currency units and, optionally, `as_of`. The heading may be left out. */
import Papa from 'papaparse'
import type { FieldError } from '../../errors.ts'
import { yearFirst } from '../../platform/clock.ts'
import { moneyText } from '../../platform/number-text.ts'
import { maxPriceCents } from './order.ts'
import { maxQuotes, type NewQuote, parseQuote } from './quote.ts'

const headings: Record<string, 'symbol' | 'price' | 'as_of'> = {
  symbol: 'symbol',
  ticker: 'symbol',
  price: 'price',
  close: 'price',
  last: 'price',
  kurs: 'price',
  preis: 'price',
  as_of: 'as_of',
  date: 'as_of',
  time: 'as_of',
  datum: 'as_of',
}

const rowsPerSlice = 1_000 // rows checked at a time, a few milliseconds

export async function parsePriceCsv(csv: string, now: number): Promise<{ quotes: NewQuote[]; errors: FieldError[] }> {
  const { data } = Papa.parse<string[]>(csv.replace(/^\uFEFF/, ''), { transform: text => text.trim() })
  const rows = data.map((cells, i) => ({ cells, line: `line ${i + 1}` })).filter(({ cells }) => cells.some(Boolean))
  const first = rows[0]?.cells ?? []
  const named = first.map(cell => headings[cell.toLowerCase().replaceAll(' ', '_')])
  const hasHeading = named.includes('symbol')
  const columns = hasHeading ? named : (['symbol', 'price', 'as_of'] as const)
  const prices = hasHeading ? rows.slice(1) : rows
  const wrong = (path: string, message: string) => ({ quotes: [], errors: [{ path, message }] })
  if (hasHeading && !columns.includes('price'))
    return wrong('price', 'No column of the file is called price, close, last, Kurs or Preis.')
  if (!prices.length) return wrong('csv', 'The file has no rows.')
  if (prices.length > maxQuotes) return wrong('csv', `The file has more than ${maxQuotes} rows. Send it in parts.`)
  const quotes: NewQuote[] = []
  const errors: FieldError[] = []
  for (const [i, { cells, line }] of prices.entries()) {
    if (i % rowsPerSlice === rowsPerSlice - 1) await Bun.sleep(0)
    const cell = (column: 'symbol' | 'price' | 'as_of') => cells[columns.indexOf(column)] || undefined
    const price_cents = centsOf(cell('price') ?? '')
    if (price_cents === 0) errors.push({ path: `${line}, price`, message: 'Write a price such as 213.50.' })
    else if (price_cents > maxPriceCents)
      errors.push({ path: `${line}, price`, message: `Write a price up to ${moneyText(maxPriceCents)}.` })
    const read = parseQuote(
      { symbol: cell('symbol'), price_cents: 1, as_of: yearFirst(cell('as_of') ?? '') || undefined },
      line,
      now,
    )
    if (Array.isArray(read))
      errors.push(...read.map(({ path, message }) => ({ path: path.replace('.', ', '), message })))
    else quotes.push({ ...read, priceCents: price_cents })
  }
  return { quotes: quotes.sort((a, b) => a.asOf - b.asOf), errors } // so that the newest price of a symbol counts
}

const maxPriceLength = 40 // longer ones would take the expressions below minutes

/** `213.50`, `213,5`, `1 213.50` and `1,213.50` in cents, digit by digit, so that nothing is rounded; 0 for anything else. */
function centsOf(text: string): number {
  if (text.length > maxPriceLength) return 0
  const plain = text.replaceAll(/[\s'$€£]/g, '').replaceAll(/([.,])(?=\d{3}(?!\d).*(?!\1)[.,]\d{1,2}$)/g, '')
  const [, whole = '', part = ''] = /^(\d{1,9})(?:[.,](\d{1,2}))?$/.exec(plain) ?? []
  return Number(whole + part.padEnd(2, '0'))
}
