/** Checks that everything acknowledged is there exactly once, and that every board follows from its sources. */
import type { DemoCall } from '../demo/call.ts'
import { rosterText, statusOf } from './actions.ts'
import type { Acknowledged, Scan } from './known.ts'
import { picksThatCount, powersOf, startingCash, symbol, totalsText, untilTrue, type World } from './world.ts'

export type Found = (what: string) => void
export type Audit = { call: DemoCall; world: World; found: Found }

export async function auditAct(audit: Audit): Promise<void> {
  await auditLeagues(audit)
  await auditUploads(audit)
  await auditMarket(audit)
  await auditEntries(audit)
  await auditRosters(audit)
  await auditBoards(audit)
}

/** All pages of a list. */
// biome-ignore lint/suspicious/noExplicitAny: answers are read as they come
async function all(call: DemoCall, path: string, name: string, headers?: Record<string, string>): Promise<any[]> {
  // biome-ignore lint/suspicious/noExplicitAny: answers are read as they come
  const rows: any[] = []
  for (let page = 1; ; page++) {
    const answer = await call.get(`${path}?limit=500&page=${page}`, headers)
    rows.push(...answer[name])
    if (page >= answer.pagination.pages) return rows
  }
}

async function auditLeagues({ call, world: { known }, found }: Audit) {
  const there = Map.groupBy(await all(call, '/api/v1/leagues', 'leagues'), ({ name }) => name)
  for (const [name, id] of Object.entries(known.leagues)) {
    const leagues = there.get(name) ?? []
    if (leagues.length > 1 || (id !== null && leagues[0]?.id !== id))
      found(`league ${name} (${id}) is there ${leagues.length} times: ${leagues.map(({ id }) => id)}`)
  }
  for (const { league, board } of known.finals) {
    const now = await call.get(`/api/v1/leagues/${league}/leaderboard`)
    if (now.state !== 'final') found(`finalise: league ${league} is ${now.state}`)
    else if (board !== undefined && JSON.stringify(now) !== board)
      found(`finalise: the final board of league ${league} is another now`)
  }
  const invited = Map.groupBy(await all(call, '/api/v1/invitations', 'invitations'), ({ id }) => id)
  for (const id of known.invitations) if (invited.get(id)?.length !== 1) found(`invitation ${id} is lost`)
}

async function auditUploads({ call, world: { known }, found }: Audit) {
  for (const league of new Set(known.uploads.map(({ league }) => league))) {
    const there = Map.groupBy(await all(call, `/api/v1/leagues/${league}/uploads`, 'uploads'), row => row.filename)
    for (const { filename, id, is } of known.uploads.filter(sent => sent.league === league)) {
      const rows = there.get(filename) ?? []
      const [row] = rows
      if (rows.length > 1 || (id && row?.id !== id)) found(`upload ${filename} (${id}) is there ${rows.length} times`)
      else if (is === 'published' && row.status !== 'done' && row.status !== 'undone')
        found(`publish: upload ${id} is ${row.status}`)
      else if (is === 'undone' && row.status !== 'undone') found(`undo: upload ${id} is ${row.status}`)
      else if (row && !['done', 'held', 'undone', 'queued', 'running', 'failed'].includes(row.status))
        found(`upload ${id} is ${row.status}: ${row.error}`)
    }
  }
}

