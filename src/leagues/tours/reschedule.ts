import type { App } from '../../context.ts'
import type { League } from '../league.ts'
import { tourRulesOf } from './config.ts'
import { isBookedTooLate } from './poll-times.ts'
import { bookedUpdate, findTour, openLeaguesOn } from './queries.ts'
import { bookUpdate, leagueTimes } from './update-player-scores.ts'

/** A league that is new or was changed wants its field, or other times than before: its tour is looked at in time. */
export async function rescheduleUpdates(app: App, league: League): Promise<void> {
  if (league.finalizedAt !== null || league.archivedAt !== null) return
  const { db, clock, jobs } = app
  const slug = tourRulesOf(league).tour
  const booked = await bookUpdate(app, slug)
  const [tour, run] = [findTour(db, slug), bookedUpdate(db, slug)]
  if (!booked?.deduplicated || !tour || run?.status !== 'PENDING') return
  const at = run.notBefore ?? 0
  if (isBookedTooLate(at, clock.now(), tour, leagueTimes(openLeaguesOn(db, slug)))) await jobs.hasten(run.id)
}
