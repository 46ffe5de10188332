/**
 * The portfolios of one league in memory: cash, holdings, and today's changes. They are loaded once and then updated with each new
 * line of the ledger. Valuing all of them is one loop over numbers.
 */
import type { Db } from '../../../../db/open.ts'
import type { LedgerKind } from '../../../../db/schema.ts'
import { preparedSql } from '../../../../db/transactions.ts'
import { isTrade } from '../ledger.ts'
import { movedAfter } from '../position.ts'
import { startOfDay } from '../quote.ts'
import { GrowingColumn } from './growing-column.ts'
import type { Prices } from './prices.ts'

export type PortfolioLine = [
  id: number,
  user: number,
  at: number,
  kind: LedgerKind,
  symbol: string | null,
  quantity: number,
  cash: number,
  quantityAfter: number,
  /** When it counts: a line that takes another back changes the portfolio as of that one. */
  countsFrom: number,
  /** New shares for an old one; 1 unless it is a split. */
  ratio: number,
]
export const portfolioLine = `id, user_id, at, kind, symbol, quantity, cash_cents, quantity_after,
  coalesce((select undone.at from ledger undone where undone.id = ledger.undoes), at),
  coalesce((select 1.0 * shares_to / shares_from from symbol_actions where id = ledger.action_id), 1)`

const linesAfter = preparedSql<never, [league: number, id: number]>(
  `select ${portfolioLine} from ledger where league_id = ? and id > ? order by id`,
)

export class LeaguePortfolios {
  readonly users: number[] = []
  readonly cash = new GrowingColumn()
  readonly granted = new GrowingColumn()
  readonly joinedAt = new GrowingColumn()
  readonly trades = new GrowingColumn()
  /** [row]: how many symbols the portfolio holds */
  readonly held = new GrowingColumn()
  /** The last ledger line that is included here. */
  lastLine = 0
  lastAt = 0
  private readonly rows = new Map<number, number>()

  // Holdings, each linked to the next one of the same portfolio; -1 ends the list.
  readonly owner = new GrowingColumn()
  readonly symbolIndex = new GrowingColumn()
  readonly quantity = new GrowingColumn()
  private readonly next = new GrowingColumn()
  private readonly first = new GrowingColumn()

  /** The start of the current day, and what has changed since then: it is subtracted to get the portfolios at that time. */
  private day = 0
  /** [holding]: shares */
  private readonly movedToday = new GrowingColumn()
  /** [row] */
  private readonly paidToday = new GrowingColumn()

  constructor(
    readonly leagueId: number,
    private readonly prices: Prices,
  ) {}

  get bytes(): number {
    return 210 * this.users.length + 40 * this.owner.length + 1000
  }

  addPortfolio(user: number, cash: number, granted: number, joinedAt: number, trades: number): number {
    const row = this.users.push(user) - 1
    this.rows.set(user, row)
    this.cash.push(cash)
    this.granted.push(granted)
    this.joinedAt.push(joinedAt)
    this.trades.push(trades)
    this.held.push(0)
    this.first.push(-1)
    this.paidToday.push(0)
    return row
  }

  /** The holding of a symbol in a portfolio, which is added if it is new. */
  private holdingOf(user: number, symbol: string): number {
    const row = this.rows.get(user)
    if (row === undefined)
      throw new Error(`User ${user} holds ${symbol} in league ${this.leagueId} without a portfolio`)
    const place = this.prices.indexOf(symbol)
    let at = this.first.values[row]!
    while (at >= 0 && this.symbolIndex.values[at] !== place) at = this.next.values[at]!
    if (at < 0) {
      at = this.owner.push(row)
      this.symbolIndex.push(place)
      this.quantity.push(0)
      this.movedToday.push(0)
      this.next.push(this.first.values[row]!)
      this.first.values[row] = at
    }
    return at
  }

  addToHolding(user: number, symbol: string, quantity: number): void {
    const at = this.holdingOf(user, symbol)
    const before = this.quantity.values[at]!
    const after = before + quantity
    this.quantity.values[at] = after
    this.held.values[this.owner.values[at]!]! += (after === 0 ? 0 : 1) - (before === 0 ? 0 : 1)
  }

