/** A trading cup: ten members with different temperaments, a dozen symbols, and prices that keep moving while people watch. */

import { type Random, randomFrom } from '../random.ts'
import { type DemoCall, type DemoLeague, demoMember } from './call.ts'

const members = 'nora otto priya quinn rafa sofia teo uma vera wim'.split(' ')
const startPrices: Record<string, number> = {
  ACME: 21_350,
  BOLT: 4_820,
  CEDR: 13_475,
  DUNE: 9_310,
  EMBR: 2_745,
  FERN: 31_200,
  GLDE: 6_660,
  HALO: 17_985,
  IRIS: 1_140,
  JUNO: 52_400,
  KITE: 8_055,
  'LYRA.B': 38_910,
}
const rounds = 30
const pastDays = 40

/** `stream` keeps the prices moving; it returns a function that stops them. */
export async function marketDemo(call: DemoCall): Promise<DemoLeague & { stream(): () => void }> {
  const random = randomFrom(12)
  const now = Date.now()
  const league: DemoLeague = await call.post('/api/v1/leagues', {
    name: 'Winter trading cup',
    kind: 'market',
    starts_at: new Date(now - 86_400_000).toISOString(),
    ends_at: new Date(now + 30 * 86_400_000).toISOString(),
    config: { starting_cash_cents: 10_000_000, fee_cents: 250, max_position_pct: 40, quote_max_age_s: 86_400 },
  })
  const prices = new Map(Object.entries(startPrices))
  await call.post('/api/v1/quotes/import', { csv: pastPrices(prices, random, now) })
  const quote = () =>
    call.post('/api/v1/quotes', { quotes: [...prices].map(([symbol, price_cents]) => ({ symbol, price_cents })) })
  await quote()
  const traders = []
  for (const name of members) traders.push({ ...(await demoMember(call, name)), boldness: 0.1 + 0.5 * random.next() })
  for (const { send } of traders) await send(`/leagues/${league.id}/join`, {})
  for (let round = 0; round < rounds; round++) {
    movePrices(prices, random, 0.02)
    await quote()
    for (const { send, boldness } of traders) {
      if (!random.chance(boldness)) continue
      const symbol = random.pick([...prices.keys()])
      const quantity = Math.max(1, Math.round((random.whole(2, 20) * 100_000) / (prices.get(symbol) ?? 1)))
      await send(`/leagues/${league.id}/trades`, { symbol, side: random.chance(0.65) ? 'buy' : 'sell', quantity })
    }
  }
  await voidPrice(call, league, prices, traders)
  await payDividend(call)
  await call.post('/api/v1/quotes', { quotes: [{ symbol: 'NOVA', price_cents: 2_480 }] })
  await call.post('/api/v1/quotes', { quotes: [{ symbol: 'NOVA', price_cents: 24_800 }] }) // ten times the price: it is held until an officer accepts it
  return {
    ...league,
    stream() {
      const timer = setInterval(() => {
        movePrices(prices, random, 0.004)
        quote().catch(() => {}) // the server has ended, and the demo with it
      }, 3_000)
      return () => clearInterval(timer)
    },
  }
}

/** Once a day: a second demo of that day trades without one. */
async function payDividend(call: DemoCall): Promise<void> {
  const dividend = { per_share_cents: 45, reason: 'For the quarter' }
  await call.post('/api/v1/quotes/FERN/dividends', dividend).catch(error => {
    if (!String(error).includes('already entered today')) throw error
  })
}

type Trader = Awaited<ReturnType<typeof demoMember>>

/** A mistyped price, two members who trade at it, and the officer who takes it back. */
async function voidPrice(call: DemoCall, league: DemoLeague, prices: Map<string, number>, traders: readonly Trader[]) {
  const correctPrice = prices.get('KITE') ?? 0
  await call.post('/api/v1/quotes', { quotes: [{ symbol: 'KITE', price_cents: Math.round(correctPrice * 0.6) }] })
  for (const { send } of traders.slice(0, 2))
    await send(`/leagues/${league.id}/trades`, { symbol: 'KITE', side: 'buy', quantity: 25 })
  const { prices: known } = await call.get('/api/v1/quotes/KITE/prices?limit=1')
  await call.post(`/api/v1/quotes/KITE/prices/${known[0].id}/void`, { reason: 'Two digits were swapped' })
}

/** Six weeks of prices that lead to the current ones, as CSV. */
function pastPrices(prices: Map<string, number>, random: Random, now: number): string {
  const lines = ['symbol,price,as_of']
  for (let ago = pastDays; ago > 0; ago--) {
    const date = new Date(now - ago * 86_400_000).toISOString().slice(0, 10)
    for (const [symbol, cents] of prices) lines.push(`${symbol},${(cents / 100).toFixed(2)},${date}`)
    movePrices(prices, random, 0.03)
  }
  return lines.join('\n')
}

function movePrices(prices: Map<string, number>, random: Random, step: number) {
  for (const [symbol, price] of prices)
    prices.set(symbol, Math.max(100, Math.round(price * (1 + step * (random.next() + random.next() - 0.98)))))
}
