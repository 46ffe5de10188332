/** The data that users act on: two sheet leagues, a market, a tour with two pools, and a rota. Created in every new folder. */
import { type DemoCall, demoMember } from '../demo/call.ts'
import type { FakeFeed } from '../fake-feed.ts'
import { randomFrom } from '../random.ts'
import { nothingSent, type Scan } from './sent.ts'

export const longSeason = { starts_at: '2026-01-01T00:00:00Z', ends_at: '2099-01-01T00:00:00Z' }
export const symbol = 'ACME'
export const startingCash = 10_000_000
export const picksThatCount = 2
export const lanes = 4 // each one acts independently and has its own week of the rota

export const tourSlugs = ['pga', 'euro', 'lpga', 'liv'] // several, because one tour is updated at most once in 15 s

export type World = Awaited<ReturnType<typeof fillWorld>>

export async function fillWorld(call: DemoCall, feed: FakeFeed) {
  const sent = nothingSent()
  const newLeague = async (name: string, kind: string, config: object = {}): Promise<number> => {
    const { id } = await call.post('/api/v1/leagues', { name, kind, ...longSeason, config })
    sent.leagues[name] = id
    return id
  }
  const small = await newLeague('Small', 'sheet')
  const big = await newLeague('Big', 'sheet')
  for (const [league, players] of [
    [small, 300],
    [big, 20_000],
  ] as const) {
    const baseline = { league, players, seed: 0, share: 1, filename: 'baseline.csv' }
    await call.done(await sendScan(call, baseline, 'baseline'))
  }

  const market = await newLeague('Trades', 'market', { starting_cash_cents: startingCash })
  await call.post('/api/v1/quotes', { quotes: [{ symbol, price_cents: 1000 }] })
  const traders: { key: string }[] = []
  for (const name of ['ann', 'bob']) {
    const key = await (await demoMember(call, name)).makeKey()
    traders.push({ key })
    await call.post(`/api/v1/leagues/${market}/join`, {}, { authorization: `Bearer ${key}` })
  }

  const feedOptions = { feed_url: feed.url, format: 'fieldhouse', interval_s: 60 }
  for (const slug of tourSlugs) await call.post('/api/v1/tours', { slug, name: slug, ...feedOptions })
  await untilTrue(async () => (await call.get('/api/v1/tours/pga')).status === 'ok')
  const golfers: string[] = (await call.get('/api/v1/tours/pga/players?limit=500')).players.map(
    ({ player_id }: { player_id: string }) => player_id,
  )
  const pool = { tour: 'pga', picks: 3, best: picksThatCount, auto_finalize: false, max_entries: 1000 }
  const openConfig = { ...pool, deadline: '2098-01-01T00:00:00Z' }
  const openPool = await newLeague('Open pool', 'tour', openConfig)
  const closedPool = await newLeague('Closed pool', 'tour', openConfig)
  const asAnn = { authorization: `Bearer ${traders[0]?.key}` }
  const picksByEntry: Record<string, string[]> = {}
  for (let i = 0; i < 8; i++) {
    const picks = golfers.slice(i, i + 3)
    const { id } = await call.post(`/api/v1/leagues/${closedPool}/entries`, { name: `Picks ${i}`, picks }, asAnn)
    picksByEntry[String(id)] = picks
  }
  await call.patch(`/api/v1/leagues/${closedPool}`, { config: { ...pool, deadline: longSeason.starts_at } })

  const { id: site } = await call.post('/api/v1/roster/sites', { name: 'Hall', timezone: 'Europe/Berlin' })
  const staff: number[] = []
  for (const name of ['Cy', 'Dee', 'Eve', 'Fay', 'Gus', 'Hal'])
    staff.push((await call.post('/api/v1/roster/staff', { name, skills: ['bar'], max_hours_week: 60 })).id)
  const weeks: { start_date: string; end_date: string; shifts: number[] }[] = []
  for (let lane = 0; lane < lanes; lane++) {
    const dates = { start_date: dayOf(7 * lane), end_date: dayOf(7 * lane + 6) }
    const pattern = { weekdays: [1, 2, 3, 4, 5, 6, 7], from: '18:00', to: '23:00', skill: 'bar', headcount: 2 }
    const { shift_ids } = await call.post('/api/v1/roster/shifts/pattern', { site_id: site, ...dates, ...pattern })
    weeks.push({ ...dates, shifts: shift_ids })
    sent.rosters.push([{ sent: '', isUnsure: false }])
  }
  const standings = new Set([totalsText(feed.board().golfers)])
  return {
    sent,
    feed,
    standings,
    small,
    big,
    market,
    traders,
    openPool,
    closedPool,
    picksByEntry,
    golfers,
    site,
    staff,
    weeks,
  }
}

const firstMonday = Date.UTC(2030, 0, 7)
const dayOf = (days: number) => new Date(firstMonday + days * 86_400_000).toISOString().slice(0, 10)

/** The players of a scan with their power: the same for the same scan. */
export function powersOf({ players, seed, share }: Scan): Map<string, number> {
  const { next, whole } = randomFrom(seed)
  const powers = new Map<string, number>()
  for (let id = 1; id <= players; id++) {
    const gained = seed === 0 ? 0 : whole(0, 1e9)
    if (next() <= share) powers.set(String(id), id * 1000 + gained)
  }
  return powers
}

export function sendScan(call: DemoCall, scan: Scan, kind = 'current') {
  const form = new FormData()
  const lines = [...powersOf(scan)].map(([id, power]) => `${id},player ${id},${power}`)
  form.set('file', new File([`ID,Name,Power\n${lines.join('\n')}\n`], scan.filename))
  form.set('kind', kind)
  return call.post(`/api/v1/leagues/${scan.league}/uploads`, form)
}

/** The totals of all golfers at one moment, as text. */
export const totalsText = (golfers: readonly { player_id: string; total: number | null }[]): string =>
  golfers
    .map(({ player_id, total }) => `${player_id} ${total}`)
    .sort()
    .join(', ')

export async function untilTrue(condition: () => Promise<unknown>, timeoutMs = 60_000): Promise<boolean> {
  for (const end = performance.now() + timeoutMs; performance.now() < end; await Bun.sleep(25))
    if (await condition()) return true
  return false
}
