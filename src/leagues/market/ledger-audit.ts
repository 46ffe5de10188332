/**
 * The audit of the ledger: every line of every league played again from nothing, and each balance compared with what stands
 * in the tables. It reads one moment of the database. A million lines take seconds: a process of its own does it.
 */
import { Database } from 'bun:sqlite'
import { type Db, databaseFile } from '../../../db/open.ts'
import { applyTrade, noPosition, type Position } from './position.ts'

export type Difference = { league_id: number; user_id: number; what: string; ledger: number; found: number }
export type LedgerAudit = {
  leagues: number
  portfolios: number
  lines: number
  differences: Difference[]
  more: number
}

const mostTold = 100 // differences; of the others only how many

type Line = {
  id: number
  user: number
  symbol: string | null
  quantity: number
  price: number | null
  fee: number
  cash: number
  cashAfter: number
  quantityAfter: number
  realised: number
}
type Differ = (user: number, what: string, ledger: number, found: number) => void

/** A portfolio as the ledger tells it. */
type Told = { sums: Sums; positions: Map<string, Position> }
type Sums = { granted: number; cash: number; realised: number; fees: number; trades: number; volume: number }
const none: Sums = { granted: 0, cash: 0, realised: 0, fees: 0, trades: 0, volume: 0 }

export function auditLedger(dataDir: string): LedgerAudit {
  const client = new Database(databaseFile(dataDir), { readonly: true })
  const audit: LedgerAudit = { leagues: 0, portfolios: 0, lines: 0, differences: [], more: 0 }
  client.run('BEGIN')
  try {
    const leagues = client.query<{ id: number }, []>(`select id from leagues where kind = 'market' order by id`).all()
    for (const { id } of leagues) auditLeague(client, id, audit)
    audit.leagues = leagues.length
    return audit
  } finally {
    client.run('COMMIT')
    client.close()
  }
}

function auditLeague(client: Db['$client'], league: number, audit: LedgerAudit): void {
  const differ: Differ = (user, what, ledger, found) => {
    if (ledger === found) return
    const difference = { league_id: league, user_id: user, what, ledger, found }
    if (audit.differences.length < mostTold) audit.differences.push(difference)
    else audit.more++
  }
  const told = new Map<number, Told>()
  const lines = client.query<Line, [number]>(
    `select id, user_id as user, symbol, quantity, price_cents as price, fee_cents as fee, cash_cents as cash,
       cash_after_cents as cashAfter, quantity_after as quantityAfter, realised_cents as realised
     from ledger where league_id = ? order by id`,
  )
  for (const line of lines.iterate(league)) {
    replay(line, told, differ)
    audit.lines++
  }
  compare(client, league, told, differ)
  audit.portfolios += told.size
}

/** Plays one line, and compares what it says of itself with what it does. */
function replay(line: Line, told: Map<number, Told>, differ: Differ): void {
  const { user, symbol, quantity, fee } = line
  const at = (what: string) => `${what} of line ${line.id}`
  const known = told.get(user)
  if (symbol === null) {
    if (known) differ(user, at('second grant'), 0, line.cash)
    return void told.set(user, { sums: { ...none, granted: line.cash, cash: line.cash }, positions: new Map() })
  }
  const price = line.price ?? 0
  const { sums, positions } = known ?? nobody(told, user, line, differ)
  const before = positions.get(symbol) ?? noPosition
  const after = applyTrade(before, quantity, price)
  positions.set(symbol, after)
  sums.cash += -quantity * price - fee
  sums.realised += after.realised - before.realised
  sums.fees += fee
  sums.trades++
  sums.volume += Math.abs(quantity) * price
  differ(user, at('cash moved'), -quantity * price - fee, line.cash)
  differ(user, at('cash after'), sums.cash, line.cashAfter)
  differ(user, at(`${symbol} after`), after.quantity, line.quantityAfter)
  differ(user, at('gain'), after.realised - before.realised, line.realised)
  if (sums.cash < 0) differ(user, at('cash below 0'), 0, sums.cash)
}

/** A line for somebody who was never granted anything. */
function nobody(told: Map<number, Told>, user: number, line: Line, differ: Differ): Told {
  differ(user, `grant before line ${line.id}`, 1, 0)
  const one = { sums: { ...none }, positions: new Map() }
  told.set(user, one)
  return one
}

function compare(client: Db['$client'], league: number, told: Map<number, Told>, differ: Differ): void {
  const found = new Map<number, Told>()
  const portfolios = client.query<Sums & { user: number }, [number]>(
    `select user_id as user, granted_cents as granted, cash_cents as cash, realised_cents as realised, fees_cents as fees,
       trades, volume_cents as volume from portfolios where league_id = ?`,
  )
  for (const { user, ...sums } of portfolios.iterate(league)) found.set(user, { sums, positions: new Map() })
  const holdings = client.query<Position & { user: number; symbol: string }, [number]>(
    `select user_id as user, symbol, quantity, cost_cents as cost, realised_cents as realised
     from holdings where league_id = ?`,
  )
  for (const { user, symbol, ...position } of holdings.iterate(league)) {
    const one = found.get(user) ?? { sums: none, positions: new Map() }
    found.set(user, one)
    one.positions.set(symbol, position)
  }
  for (const user of new Set([...told.keys(), ...found.keys()])) {
    const [one, other] = [told.get(user), found.get(user)]
    for (const what of ['granted', 'cash', 'realised', 'fees', 'trades', 'volume'] as const)
      differ(user, what, (one?.sums ?? none)[what], (other?.sums ?? none)[what])
    for (const symbol of new Set([...(one?.positions.keys() ?? []), ...(other?.positions.keys() ?? [])])) {
      const [a, b] = [one?.positions.get(symbol) ?? noPosition, other?.positions.get(symbol) ?? noPosition]
      for (const what of ['quantity', 'cost', 'realised'] as const) differ(user, `${symbol} ${what}`, a[what], b[what])
    }
  }
}
