import { and, desc, gte, isNull } from 'drizzle-orm'
import { users } from '../../db/schema.ts'
import type { App } from '../context.ts'
import { day } from '../platform/clock.ts'
import { readUserStats } from './queries.ts'

const maxWarmUsers = 100 // users

/** Loads the statistics of users who were here this week, most recent first. */
export async function warmUsers(app: App): Promise<void> {
  const recentUsers = app.db
    .select({ id: users.id })
    .from(users)
    .where(and(isNull(users.deletedAt), gte(users.lastSeenAt, app.clock.now() - 7 * day)))
    .orderBy(desc(users.lastSeenAt))
    .limit(maxWarmUsers)
    .all()
  for (const { id } of recentUsers) await readUserStats(app, id)
}
