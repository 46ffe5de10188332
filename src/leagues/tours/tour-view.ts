import type { App } from '../../context.ts'
import { isAtLeast } from '../../platform/http/access.ts'
import type { Who } from '../../platform/http/request-context.ts'
import { maySee } from '../visibility.ts'
import { openUnmatched } from './match-field.ts'
import { endOfPolling, isUpdateWanted } from './poll-times.ts'
import { findEvent, golfersOf, openLeaguesOn, unfinishedUpdate, upcomingEvent } from './queries.ts'
import { type Tour, type TourView, tourView } from './tour.ts'

/** What this reader may see of a tour: only officers see the feed's URL, only members see private leagues. */
export function tourViewOf({ db, clock }: App, tour: Tour, who: Who | undefined): TourView {
  const run = unfinishedUpdate(db, tour.slug)
  const open = openLeaguesOn(db, tour.slug)
  const now = clock.now()
  const upcoming = upcomingEvent(db, tour)
  return tourView(tour, {
    now,
    event: findEvent(db, tour.eventId),
    upcoming: upcoming && { ...upcoming, players: golfersOf(db, upcoming.id).length },
    unmatched: openUnmatched(db, tour).length,
    nextUpdateAt: run ? (run.notBefore ?? run.createdAt) : null,
    followedUntil: isUpdateWanted(open, now) ? endOfPolling(open) : null,
    leagues: open.filter(league => maySee(db, league, who)).map(({ id }) => id),
    showsUrl: isAtLeast(who, 'officer'),
  })
}
