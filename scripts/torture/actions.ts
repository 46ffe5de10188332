/** What users do during a round. Each action notes what it sends, and what the answer acknowledges. */
import type { DemoCall } from '../demo/call.ts'
import type { Random } from '../random.ts'
import type { SentTrade, SentUpload } from './sent.ts'
import { longSeason, sendScan, symbol, totalsText, tourSlugs, untilTrue, type World } from './world.ts'

/** `hasMailServer`: whether a mail server is configured. */
export type Actor = { call: DemoCall; world: World; random: Random; lane: number; hasMailServer: boolean }
type Act = (actor: Actor) => Promise<unknown>

let uniqueCount = 0
const uniqueName = (word: string) => `${word} ${++uniqueCount}`

export const actions = {
  async league({ call, world: { sent } }) {
    const name = uniqueName('League')
    sent.leagues[name] = null
    sent.leagues[name] = (await call.post('/api/v1/leagues', { name, kind: 'sheet', ...longSeason })).id
  },

  async upload({ call, world: { sent, small, big }, random }) {
    const [league, players] = random.chance(0.3) ? [big, 20_000] : [small, 300]
    const share = random.chance(0.2) ? 0.5 : 0.95 // half of the players missing: the sheet is held
    const scan = { league, players, share, seed: random.whole(1, 1e9), filename: `${uniqueName('scan')}.csv` }
    const upload: SentUpload = scan
    sent.uploads.push(upload)
    const { upload_id, job_id } = await sendScan(call, scan)
    upload.id = upload_id
    sent.jobs.push({ id: job_id, action: 'upload' })
  },

  async publish({ call, world: { sent } }) {
    const { uploads } = await call.get(`/api/v1/leagues/${sent.uploads.at(-1)?.league ?? 1}/uploads?limit=20`)
    const heldUpload = uploads.find(({ status }: { status: string }) => status === 'held')
    if (!heldUpload) return
    await call.post(`/api/v1/uploads/${heldUpload.id}/publish`)
    const upload = sent.uploads.find(({ filename }) => filename === heldUpload.filename)
    if (upload && upload.state !== 'undone') upload.state = 'published'
  },

  async undo({ call, world: { sent, small } }) {
    const { uploads } = await call.get(`/api/v1/leagues/${small}/uploads?limit=20`)
    const importedUploads = uploads.filter(
      ({ status, kind }: { status: string; kind: string }) => status === 'done' && kind === 'current',
    )
    if (importedUploads.length < 3) return
    await call.post(`/api/v1/uploads/${importedUploads[0].id}/undo`)
    const upload = sent.uploads.find(({ filename }) => filename === importedUploads[0].filename)
    if (upload) upload.state = 'undone'
  },

  async update({ call, world: { sent, feed, standings }, random }) {
    feed.advance(5)
    standings.add(totalsText(feed.board().golfers))
    const { job_id, status } = await call.post(`/api/v1/tours/${random.pick(tourSlugs)}/update`)
    if (status !== 'skipped') sent.jobs.push({ id: job_id, action: 'update' }) // otherwise it was updated just now
  },

  async trade({ call, world: { sent, market, traders }, random }) {
    const traderIndex = random.whole(0, traders.length - 1)
    const order = { symbol, side: random.chance(0.6) ? 'buy' : 'sell', quantity: random.whole(1, 5) }
    const trade: SentTrade = { traderIndex, key: uniqueName('trade'), order }
    sent.trades.push(trade)
    try {
      const headers = { authorization: `Bearer ${traders[traderIndex]?.key}`, 'idempotency-key': trade.key }
      trade.id = (await call.post(`/api/v1/leagues/${market}/trades`, order, headers)).id
    } catch (error) {
      if (statusOf(error) === 409) sent.trades.splice(sent.trades.indexOf(trade), 1) // refused: there must be no such trade
      throw error
    }
  },

  async price({ call, world: { sent }, random }) {
    const lastAt = Date.parse(sent.prices.at(-1)?.as_of ?? '') || 0
    const price = {
      as_of: new Date(Math.max(Date.now(), lastAt + 1)).toISOString(),
      cents: random.whole(900, 1100),
      isAcknowledged: false,
    }
    sent.prices.push(price)
    await call.post('/api/v1/quotes', { quotes: [{ symbol, price_cents: price.cents, as_of: price.as_of }] })
    price.isAcknowledged = true
  },

  async entry({ call, world: { sent, openPool, golfers, traders }, random }) {
    const first = random.whole(0, golfers.length - 3)
    const name = uniqueName('Entry')
    const entry: World['sent']['entries'][string] = { id: null, picks: golfers.slice(first, first + 3) }
    sent.entries[name] = entry
    const headers = { authorization: `Bearer ${traders[0]?.key}` }
    try {
      entry.id = (await call.post(`/api/v1/leagues/${openPool}/entries`, { name, picks: entry.picks }, headers)).id
    } catch (error) {
      if (statusOf(error) !== 422) throw error
      delete sent.entries[name] // one of the golfers is out of the event
    }
  },

  async invitation({ call, world: { sent }, hasMailServer }) {
    const emails = hasMailServer ? [`${++uniqueCount}@example.org`] : undefined
    sent.invitations.push((await call.post('/api/v1/invitations', { role: 'member', emails })).id)
  },

  /** A new league, from its creation to its final board. */
  async finalise({ call, world: { sent } }) {
    const name = uniqueName('Final')
    sent.leagues[name] = null
    const { id } = await call.post('/api/v1/leagues', { name, kind: 'sheet', ...longSeason })
    sent.leagues[name] = id
    const scan = { league: id, players: 30, seed: uniqueCount, share: 1, filename: `${name}.csv` }
    const { upload_id } = await sendScan(call, scan)
    const isDone = await untilTrue(
      async () => (await call.get(`/api/v1/uploads/${upload_id}`)).status === 'done',
      20_000,
    )
    if (!isDone) return
    await call.post(`/api/v1/leagues/${id}/finalize`)
    const final: World['sent']['finals'][number] = { league: id }
    sent.finals.push(final)
    final.board = JSON.stringify(await call.get(`/api/v1/leagues/${id}/leaderboard`))
  },

  async confirm({ call, world: { sent, weeks, staff, site }, random, lane }) {
    const { shifts, ...dates } = weeks[lane]!
    const assignments = shifts.flatMap(shift_id => {
      const first = random.whole(0, staff.length - 1)
      const second = (first + random.whole(1, staff.length - 1)) % staff.length
      return [staff[first], staff[second]].map(staff_id => ({ shift_id, staff_id }))
    })
    const roster = { sent: rosterText(assignments), isUnsure: true }
    sent.rosters[lane]!.push(roster)
    try {
      await call.post('/api/v1/roster/confirm', { assignments, ...dates, site_ids: [site] })
    } catch (error) {
      if (statusOf(error) === 409) sent.rosters[lane]!.splice(sent.rosters[lane]!.indexOf(roster), 1)
      throw error
    }
    roster.isUnsure = false
    // A frozen process may still carry out requests that were sent before.
    sent.rosters[lane] = [roster, ...sent.rosters[lane]!.filter(({ isUnsure }) => isUnsure)]
  },

  async backup({ call, world: { sent } }) {
    sent.jobs.push({ id: (await call.post('/admin/backups')).job_id, action: 'backup' })
  },

  read: ({ call, world: { small, big, closedPool, market }, random }) =>
    call.get(`/api/v1/leagues/${random.pick([small, big, closedPool, market])}/leaderboard`),
} satisfies Record<string, Act>

export type ActionName = keyof typeof actions
export const actionNames = Object.keys(actions) as ActionName[]

/** Relative frequency (1 if absent): backups take long; uploads, trades and rosters touch the most code. */
export const actionWeights: Partial<Record<ActionName, number>> = { upload: 3, trade: 3, confirm: 2, backup: 0.5 }

export const rosterText = (assignments: readonly { shift_id: number; staff_id: number | undefined }[]): string =>
  assignments
    .map(({ shift_id, staff_id }) => `${shift_id}/${staff_id}`)
    .sort()
    .join(' ')

/** The status of a refusal; undefined if there was no answer. */
export const statusOf = (error: unknown): number | undefined =>
  error instanceof Error ? Number(/: (\d{3}) /.exec(error.message)?.[1]) || undefined : undefined
