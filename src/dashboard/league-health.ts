/** How active a league is, and what would help. */
import { and, asc, eq, gt, inArray, type SQL, sql } from 'drizzle-orm'
import type { SQLiteColumn, SQLiteTable } from 'drizzle-orm/sqlite-core'
import type { Db } from '../../db/open.ts'
import { entries, leagues, ledger, members, tourEvents, tours, uploads, userActivity } from '../../db/schema.ts'
import { hasStatus } from '../leagues/queries.ts'
import { day } from '../platform/clock.ts'
import { counted } from '../platform/number-text.ts'
import { type ScoredHealth, weightedScore } from './weighted-score.ts'

const activeWithinMs = 7 * day // a league with news within this time is active

export function leagueScores(db: Db, { now }: { now: number }): ScoredHealth[] {
  return db
    .select()
    .from(leagues)
    .where(hasStatus('active', now))
    .orderBy(asc(leagues.name))
    .all()
    .map(league => {
      const last = lastActivity(db, league)
      const quiet = last === null ? null : Math.floor((now - last) / day)
      const isPlayed = league.kind !== 'sheet'
      const freshness = last === null ? (isPlayed ? 0 : null) : freshnessOf(now - last)
      const { joined, seen } = membersSeen(db, league.id, now - 14 * day)
      const memberFactor = isPlayed ? Math.min(1, joined / 3) : null
      const engagement = isPlayed ? (joined ? seen / joined : 0) : null
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
          quiet === null && `Nothing has come in yet: ${firstStep[league.kind]}.`,
          quiet !== null && (freshness ?? 1) < 1 && `Nothing new for ${quiet} days: ${nextStep[league.kind]}.`,
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

const firstStep = {
  sheet: 'upload a baseline',
  tour: 'ask members for their picks',
  market: 'tell members that they can trade',
}
const nextStep = { sheet: 'upload a current sheet', tour: 'check the feed', market: 'see whether quotes come in' }

type League = typeof leagues.$inferSelect

/** When something last changed its board. */
function lastActivity(db: Db, { id, kind, config }: League): number | null {
  if (kind === 'sheet') {
    const isImported = and(eq(uploads.leagueId, id), eq(uploads.status, 'done'), eq(uploads.dryRun, false))
    return newest(db, uploads, uploads.createdAt, isImported)
  }
  if (kind === 'market') return newest(db, ledger, ledger.at, eq(ledger.leagueId, id))
  const entered = newest(db, entries, entries.updatedAt, eq(entries.leagueId, id))
  const tour = db
    .select({ id: tours.id })
    .from(tours)
    .where(eq(tours.slug, String(config.tour ?? '')))
  const moved = newest(db, tourEvents, tourEvents.movedAt, inArray(tourEvents.tourId, tour))
  return entered === null ? null : Math.max(entered, moved ?? 0)
}

const newest = (db: Db, table: SQLiteTable, column: SQLiteColumn, where: SQL | undefined): number | null =>
  db
    .select({ at: sql<number | null>`max(${column})` })
    .from(table)
    .where(where)
    .get()?.at ?? null

function membersSeen(db: Db, leagueId: number, since: number): { joined: number; seen: number } {
  const wasSeen = sql`exists (select 1 from ${userActivity} where ${userActivity.unit} = 'day' and ${userActivity.start} >= ${since} and ${userActivity.userId} = ${members.userId})`
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