/** An order without an answer is sent again with its key: it must be placed once, whether or not the first request placed it. */
async function auditMarket({ call, world: { known, market, traders }, found }: Audit) {
  for (const trade of [...known.trades]) {
    if (trade.id) continue
    try {
      const headers = { authorization: `Bearer ${traders[trade.by]?.key}`, 'idempotency-key': trade.key }
      trade.id = (await call.post(`/api/v1/leagues/${market}/trades`, trade.order, headers)).id
    } catch (error) {
      if (statusOf(error) !== 409) throw error
      known.trades.splice(known.trades.indexOf(trade), 1)
    }
  }
  const there = await all(call, `/api/v1/leagues/${market}/trades`, 'trades')
  const ids = new Set(there.map(({ id }) => id))
  for (const { id } of known.trades) if (id && !ids.has(id)) found(`trade ${id} is lost`)
  const wanted = new Set(known.trades.map(({ id }) => id)).size
  if (there.length !== wanted) found(`trade: ${there.length} are there, ${wanted} were placed`)

  const quote = await call.get(`/api/v1/quotes/${symbol}`)
  const newest = known.prices.findLast(({ isAcknowledged }) => isAcknowledged)
  const sent = known.prices.find(({ as_of }) => as_of === quote.as_of)
  if (newest && !(quote.as_of >= newest.as_of)) found(`price: ${quote.as_of} counts, ${newest.as_of} was acknowledged`)
  else if (sent && sent.cents !== quote.price_cents) found(`price: ${quote.price_cents}, sent was ${sent.cents}`)

  const worth = new Map<string, number>()
  for (const { user_id, side, quantity, price_cents } of there) {
    const signed = side === 'buy' ? quantity : -quantity
    const id = String(user_id)
    worth.set(id, (worth.get(id) ?? startingCash) + signed * (quote.price_cents - price_cents))
  }
  const { rows } = await call.get(`/api/v1/leagues/${market}/leaderboard?limit=500`)
  for (const { player_id, score } of rows) {
    const expected = worth.get(String(player_id)) ?? startingCash
    if (score !== expected) found(`trade: the board says ${score} of ${player_id}, the trades say ${expected}`)
  }
}

async function auditEntries({ call, world: { known, openPool, traders }, found }: Audit) {
  const asAnn = { authorization: `Bearer ${traders[0]?.key}` }
  const rows = await all(call, `/api/v1/leagues/${openPool}/entries`, 'entries', asAnn)
  const there = Map.groupBy(rows, ({ name }) => name)
  for (const [name, { id, picks }] of Object.entries(known.entries)) {
    const entries = there.get(name) ?? []
    if (entries.length > 1 || (id !== null && entries[0]?.id !== id))
      found(`entry ${name} (${id}) is there ${entries.length} times`)
    else if (entries[0]?.picks && entries[0].picks.join() !== picks.join()) found(`entry ${name} has other picks`)
  }
}

async function auditRosters({ call, world: { known, weeks }, found }: Audit) {
  for (const [lane, { start_date, end_date }] of weeks.entries()) {
    const { shifts } = await call.get(`/api/v1/roster?start=${start_date}&end=${end_date}`)
    const there = rosterText(
      shifts.flatMap(({ id, staff }: { id: number; staff: { staff_id: number }[] }) =>
        staff.map(({ staff_id }) => ({ shift_id: id, staff_id })),
      ),
    )
    const sent = known.rosters[lane]!
    if (sent.some(roster => roster.sent === there)) known.rosters[lane] = [{ sent: there, isUnsure: false }]
    else found(`confirm: the week of ${start_date} is none of the ${sent.length} rosters it may be`)
  }
}

async function auditBoards(audit: Audit) {
  const { call, world, found } = audit
  for (const league of [world.small, world.big]) await auditSheetBoard(audit, league)

  const { players } = await call.get('/api/v1/tours/pga/players?limit=500')
  if (!world.standings.has(totalsText(players))) found('update: the golfers stand as the feed never said')
  const totals = new Map<string, number | null>()
  for (const { player_id, total } of players) totals.set(player_id, total)
  const { rows } = await call.get(`/api/v1/leagues/${world.closedPool}/leaderboard?limit=500`)
  if (rows.length !== Object.keys(world.picked).length) found(`update: ${rows.length} entries on the board`)
  for (const { player_id, score } of rows) {
    const known = (world.picked[String(player_id)] ?? []).flatMap(id => totals.get(id) ?? []).sort((a, b) => a - b)
    const best = known.slice(0, picksThatCount)
    const expected = best.length < picksThatCount ? null : best.reduce((sum, total) => sum + total, 0)
    if (score !== expected) found(`update: entry ${player_id} has ${score}, its picks make ${expected}`)
  }
}

