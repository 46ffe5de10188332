/**
 * The audit of the ledger: replays every line of every league from the start, and compares each balance with the one stored
 * in the tables. It reads one moment of the database. A million lines take seconds, so it runs in a process of its own.
 */
import { Database } from 'bun:sqlite'
import { type Db, databaseFile } from '../../../db/open.ts'
import type { LedgerKind } from '../../../db/schema.ts'
import { isTrade } from './ledger.ts'
import { applyCorrection, applyTrade, noPosition, type Position, splitOf } from './position.ts'

type LedgerDifference = { league_id: number; user_id: number; what: string; ledger: number; found: number }
export type LedgerAudit = {
  leagues: number
  portfolios: number
  lines: number
  differences: LedgerDifference[]
  more: number
}

const maxListed = 100 // differences; the others are only counted

type Line = {
  id: number
  user: number
  kind: LedgerKind
  symbol: string | null
  quantity: number
  price: number | null
  fee: number
  cash: number
  cashAfter: number
  quantityAfter: number
  realised: number
  undoes: number | null
  /** Of a split. */
  sharesTo: number | null
  sharesFrom: number | null
}
/** A line that a later line undoes. */
type Undone = Pick<Line, 'user' | 'symbol' | 'quantity' | 'cash' | 'fee' | 'price'> & {
  kind: LedgerKind
  times: number
}
type Differ = (user: number, what: string, ledger: number, found: number) => void

/** A portfolio as computed from the ledger. */
type Replayed = { sums: Sums; positions: Map<string, Position> }
const sumNames = ['granted', 'cash', 'realised', 'fees', 'trades', 'corrections', 'volume'] as const
type Sums = Record<(typeof sumNames)[number], number>
const zeroSums: Sums = { granted: 0, cash: 0, realised: 0, fees: 0, trades: 0, corrections: 0, volume: 0 }

export function auditLedger(dataDir: string): LedgerAudit {
  const client = new Database(databaseFile(dataDir), { readonly: true })
  const audit: LedgerAudit = { leagues: 0, portfolios: 0, lines: 0, differences: [], more: 0 }
  client.run('PRAGMA busy_timeout = 10000') // the last process to end copies the log into the file
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
  const reportDifference: Differ = (user, what, ledger, found) => {
    if (ledger === found) return
    const difference = { league_id: league, user_id: user, what, ledger, found }
    if (audit.differences.length < maxListed) audit.differences.push(difference)
    else audit.more++
  }
  const replayed = new Map<number, Replayed>()
  const lines = client.query<Line, [number]>(
    `select ledger.id, user_id as user, ledger.kind, ledger.symbol, quantity, price_cents as price, fee_cents as fee,
       cash_cents as cash, cash_after_cents as cashAfter, quantity_after as quantityAfter, realised_cents as realised,
       ledger.undoes, shares_to as sharesTo, shares_from as sharesFrom
     from ledger left join symbol_actions on symbol_actions.id = action_id where league_id = ? order by ledger.id`,
  )
  const undone = undoneTrades(client, league)
  for (const line of lines.iterate(league)) {
    replay(line, replayed, undone, reportDifference)
    audit.lines++
  }
  compareWithStored(client, league, replayed, reportDifference)
  audit.portfolios += replayed.size
}

function undoneTrades(client: Db['$client'], league: number): Map<number, Undone> {
  const trades = client.query<Undone & { id: number }, [number]>(
    `select t.id, t.kind, t.user_id as user, t.symbol, t.quantity, t.price_cents as price, t.cash_cents as cash,
       t.fee_cents as fee, 0 as times
     from ledger u join ledger t on t.id = u.undoes where u.league_id = ? and u.undoes is not null`,
  )
  return new Map(trades.all(league).map(trade => [trade.id, trade]))
}

