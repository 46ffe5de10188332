/**
 * Task locks: leases that keep two jobs from doing the same work. They are rows of `fieldhouse.db`, as is the fencing counter,
 * so a flushed Redis or a restart neither frees nor repeats one. Only its holder renews and releases a lease; others may take
 * it once it has expired or its process is dead. `signal` tells a holder that it lost its lease, and `fenced` refuses what it
 * still tries to write.
 */
import { eq, sql } from 'drizzle-orm'
import type { Db } from '../../../db/open.ts'
import { equalsGiven, type Given, preparedFor } from '../../../db/prepared-writes.ts'
import { facts, taskLocks } from '../../../db/schema.ts'
import { atomically, prepared, tryWrite } from '../../../db/transactions.ts'
import { type Clock, type Duration, ms } from '../clock.ts'

type Latecomer = 'skip' | 'wait'

/** A line of the table in `locks.ts`: what is locked, for how long at a time, what a latecomer does. */
type LockKind = { task: string; lease: number; latecomer: Latecomer; isOfSeveral?: true }

/** One lock: a kind and the arguments of the work it guards. */
export type LockRequest = { kind: LockKind; key: string; arguments: string }

/** `lock('import', '10m', 'wait')(leagueId)` → the request to take it. */
export const lock =
  (task: string, lease: Duration, latecomer: Latecomer, prefix = 'task_lock') =>
  (...args: (string | number)[]): LockRequest => {
    const kind = { task, lease: ms(lease), latecomer }
    const hash = new Bun.CryptoHasher('sha256').update(JSON.stringify(args)).digest('hex').slice(0, 16)
    const key = prefix === 'task_lock' ? `${prefix}:${task}:${hash}` : `${prefix}:${task}`
    return { kind, key, arguments: args.join(', ') }
  }

/**
 * A lock of several things at once: `locks.roster(1, 2)` and `locks.roster(2, 3)` exclude each other because they share one,
 * and `locks.roster()` excludes all.
 */
export const lockOfSeveral = (task: string, lease: Duration, latecomer: Latecomer) => {
  const request = lock(task, lease, latecomer)
  return (...ids: number[]): LockRequest => {
    const one = request(...new Set(ids.toSorted((a, b) => a - b)))
    return { ...one, kind: { ...one.kind, isOfSeveral: true } }
  }
}

const overlap = (some: string, others: string) =>
  !some || !others || some.split(', ').some(id => others.split(', ').includes(id))

export class LostLease extends Error {
  constructor(key: string) {
    super(`The lease of ${key} was lost; what was under way is void`)
    this.name = 'LostLease'
  }
}

export type LockRow = typeof taskLocks.$inferSelect

export type Lease = {
  readonly key: string
  readonly fence: number
  /** Aborted with `LostLease` when another took over or renewal failed for a whole lease. */
  readonly signal: AbortSignal
  /** Releases it with the transaction `tx`. Call `release` afterwards as well, because the transaction may fail. */
  drop(tx: Db): void
  release(): Promise<void>
}

const retryReleaseEvery = 2_000 // ms

const byKey = prepared(db => db.select().from(taskLocks).where(equalsGiven(taskLocks.key)))

const nextFence = (tx: Db) => Number(nextFenceStatement(tx).get().value)
const nextFenceStatement = prepared(db =>
  db
    .insert(facts)
    .values({ name: 'last_fence', value: '1' })
    .onConflictDoUpdate({ target: facts.name, set: { value: sql`cast(${facts.value} as integer) + 1` } })
    .returning(),
)

const takeStatement = preparedFor(taskLocks, (db, row: Given<typeof taskLocks.$inferInsert>) =>
  db.insert(taskLocks).values(row).onConflictDoUpdate({ target: taskLocks.key, set: row }),
)

const isLease = equalsGiven(taskLocks.key, taskLocks.fence)
const renewStatement = prepared(db =>
  db
    .update(taskLocks)
    .set({ renewedAt: sql`${sql.placeholder('renewedAt')}`, expiresAt: sql`${sql.placeholder('expiresAt')}` })
    .where(isLease)
    .returning(),
)
const dropStatement = prepared(db => db.delete(taskLocks).where(isLease))

/** Throws unless the lease still holds: call it first in every transaction that writes under a lock. */
export function fenced(tx: Db, lease: Pick<Lease, 'key' | 'fence'>): void {
  if (byKey(tx).get({ key: lease.key })?.fence !== lease.fence) throw new LostLease(lease.key)
}

