/** A market league, quotes for it, and members who trade. */

import type { Role } from '../db/schema.ts'
import { transact } from '../db/transactions.ts'
import { issueKey } from '../src/accounts/key.ts'
import { createUser } from '../src/accounts/queries.ts'
import type { App } from '../src/context.ts'
import type { caller, start } from './start.ts'

type Call = ReturnType<typeof caller>
type Started = Pick<Awaited<ReturnType<typeof start>>, 'app' | 'as' | 'clock'>

export const cupFields = {
  name: 'Spring trading cup',
  kind: 'market',
  starts_at: '2026-01-01T00:00:00Z',
  ends_at: '2099-01-01T00:00:00Z',
}
export const newCup = (call: Call, config: object = {}, more: object = {}) =>
  call.post('/api/v1/leagues', { ...cupFields, ...more, config })

export const sendQuotes = (call: Call, prices: Record<string, number>, as_of?: string) =>
  call.post('/api/v1/quotes', {
    quotes: Object.entries(prices).map(([symbol, price_cents]) => ({ symbol, price_cents, as_of })),
  })

/** The id of the price that counts now. */
export const newestPrice = async (call: Pick<Call, 'get'>, symbol: string) =>
  (await call.get(`/api/v1/quotes/${symbol}/prices`)).prices[0].id as number
export const takeBack = (call: Pick<Call, 'post'>, symbol: string, price: number, reason?: string) =>
  call.post(`/api/v1/quotes/${symbol}/prices/${price}/void`, { reason })

/** A user written directly to the database, so that no password needs hashing. */
export async function newTrader({ app, as }: Pick<Started, 'app' | 'as'>, username: string, role: Role = 'member') {
  const { id, key } = await newMember(app, username, role)
  return { id, key, ...as(key) }
}

export async function newMember({ db, clock }: Pick<App, 'db' | 'clock'>, username: string, role: Role = 'member') {
  const user = { email: `${username}@example.org`, username, passwordHash: '-', role, country: null } as const
  const created = transact(db, tx => createUser(tx, user, clock.now()))
  const { secret } = await issueKey({ db, clock }, { ...created, via: 'key' }, { name: 'test', role })
  return { id: created.id, key: secret }
}

/** Users who have joined the league, each with their own caller. */
export const newTraders = (fieldhouse: Pick<Started, 'app' | 'as'>, leagueId: number, names: readonly string[]) =>
  Promise.all(
    names.map(async name => {
      const trader = await newTrader(fieldhouse, name)
      await trader.post(`/api/v1/leagues/${leagueId}/join`)
      return trader
    }),
  )

type Trader = Pick<Call, 'get' | 'post'>
export const trade = (trader: Trader, leagueId: number, side: string, quantity: number, symbol: string, key?: string) =>
  trader.post(
    `/api/v1/leagues/${leagueId}/trades`,
    { symbol, side, quantity },
    key === undefined ? {} : { 'idempotency-key': key },
  )
export const portfolio = (trader: Trader, leagueId: number) => trader.get(`/api/v1/leagues/${leagueId}/portfolio`)
