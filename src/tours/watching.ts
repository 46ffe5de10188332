import type { App } from '../context.ts'
import type { League } from '../leagues/league.ts'
import { rulesOf } from './config.ts'
import { isTooFar } from './polling.ts'
import { bookedUpdate, findTour, openLeaguesOn } from './queries.ts'
import { book, timesOf } from './update.ts'

/** A league that is new or was changed wants its field, or other times than before: its tour is looked at in time. */
export async function keepWatching(app: App, league: League): Promise<void> {
  if (league.finalizedAt !== null || league.archivedAt !== null) return
  const { db, clock, jobs } = app
  const slug = rulesOf(league).tour
  const booked = await book(app, slug)
  const [tour, run] = [findTour(db, slug), bookedUpdate(db, slug)]
  if (!booked?.deduplicated || !tour || run?.status !== 'PENDING') return
  const at = run.notBefore ?? 0
  if (isTooFar(at, clock.now(), tour, timesOf(openLeaguesOn(db, slug)))) await jobs.hasten(run.id)
}
