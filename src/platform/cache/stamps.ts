/**
 * Version stamps of the data behind cached answers. A stamp is a row of `fieldhouse.db`, bumped by the same transaction
 * that changes the data, and part of every cache key: a load that began before a change is stored under a key that nobody
 * asks for any more.
 *
 * A process keeps the stamps in memory. Its own changes count at once; those of other processes are seen through
 * `PRAGMA data_version`, read at most every 20 ms.
 */
import { sql } from 'drizzle-orm'
import type { Db } from '../../../db/open.ts'
import { stamps } from '../../../db/schema.ts'
import { prepared, preparedSql } from '../../../db/transactions.ts'

const bump = prepared(db =>
  db
    .insert(stamps)
    .values({
      topic: sql.placeholder('topic'),
      scope: sql.placeholder('scope'),
      seq: sql`(select coalesce(max(seq), 0) + 1 from stamps)`,
    })
    .onConflictDoUpdate({ target: [stamps.topic, stamps.scope], set: { seq: sql`excluded.seq` } }),
)

/** Many scopes at once, as a JSON list. */
const bumpAll = preparedSql<unknown, [topic: string, scopes: string]>(
  `insert into stamps (topic, scope, seq)
   select ?1, value, (select coalesce(max(seq), 0) from stamps) + key + 1 from json_each(?2) where true
   on conflict (topic, scope) do update set seq = excluded.seq`,
)
const bulkAbove = 8

/** Counts the stamp changes of this process by database, committed or not: a new count makes `Stamps` read them. */
const touches = new WeakMap<Db, number>()

/** Marks what is cached under `topic` for `scope` as changed, as part of the transaction `tx`. */
export function touch(tx: Db, topic: string, ...scopes: (string | number)[]): void {
  if (scopes.length > bulkAbove) bumpAll(tx).run(topic, JSON.stringify(scopes.map(String)))
  else for (const scope of scopes.length ? scopes : ['']) bump(tx).run({ topic, scope: String(scope) })
  touches.set(tx, (touches.get(tx) ?? 0) + 1)
}

/** The same for each of these scopes, once, and for nothing if there are none. */
export function touchEach(tx: Db, topic: string, scopes: Iterable<string | number>): void {
  const each = new Set(scopes)
  if (each.size) touch(tx, topic, ...each)
}

const oneStamp = preparedSql<{ seq: number }, [topic: string, scope: string]>(
  'select seq from stamps where topic = ? and scope = ?',
)
/** A stamp as the database has it at this moment, also within a transaction. */
export const stampIn = (tx: Db, topic: string, scope: string | number): number =>
  oneStamp(tx).get(topic, String(scope))?.seq ?? 0

const checkEvery = 20 // ms

export class Stamps {
  private readonly seqs = new Map<string, number>()
  private readonly dataVersion
  private readonly changedSince
  private seenVersion = -1
  private seenTouches = 0
  private lastSeq = 0
  private readAt = Number.NEGATIVE_INFINITY
  private epoch = 0
  /** Called with every change seen after the first read. */
  onChange: (topic: string, scope: string) => void = () => {}

  constructor(private readonly db: Db) {
    const { $client: client } = db
    this.dataVersion = client.query<{ data_version: number }, []>('PRAGMA data_version')
    this.changedSince = client.query<{ topic: string; scope: string; seq: number }, [number]>(
      'select topic, scope, seq from stamps where seq > ? order by seq',
    )
  }

  /** The stamps of several (topic, scope), joined into one version. */
  versionOf(keys: readonly (readonly [topic: string, scope: string])[]): string {
    this.readChanges()
    let version = ''
    for (const [topic, scope] of keys) version += `${this.seqs.get(`${topic}\0${scope}`) ?? 0}.`
    return version
  }

  /** A number that changes whenever any stamp does; while it stays the same, so does every version. */
  currentEpoch(at?: number): number {
    this.readChanges(at)
    return this.epoch
  }

  /** Also what other processes and threads have only just committed. */
  readLatestChanges(): void {
    this.readAt = Number.NEGATIVE_INFINITY
    this.readChanges()
  }

  /** `at` is a time of performance.now(). */
  readChanges(at = performance.now()): void {
    const ownTouches = touches.get(this.db) ?? 0
    if (ownTouches === this.seenTouches && at - this.readAt < checkEvery) return
    if (this.db.$client.inTransaction) return // what is not committed may yet be rolled back
    const version = this.dataVersion.get()?.data_version ?? 0
    const isFirst = this.seenVersion === -1
    if (ownTouches !== this.seenTouches || version !== this.seenVersion) {
      for (const { topic, scope, seq } of this.changedSince.all(this.lastSeq)) {
        this.seqs.set(`${topic}\0${scope}`, seq)
        this.lastSeq = seq
        this.epoch++
        if (!isFirst) this.onChange(topic, scope)
      }
    }
    this.seenVersion = version
    this.seenTouches = ownTouches
    this.readAt = at
  }
}
