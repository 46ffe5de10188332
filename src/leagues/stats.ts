import { type Static, t } from 'elysia'
import type { App } from '../context.ts'
import { day } from '../platform/clock.ts'
import { idSchema } from '../platform/http/shared-schemas.ts'
import { kindSchema, type League, leagueStatus, statusSchema } from './league.ts'
import { countMembers } from './queries.ts'

export const leagueStatsSchema = t.Object({
  league_id: idSchema,
  kind: kindSchema,
  status: statusSchema,
  members: t.Integer(),
  days_left: t.Integer({ description: '0 once it has ended' }),
  numbers: t.Record(t.String(), t.Unknown(), { description: 'Statistics of this kind of league' }),
})
type LeagueStats = Static<typeof leagueStatsSchema>

export async function leagueStats(app: App, league: League): Promise<LeagueStats> {
  const { db, clock, kinds } = app
  const now = clock.now()
  return {
    league_id: league.id,
    kind: league.kind,
    status: leagueStatus(league, now),
    members: countMembers(db, league.id),
    days_left: Math.max(0, Math.ceil((league.endsAt - now) / day)),
    numbers: (await kinds[league.kind]?.stats?.(app, league)) ?? {},
  }
}
