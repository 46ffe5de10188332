import type { App } from '../../context.ts'
import { isAtLeast } from '../../platform/http/access.ts'
import type { Who } from '../../platform/http/request-context.ts'
import { rowView } from '../../platform/http/row-view.ts'
import { maySee } from '../visibility.ts'
import { openUnmatched } from './match-field.ts'
import { endOfPolling, isUpdateWanted } from './poll-times.ts'
import { findEvent, golfersOf, openLeaguesOn, unfinishedUpdate, upcomingEvent } from './queries.ts'
import {
  comingEventSchema,
  confirmedAt,
  shownEventSchema,
  type Tour,
  type TourView,
  tourSchema,
  tourStateOf,
} from './tour.ts'

const view = rowView(tourSchema)
const eventView = rowView(shownEventSchema)
const upcomingView = rowView(comingEventSchema)

/** What this reader may see of a tour: only officers see the feed's URL, only members see private leagues. */
export function tourViewOf({ db, clock }: App, tour: Tour, who: Who | undefined): TourView {
  const now = clock.now()
  const open = openLeaguesOn(db, tour.slug)
  const event = findEvent(db, tour.eventId)
  const upcoming = upcomingEvent(db, tour)
  const run = unfinishedUpdate(db, tour.slug)
  const checkedAt = confirmedAt(tour, event)
  return view({
    ...tour,
    feedUrl: isAtLeast(who, 'officer') ? tour.feedUrl : undefined,
    status: tourStateOf(tour),
    event: event ? eventView({ ...event, id: event.feedId }) : null,
    upcoming: upcoming ? upcomingView({ ...upcoming, players: golfersOf(db, upcoming.id).length }) : null,
    unmatched: openUnmatched(db, tour).length,
    checkedAt,
    ageS: checkedAt === null ? null : Math.max(0, Math.round((now - checkedAt) / 1000)),
    nextUpdateAt: run ? (run.notBefore ?? run.createdAt) : null,
    followedUntil: isUpdateWanted(tour, open, now) ? endOfPolling(open) : null,
    leagues: open.filter(league => maySee(db, league, who)).map(({ id }) => id),
  })
}