  /** Adds a line of today that cash and holdings already include. */
  addLineOfToday([id, user, at, , symbol, quantity, cash, after, countsFrom, ratio]: PortfolioLine): void {
    this.lastLine = Math.max(this.lastLine, id)
    this.lastAt = Math.max(this.lastAt, at)
    if (startOfDay(countsFrom) !== this.day || symbol === null) return
    const holding = this.holdingOf(user, symbol)
    this.movedToday.values[holding] = movedAfter(this.movedToday.values[holding]!, after, quantity, ratio)
    this.paidToday.values[this.owner.values[holding]!]! += cash
  }

  startDay(now: number): void {
    const day = startOfDay(now)
    if (day === this.day) return
    this.day = day
    for (const { values } of [this.movedToday, this.paidToday]) values.fill(0)
  }

  /** Reads the ledger lines written since the last call. */
  catchUp(db: Db, now: number): void {
    this.startDay(now)
    for (const line of linesAfter(db).values(this.leagueId, this.lastLine) as PortfolioLine[]) {
      const [, user, at, kind, symbol, quantity, cash] = line
      if (symbol === null) this.addPortfolio(user, cash, cash, at, 0)
      else {
        const row = this.rows.get(user) ?? -1
        this.cash.values[row]! += cash
        if (isTrade(kind)) this.trades.values[row]!++
        this.addToHolding(user, symbol, quantity)
      }
      this.addLineOfToday(line)
    }
  }

  /** The value of each portfolio, now and when the day began; NaN for portfolios that did not exist then. */
  value(now: number): { total: Float64Array; atOpen: Float64Array } {
    const open = this.prices.atOpen(now)
    const atOpen = this.cash.values.slice(0, this.users.length)
    for (let i = 0; i < this.owner.length; i++) {
      const quantity = this.quantity.values[i]! - this.movedToday.values[i]!
      if (quantity !== 0) atOpen[this.owner.values[i]!]! += quantity * open[this.symbolIndex.values[i]!]!
    }
    for (let row = 0; row < atOpen.length; row++) {
      const isNew = this.joinedAt.values[row]! >= this.day
      atOpen[row] = isNew ? Number.NaN : Math.round(atOpen[row]! - this.paidToday.values[row]!)
    }
    return { total: this.totals(), atOpen }
  }

  private totals(): Float64Array {
    const price = this.prices.price.values
    const totals = this.cash.values.slice(0, this.users.length)
    for (let i = 0; i < this.owner.length; i++) {
      const quantity = this.quantity.values[i]!
      if (quantity !== 0) totals[this.owner.values[i]!]! += quantity * price[this.symbolIndex.values[i]!]!
    }
    return totals
  }

  /** The newest time of anything that the values depend on; null before the first line. */
  asOf(): number | null {
    let newest = this.lastAt
    for (let i = 0; i < this.owner.length; i++)
      if (this.quantity.values[i] !== 0)
        newest = Math.max(newest, this.prices.receivedAt.values[this.symbolIndex.values[i]!]!)
    return newest || null
  }

  /** Shares and holders of each symbol, most held first. */
  mostHeld(limit = Number.POSITIVE_INFINITY): { symbol: string; holders: number; quantity: number }[] {
    const bySymbol = new Map<number, { symbol: string; holders: number; quantity: number }>()
    for (let i = 0; i < this.owner.length; i++) {
      const quantity = this.quantity.values[i]!
      if (quantity === 0) continue
      const place = this.symbolIndex.values[i]!
      const sum = bySymbol.get(place) ?? { symbol: this.prices.symbolAt(place), holders: 0, quantity: 0 }
      sum.holders++
      sum.quantity += quantity
      bySymbol.set(place, sum)
    }
    return [...bySymbol.values()]
      .sort((a, b) => b.holders - a.holders || (a.symbol < b.symbol ? -1 : 1))
      .slice(0, limit)
  }

  /** Holdings worth more than this share of their portfolio: infinitely more if that is worth nothing or less. */
  concentrated(share: number): { user: number; symbol: string; share: number }[] {
    const total = this.totals()
    const found = []
    for (let i = 0; i < this.owner.length; i++) {
      const row = this.owner.values[i]!
      const place = this.symbolIndex.values[i]!
      const part = (Math.abs(this.quantity.values[i]!) * this.prices.price.values[place]!) / Math.max(0, total[row]!)
      if (part > share) found.push({ user: this.users[row]!, symbol: this.prices.symbolAt(place), share: part })
    }
    return found
  }
}