/** Replays one line, and compares what the line says with what it does. */
function replay(
  line: Line,
  replayed: Map<number, Replayed>,
  undone: ReadonlyMap<number, Undone>,
  differ: Differ,
): void {
  const { user, kind, symbol, quantity, fee } = line
  const at = (what: string) => `${what} of line ${line.id}`
  const known = replayed.get(user)
  if (symbol === null) {
    if (known) differ(user, at('second grant'), 0, line.cash)
    return void replayed.set(user, { sums: { ...zeroSums, granted: line.cash, cash: line.cash }, positions: new Map() })
  }
  const price = line.price ?? 0
  const { sums, positions } = known ?? startUngranted(replayed, user, line, differ)
  const before = positions.get(symbol) ?? noPosition
  const after = isTrade(kind) ? applyTrade(before, quantity, price) : applyCorrection(before, line)
  positions.set(symbol, after)
  const cash = isTrade(kind) ? -quantity * price - fee : line.cash
  sums.cash += cash
  sums.realised += after.realised - before.realised
  sums.fees += fee
  if (isTrade(kind)) {
    sums.trades++
    sums.volume += Math.abs(quantity) * price
  } else {
    sums.corrections++
    checkCorrection(line, before, undone, (what, ledger, found) => differ(user, at(what), ledger, found))
  }
  differ(user, at('cash moved'), cash, line.cash)
  differ(user, at('cash after'), sums.cash, line.cashAfter)
  differ(user, at(`${symbol} after`), after.quantity, line.quantityAfter)
  differ(user, at('gain'), after.realised - before.realised, line.realised)
  // Undoing a trade may leave cash or a holding below 0; no order may.
  if (isTrade(kind) && sums.cash < 0 && cash < 0) differ(user, at('cash below 0'), 0, sums.cash)
}

/** Whether a line other than a trade does what its kind says: its gain alone would hide a wrong amount. */
function checkCorrection(
  line: Line,
  before: Position,
  undone: ReadonlyMap<number, Undone>,
  differ: (what: string, ledger: number, found: number) => void,
): void {
  if (line.kind === 'undo') {
    const trade = undone.get(line.undoes ?? 0)
    const mayBe = trade && (isTrade(trade.kind) || trade.kind === 'dividend')
    const isOfThis = mayBe && trade.user === line.user && trade.symbol === line.symbol
    if (!isOfThis) return void differ('line to take back', 1, 0)
    trade.times++
    differ('times taken back', 1, trade.times)
    differ('shares taken back', -trade.quantity, line.quantity)
    differ('cash taken back', -trade.cash, line.cash)
    differ('fee taken back', -trade.fee, line.fee)
  } else if (line.kind === 'split') {
    const { quantity, cash, realised } = splitOf(
      before,
      { to: line.sharesTo ?? 1, from: line.sharesFrom ?? 1 },
      line.price ?? 0,
    )
    differ('shares of the split', quantity, line.quantity)
    differ('cash of the split', cash, line.cash)
    differ('gain of the split', realised, line.realised)
  } else {
    differ('dividend', before.quantity * (line.price ?? 0), line.cash)
    differ('shares of a dividend', 0, line.quantity)
    differ('gain of a dividend', line.cash, line.realised)
  }
}

/** Starts a portfolio for a line of somebody who was never granted cash. */
function startUngranted(replayed: Map<number, Replayed>, user: number, line: Line, differ: Differ): Replayed {
  differ(user, `grant before line ${line.id}`, 1, 0)
  const one = { sums: { ...zeroSums }, positions: new Map() }
  replayed.set(user, one)
  return one
}

function compareWithStored(
  client: Db['$client'],
  league: number,
  replayed: Map<number, Replayed>,
  differ: Differ,
): void {
  const found = new Map<number, Replayed>()
  const portfolios = client.query<Sums & { user: number }, [number]>(
    `select user_id as user, granted_cents as granted, cash_cents as cash, realised_cents as realised, fees_cents as fees,
       trades, corrections, volume_cents as volume from portfolios where league_id = ?`,
  )
  for (const { user, ...sums } of portfolios.iterate(league)) found.set(user, { sums, positions: new Map() })
  const holdings = client.query<Position & { user: number; symbol: string }, [number]>(
    `select user_id as user, symbol, quantity, cost_cents as cost, realised_cents as realised
     from holdings where league_id = ?`,
  )
  for (const { user, symbol, ...position } of holdings.iterate(league)) {
    const one = found.get(user) ?? { sums: zeroSums, positions: new Map() }
    found.set(user, one)
    one.positions.set(symbol, position)
  }
  for (const user of new Set([...replayed.keys(), ...found.keys()])) {
    const [one, other] = [replayed.get(user), found.get(user)]
    for (const what of sumNames) differ(user, what, (one?.sums ?? zeroSums)[what], (other?.sums ?? zeroSums)[what])
    for (const symbol of new Set([...(one?.positions.keys() ?? []), ...(other?.positions.keys() ?? [])])) {
      const [a, b] = [one?.positions.get(symbol) ?? noPosition, other?.positions.get(symbol) ?? noPosition]
      for (const what of ['quantity', 'cost', 'realised'] as const) differ(user, `${symbol} ${what}`, a[what], b[what])
    }
  }
}
