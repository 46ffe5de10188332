import { eq } from 'drizzle-orm'
import type { Db } from '../../db/open.ts'
import { activityUnits, userActivity, users } from '../../db/schema.ts'
import { startOf } from '../platform/clock.ts'

/** Records that a user was here: when last, and in which hour, day and month. Called at most every few minutes per user. */
export function recordActivity(tx: Db, userId: number, now: number): void {
  tx.update(users).set({ lastSeenAt: now }).where(eq(users.id, userId)).run()
  for (const unit of activityUnits)
    tx.insert(userActivity)
      .values({ unit, start: startOf(unit, now), userId })
      .onConflictDoNothing()
      .run()
}
