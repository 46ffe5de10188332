/** What is kept of sheets and for how long: files, undone uploads, and the scans of a season that is over. */
import type { Database } from 'bun:sqlite'
import { readdir, rm, stat } from 'node:fs/promises'
import { and, eq, gte, inArray, isNotNull, lt, notInArray } from 'drizzle-orm'
import { leagues, uploadDrafts, uploads } from '../../../db/schema.ts'
import { atomically, tryWrite } from '../../../db/transactions.ts'
import type { App } from '../../context.ts'
import { locks } from '../../locks.ts'
import { day, hour, startOf } from '../../platform/clock.ts'
import { isProcessDead } from '../../platform/process/process-lock.ts'
import type { League } from '../league.ts'
import { longestStored } from './buildable.ts'
import { published } from './queries.ts'
import { receiverOf, uploadPath, uploadsFolder } from './receive-file.ts'
import { byTakenAt, extrasListsOf, latecomerListKey, type Published, selectionsToKeep } from './snapshot-selection.ts'
import { correctTimesAhead } from './times.ts'

/** Files of uploads that ended ninety days ago. */
export async function deleteOldFiles({ db, config }: App, now: number, limit: number): Promise<number> {
  const old = db
    .select({ id: uploads.id, file: uploads.file })
    .from(uploads)
    .where(
      and(
        isNotNull(uploads.file),
        lt(uploads.createdAt, now - 90 * day),
        notInArray(uploads.status, ['queued', 'running', 'held']),
      ),
    )
    .limit(limit)
    .all()
  for (const { id, file } of old) {
    await rm(uploadPath(config.dataDir, file ?? ''), { force: true })
    tryWrite(db, tx => void tx.update(uploads).set({ file: null }).where(eq(uploads.id, id)).run())
  }
  return old.length
}

/**
 * Files that no upload knows: what a process left that died while it received, and those of deleted leagues after a day.
 * Also at each start.
 */
export async function deleteStrayFiles({ db, config, processId }: App, now: number): Promise<number> {
  const { dataDir } = config
  const there = await readdir(uploadsFolder(dataDir)).catch(() => [])
  const receivers = new Set(there.flatMap(file => receiverOf(file) ?? []))
  // Asked before the uploads are read: what a dead one has received is written down by then, or never.
  const dead = new Set([...receivers].filter(id => id !== processId && isProcessDead(dataDir, id)))
  const known = new Set(
    db
      .select({ file: uploads.file })
      .from(uploads)
      .where(isNotNull(uploads.file))
      .all()
      .map(({ file }) => file),
  )
  for (const { file } of db.select({ file: uploadDrafts.file }).from(uploadDrafts).all()) known.add(file)
  let gone = 0
  for (const file of there) {
    if (known.has(file)) continue
    const path = uploadPath(dataDir, file)
    const found = await stat(path).catch(() => undefined)
    const isLeft = dead.has(receiverOf(file) ?? '')
    if (!found || (!isLeft && found.mtimeMs > now - day)) continue // it may be on its way
    await rm(path, { force: true })
    gone++
  }
  return gone
}

/** In case the clock was put right under a running process that was sent nothing since. */
export async function correctTimes({ db, clock }: App): Promise<number> {
  await atomically(db, tx => correctTimesAhead(tx, clock.now()))
  return 0
}

/**
 * Snapshots nobody needs: of undone uploads after a week, and, of a season that has been over for a while, all but the first,
 * the last, one a day, and what its board follows from, as it is and as it would be with its newest uploads undone: the league
 * may be reopened. Never while a backup copies them.
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
  // One of theirs may be about to be published, and look old where the clock was set forward since it was written.
  if (db.select({ id: uploads.id }).from(uploads).where(eq(uploads.status, 'running')).limit(1).get()) return 0
  const before = now - hour // younger ones may be about to be published
  const keep = new Set<number>([...recentlyUndone(db, now), ...heldSnapshots(db)])
  const lists = new Set<string>()
  for (const league of db.select().from(leagues).where(eq(leagues.kind, 'sheet')).all()) {
    const all = published(db, league.id)
    const kept = isLongOver(league, now)
      ? thinned(sheets.boards.scores, all, league.archivedAt === null ? undos : 0)
      : { snapshots: all.map(({ snapshot }) => snapshot), lists: selectionsToKeep(all).flatMap(extrasListsOf) }
    for (const snapshot of kept.snapshots) keep.add(snapshot)
    for (const list of kept.lists) lists.add(list)
  }
  return sheets.thread.run('sweep', { keep: [...keep], lists: [...lists], before })
}

/** Final, or ended for so long that nothing of it is undone any more. */
export const isSeasonOver = ({ finalizedAt, endsAt }: League, now: number) =>
  finalizedAt !== null || endsAt < now - 30 * day

/** Whoever finds a mistake in a final board finds it in the first week, and all its scans. */
const isLongOver = (league: League, now: number) =>
  isSeasonOver(league, now) && (league.finalizedAt === null || league.finalizedAt < now - 7 * day)

const undos = 5 // newest uploads of a league that is over that can be undone for as long as it is not archived

const heldSnapshots = (db: App['db']): number[] =>
  db
    .select({ snapshot: uploads.snapshotId })
    .from(uploads)
    .where(eq(uploads.status, 'held'))
    .all()
    .flatMap(({ snapshot }) => snapshot ?? [])

const recentlyUndone = (db: App['db'], now: number): number[] =>
  db
    .select({ snapshot: uploads.snapshotId })
    .from(uploads)
    .where(
      and(inArray(uploads.status, ['undone']), gte(uploads.undoneAt, now - 7 * day), isNotNull(uploads.snapshotId)),
    )
    .all()
    .flatMap(({ snapshot }) => snapshot ?? [])

/** The first, the last, the last of each day, and what the boards that can be reached cannot do without. */
export function thinned(scores: Database, all: readonly Published[], undos: number) {
  const ordered = byTakenAt(all)
  const daily = new Map(ordered.map(one => [`${one.kind} ${startOf('day', one.takenAt)}`, one.snapshot]))
  const ends = [ordered[0], ordered.at(-1)].flatMap(one => one?.snapshot ?? [])
  const extras = ordered.filter(({ kind }) => kind === 'extra').map(({ snapshot }) => snapshot)
  const snapshots = new Set([...ends, ...daily.values(), ...extras])
  const lists: string[] = []
  for (const selection of selectionsToKeep(all, undos)) {
    const { baseline, between, current } = selection
    const stored = longestStored(scores, selection)?.members ?? 0
    if (stored > 0) lists.push(latecomerListKey({ baseline, between: between.slice(0, stored) }))
    lists.push(...extrasListsOf(selection))
    for (const snapshot of [baseline, ...between.slice(stored), current]) snapshots.add(snapshot)
  }
  return { snapshots: [...snapshots], lists }
}
