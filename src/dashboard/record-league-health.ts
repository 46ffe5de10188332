/** `health_scores`: twice a day, scores how well each active league does, and suggests what would help. Sites are scored when they are read. */
import { and, eq, max, sql } from 'drizzle-orm'
import { aggregate } from '../../db/count-rows.ts'
import type { Db } from '../../db/open.ts'
import { type Given, preparedFor } from '../../db/prepared-writes.ts'
import { healthScores } from '../../db/schema.ts'
import { atomically } from '../../db/transactions.ts'
import { cached } from '../cached.ts'
import { type App, job } from '../context.ts'
import { byName } from '../platform/by-name.ts'
import { iso } from '../platform/clock.ts'
import { leagueScores } from './league-health.ts'
import { siteScores } from './site-health.ts'
import type { ScoreView } from './weighted-score.ts'

export const recordLeagueHealth = job('health_scores', {
  once: () => 'all',
  async run(_, { db, clock, reader }) {
    const at = clock.now()
    const scored = await reader.read(leagueScores, { now: at })
    await atomically(
      db,
      tx => {
        for (const { id, score, ...rest } of scored) {
          const row = { ...rest, score: score ?? 0, subjectId: id, at } // `no_data` says that there is none
          insertScore(tx, row).run(row)
        }
      },
      'unsynced',
    )
    return { scored: scored.length, at_risk: scored.filter(({ level }) => level === 'at_risk').length }
  },
})

const insertScore = preparedFor(healthScores, (db, row: Given<typeof healthScores.$inferInsert>) =>
  db.insert(healthScores).values(row).onConflictDoNothing(),
)

/** Worst first, those without data last. Sites as of now, as every change of the roster changes them; leagues as last scored. */
export async function healthScoresNow({ db, cache, clock, reader }: App): Promise<ScoreView[]> {
  const { value: sites } = await cache.read(cached.siteHealth, [], async () => {
    const now = clock.now()
    return (await reader.read(siteScores, { now })).map(scored => ({ ...scored, at: iso(now) }))
  })
  return [...sites, ...latestLeagueScores(db, clock.now())].sort(
    (a, b) => (a.score ?? noData) - (b.score ?? noData) || byName(a, b),
  )
}
const noData = 101 // behind all scores

/** Of leagues that are neither deleted nor over since they were scored. */
function latestLeagueScores(db: Db, now: number): ScoreView[] {
  const isCurrent = sql`${healthScores.subjectId} in
    (select id from leagues where archived_at is null and finalized_at is null and ends_at > ${now})`
  const newest = aggregate(db, healthScores, max(healthScores.at)) ?? 0
  return db
    .select()
    .from(healthScores)
    .where(and(eq(healthScores.at, newest), eq(healthScores.subject, 'league'), isCurrent))
    .all()
    .map(({ subjectId, at, score, ...rest }) => ({
      ...rest,
      score: rest.level === 'no_data' ? null : score,
      id: subjectId,
      at: iso(at),
    }))
}