export type Locks = ReturnType<typeof openLocks>

export function openLocks(db: Db, clock: Clock, owner: string, isDead: (owner: string) => boolean) {
  const held = new Map<string, () => void>()

  const isFree = (row: LockRow | undefined) =>
    !row || row.expiresAt <= clock.now() || (row.owner !== owner && isDead(row.owner))

  /** A lock of the same kind that is held and overlaps this one. */
  const overlapping = (tx: Db, request: LockRequest) =>
    tx
      .select()
      .from(taskLocks)
      .where(eq(taskLocks.task, request.kind.task))
      .all()
      .find(row => !isFree(row) && overlap(row.arguments, request.arguments))

  /** The lease, or the row of its holder. `begin` is part of the transaction that takes it. */
  async function take(
    request: LockRequest,
    jobId?: string,
    begin?: (tx: Db) => void,
  ): Promise<Lease | { heldBy: LockRow }> {
    const { key, kind } = request
    const taken = await atomically(
      db,
      (tx): { heldBy: LockRow } | { fence: number } => {
        const held = byKey(tx).get({ key })
        if (held && !isFree(held)) return { heldBy: held }
        const other = kind.isOfSeveral && overlapping(tx, request)
        if (other) return { heldBy: other }
        const now = clock.now()
        const row = {
          key,
          task: kind.task,
          arguments: request.arguments,
          owner,
          jobId: jobId ?? null,
          fence: nextFence(tx),
          acquiredAt: now,
          renewedAt: now,
          expiresAt: now + kind.lease,
        }
        takeStatement(tx, row).run(row)
        begin?.(tx)
        return { fence: row.fence }
      },
      'unsynced',
    )
    return 'heldBy' in taken ? taken : openLease(request, taken.fence)
  }

  /** Retries a release that failed, for example on a full disk. The lease would expire, but others should not wait that long. */
  function dropLater(name: string, drop: () => Promise<void>, until: number) {
    const stop = () => {
      clearInterval(timer)
      held.delete(name)
    }
    const timer = setInterval(() => {
      if (clock.now() >= until) return stop()
      drop().then(stop, () => {})
    }, retryReleaseEvery)
    held.set(name, stop)
  }

  function openLease({ key, kind }: LockRequest, fence: number): Lease {
    const lost = new AbortController()
    let renewed = clock.now()
    let isDropped = false // unless that transaction was rolled back
    const lose = () => {
      stop()
      lost.abort(new LostLease(key))
    }
    const renew = () => {
      const now = clock.now()
      try {
        const rows = tryWrite(db, tx =>
          renewStatement(tx).all({ key, fence, renewedAt: now, expiresAt: now + kind.lease }),
        )
        if (rows?.length === 0) return isDropped ? stop() : lose()
        if (rows) renewed = now // else the database was busy
      } catch {
        // A database that cannot be written is not yet a lost lease.
      }
      if (clock.now() - renewed >= kind.lease) lose()
    }
    const timer = setInterval(renew, Math.min(kind.lease / 4, 10_000))
    const stop = () => {
      clearInterval(timer)
      held.delete(`${key}#${fence}`)
    }
    held.set(`${key}#${fence}`, lose)
    return {
      key,
      fence,
      signal: lost.signal,
      drop(tx) {
        dropStatement(tx).run({ key, fence })
        isDropped = true
      },
      async release() {
        stop()
        if (byKey(db).get({ key })?.fence !== fence) return
        const drop = () => atomically(db, tx => void dropStatement(tx).run({ key, fence }), 'unsynced')
        await drop().catch(() => dropLater(`${key}#${fence}`, drop, renewed + kind.lease))
      },
    }
  }

  return {
    take,
    /** For an admin: takes the lock from its holder, who notices at the next renewal or write. */
    async breakLock(key: string): Promise<LockRow | undefined> {
      const row = await atomically(db, tx => tx.delete(taskLocks).where(eq(taskLocks.key, key)).returning().get())
      if (row) held.get(`${key}#${row.fence}`)?.()
      return row
    },
    holder: (key: string) => {
      const row = byKey(db).get({ key })
      return isFree(row) ? undefined : row
    },
    all: () =>
      db
        .select()
        .from(taskLocks)
        .all()
        .map(row => ({
          ...row,
          active: row.expiresAt > clock.now(),
          ownerDead: row.owner !== owner && isDead(row.owner),
        })),
    /** At shutdown: tells the holders that their leases are lost. */
    close() {
      for (const lose of [...held.values()]) lose()
    },
  }
}
