/**
 * Market leagues under load: `bun scripts/bench/market.ts [portfolios] [seconds]`. Orders a second of 100 members at once and of
 * one alone; a board of ten thousand portfolios while quotes stream, and the same board by SQL; ten thousand quotes in one push, and
 * how long others wait meanwhile. The server is a separate process.
 */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Db, openDatabase } from '../../db/open.ts'
import { transact } from '../../db/transactions.ts'
import { hashSecret, newSecret } from '../../src/accounts/secret.ts'
import { operatorToken } from '../demo/call.ts'
import { helpFirst } from '../script-help.ts'
import { openFieldhouse } from './subjects/fieldhouse.ts'

helpFirst(import.meta.path, { words: 100 })

const [count = 10_000, seconds = 10] = process.argv.slice(2).map(Number)
const held = 20 // symbols in each portfolio
const symbols = Array.from({ length: 1_000 }, (_, i) => `S${i}`)
const traders = 100
const folder = mkdtempSync(join(tmpdir(), 'fieldhouse-bench-'))
const keys = Array.from({ length: traders }, () => `fh_${newSecret()}`)

const line = (label: string, value: string) => console.log(`${label.padEnd(76)} ${value.padStart(16)}`)
const ms = (n: number) => (n < 1 ? `${(n * 1000).toFixed(0)} µs` : `${n.toFixed(n < 20 ? 1 : 0)} ms`)
const quantile = (times: number[], q: number) =>
  times.toSorted((a, b) => a - b)[Math.floor(q * (times.length - 1))] ?? 0

/** A league under way: every portfolio has holdings, and the ledger has a line for each. */
function fill(db: Db) {
  const { $client: client } = db
  const at = Date.now() - 3 * 86_400_000
  const granted = 10_000_000
  const paid = held * 10 * 1_000
  transact(db, () => {
    client.run(
      `insert into leagues (name, kind, starts_at, ends_at, config, created_at) values ('Bench', 'market', ${at}, ${at + 9e9},
       '{"starting_cash_cents":${granted},"fee_cents":0,"max_position_pct":100,"quote_max_age_s":86400,"allow_short":false}', ${at})`,
    )
    const user = client.query(
      `insert into users (email, username, password_hash, role, created_at) values (?, ?, '-', 'member', ?)`,
    )
    const key = client.query(
      `insert into api_keys (user_id, name, role, key_hash, hint, created_at, last_used_at) values (?, 'bench', 'member', ?, '', ?, ?)`,
    )
    const member = client.query('insert into members (league_id, user_id, joined_at) values (1, ?, ?)')
    const portfolio = client.query(
      `insert into portfolios (league_id, user_id, granted_cents, cash_cents, trades, volume_cents, created_at) values (1, ?, ${granted}, ${granted - paid}, ${held}, ${paid}, ?)`,
    )
    const holding = client.query(
      `insert into holdings (league_id, user_id, symbol, quantity, cost_cents) values (1, ?, ?, 10, 10000)`,
    )
    const entry = client.query(
      `insert into ledger (league_id, user_id, at, kind, symbol, quantity, price_cents, fee_cents, cash_cents, cash_after_cents, quantity_after, realised_cents)
       values (1, ?, ?, ?, ?, ?, ?, 0, ?, ?, ?, 0)`,
    )
    const quote = client.query(
      `insert into quotes (symbol, price_cents, as_of, received_at, open_cents, seq) values (?, 1000, ?, ?, 1000, 1)`,
    )
    for (const symbol of symbols) quote.run(symbol, at, at)
    for (let i = 1; i <= count; i++) {
      user.run(`trader${i}@example.org`, `trader ${i}`, at)
      if (i <= traders) key.run(i, hashSecret(keys[i - 1]!), at, Date.now())
      member.run(i, at)
      portfolio.run(i, at)
      entry.run(i, at, 'grant', null, 0, null, granted, granted, 0)
      for (let h = 0; h < held; h++) {
        const symbol = symbols[(i * 7 + h * 53) % symbols.length]!
        holding.run(i, symbol)
        entry.run(i, at, 'buy', symbol, 10, 1_000, -10_000, granted - (h + 1) * 10_000, 10)
      }
    }
  })
}

/** Many clients at once, each asking again as soon as it is answered. Returns how long each answer took. */
async function runClients(size: number, forMs: number, ask: (who: number, turn: number) => Promise<Response>) {
  const times: number[] = []
  const statuses = new Map<number, number>()
  const end = performance.now() + forMs
  const client = async (who: number) => {
    for (let turn = 0; performance.now() < end; turn++) {
      const from = performance.now()
      const response = await ask(who, turn)
      await response.arrayBuffer()
      times.push(performance.now() - from)
      statuses.set(response.status, (statuses.get(response.status) ?? 0) + 1)
    }
  }
  const from = performance.now()
  await Promise.all(Array.from({ length: size }, (_, who) => client(who)))
  return { times, statuses, rate: (times.length * 1000) / (performance.now() - from) }
}

