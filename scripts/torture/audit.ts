/** Checks that everything acknowledged is there exactly once, and that every board follows from its sources. */
import type { DemoCall } from '../demo/call.ts'
import { rosterText, statusOf } from './actions.ts'
import type { Scan, SentRequests } from './sent.ts'
import { picksThatCount, powersOf, startingCash, symbol, totalsText, untilTrue, type World } from './world.ts'

export type ReportFinding = (what: string) => void
export type Audit = { call: DemoCall; world: World; reportFinding: ReportFinding }

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
async function allRows(call: DemoCall, path: string, name: string, headers?: Record<string, string>): Promise<any[]> {
  // biome-ignore lint/suspicious/noExplicitAny: answers are read as they come
  const rows: any[] = []
  for (let page = 1; ; page++) {
    const answer = await call.get(`${path}?limit=500&page=${page}`, headers)
    rows.push(...answer[name])
    if (page >= answer.pagination.pages) return rows
  }
}

async function auditLeagues({ call, world: { sent }, reportFinding }: Audit) {
  const leaguesByName = Map.groupBy(await allRows(call, '/api/v1/leagues', 'leagues'), ({ name }) => name)
  for (const [name, id] of Object.entries(sent.leagues)) {
    const leagues = leaguesByName.get(name) ?? []
    if (leagues.length > 1 || (id !== null && leagues[0]?.id !== id))
      reportFinding(`league ${name} (${id}) is there ${leagues.length} times: ${leagues.map(({ id }) => id)}`)
  }
  for (const { league, board } of sent.finals) {
    const boardNow = await call.get(`/api/v1/leagues/${league}/leaderboard`)
    if (boardNow.state !== 'final') reportFinding(`finalise: league ${league} is ${boardNow.state}`)
    else if (board !== undefined && JSON.stringify(boardNow) !== board)
      reportFinding(`finalise: the final board of league ${league} is another now`)
  }
  const invitationsById = Map.groupBy(await allRows(call, '/api/v1/invitations', 'invitations'), ({ id }) => id)
  for (const id of sent.invitations)
    if (invitationsById.get(id)?.length !== 1) reportFinding(`invitation ${id} is lost`)
}

async function auditUploads({ call, world: { sent }, reportFinding }: Audit) {
  for (const league of new Set(sent.uploads.map(({ league }) => league))) {
    const uploadsByName = Map.groupBy(
      await allRows(call, `/api/v1/leagues/${league}/uploads`, 'uploads'),
      row => row.filename,
    )
    for (const { filename, id, state } of sent.uploads.filter(upload => upload.league === league)) {
      const rows = uploadsByName.get(filename) ?? []
      const [row] = rows
      if (rows.length > 1 || (id && row?.id !== id))
        reportFinding(`upload ${filename} (${id}) is there ${rows.length} times`)
      else if (state === 'published' && row.status !== 'done' && row.status !== 'undone')
        reportFinding(`publish: upload ${id} is ${row.status}`)
      else if (state === 'undone' && row.status !== 'undone') reportFinding(`undo: upload ${id} is ${row.status}`)
      else if (row && !['done', 'held', 'undone', 'queued', 'running', 'failed'].includes(row.status))
        reportFinding(`upload ${id} is ${row.status}: ${row.error}`)
    }
  }
}

