/** Posts news of a league to its webhook (Discord, Slack), for all kinds of league. */
import { and, eq, gt, sql } from 'drizzle-orm'
import { t } from 'elysia'
import type { Db } from '../../db/open.ts'
import { leagueAnnouncements, leagues, runs } from '../../db/schema.ts'
import { atomically } from '../../db/transactions.ts'
import { type App, job } from '../context.ts'
import type { BoardRow } from '../leaderboard/page.ts'
import { canonicalQuery } from '../leaderboard/query.ts'
import { day } from '../platform/clock.ts'
import { oneOfWords } from '../platform/http/shared-schemas.ts'
import type { ChatFormat } from '../platform/http/webhook.ts'
import { counted } from '../platform/number-text.ts'
import { type Announcement, announcements, webhookFor } from './announcements.ts'
import { type BoardView, boardPage, boardQueryOf } from './board.ts'
import { exportedColumn } from './columns.ts'
import { columnName } from './headings.ts'
import { kindOf } from './kinds.ts'
import type { League } from './league.ts'
import { findLeague, hasStatus } from './queries.ts'
import { postToWebhook } from './webhook.ts'

/** Part of a transaction; does nothing if the league has no webhook. The job is to be dispatched after the commit. `detail`: an extra line from the caller. */
export const announceLater = (
  app: App,
  tx: Db,
  league: League,
  what: Announcement,
  detail?: string,
): string | undefined =>
  webhookFor(league, what) ? app.jobs.accept(tx, announce, { leagueId: league.id, what, detail }).jobId : undefined

/** Posts to the webhook. A post that fails is retried four times, 5 s later and then after ever longer pauses. */
export const announce = job('leagues.announce', {
  input: t.Object({
    leagueId: t.Integer(),
    what: oneOfWords(announcements),
    detail: t.Optional(t.String()),
  }),
  attempts: 5,
  backoff: '5s',
  expires: '6h',
  async run({ leagueId, what, detail }, app, work) {
    const league = findLeague(app.db, leagueId)
    if (!league || !webhookFor(league, what)) return { skipped: 'nothing to announce' }
    const board = await boardPage(app, league, boardQueryOf({ limit: '500' }, league))
    const message = (format: ChatFormat) => messageText(app, { league, what, detail, board }, format)
    await postToWebhook(app, league, message, work)
    return { announced: true }
  },
})

const changeText = ({ change }: BoardRow) => (change ? (change > 0 ? ` ▲${change}` : ` ▼${-change}`) : '')

function headingOf(what: Announcement, players: number): string {
  if (what === 'board') return `the board is updated (${counted(players, 'player')})`
  return { leader: 'there is a new leader', final: 'the board is final', weekly: 'the standings this week' }[what]
}

type News = {
  league: League
  what: Announcement
  /** An extra line. */
  detail: string | undefined
  board: BoardView
}

function messageText(app: App, { league, what, detail, board }: News, { plain, bold }: ChatFormat): string {
  const { score, scoreName } = kindOf(app, league).pages
  const isByScore = board.sort_by === 'score'
  const { cell } = exportedColumn(board.sort_by)
  const heading = headingOf(what, board.pagination.total - (board.left_out ?? 0))
  const rows = board.rows.filter(({ mark }) => mark?.counted !== false)
  const valueText = (row: BoardRow) => {
    const value = cell(row)
    if (typeof value !== 'number') return value || '–'
    return isByScore ? String(score(value)) : value.toLocaleString('en')
  }
  const top = rows
    .slice(0, 10)
    .map(row => `${row.rank ?? '–'}. ${plain(row.name)} — ${valueText(row)}${changeText(row)}`)
  const movers = rows
    .filter(({ change }) => change)
    .toSorted((a, b) => Math.abs(b.change ?? 0) - Math.abs(a.change ?? 0))
    .slice(0, 5)
    .map(row => `${plain(row.name)}${changeText(row)}`)
  const page = app.config.publicUrl && `${app.config.publicUrl}/leagues/${league.id}`
  return [
    `${bold(league.name)}: ${heading}${isByScore ? '' : `, ranked by ${plain(columnName(board.sort_by, scoreName, board.headings))}`}`,
    detail && plain(detail),
    ...top,
    movers.length > 0 && `Movers: ${movers.join(', ')}`,
    page,
  ]
    .filter(Boolean)
    .join('\n')
}

