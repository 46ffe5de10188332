/** Updates leagues after new scores: ties them to their event, and finalises them when it is over. */
import type { Db } from '../../../db/open.ts'
import { atomically } from '../../../db/transactions.ts'
import { clearAlert, raiseAlert } from '../../alerts.ts'
import { audit, systemActor } from '../../audit.ts'
import type { App } from '../../context.ts'
import { Refusal } from '../../errors.ts'
import type { Log } from '../../platform/process/log.ts'
import { finalizeLeague } from '../finalize.ts'
import type { League } from '../league.ts'
import { tourRulesOf } from './config.ts'
import { countEntries, pickedPlayers } from './entry-queries.ts'
import { type Golfer, isNamed } from './feeds/board.ts'
import { finishDecision, keepsPolling } from './finish.ts'
import { arePicksOpen, bindEvent, loadPicks } from './picks.ts'
import { finalLeaguesOn, findTour, openLeaguesOn } from './queries.ts'
import { eventKey, eventStateOf, feedEventOf, type Tour, type TourEvent } from './tour.ts'

export const overdueKey = (leagueId: number) => `league_overdue:${leagueId}`

/** A league that fails does not stop the others. */
export async function settleLeagues(app: App, slug: string, log: Log): Promise<void> {
  for (const league of openLeaguesOn(app.db, slug)) {
    try {
      await settleLeague(app, league, log)
    } catch (error) {
      if (!(error instanceof Refusal)) app.telemetry.report(error, { league: league.id })
      log.warn('A league could not be settled', { league_id: league.id, error })
    }
  }
}

async function settleLeague(app: App, league: League, log: Log): Promise<void> {
  const { db, clock } = app
  const now = clock.now()
  const picking = loadPicks(db, league)
  const { event, board } = picking
  if (arePicksOpen(picking, now)) return
  if (event && tourRulesOf(league).event === null) await atomically(db, tx => void bindEvent(tx, league, event))
  if (countEntries(db, league.id) === 0) return
  const tour = findTour(db, slugOf(league))
  const changedAt = event && tour ? lastChange(league, tour, event, now) : null
  const played = { ...league, event: event ? eventKey(event) : tourRulesOf(league).event }
  const verdict = finishDecision(now, played, { board, changedAt })
  if (verdict === 'finalise' && tourRulesOf(league).auto_finalize) {
    await finalizeLeague(app, league.id, systemActor)
    log.info('A league is final', { league_id: league.id, name: league.name })
  }
  if (verdict === 'alert') await atomically(db, tx => raiseOverdueAlert(tx, league, event, now))
  else if (now >= league.endsAt) await atomically(db, tx => clearAlert(tx, now, overdueKey(league.id)))
}

/** A held or failing feed does not count as quiet: it may have missed the end of the event. After the last poll every other one does. */
function lastChange(league: League, tour: Tour, event: TourEvent, now: number): number {
  if (eventStateOf(tour, event) !== 'ok') return now
  return keepsPolling(now, league, tour.askedAt) ? event.changedAt : Math.min(event.changedAt, league.endsAt)
}

const slugOf = (league: League) => tourRulesOf(league).tour

const raiseOverdueAlert = (tx: Db, league: League, event: TourEvent | undefined, now: number) =>
  raiseAlert(tx, now, {
    key: overdueKey(league.id),
    type: 'feed_held',
    severity: 'warning',
    title: `${league.name} should be over`,
    message: event
      ? `${event.name} is not over on the feed (${event.status.replaceAll('_', ' ')}, round ${event.round ?? 'unknown'}). The feed is polled for a day after the end; an officer can finalise the league as it is, or set a later end.`
      : 'Its event has not been seen on the feed.',
    data: { league_id: league.id, tour: slugOf(league) },
  })

/** Scores that change after a league is final do not change its board; this is recorded in the audit log. */
export function recordIgnoredCorrections(
  tx: Db,
  slug: string,
  { event, moved }: { event: TourEvent; moved: Golfer[] },
  now: number,
  log: Log,
): void {
  if (moved.length === 0) return
  for (const league of finalLeaguesOn(tx, slug)) {
    if (!isNamed(feedEventOf(event), tourRulesOf(league).event)) continue
    if ((league.finalizedAt ?? 0) < event.firstSeenAt) continue
    const ids = moved.map(({ player_id }) => player_id)
    const picked = pickedPlayers(tx, league.id, ids)
    const golfers = moved.filter(({ player_id }) => picked.has(player_id))
    if (golfers.length === 0) continue
    const detail = {
      golfers: golfers.map(({ player_id, name, total, status }) => ({ player_id, name, total, status })),
    }
    audit(tx, {
      at: now,
      who: systemActor,
      action: 'league.correct',
      target: `league ${league.id}`,
      detail,
      result: 'refused',
    })
    log.warn('A late correction is ignored: the league is final', { league_id: league.id, ...detail })
  }
}