/** An order without an answer is sent again with its key: it must be placed once, whether or not the first request placed it. */
async function auditMarket({ call, world: { sent, market, traders }, reportFinding }: Audit) {
  for (const trade of [...sent.trades]) {
    if (trade.id) continue
    try {
      const headers = { authorization: `Bearer ${traders[trade.traderIndex]?.key}`, 'idempotency-key': trade.key }
      trade.id = (await call.post(`/api/v1/leagues/${market}/trades`, trade.order, headers)).id
    } catch (error) {
      if (statusOf(error) !== 409) throw error
      sent.trades.splice(sent.trades.indexOf(trade), 1)
    }
  }
  const trades = await allRows(call, `/api/v1/leagues/${market}/trades`, 'trades')
  const ids = new Set(trades.map(({ id }) => id))
  for (const { id } of sent.trades) if (id && !ids.has(id)) reportFinding(`trade ${id} is lost`)
  const placed = new Set(sent.trades.map(({ id }) => id)).size
  if (trades.length !== placed) reportFinding(`trade: ${trades.length} are there, ${placed} were placed`)

  const quote = await call.get(`/api/v1/quotes/${symbol}`)
  const newest = sent.prices.findLast(({ isAcknowledged }) => isAcknowledged)
  const sentPrice = sent.prices.find(({ as_of }) => as_of === quote.as_of)
  if (newest && !(quote.as_of >= newest.as_of))
    reportFinding(`price: ${quote.as_of} counts, ${newest.as_of} was acknowledged`)
  else if (sentPrice && sentPrice.cents !== quote.price_cents)
    reportFinding(`price: ${quote.price_cents}, sent was ${sentPrice.cents}`)

  const worth = new Map<string, number>()
  for (const { user_id, side, quantity, price_cents } of trades) {
    const signedQuantity = side === 'buy' ? quantity : -quantity
    const id = String(user_id)
    worth.set(id, (worth.get(id) ?? startingCash) + signedQuantity * (quote.price_cents - price_cents))
  }
  const { rows } = await call.get(`/api/v1/leagues/${market}/leaderboard?limit=500`)
  for (const { player_id, score } of rows) {
    const expected = worth.get(String(player_id)) ?? startingCash
    if (score !== expected) reportFinding(`trade: the board says ${score} of ${player_id}, the trades say ${expected}`)
  }
}

async function auditEntries({ call, world: { sent, openPool, traders }, reportFinding }: Audit) {
  const asAnn = { authorization: `Bearer ${traders[0]?.key}` }
  const rows = await allRows(call, `/api/v1/leagues/${openPool}/entries`, 'entries', asAnn)
  const entriesByName = Map.groupBy(rows, ({ name }) => name)
  for (const [name, { id, picks }] of Object.entries(sent.entries)) {
    const entries = entriesByName.get(name) ?? []
    if (entries.length > 1 || (id !== null && entries[0]?.id !== id))
      reportFinding(`entry ${name} (${id}) is there ${entries.length} times`)
    else if (entries[0]?.picks && entries[0].picks.join() !== picks.join())
      reportFinding(`entry ${name} has other picks`)
  }
}

async function auditRosters({ call, world: { sent, weeks }, reportFinding }: Audit) {
  for (const [lane, { start_date, end_date }] of weeks.entries()) {
    const { shifts } = await call.get(`/api/v1/roster?start=${start_date}&end=${end_date}`)
    const storedRoster = rosterText(
      shifts.flatMap(({ id, staff }: { id: number; staff: { staff_id: number }[] }) =>
        staff.map(({ staff_id }) => ({ shift_id: id, staff_id })),
      ),
    )
    const possibleRosters = sent.rosters[lane]!
    if (possibleRosters.some(roster => roster.sent === storedRoster))
      sent.rosters[lane] = [{ sent: storedRoster, isUnsure: false }]
    else reportFinding(`confirm: the week of ${start_date} is none of the ${possibleRosters.length} rosters it may be`)
  }
}

async function auditBoards(audit: Audit) {
  const { call, world, reportFinding } = audit
  for (const league of [world.small, world.big]) await auditSheetBoard(audit, league)

  const { players } = await call.get('/api/v1/tours/pga/players?limit=500')
  if (!world.standings.has(totalsText(players))) reportFinding('update: the golfers stand as the feed never said')
  const totals = new Map<string, number | null>()
  for (const { player_id, total } of players) totals.set(player_id, total)
  const { rows } = await call.get(`/api/v1/leagues/${world.closedPool}/leaderboard?limit=500`)
  if (rows.length !== Object.keys(world.picksByEntry).length)
    reportFinding(`update: ${rows.length} entries on the board`)
  for (const { player_id, score } of rows) {
    const pickTotals = (world.picksByEntry[String(player_id)] ?? [])
      .flatMap(id => totals.get(id) ?? [])
      .sort((a, b) => a - b)
    const best = pickTotals.slice(0, picksThatCount)
    const expected = best.length < picksThatCount ? null : best.reduce((sum, total) => sum + total, 0)
    if (score !== expected) reportFinding(`update: entry ${player_id} has ${score}, its picks make ${expected}`)
  }
}

