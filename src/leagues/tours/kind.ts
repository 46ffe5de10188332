import { count, countDistinct, eq } from 'drizzle-orm'
import { entries } from '../../../db/schema.ts'
import { atomically } from '../../../db/transactions.ts'
import { clearAlert } from '../../alerts.ts'
import type { App } from '../../context.ts'
import { refuse } from '../../errors.ts'
import { rankedPage, rankedRows } from '../../leaderboard/page.ts'
import type { BoardQuery } from '../../leaderboard/query.ts'
import { stampIn } from '../../platform/cache/stamps.ts'
import { iso, isoOrNull } from '../../platform/clock.ts'
import { pageOf } from '../../platform/http/pagination.ts'
import { counted } from '../../platform/number-text.ts'
import { deleteFinalBoard, finalBoardHash, storeFinalBoard } from '../final-board.ts'
import type { LeagueKind, ReadPage } from '../kinds.ts'
import type { League } from '../league.ts'
import { aboveBoard, picksPart, picksUnderRows } from './board-parts.ts'
import { entryScores, type FrozenBoard } from './boards.ts'
import { checkedTourConfig, tourConfig, tourRulesOf } from './config.ts'
import { entryCard, tourTrends } from './entry-card.ts'
import { countEntries, entryIds, withdrawAll } from './entry-queries.ts'
import { isMidRound, isOut } from './feeds/board.ts'
import { tourKindPages } from './kind-pages.ts'
import { arePicksOpen, bindEvent, leagueEvent, loadPicks, picksNextChangeAt } from './picks.ts'
import { listTours } from './queries.ts'
import { golferField } from './scoring.ts'
import { overdueKey } from './settle-leagues.ts'
import { rescheduleUpdates } from './update-player-scores.ts'

const entriesFate = (total: number, isOpen: boolean) =>
  isOpen
    ? `${total === 1 ? 'is' : 'are'} withdrawn.`
    : `${total === 1 ? 'stays' : 'stay'} on the board, as picks are closed.`

async function pagesOfNow({ tourBoards }: App, league: League, { at }: BoardQuery): Promise<ReadPage> {
  const { board, asOf } = await tourBoards.of(league, at)
  return async query => ({ ...rankedPage(board, query), asOf })
}

/** Leagues that follow a live score feed. */
export const tourLeague: LeagueKind = {
  pages: tourKindPages,
  configSchema: tourConfig,
  config: checkedTourConfig,
  rulesToCopy: ({ event, deadline, ...rules }) => rules, // those are of one week
  offered: ({ db }) => listTours(db, pageOf({ limit: 500 })).tours.map(({ slug }) => slug),
  async onChange(app, league) {
    const { db, clock } = app
    const isOverdue = clock.now() >= league.endsAt && league.archivedAt === null
    if (!isOverdue) await atomically(db, tx => clearAlert(tx, clock.now(), overdueKey(league.id)))
    await rescheduleUpdates(app, league)
  },
  page: async (app, league, query) => (await pagesOfNow(app, league, query))(query),
  pagesOfNow,
  player: entryCard,
  async standings({ db, tourBoards }, league, userId) {
    const { board } = await tourBoards.of(league)
    const rows = entryIds(db, league.id, userId)
      .map(id => board.rowOf(String(id)))
      .filter(row => row >= 0)
    const standings = rankedRows(board, Uint32Array.from(rows), { by: 'score', order: 'asc', ties: 'standard' })
    return standings.sort((a, b) => (a.rank ?? Number.POSITIVE_INFINITY) - (b.rank ?? Number.POSITIVE_INFINITY))
  },
  trends: tourTrends,
  nextDue({ db, clock, tourBoards }, league, userId) {
    const picks = tourBoards.picksFor(league)
    if (!arePicksOpen(picks, clock.now()) || countEntries(db, league.id, userId) > 0) return undefined
    return { at: picks.closesAt, text: 'Picks close', path: `/leagues/${league.id}/entries` }
  },
  mayEnter: ({ db }, league, now) => arePicksOpen(loadPicks(db, league), now),
  describeLeaving(db, league, userId, now) {
    const own = countEntries(db, league.id, userId)
    if (own === 0) return undefined
    const isOpen = league.finalizedAt === null && arePicksOpen(loadPicks(db, league), now)
    return `${counted(own, 'entry', 'entries')} ${entriesFate(own, isOpen)}`
  },
  onLeave(tx, league, userId, now) {
    if (league.finalizedAt === null && arePicksOpen(loadPicks(tx, league), now)) withdrawAll(tx, league.id, userId)
  },
  stats: tourStats,
  endsItself: true,
  aboveBoard,
  underRows: picksUnderRows,
  aboveCard: picksPart,
  nextChangeAt: ({ tourBoards }, league) => picksNextChangeAt(tourBoards.picksFor(league)),
  async finalize({ db, clock }, league) {
    if (countEntries(db, league.id) === 0) refuse('conflict', 'There is no entry: an empty league cannot be finalised')
    if (arePicksOpen(loadPicks(db, league), clock.now())) refuse('conflict', 'Picks can still be made in this league')
    const stamp = stampIn(db, 'scores', league.id)
    const found = leagueEvent(db, league)
    if (!found.event) return refuse('conflict', `There is nothing to freeze. ${found.why}`)
    const { event } = found
    const board: FrozenBoard = { as_of: event.changedAt, ...(await entryScores(db, league, event)) }
    const json = JSON.stringify(board)
    return {
      hash: finalBoardHash(json),
      store(tx) {
        if (stampIn(tx, 'scores', league.id) !== stamp) refuse('conflict', 'The scores have just changed; try again')
        bindEvent(tx, league, event)
        clearAlert(tx, clock.now(), overdueKey(league.id))
        storeFinalBoard(tx, league.id, json)
      },
    }
  },
  onReopen: (tx, { id }) => deleteFinalBoard(tx, id),
  onDelete:
    ({ db, clock }, id) =>
    async () => {
      await atomically(db, tx => clearAlert(tx, clock.now(), overdueKey(id)))
    },
}

function tourStats({ db, clock, tourBoards }: App, league: League): Record<string, unknown> {
  const totals = db
    .select({ entries: count(), entrants: countDistinct(entries.userId) })
    .from(entries)
    .where(eq(entries.leagueId, league.id))
    .get()
  const picking = tourBoards.picksFor(league)
  const { event, board, closesAt } = picking
  const golfers = board?.golfers ?? []
  return {
    ...totals,
    tour: tourRulesOf(league).tour,
    event: event?.name ?? null,
    round: event?.round ?? null,
    event_status: event?.status ?? null,
    picks_open: arePicksOpen(picking, clock.now()),
    picks_close_at: iso(closesAt),
    golfers: golfers.length,
    golfers_out: golfers.filter(isOut).length,
    golfers_playing: golfers.filter(isMidRound).length,
    leading_total: golferField(golfers).leader,
    changed_at: isoOrNull(event?.changedAt),
  }
}
