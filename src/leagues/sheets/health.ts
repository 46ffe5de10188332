import { and, eq, max } from 'drizzle-orm'
import { aggregate } from '../../../db/count-rows.ts'
import { uploads } from '../../../db/schema.ts'
import type { KindHealth } from '../kind-health.ts'

export const sheetHealth: KindHealth = {
  membersPlay: false,
  lastActivity(db, { id }) {
    const isImported = and(eq(uploads.leagueId, id), eq(uploads.status, 'done'), eq(uploads.dryRun, false))
    return aggregate(db, uploads, max(uploads.createdAt), isImported)
  },
  firstStep: 'upload a baseline',
  nextStep: 'upload a current sheet',
}
