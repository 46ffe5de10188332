import { eq } from 'drizzle-orm'
import { ledger } from '../../../db/schema.ts'
import { type KindHealth, newestTime } from '../kind-health.ts'

export const marketHealth: KindHealth = {
  membersPlay: true,
  lastActivity: (db, { id }) => newestTime(db, ledger, ledger.at, eq(ledger.leagueId, id)),
  firstStep: 'tell members that they can trade',
  nextStep: 'see whether quotes come in',
}