/** Compares a board with the gains of the newest imported scan since the baseline, computed from the files that were sent. */
async function auditSheetBoard({ call, world: { known, small }, found }: Audit, league: number) {
  const read = async () => {
    const uploads = await all(call, `/api/v1/leagues/${league}/uploads`, 'uploads')
    return uploads.map(({ id, status, taken_at, filename, kind }) => ({ id, status, taken_at, filename, kind }))
  }
  for (let tries = 0; tries < 40; tries++, await Bun.sleep(100)) {
    const uploads = await read()
    const board = await call.get(`/api/v1/leagues/${league}/leaderboard?limit=500`)
    if (JSON.stringify(await read()) !== JSON.stringify(uploads)) continue // a scan was published meanwhile
    const shown = uploads.filter(({ kind, status }) => kind === 'current' && status === 'done')
    const newestAt = shown
      .map(({ taken_at }) => taken_at)
      .sort()
      .at(-1)
    const newest = shown.filter(({ taken_at }) => taken_at === newestAt) // several of one millisecond: either may count
    const sent = known.uploads.filter(({ filename }) => newest.some(upload => upload.filename === filename))
    if (newest.length !== sent.length)
      return found(`upload: the board shows ${newest[0]?.filename}, which was never sent`)
    const players = league === small ? 300 : 20_000
    const baseline: Scan = { league, players, seed: 0, share: 1, filename: 'baseline.csv' }
    const before = powersOf(baseline)
    const mismatches = sent.map(scan => mismatchesOf(board, rankGains(before, powersOf(scan))))
    const [mismatch] = sent.length ? mismatches : [board.pagination.total ? ['there is nothing to show'] : []]
    if (!mismatches.some(({ length }) => length === 0))
      for (const what of mismatch ?? []) found(`upload: league ${league}: ${what}`)
    return
  }
  found(`upload: league ${league} did not come to rest`)
}

type Ranked = Map<string, { rank: number; gain: number }>
function rankGains(before: Map<string, number>, now: Map<string, number>): Ranked {
  const gains = [...now].map(([id, power]) => ({ id, gain: power - (before.get(id) ?? power) }))
  gains.sort((a, b) => b.gain - a.gain)
  const ranked: Ranked = new Map()
  let rank = 0
  for (const [i, { id, gain }] of gains.entries()) {
    if (i === 0 || gain !== gains[i - 1]!.gain) rank = i + 1
    ranked.set(id, { rank, gain })
  }
  return ranked
}

type Board = { rows: { player_id: string; rank: number; score: number | null }[]; pagination: { total: number } }
function mismatchesOf(board: Board, expected: Ranked): string[] {
  const mismatches: string[] = []
  const { total } = board.pagination
  if (total !== expected.size) mismatches.push(`the board has ${total} players, the file ${expected.size}`)
  const wrong = board.rows.find(({ player_id, rank, score }) => {
    const right = expected.get(player_id)
    return right?.rank !== rank || right.gain !== score
  })
  if (wrong)
    mismatches.push(
      `the board says ${JSON.stringify(wrong)}, the file ${JSON.stringify(expected.get(wrong.player_id))}`,
    )
  return mismatches
}

/** `givenUp`: how many runs failed because their process was killed too often. They are retried, as an officer would. */
export type Settled = { waiting: string[]; givenUp: number }

/** Waits for acknowledged runs to end; successful ones are removed from the list. */
export async function settleJobs({ call, world: { known }, found }: Audit, timeout: number): Promise<Settled> {
  let givenUp = 0
  let waiting: string[] = []
  const allEnded = async () => {
    const unfinished: Acknowledged['jobs'] = []
    waiting = []
    for (const job of new Map(known.jobs.map(job => [job.id, job])).values()) {
      const { status, error, status_message: message } = await call.get(`/api/v1/jobs/status/${job.id}`)
      if (status === 'SUCCESS') continue
      if (status === 'FAILURE' && /process died/i.test(error ?? '')) {
        await call.post(`/api/v1/jobs/${job.id}/retry`)
        givenUp++
        unfinished.push(job)
        waiting.push(`${job.action}: ${error}`)
      } else if (status === 'FAILURE' || status === 'CANCELLED') {
        const reason = `${error ?? message}`
        // A score update expires, and a clock that jumps may pass that time.
        if (!/time had passed/.test(reason)) found(`${job.action}: its job ended as ${status}: ${reason}`)
      } else if (!(job.action === 'backup' && /trying again/.test(message ?? ''))) {
        unfinished.push(job) // a backup that failed is tried again in five minutes
        waiting.push(`${job.action}: ${status} ${message ?? ''}`)
      }
    }
    known.jobs = unfinished
    return unfinished.length === 0
  }
  await untilTrue(allEnded, timeout)
  return { waiting, givenUp }
}
