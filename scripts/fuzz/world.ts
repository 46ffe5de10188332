/** The data that requests refer to: a league of each kind, a tour, prices, a rota, and a user of every role. */
import { type DemoCall, demoMember } from '../demo/call.ts'

export type FuzzCaller = 'anyone' | 'member' | 'officer' | 'admin'
export const callers: readonly FuzzCaller[] = ['anyone', 'member', 'officer', 'admin']

const day = 86_400_000
const inDays = (days: number) => new Date(Date.now() + days * day).toISOString()

export async function fillForRequests(call: DemoCall): Promise<void> {
  const season = { starts_at: inDays(-20), ends_at: inDays(60) }
  const sheet = await call.post('/api/v1/leagues', { name: 'Sheets', kind: 'sheet', ...season })
  for (const power of [10, 20]) {
    const form = new FormData()
    const rows = Array.from({ length: 30 }, (_, i) => `${i + 1},player ${i},${i * power},${i}`)
    form.set('file', new File([`ID,Name,Power,Deads\n${rows.join('\n')}\n`], 'scan.csv'))
    await call.done(await call.post(`/api/v1/leagues/${sheet.id}/uploads`, form))
  }
  const feed_url = 'http://127.0.0.1:9/feed.json'
  await call.post('/api/v1/tours', { slug: 'pga', name: 'PGA', feed_url, format: 'espn', interval_s: 86_400 })
  await call.post('/api/v1/leagues', { name: 'Picks', kind: 'tour', ...season, config: { tour: 'pga' } })
  await call.post('/api/v1/leagues', { name: 'Trades', kind: 'market', ...season })
  const quotes = ['ACME', 'BETA'].map(symbol => ({ symbol, price_cents: 1000 }))
  await call.post('/api/v1/quotes', { quotes })
  for (const name of ['North', 'South']) await call.post('/api/v1/roster/sites', { name, timezone: 'Europe/Berlin' })
  for (const name of ['Ann', 'Bob', 'Cy']) await call.post('/api/v1/roster/staff', { name, skills: ['bar'] })
  for (let d = 1; d < 6; d++)
    await call.post('/api/v1/roster/shifts', {
      site_id: 1 + (d % 2),
      starts_at: `${inDays(d).slice(0, 10)}T10:00:00Z`,
      ends_at: `${inDays(d).slice(0, 10)}T16:00:00Z`,
      required: [{ skill: 'bar', count: 1 }],
    })
}

let userCount = 0

/** The key of a new user; the previous one may have deleted their own account. */
export async function keyOf(call: DemoCall, role: FuzzCaller): Promise<string> {
  const user = await demoMember(call, `${role}${++userCount}`, role)
  return user.makeKey()
}
