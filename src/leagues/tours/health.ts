import { eq, inArray } from 'drizzle-orm'
import { entries, tourEvents, tours } from '../../../db/schema.ts'
import { type KindHealth, newestTime } from '../kind-health.ts'

export const tourHealth: KindHealth = {
  membersPlay: true,
  /** The newest entry or change of the scores; a league without entries has had none. */
  lastActivity(db, { id, config }) {
    const entered = newestTime(db, entries, entries.updatedAt, eq(entries.leagueId, id))
    if (entered === null) return null
    const tour = db
      .select({ id: tours.id })
      .from(tours)
      .where(eq(tours.slug, String(config.tour)))
    return Math.max(entered, newestTime(db, tourEvents, tourEvents.movedAt, inArray(tourEvents.tourId, tour)) ?? 0)
  },
  firstStep: 'ask members for their picks',
  nextStep: 'check the feed',
}
