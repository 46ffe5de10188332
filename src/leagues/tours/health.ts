import { eq, inArray, max } from 'drizzle-orm'
import { aggregate } from '../../../db/count-rows.ts'
import { entries, tourEvents, tours } from '../../../db/schema.ts'
import type { KindHealth } from '../kind-health.ts'

export const tourHealth: KindHealth = {
  membersPlay: true,
  /** The newest entry or change of the scores; a league without entries has had none. */
  lastActivity(db, { id, config }) {
    const entered = aggregate(db, entries, max(entries.updatedAt), eq(entries.leagueId, id))
    if (entered === null) return null
    const tour = db
      .select({ id: tours.id })
      .from(tours)
      .where(eq(tours.slug, String(config.tour)))
    return Math.max(entered, aggregate(db, tourEvents, max(tourEvents.movedAt), inArray(tourEvents.tourId, tour)) ?? 0)
  },
  firstStep: 'ask members for their picks',
  nextStep: 'check the feed',
}
