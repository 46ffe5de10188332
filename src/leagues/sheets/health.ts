import { and, eq } from 'drizzle-orm'
import { uploads } from '../../../db/schema.ts'
import { type KindHealth, newestTime } from '../kind-health.ts'

export const sheetHealth: KindHealth = {
  membersPlay: false,
  lastActivity(db, { id }) {
    const isImported = and(eq(uploads.leagueId, id), eq(uploads.status, 'done'), eq(uploads.dryRun, false))
    return newestTime(db, uploads, uploads.createdAt, isImported)
  },
  firstStep: 'upload a baseline',
  nextStep: 'upload a current sheet',
}