/** Compares a board with the gains of the newest imported scan since the baseline, computed from the files that were sent. */
async function auditSheetBoard({ call, world: { sent, small }, reportFinding }: Audit, league: number) {
  const readUploads = async () => {
    const uploads = await allRows(call, `/api/v1/leagues/${league}/uploads`, 'uploads')
    return uploads.map(({ id, status, taken_at, filename, kind }) => ({ id, status, taken_at, filename, kind }))
  }
  for (let tries = 0; tries < 40; tries++, await Bun.sleep(100)) {
    const uploads = await readUploads()
    const board = await call.get(`/api/v1/leagues/${league}/leaderboard?limit=500`)
    if (JSON.stringify(await readUploads()) !== JSON.stringify(uploads)) continue // a scan was published meanwhile
    const imported = uploads.filter(({ kind, status }) => kind === 'current' && status === 'done')
    const newestAt = imported
      .map(({ taken_at }) => taken_at)
      .sort()
      .at(-1)
    const newest = imported.filter(({ taken_at }) => taken_at === newestAt) // several of one millisecond: either may count
    const sentUploads = sent.uploads.filter(({ filename }) => newest.some(upload => upload.filename === filename))
    if (newest.length !== sentUploads.length)
      return reportFinding(`upload: the board shows ${newest[0]?.filename}, which was never sent`)
    const players = league === small ? 300 : 20_000
    const baseline: Scan = { league, players, seed: 0, share: 1, filename: 'baseline.csv' }
    const baselinePowers = powersOf(baseline)
    const mismatches = sentUploads.map(scan => mismatchesOf(board, rankGains(baselinePowers, powersOf(scan))))
    const [firstMismatch] = sentUploads.length
      ? mismatches
      : [board.pagination.total ? ['there is nothing to show'] : []]
    if (!mismatches.some(({ length }) => length === 0))
      for (const what of firstMismatch ?? []) reportFinding(`upload: league ${league}: ${what}`)
    return
  }
  reportFinding(`upload: league ${league} did not come to rest`)
}

type Ranked = Map<string, { rank: number; gain: number }>
function rankGains(baselinePowers: Map<string, number>, currentPowers: Map<string, number>): Ranked {
  const gains = [...currentPowers].map(([id, power]) => ({ id, gain: power - (baselinePowers.get(id) ?? power) }))
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
    const expectedRow = expected.get(player_id)
    return expectedRow?.rank !== rank || expectedRow.gain !== score
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
export async function settleJobs({ call, world: { sent }, reportFinding }: Audit, timeout: number): Promise<Settled> {
  let givenUp = 0
  let waiting: string[] = []
  const allEnded = async () => {
    const unfinished: SentRequests['jobs'] = []
    waiting = []
    for (const job of new Map(sent.jobs.map(job => [job.id, job])).values()) {
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
        if (!/time had passed/.test(reason)) reportFinding(`${job.action}: its job ended as ${status}: ${reason}`)
      } else if (!(job.action === 'backup' && /trying again/.test(message ?? ''))) {
        unfinished.push(job) // a backup that failed is tried again in five minutes
        waiting.push(`${job.action}: ${status} ${message ?? ''}`)
      }
    }
    sent.jobs = unfinished
    return unfinished.length === 0
  }
  await untilTrue(allEnded, timeout)
  return { waiting, givenUp }
}
