import type { App } from '../../context.ts'
import { iso, isoOrNull } from '../../platform/clock.ts'
import { isAtLeast } from '../../platform/http/access.ts'
import type { Who } from '../../platform/http/request-context.ts'
import { maySee } from '../visibility.ts'
import { openUnmatched } from './match-field.ts'
import { endOfPolling, isUpdateWanted } from './poll-times.ts'
import { findEvent, golfersOf, openLeaguesOn, unfinishedUpdate, upcomingEvent } from './queries.ts'
import { type Tour, type TourView, tourStateOf } from './tour.ts'

/** What this reader may see of a tour: only officers see the feed's URL, only members see private leagues. */
export function tourViewOf({ db, clock }: App, tour: Tour, who: Who | undefined): TourView {
  const now = clock.now()
  const open = openLeaguesOn(db, tour.slug)
  const event = findEvent(db, tour.eventId)
  const upcoming = upcomingEvent(db, tour)
  const run = unfinishedUpdate(db, tour.slug)
  return {
    slug: tour.slug,
    name: tour.name,
    format: tour.format,
    interval_s: tour.intervalS,
    ...(isAtLeast(who, 'officer') && { feed_url: tour.feedUrl }),
    status: tourStateOf(tour),
    event: event
      ? {
          id: event.feedId,
          name: event.name,
          round: event.round,
          status: event.status,
          changed_at: iso(event.changedAt),
        }
      : null,
    upcoming: upcoming
      ? {
          name: upcoming.name,
          source: upcoming.source,
          players: golfersOf(db, upcoming.id).length,
          changed_at: iso(upcoming.changedAt),
        }
      : null,
    unmatched: openUnmatched(db, tour).length,
    checked_at: isoOrNull(tour.checkedAt),
    age_s: tour.checkedAt === null ? null : Math.max(0, Math.round((now - tour.checkedAt) / 1000)),
    next_update_at: isoOrNull(run && (run.notBefore ?? run.createdAt)),
    followed_until: isUpdateWanted(open, now) ? iso(endOfPolling(open)) : null,
    failures: tour.failures,
    error: tour.error,
    failing_since: isoOrNull(tour.failingSince),
    held: tour.held,
    held_since: isoOrNull(tour.heldSince),
    leagues: open.filter(league => maySee(db, league, who)).map(({ id }) => id),
    created_at: iso(tour.createdAt),
  }
}
