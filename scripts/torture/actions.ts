/** What users do during a round. Each action sends something and records it as known once it is acknowledged. */
import type { DemoCall } from '../demo/call.ts'
import type { Random } from '../demo/random.ts'
import { longSeason, sendScan, symbol, totalsText, tourSlugs, untilTrue, type World } from './world.ts'

/** `mails`: whether a mail server is configured. */
export type Actor = { call: DemoCall; world: World; random: Random; lane: number; mails: boolean }
type Act = (actor: Actor) => Promise<unknown>

let counted = 0
const unique = (word: string) => `${word} ${++counted}`

export const actions = {
  async league({ call, world: { known } }) {
    const name = unique('League')
    known.leagues[name] = null
    known.leagues[name] = (await call.post('/api/v1/leagues', { name, kind: 'sheet', ...longSeason })).id
  },

  async upload({ call, world: { known, small, big }, random }) {
    const [league, players] = random.chance(0.3) ? [big, 20_000] : [small, 300]
    const share = random.chance(0.2) ? 0.5 : 0.95 // half of the players missing: the sheet is held
    const scan = { league, players, share, seed: random.whole(1, 1e9), filename: `${unique('scan')}.csv` }
    const sent: World['known']['uploads'][number] = scan
    known.uploads.push(sent)
    const { upload_id, job_id } = await sendScan(call, scan)
    sent.id = upload_id
    known.jobs.push({ id: job_id, action: 'upload' })
  },

  async publish({ call, world: { known } }) {
    const { uploads } = await call.get(`/api/v1/leagues/${known.uploads.at(-1)?.league ?? 1}/uploads?limit=20`)
    const held = uploads.find(({ status }: { status: string }) => status === 'held')
    if (!held) return
    await call.post(`/api/v1/uploads/${held.id}/publish`)
    const sent = known.uploads.find(({ filename }) => filename === held.filename)
    if (sent && sent.is !== 'undone') sent.is = 'published'
  },

  async undo({ call, world: { known, small } }) {
    const { uploads } = await call.get(`/api/v1/leagues/${small}/uploads?limit=20`)
    const done = uploads.filter(
      ({ status, kind }: { status: string; kind: string }) => status === 'done' && kind === 'current',
    )
    if (done.length < 3) return
    await call.post(`/api/v1/uploads/${done[0].id}/undo`)
    const sent = known.uploads.find(({ filename }) => filename === done[0].filename)
    if (sent) sent.is = 'undone'
  },

  async update({ call, world: { known, feed, standings }, random }) {
    feed.advance(5)
    standings.add(totalsText(feed.board().golfers))
    const { job_id, status } = await call.post(`/api/v1/tours/${random.pick(tourSlugs)}/update`)
    if (status !== 'skipped') known.jobs.push({ id: job_id, action: 'update' }) // otherwise it was updated just now
  },

  async trade({ call, world: { known, market, traders }, random }) {
    const by = random.whole(0, traders.length - 1)
    const order = { symbol, side: random.chance(0.6) ? 'buy' : 'sell', quantity: random.whole(1, 5) }
    const trade: World['known']['trades'][number] = { by, key: unique('trade'), order }
    known.trades.push(trade)
    try {
      const headers = { authorization: `Bearer ${traders[by]?.key}`, 'idempotency-key': trade.key }
      trade.id = (await call.post(`/api/v1/leagues/${market}/trades`, order, headers)).id
    } catch (error) {
      if (statusOf(error) === 409) known.trades.splice(known.trades.indexOf(trade), 1) // refused: there must be no such trade
      throw error
    }
  },

  async price({ call, world: { known }, random }) {
    const last = Date.parse(known.prices.at(-1)?.as_of ?? '') || 0
    const price = {
      as_of: new Date(Math.max(Date.now(), last + 1)).toISOString(),
      cents: random.whole(900, 1100),
      isAcknowledged: false,
    }
    known.prices.push(price)
    await call.post('/api/v1/quotes', { quotes: [{ symbol, price_cents: price.cents, as_of: price.as_of }] })
    price.isAcknowledged = true
  },

  async entry({ call, world: { known, openPool, golfers, traders }, random }) {
    const first = random.whole(0, golfers.length - 3)
    const name = unique('Entry')
    const entry: World['known']['entries'][string] = { id: null, picks: golfers.slice(first, first + 3) }
    known.entries[name] = entry
    const headers = { authorization: `Bearer ${traders[0]?.key}` }
    try {
      entry.id = (await call.post(`/api/v1/leagues/${openPool}/entries`, { name, picks: entry.picks }, headers)).id
    } catch (error) {
      if (statusOf(error) !== 422) throw error
      delete known.entries[name] // one of the golfers is out of the event
    }
  },

  async invitation({ call, world: { known }, mails }) {
    const emails = mails ? [`${++counted}@example.org`] : undefined
    known.invitations.push((await call.post('/api/v1/invitations', { role: 'member', emails })).id)
  },

  /** A new league, from its creation to its final board. */
  async finalise({ call, world: { known } }) {
    const name = unique('Final')
    known.leagues[name] = null
    const { id } = await call.post('/api/v1/leagues', { name, kind: 'sheet', ...longSeason })
    known.leagues[name] = id
    const scan = { league: id, players: 30, seed: counted, share: 1, filename: `${name}.csv` }
    const { upload_id } = await sendScan(call, scan)
    const isDone = await untilTrue(
      async () => (await call.get(`/api/v1/uploads/${upload_id}`)).status === 'done',
      20_000,
    )
    if (!isDone) return
    await call.post(`/api/v1/leagues/${id}/finalize`)
    const final: World['known']['finals'][number] = { league: id }
    known.finals.push(final)
    final.board = JSON.stringify(await call.get(`/api/v1/leagues/${id}/leaderboard`))
  },

  async confirm({ call, world: { known, weeks, staff, site }, random, lane }) {
    const { shifts, ...dates } = weeks[lane]!
    const assignments = shifts.flatMap(shift_id => {
      const first = random.whole(0, staff.length - 1)
      const second = (first + random.whole(1, staff.length - 1)) % staff.length
      return [staff[first], staff[second]].map(staff_id => ({ shift_id, staff_id }))
    })
    const roster = { sent: rosterText(assignments), isUnsure: true }
    known.rosters[lane]!.push(roster)
    try {
      await call.post('/api/v1/roster/confirm', { assignments, ...dates, site_ids: [site] })
    } catch (error) {
      if (statusOf(error) === 409) known.rosters[lane]!.splice(known.rosters[lane]!.indexOf(roster), 1)
      throw error
    }
    roster.isUnsure = false
    // A frozen process may still carry out requests that were sent before.
    known.rosters[lane] = [roster, ...known.rosters[lane]!.filter(({ isUnsure }) => isUnsure)]
  },

  async backup({ call, world: { known } }) {
    known.jobs.push({ id: (await call.post('/admin/backups')).job_id, action: 'backup' })
  },

  read: ({ call, world: { small, big, closedPool, market }, random }) =>
    call.get(`/api/v1/leagues/${random.pick([small, big, closedPool, market])}/leaderboard`),
} satisfies Record<string, Act>

export type ActionName = keyof typeof actions
export const actionNames = Object.keys(actions) as ActionName[]

/** Relative frequency (1 if absent): backups take long; uploads, trades and rosters touch the most code. */
export const howOften: Partial<Record<ActionName, number>> = { upload: 3, trade: 3, confirm: 2, backup: 0.5 }

export const rosterText = (assignments: readonly { shift_id: number; staff_id: number | undefined }[]): string =>
  assignments
    .map(({ shift_id, staff_id }) => `${shift_id}/${staff_id}`)
    .sort()
    .join(' ')

/** The status of a refusal; undefined if there was no answer. */
export const statusOf = (error: unknown): number | undefined =>
  error instanceof Error ? Number(/: (\d{3}) /.exec(error.message)?.[1]) || undefined : undefined
