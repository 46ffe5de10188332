/** Corrects the times of sheets that were uploaded while this machine's clock was wrong. */
import { and, asc, eq, gt, isNull } from 'drizzle-orm'
import type { Db } from '../../../db/open.ts'
import { leagues, uploads } from '../../../db/schema.ts'
import { preparedSql } from '../../../db/transactions.ts'
import { touch } from '../../platform/cache/stamps.ts'
import { isAhead, maxAheadMs } from '../../platform/clock.ts'

/** Checked for each upload: one step in an index, however many uploads there are. */
const anyAhead = preparedSql<object, [latest: number]>('select 1 from uploads where taken_at > ? limit 1')

/**
 * Sheets that were sent while the clock was ahead would stay the newest until that time comes. Each is dated
 * just after the one that was sent before it. The boards of final leagues stay as they are.
 */
export function correctTimesAhead(tx: Db, now: number): void {
  const latest = now + maxAheadMs
  if (!anyAhead(tx).get(latest)) return
  const leaguesAhead = tx
    .selectDistinct({ leagueId: uploads.leagueId })
    .from(uploads)
    .innerJoin(leagues, and(eq(leagues.id, uploads.leagueId), isNull(leagues.finalizedAt)))
    .where(gt(uploads.takenAt, latest))
    .all()
  for (const { leagueId } of leaguesAhead) {
    let last = 0
    const uploadsOfLeague = tx
      .select({ id: uploads.id, takenAt: uploads.takenAt, createdAt: uploads.createdAt })
      .from(uploads)
      .where(eq(uploads.leagueId, leagueId))
      .orderBy(asc(uploads.id))
      .all()
    const firstCorrect = uploadsOfLeague.find(({ takenAt }) => !isAhead(takenAt, now))?.takenAt ?? now
    let wrongRemaining = uploadsOfLeague.filter(({ takenAt }) => isAhead(takenAt, now)).length
    for (const { id, takenAt, createdAt } of uploadsOfLeague) {
      const isWrong = isAhead(takenAt, now)
      // One millisecond apart, with one left for the sheet that is being sent now: no two have the same time.
      const at = isWrong ? Math.min(now - wrongRemaining--, last ? last + 1 : firstCorrect) : takenAt
      if (isWrong)
        tx.update(uploads)
          .set({ takenAt: at, createdAt: Math.min(createdAt, now) })
          .where(eq(uploads.id, id))
          .run()
      last = Math.max(last, at, isAhead(createdAt, now) ? 0 : createdAt)
    }
    touch(tx, 'scores', leagueId)
  }
}
