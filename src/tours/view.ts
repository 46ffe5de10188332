import type { App } from '../context.ts'
import { bookedUpdate, findEvent, openLeaguesOn } from './queries.ts'
import { type Tour, type TourView, tourView } from './tour.ts'

export function viewOf({ db, clock }: App, tour: Tour, showsUrl: boolean): TourView {
  const run = bookedUpdate(db, tour.slug)
  return tourView(tour, {
    now: clock.now(),
    event: findEvent(db, tour.eventId),
    nextUpdateAt: run ? (run.notBefore ?? run.createdAt) : null,
    leagues: openLeaguesOn(db, tour.slug).map(({ id }) => id),
    showsUrl,
  })
}
