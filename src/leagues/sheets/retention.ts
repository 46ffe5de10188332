/** How long sheets are kept: files, undone uploads, and the scans of a season that is over. */
import type { Database } from 'bun:sqlite'
import { readdir, rm, stat } from 'node:fs/promises'
import { and, eq, gte, isNotNull, lt, notInArray, or } from 'drizzle-orm'
import { leagues, uploadDrafts, uploads } from '../../../db/schema.ts'
import { atomically, tryWrite } from '../../../db/transactions.ts'
import type { App } from '../../context.ts'
import { refuse } from '../../errors.ts'
import { locks } from '../../locks.ts'
import { day, hour, startOf } from '../../platform/clock.ts'
import { isProcessDead } from '../../platform/process/process-lock.ts'
import { type League, requireUnsettled } from '../league.ts'
import { longestStored } from './buildable.ts'
import { correctTimesAhead } from './correct-times.ts'
import { publishedSnapshots } from './queries.ts'
import { receiverOf, uploadPath, uploadsFolder } from './receive-file.ts'
import { byTakenAt, extrasListsOf, latecomerListKey, type Published, selectionsToKeep } from './snapshot-selection.ts'

/** Files of uploads that finished more than ninety days ago. */
export async function deleteOldUploadFiles({ db, config }: App, now: number, limit: number): Promise<number> {
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
 * Files without an upload: those left by a process that died while it received them, and those of deleted leagues after a day.
 * Also runs at each start.
 */
export async function deleteStrayFiles({ db, config, processId }: App, now: number): Promise<number> {
  const { dataDir } = config
  const files = await readdir(uploadsFolder(dataDir)).catch(() => [])
  const receivers = new Set(files.flatMap(file => receiverOf(file) ?? []))
  // Checked before the uploads are read: what a dead process has received is recorded by then, or never will be.
  const dead = new Set([...receivers].filter(id => id !== processId && isProcessDead(dataDir, id)))
  const referenced = new Set(
    db
      .select({ file: uploads.file })
      .from(uploads)
      .where(isNotNull(uploads.file))
      .all()
      .map(({ file }) => file),
  )
  for (const { file } of db.select({ file: uploadDrafts.file }).from(uploadDrafts).all()) referenced.add(file)
  let deleted = 0
  for (const file of files) {
    if (referenced.has(file)) continue
    const path = uploadPath(dataDir, file)
    const found = await stat(path).catch(() => undefined)
    const isLeftover = dead.has(receiverOf(file) ?? '')
    if (!found || (!isLeftover && found.mtimeMs > now - day)) continue // a request may still be receiving it
    await rm(path, { force: true })
    deleted++
  }
  return deleted
}

/** In case the clock was corrected while a process was running and nothing has been uploaded since. */
export async function correctUploadTimes({ db, clock }: App): Promise<number> {
  await atomically(db, tx => correctTimesAhead(tx, clock.now()))
  return 0
}

/**
 * Deletes snapshots that nobody needs: of undone uploads after a week, and, some time after the end of a season, all but the first,
 * the last, one a day, and those its board needs, now and with its newest uploads undone, as the league
 * may be reopened. Never while a backup copies them.
 */
export async function sweepSnapshots({ db, sheets, locks: taskLocks }: App, now: number): Promise<number> {
  const lease = await taskLocks.take(locks.backup())
  if ('heldBy' in lease) return 0
  try {
    return await sweepUnneeded({ db, sheets }, now)
  } finally {
    await lease.release()
  }
}

async function sweepUnneeded({ db, sheets }: Pick<App, 'db' | 'sheets'>, now: number): Promise<number> {
  // A snapshot about to be published may look old if the clock was set forward since it was written.
  if (db.select({ id: uploads.id }).from(uploads).where(eq(uploads.status, 'running')).limit(1).get()) return 0
  const before = now - hour // younger ones may be about to be published
  const keep = new Set(unpublishedSnapshots(db, now))
  const derived = new Set<string>()
  for (const league of db.select().from(leagues).where(eq(leagues.kind, 'sheet')).all()) {
    const all = publishedSnapshots(db, league.id)
    const needed = isLongOver(league, now)
      ? neededSnapshots(sheets.boards.scores, all, league.archivedAt === null ? maxUndos : 0)
      : { snapshots: all.map(({ snapshot }) => snapshot), derived: selectionsToKeep(all).flatMap(extrasListsOf) }
    for (const snapshot of needed.snapshots) keep.add(snapshot)
    for (const key of needed.derived) derived.add(key)
  }
  return sheets.thread.run('sweep', { keep, keepDerived: derived, before })
}

/** Final, or ended so long ago that nothing of it can be undone any more. */
const isSeasonOver = ({ finalizedAt, endsAt }: League, now: number) => finalizedAt !== null || endsAt < now - 30 * day

/** Refuses changes to the uploads of such a league. */
export function requireSeason(league: League, now: number): void {
  requireUnsettled(league, 'The league is final; its uploads stay as they are')
  if (isSeasonOver(league, now))
    refuse(
      'conflict',
      'The league ended over 30 days ago, so its uploads stay; first give it a later end to change them',
    )
}

/** Errors in a final board are usually found in its first week: all its scans stay that long. */
const isLongOver = (league: League, now: number) =>
  isSeasonOver(league, now) && (league.finalizedAt === null || league.finalizedAt < now - 7 * day)

const maxUndos = 5 // of the newest uploads of an ended league, until it is archived

/** Snapshots of held uploads, and of those undone less than a week ago. */
const unpublishedSnapshots = (db: App['db'], now: number): number[] =>
  db
    .select({ snapshot: uploads.snapshotId })
    .from(uploads)
    .where(or(eq(uploads.status, 'held'), and(eq(uploads.status, 'undone'), gte(uploads.undoneAt, now - 7 * day))))
    .all()
    .flatMap(({ snapshot }) => snapshot ?? [])

/** The first, the last, the last of each day, and those that the reachable boards need. */
export function neededSnapshots(scores: Database, all: readonly Published[], undos: number) {
  const ordered = byTakenAt(all)
  const daily = new Map(ordered.map(upload => [`${upload.kind} ${startOf('day', upload.takenAt)}`, upload.snapshot]))
  const firstAndLast = [ordered[0], ordered.at(-1)].flatMap(upload => upload?.snapshot ?? [])
  const extras = ordered.filter(({ kind }) => kind === 'extra').map(({ snapshot }) => snapshot)
  const snapshots = new Set([...firstAndLast, ...daily.values(), ...extras])
  const derived = new Set<string>()
  for (const selection of selectionsToKeep(all, undos)) {
    const { baseline, between, current } = selection
    const stored = longestStored(scores, selection)?.members ?? 0
    if (stored > 0) derived.add(latecomerListKey({ baseline, between: between.slice(0, stored) }))
    for (const key of extrasListsOf(selection)) derived.add(key)
    for (const snapshot of [baseline, ...between.slice(stored), current]) snapshots.add(snapshot)
  }
  return { snapshots, derived }
}