const leaguesWithWebhook = (db: Db, now: number): League[] =>
  db
    .select()
    .from(leagues)
    .where(and(hasStatus('active', now), sql`json_extract(${leagues.config}, '$.webhook_url') is not null`))
    .all()

const maxLeaders = 3 // when more than these share the lead, nobody counts as leading

/** Checked every few minutes rather than at each score, so that a lead that changes back and forth is announced once. */
export const announceLeaders = job('leagues.announce_leaders', {
  attempts: 1,
  expires: '120s',
  once: () => 'leaders',
  async run(_, app, { signal }) {
    let announced = 0
    for (const league of leaguesWithWebhook(app.db, app.clock.now())) {
      signal.throwIfAborted()
      if (!kindOf(app, league).pages.announces.includes('leader') || !webhookFor(league, 'leader')) continue
      const { rows } = await boardPage(app, league, canonicalQuery({ limit: maxLeaders + 1, sort_by: 'score' }))
      const leadingRows = rows.filter(({ rank, score }) => rank === 1 && score !== null)
      if (leadingRows.length === 0 || leadingRows.length > maxLeaders) continue
      const id = await atomically(app.db, tx => recordLeaders(app, tx, league, leadingRows))
      if (!id) continue
      announced++
      await app.jobs.tryDispatch(id)
    }
    return { announced }
  },
})

/** The first leaders of a league are only remembered, not announced. */
function recordLeaders(app: App, tx: Db, league: League, leadingRows: readonly BoardRow[]): string | undefined {
  const leaders = leadingRows.map(({ player_id }) => player_id).sort()
  const isLeague = eq(leagueAnnouncements.leagueId, league.id)
  const known = tx.select().from(leagueAnnouncements).where(isLeague).get()?.leaders
  if (known && JSON.stringify(known) === JSON.stringify(leaders)) return undefined
  tx.insert(leagueAnnouncements)
    .values({ leagueId: league.id, leaders })
    .onConflictDoUpdate({ target: leagueAnnouncements.leagueId, set: { leaders } })
    .run()
  const names = leadingRows.map(({ name }) => name)
  const detail = names.length === 1 ? `${names[0]} leads.` : `${names.join(' and ')} share the lead.`
  return known && announceLater(app, tx, league, 'leader', detail)
}

/** Leagues whose announcement is under way or sent: a repeated run announces nothing twice. */
const announcedSince = (db: Db, what: Announcement, since: number): Set<number> =>
  new Set(
    db
      .select({ leagueId: sql<number>`${runs.input} ->> 'leagueId'` })
      .from(runs)
      .where(and(eq(runs.name, announce.name), gt(runs.createdAt, since), sql`${runs.input} ->> 'what' = ${what}`))
      .all()
      .map(({ leagueId }) => Number(leagueId)),
  )

export const announceWeek = job('leagues.announce_week', {
  attempts: 3,
  expires: '12h',
  once: () => 'week',
  async run(_, app) {
    const { db, clock, jobs } = app
    const ids = await atomically(db, tx => {
      const now = clock.now()
      const done = announcedSince(tx, 'weekly', now - day)
      const pending = leaguesWithWebhook(tx, now).filter(({ id }) => !done.has(id))
      return pending.flatMap(league => announceLater(app, tx, league, 'weekly') ?? [])
    })
    for (const id of ids) await jobs.tryDispatch(id)
    return { announced: ids.length }
  },
})
