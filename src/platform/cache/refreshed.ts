/**
 * Shares refreshed answers between processes: answers of `shared` entries are also stored in `fieldhouse.db`, with and
 * without Redis. Every read looks there first (some microseconds), so the next read in any process sees a refresh.
 */
import { lt, sql } from 'drizzle-orm'
import type { Db } from '../../../db/open.ts'
import { refreshedAnswers } from '../../../db/schema.ts'
import { atomically, prepared } from '../../../db/transactions.ts'
import { isAhead } from '../clock.ts'
import type { Kept } from './kept.ts'

type Lives = Pick<Kept, 'at' | 'freshUntil' | 'usableUntil'>
const { key, at, freshUntil, usableUntil, json } = refreshedAnswers
const byKey = { where: sql`${key} = ${sql.placeholder('key')}`, lives: { at, freshUntil, usableUntil } }

const livesOf = prepared(db => db.select(byKey.lives).from(refreshedAnswers).where(byKey.where).prepare())
const answerOf = prepared(db =>
  db
    .select({ ...byKey.lives, json })
    .from(refreshedAnswers)
    .where(byKey.where)
    .prepare(),
)

export class RefreshedAnswers {
  constructor(private readonly db: Db) {}

  /** The newer of this process's copy and the last refresh by any process. */
  newest(key: string, near: Kept | undefined, now: number): Kept | undefined {
    const lives: Lives | undefined = livesOf(this.db).get({ key })
    if (!lives || isAhead(lives.at, now) || (near && near.at >= lives.at)) return near
    const found = answerOf(this.db).get({ key })
    return found && { ...found, value: JSON.parse(found.json) }
  }

  /** Writes without waiting for the disk; a power cut may lose it, and then it is computed again. */
  keep(key: string, { at, freshUntil, usableUntil, json }: Kept, now: number): Promise<void> {
    const values = { at, freshUntil, usableUntil, json }
    return atomically(
      this.db,
      tx => {
        tx.insert(refreshedAnswers)
          .values({ key, ...values })
          .onConflictDoUpdate({ target: refreshedAnswers.key, set: values })
          .run()
        tx.delete(refreshedAnswers).where(lt(refreshedAnswers.usableUntil, now)).run()
      },
      'unsynced',
    )
  }
}