const bySql = `select p.user_id, p.cash_cents + sum(h.quantity * q.price_cents) total from portfolios p join holdings h using (league_id, user_id)
  join quotes q using (symbol) where p.league_id = 1 group by p.user_id order by total desc limit 50`
let sqlTimes: number[] = []
const server = await openFieldhouse(folder, {}, dataDir => {
  const db = openDatabase(dataDir)
  const began = performance.now()
  fill(db)
  line(`${count} portfolios of ${held} symbols written`, ms(performance.now() - began))
  sqlTimes = Array.from({ length: 5 }, () => {
    const from = performance.now()
    db.$client.query(bySql).all()
    return performance.now() - from
  })
  db.$client.close()
})
try {
  const call = (path: string, key?: string, body?: unknown) =>
    fetch(server.url + path, {
      method: body === undefined ? 'GET' : 'POST',
      headers: { ...(key && { authorization: `Bearer ${key}` }), 'content-type': 'application/json' },
      body: body === undefined ? undefined : JSON.stringify(body),
    })
  const push = (quotes: object[]) => call('/api/v1/quotes', operatorToken, { quotes })
  const prices = (list: readonly string[], turn: number) =>
    list.map((symbol, i) => ({ symbol, price_cents: 900 + ((i * 31 + turn * 17) % 200) }))
  await push(prices(symbols, 0))

  console.log(`\nOrders, ${traders} members at once, ${seconds} s`)
  const order = (who: number, turn: number) =>
    call('/api/v1/leagues/1/trades', keys[who], {
      symbol: symbols[(who * 7 + 53) % symbols.length],
      side: turn % 2 ? 'sell' : 'buy',
      quantity: 1,
    })
  const orders = await runClients(traders, seconds * 1000, order)
  const alone = await runClients(1, 2_000, order)
  line('  orders a second', orders.rate.toFixed(0))
  line(
    '  answered in, median and 99th of a hundred',
    `${ms(quantile(orders.times, 0.5))}, ${ms(quantile(orders.times, 0.99))}`,
  )
  line('  one member alone, who waits for the disk each time', alone.rate.toFixed(0))
  line('  answers by status', JSON.stringify(Object.fromEntries(orders.statuses)))

  console.log(`\nA board of ${count} portfolios, 10 readers, 100 quotes ten times a second, ${seconds} s`)
  let streaming = true
  const stream = (async () => {
    for (let turn = 1; streaming; turn++) {
      const from = (turn * 100) % symbols.length
      await push(prices(symbols.slice(from, from + 100), turn))
      await Bun.sleep(100)
    }
  })()
  const states = new Map<string, number>()
  const boards = await runClients(10, seconds * 1000, async (who, turn) => {
    const response = await call(`/api/v1/leagues/1/leaderboard?page=${1 + ((who + turn) % 20)}`)
    const state = response.headers.get('x-cache') ?? ''
    states.set(state, (states.get(state) ?? 0) + 1)
    return response
  })
  line('  pages a second', boards.rate.toFixed(0))
  line(
    '  answered in, median and 99th of a hundred',
    `${ms(quantile(boards.times, 0.5))}, ${ms(quantile(boards.times, 0.99))}`,
  )
  line('  from the cache or computed again', JSON.stringify(Object.fromEntries(states)))
  line('  the same board by SQL, without its ranks, pages or movement', ms(quantile(sqlTimes, 0.5)))
  streaming = false
  await stream

  console.log('\n10,000 quotes in one push')
  const tenThousand = Array.from({ length: 10_000 }, (_, i) => (i < 1_000 ? symbols[i]! : `N${i}`))
  for (const turn of [1, 2, 3]) {
    let pushing = true
    const waits: number[] = []
    const probe = (async () => {
      while (pushing) {
        const from = performance.now()
        await (await call('/api/v1/leagues/1')).arrayBuffer()
        waits.push(performance.now() - from)
      }
    })()
    const from = performance.now()
    await (await push(prices(tenThousand, turn))).arrayBuffer()
    const took = performance.now() - from
    pushing = false
    await probe
    line(
      `  ${turn}: taken in; the longest anybody else waited, 99th of a hundred`,
      `${ms(took)}; ${ms(Math.max(...waits))}, ${ms(quantile(waits, 0.99))}`,
    )
  }
} finally {
  await server.stop()
  rmSync(folder, { recursive: true, force: true })
}
