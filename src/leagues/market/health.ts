import { eq, max } from 'drizzle-orm'
import { aggregate } from '../../../db/count-rows.ts'
import { ledger } from '../../../db/schema.ts'
import type { KindHealth } from '../kind-health.ts'

export const marketHealth: KindHealth = {
  membersPlay: true,
  lastActivity: (db, { id }) => aggregate(db, ledger, max(ledger.at), eq(ledger.leagueId, id)),
  firstStep: 'tell members that they can trade',
  nextStep: 'see whether quotes come in',
}
