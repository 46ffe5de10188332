/** How active a league is, and what would help. */
import { and, asc, eq, gt, inArray, sql } from 'drizzle-orm'
import type { Db } from '../../db/open.ts'
import { type Kind, leagues, members, uploads, userActivity } from '../../db/schema.ts'
import type { KindHealth } from '../leagues/kind-health.ts'
import { marketHealth } from '../leagues/market/health.ts'
import { hasStatus } from '../leagues/queries.ts'
import { sheetHealth } from '../leagues/sheets/health.ts'
import { tourHealth } from '../leagues/tours/health.ts'
import { day } from '../platform/clock.ts'
import { counted } from '../platform/number-text.ts'
import { type ScoredHealth, weightedScore } from './weighted-score.ts'

const healthByKind: Record<Kind, KindHealth> = { sheet: sheetHealth, tour: tourHealth, market: marketHealth }

const activeWithinMs = 7 * day // a league with news within this time is active

export function leagueScores(db: Db, { now }: { now: number }): ScoredHealth[] {
  return db
    .select()
    .from(leagues)
    .where(hasStatus('active', now))
    .orderBy(asc(leagues.name))
    .all()
    .map(league => {
      const { membersPlay, lastActivity, firstStep, nextStep } = healthByKind[league.kind]
      const last = lastActivity(db, league)
      const quiet = last === null ? null : Math.floor((now - last) / day)
      const freshness = last === null ? (membersPlay ? 0 : null) : freshnessOf(now - last)
      const { joined, seen } = membersSeen(db, league.id, now - 14 * day)
      const memberFactor = membersPlay ? Math.min(1, joined / 3) : null
      const engagement = membersPlay ? (joined ? seen / joined : 0) : null
      const { failed, ended } = uploadsLately(db, league.id, now - 14 * day)
      const imports = ended ? 1 - failed / ended : null
      return weightedScore(
        'league',
        league,
        {
          freshness: [freshness, 0.5],
          members: [memberFactor, 0.15],
          engagement: [engagement, 0.2],
          imports: [imports, 0.15],
        },
        [
          quiet === null && `Nothing has come in yet: ${firstStep}.`,
          quiet !== null && (freshness ?? 1) < 1 && `Nothing new for ${quiet} days: ${nextStep}.`,
          (memberFactor ?? 1) < 1 && `Only ${counted(joined, 'member')}: invite others.`,
          joined > 0 &&
            (engagement ?? 1) < 0.5 &&
            `${joined - seen} of ${joined} members were not seen for two weeks: remind them.`,
          failed > 0 && `${failed} of the last ${ended} uploads failed: see what was wrong with them.`,
        ],
      )
    })
}

/** 1 for a week after the last news, then falling to 0 within two more. */
const freshnessOf = (quietMs: number): number =>
  Math.max(0, 1 - Math.max(0, quietMs - activeWithinMs) / (2 * activeWithinMs))

/** Who has joined since counts as seen: an officer may have added them. */
function membersSeen(db: Db, leagueId: number, since: number): { joined: number; seen: number } {
  const wasSeen = sql`${members.joinedAt} >= ${since} or exists (select 1 from ${userActivity} where ${userActivity.unit} = 'day' and ${userActivity.start} >= ${since} and ${userActivity.userId} = ${members.userId})`
  return (
    db
      .select({ joined: sql<number>`count(*)`, seen: sql<number>`coalesce(sum(${wasSeen}), 0)` })
      .from(members)
      .where(eq(members.leagueId, leagueId))
      .get() ?? { joined: 0, seen: 0 }
  )
}

function uploadsLately(db: Db, leagueId: number, since: number): { failed: number; ended: number } {
  const isFailed = eq(uploads.status, 'failed')
  return (
    db
      .select({ failed: sql<number>`coalesce(sum(${isFailed}), 0)`, ended: sql<number>`count(*)` })
      .from(uploads)
      .where(
        and(eq(uploads.leagueId, leagueId), gt(uploads.createdAt, since), inArray(uploads.status, ['failed', 'done'])),
      )
      .get() ?? { failed: 0, ended: 0 }
  )
}
