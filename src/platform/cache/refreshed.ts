/**
 * Shares refreshed answers between processes: answers of `shared` entries are also stored in `fieldhouse.db`, with and
 * without Redis. Every read looks there first (some microseconds), so the next read in any process sees a refresh.
 */
import { lt, sql } from 'drizzle-orm'
import type { Db } from '../../../db/open.ts'
import { refreshedAnswers } from '../../../db/schema.ts'
import { atomically, prepared, preparedSql } from '../../../db/transactions.ts'
import { isAhead } from '../clock.ts'
import type { StoredAnswer } from './cache-store.ts'

type Lifetime = Pick<StoredAnswer, 'at' | 'freshUntil' | 'usableUntil'>
const { key, at, freshUntil, usableUntil, json } = refreshedAnswers
const lifetimeColumns = { at, freshUntil, usableUntil }
const isKey = sql`${key} = ${sql.placeholder('key')}`

const storedLifetime = prepared(db => db.select(lifetimeColumns).from(refreshedAnswers).where(isKey))
const storedAnswer = prepared(db =>
  db
    .select({ ...lifetimeColumns, json })
    .from(refreshedAnswers)
    .where(isKey),
)

const storeAnswer = preparedSql<
  unknown,
  [key: string, at: number, freshUntil: number, usableUntil: number, json: string]
>('replace into refreshed_answers (key, at, fresh_until, usable_until, json) values (?, ?, ?, ?, ?)')
const forgetUnusable = prepared(db => db.delete(refreshedAnswers).where(lt(usableUntil, sql.placeholder('now'))))

export class RefreshedAnswers {
  constructor(private readonly db: Db) {}

  /** The newer of this process's copy and the last refresh by any process. */
  newest(key: string, local: StoredAnswer | undefined, now: number): StoredAnswer | undefined {
    const lifetime: Lifetime | undefined = storedLifetime(this.db).get({ key })
    if (!lifetime || isAhead(lifetime.at, now) || (local && local.at >= lifetime.at)) return local
    const found = storedAnswer(this.db).get({ key })
    return found && { ...found, value: JSON.parse(found.json) }
  }

  /** Writes without waiting for the disk; a power cut may lose it, and then it is computed again. */
  store(key: string, { at, freshUntil, usableUntil, json }: StoredAnswer, now: number): Promise<void> {
    return atomically(
      this.db,
      tx => {
        storeAnswer(tx).run(key, at, freshUntil, usableUntil, json)
        forgetUnusable(tx).run({ now })
      },
      'unsynced',
    )
  }
}
