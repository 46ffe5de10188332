/** What is kept of sheets and for how long: files, undone uploads, and the scans of a season that is over. */
import { readdir, rm, stat } from 'node:fs/promises'
import { and, eq, gte, inArray, isNotNull, lt, notInArray } from 'drizzle-orm'
import { leagues, uploads } from '../../db/schema.ts'
import { lightly } from '../../db/transaction.ts'
import type { App } from '../context.ts'
import type { League } from '../leagues/league.ts'
import { locks } from '../locks.ts'
import { day, hour, startOf } from '../runtime/clock.ts'
import { inOrder, neededBy, type Published } from './lineup.ts'
import { published } from './queries.ts'
import { uploadPath, uploadsFolder } from './receiving.ts'

/** Files of uploads that ended ninety days ago. */
export async function forgetFiles({ db, config }: App, now: number, limit: number): Promise<number> {
  const old = db
    .select({ id: uploads.id, file: uploads.file })
    .from(uploads)
    .where(
      and(
        isNotNull(uploads.file),
        lt(uploads.createdAt, now - 90 * day),
        notInArray(uploads.status, ['queued', 'running']),
      ),
    )
    .limit(limit)
    .all()
  for (const { id, file } of old) {
    await rm(uploadPath(config.dataDir, file ?? ''), { force: true })
    lightly(db, tx => void tx.update(uploads).set({ file: null }).where(eq(uploads.id, id)).run())
  }
  return old.length
}

/** Files that no upload knows: of deleted leagues, and what a process left that died while it received. */
export async function forgetStrayFiles({ db, config }: App, now: number): Promise<number> {
  const folder = uploadsFolder(config.dataDir)
  const there = await readdir(folder).catch(() => [])
  const known = new Set(
    db
      .select({ file: uploads.file })
      .from(uploads)
      .where(isNotNull(uploads.file))
      .all()
      .map(({ file }) => file),
  )
  let gone = 0
  for (const file of there) {
    if (known.has(file)) continue
    const { mtimeMs } = await stat(uploadPath(config.dataDir, file))
    if (mtimeMs > now - day) continue // it may be on its way
    await rm(uploadPath(config.dataDir, file), { force: true })
    gone++
  }
  return gone
}

/**
 * Snapshots nobody needs: of undone uploads after a week, and, of a season that is over, all but the first, the last, one a
 * day, and what its board follows from. Never while a backup copies them.
 */
export async function sweepSnapshots({ db, sheets, locks: held }: App, now: number): Promise<number> {
  const lease = await held.take(locks.backup())
  if ('heldBy' in lease) return 0
  try {
    return await sweep({ db, sheets }, now)
  } finally {
    await lease.release()
  }
}

async function sweep({ db, sheets }: Pick<App, 'db' | 'sheets'>, now: number): Promise<number> {
  const before = now - hour // younger ones may be about to be published
  const keep = new Set<number>(recentlyUndone(db, now))
  const lists = new Set<string>()
  for (const league of db.select().from(leagues).where(eq(leagues.kind, 'sheet')).all()) {
    const all = published(db, league.id)
    const kept = isOver(league, now) ? thinned(all) : { snapshots: all.map(({ snapshot }) => snapshot), lists: [] }
    for (const snapshot of kept.snapshots) keep.add(snapshot)
    for (const list of kept.lists) lists.add(list)
  }
  return sheets.thread.run('sweep', { keep: [...keep], lists: [...lists], before })
}

/** Final, or ended for so long that nothing of it is undone any more. */
export const isOver = ({ finalizedAt, endsAt }: League, now: number) => finalizedAt !== null || endsAt < now - 30 * day

const recentlyUndone = (db: App['db'], now: number): number[] =>
  db
    .select({ snapshot: uploads.snapshotId })
    .from(uploads)
    .where(
      and(inArray(uploads.status, ['undone']), gte(uploads.undoneAt, now - 7 * day), isNotNull(uploads.snapshotId)),
    )
    .all()
    .flatMap(({ snapshot }) => snapshot ?? [])

/** The first, the last, the last of each day, and what the board cannot do without. */
export function thinned(all: readonly Published[]): { snapshots: number[]; lists: string[] } {
  const ordered = inOrder(all)
  const daily = new Map(ordered.map(one => [`${one.kind} ${startOf('day', one.takenAt)}`, one.snapshot]))
  const { snapshots, lists } = neededBy(all)
  const ends = [ordered[0], ordered.at(-1)].flatMap(one => one?.snapshot ?? [])
  return { snapshots: [...new Set([...snapshots, ...ends, ...daily.values()])], lists }
}
