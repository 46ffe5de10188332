import type { App } from '../../context.ts'
import { rankedRows } from '../../leaderboard/page.ts'
import { percentileOf } from '../../leaderboard/ranking.ts'
import { iso, isoOrNull } from '../../platform/clock.ts'
import { evenlySpaced } from '../evenly-spaced.ts'
import type { PlayerView, Trends } from '../kinds.ts'
import type { League } from '../league.ts'
import { tourRulesOf } from './config.ts'
import type { NamedEntry } from './entry.ts'
import { entriesByIds, findEntry } from './entry-queries.ts'
import { changesOf, golfersOf } from './queries.ts'
import { golferField, scoreEntry } from './scoring.ts'

/** An entry on the board: its position and, once picks are closed, the score of each pick. */
export async function entryCard(app: App, league: League, playerId: string): Promise<PlayerView | undefined> {
  const entry = /^\d{1,15}$/.test(playerId) ? findEntry(app.db, league.id, Number(playerId)) : undefined
  const { board, asOf, golfers } = await app.tourBoards.of(league)
  const at = board.rowOf(playerId)
  if (!entry || at < 0) return undefined
  const [row] = rankedRows(board, Uint32Array.of(at), { by: 'score', order: 'asc', ties: 'standard' })
  if (!row) return undefined
  return {
    ...row,
    percentile: percentileOf(board.ranking('score', 'asc'), at),
    user_id: entry.userId,
    username: entry.username,
    tiebreaker: golfers ? entry.tiebreaker : null,
    picks: golfers ? scoreEntry(entry, golferField(golfers), tourRulesOf(league)).picks : null,
    history: golfers ? await entryHistory(app, league, entry) : [],
    as_of: isoOrNull(asOf),
  }
}

const maxTimes = 40

/** The history of an entry's score: some of the times at which one of its picks changed, oldest first. */
async function entryHistory({ db, clock, tourBoards }: App, league: League, entry: NamedEntry) {
  const { event, closesAt } = tourBoards.picksFor(league)
  if (!event) return []
  const moments = changesOf(db, event.id, entry.picks, closesAt, league.finalizedAt ?? clock.now())
  const history: PlayerView['history'] = []
  for (const at of evenlySpaced(moments, maxTimes)) {
    await Bun.sleep(0) // lets other requests run
    const { total, holes } = scoreEntry(entry, golferField(golfersOf(db, event.id, at)), tourRulesOf(league))
    history.push({ taken_at: iso(at), score: total, metrics: { holes } })
  }
  return history
}

const maxPoints = 12 // of a sparkline

/** Past scores of entries on the board, since their picks were closed. */
export async function tourTrends({ db, clock, tourBoards }: App, league: League, players: readonly string[]) {
  const { event, closesAt } = tourBoards.picksFor(league)
  if (!event || closesAt > clock.now()) return {}
  const entries = [...entriesByIds(db, players.map(Number)).values()]
  const picked = [...new Set(entries.flatMap(({ picks }) => picks))]
  const moments = changesOf(db, event.id, picked, closesAt, league.finalizedAt ?? clock.now())
  const rules = tourRulesOf(league)
  const trends: Trends = Object.fromEntries(entries.map(({ id }) => [id, []]))
  for (const at of evenlySpaced(moments, maxPoints)) {
    await Bun.sleep(0) // lets other requests run
    const field = golferField(golfersOf(db, event.id, at))
    for (const entry of entries) trends[entry.id]?.push(scoreEntry(entry, field, rules).total)
  }
  return trends
}
