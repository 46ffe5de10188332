/** The newest price of every symbol, in memory. `catchUp` reads what was written to the table since. */
import type { Db } from '../../../../db/open.ts'
import { preparedSql } from '../../../../db/transactions.ts'
import { isOfToday } from '../quote.ts'
import { GrowingColumn } from './growing-column.ts'

type Row = [symbol: string, price: number, open: number, asOf: number, receivedAt: number, seq: number]

const since = preparedSql<never, [seq: number]>(
  'select symbol, price_cents, open_cents, as_of, received_at, seq from quotes where seq > ? order by seq',
)

export class Prices {
  /** [index of a symbol]; NaN: no quote */
  readonly price = new GrowingColumn()
  readonly asOf = new GrowingColumn()
  readonly receivedAt = new GrowingColumn()
  private readonly open = new GrowingColumn()
  private readonly indexes = new Map<string, number>()
  private readonly symbols: string[] = []
  /** Increases with every change. */
  version = 0
  private seq = 0

  constructor(private readonly db: Db) {}

  /** The index of a symbol in the columns; it never changes. */
  indexOf(symbol: string): number {
    const known = this.indexes.get(symbol)
    if (known !== undefined) return known
    const place = this.price.push(Number.NaN)
    this.asOf.push(Number.NaN)
    this.receivedAt.push(Number.NaN)
    this.open.push(Number.NaN)
    this.indexes.set(symbol, place)
    this.symbols.push(symbol)
    return place
  }

  symbolAt = (place: number): string => this.symbols[place] ?? ''

  catchUp(): void {
    for (const [symbol, price, open, asOf, receivedAt, seq] of since(this.db).values(this.seq) as Row[]) {
      const place = this.indexOf(symbol)
      this.price.values[place] = price
      this.open.values[place] = open
      this.asOf.values[place] = asOf
      this.receivedAt.values[place] = receivedAt
      this.seq = seq
      this.version++
    }
  }

  /** Every price when the day of `now` began. */
  atOpen(now: number): Float64Array {
    const prices = this.price.values.slice(0, this.price.length)
    for (let i = 0; i < prices.length; i++)
      if (isOfToday(this.receivedAt.values[i]!, now)) prices[i] = this.open.values[i]!
    return prices
  }
}
