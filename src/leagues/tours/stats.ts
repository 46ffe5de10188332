import { count, countDistinct, eq } from 'drizzle-orm'
import { entries } from '../../../db/schema.ts'
import type { App } from '../../context.ts'
import { iso, isoOrNull } from '../../platform/clock.ts'
import type { League } from '../league.ts'
import { tourRulesOf } from './config.ts'
import { isMidRound, isOut } from './feeds/board.ts'
import { arePicksOpen } from './picks.ts'
import { fieldOf } from './scoring.ts'

/** Statistics of a tour league. */
export function tourStats({ db, clock, tourBoards }: App, league: League): Record<string, unknown> {
  const totals = db
    .select({ entries: count(), entrants: countDistinct(entries.userId) })
    .from(entries)
    .where(eq(entries.leagueId, league.id))
    .get()
  const picking = tourBoards.picking(league)
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
    leading_total: fieldOf(golfers).leader,
    changed_at: isoOrNull(event?.changedAt),
  }
}
