import { and, asc, count, desc, eq, gte, inArray, lt, sql } from 'drizzle-orm'
import { countRows, rowsOfPage } from '../../../db/count-rows.ts'
import type { Db } from '../../../db/open.ts'
import { equalsGiven, type Given, isOneOf, preparedFor, preparedInsert } from '../../../db/prepared-writes.ts'
import { uploadErrors, uploads } from '../../../db/schema.ts'
import { prepared, preparedSql } from '../../../db/transactions.ts'
import { refuse } from '../../errors.ts'
import { touch } from '../../platform/cache/stamps.ts'
import { isoOrNull, startOf } from '../../platform/clock.ts'
import type { PageSlice } from '../../platform/http/pagination.ts'
import type { Published } from './snapshot-selection.ts'
import type { Upload } from './upload.ts'

const byId = prepared(db => db.select().from(uploads).where(equalsGiven(uploads.id)))

export const findUpload = (db: Db, id: number): Upload | undefined => byId(db).get({ id })

export function uploadById(db: Db, id: number): Upload {
  const upload = findUpload(db, id)
  return upload && !upload.dryRun ? upload : refuse('not_found', `There is no upload ${id}`)
}

export function uploadOfLeague(db: Db, leagueId: number, id: number): Upload {
  const upload = uploadById(db, id)
  return upload.leagueId === leagueId ? upload : refuse('not_found', `This league has no upload ${id}`)
}

export const uploadOfFile = (db: Db, leagueId: number, file: string): Upload | undefined =>
  db
    .select()
    .from(uploads)
    .where(and(eq(uploads.leagueId, leagueId), eq(uploads.file, file)))
    .get()

/** In the words of the index `uploads_same_bytes`, which SQLite then uses: with parameters it reads all uploads of the league. */
const isInUse = sql`${uploads.status} in ('queued', 'running', 'held', 'done') and not ${uploads.dryRun}`

const findByBytes = prepared(db =>
  db
    .select()
    .from(uploads)
    .where(and(equalsGiven(uploads.leagueId, uploads.kind, uploads.mode, uploads.sha256), isInUse)),
)

type SheetSent = Pick<
  Upload,
  'leagueId' | 'kind' | 'mode' | 'sha256' | 'givenMapping' | 'givenWorksheet' | 'takenAt' | 'takenFrom'
>

/**
 * The same bytes for another date are another scan, of people whose figures have not changed. A date in a name is a day. A sheet
 * that is held is no scan yet, and a date may be the answer.
 */
function isOfSameDate(sent: SheetSent, other: Upload): boolean {
  if (other.status === 'held') return true
  if (sent.takenFrom === 'given') return sent.takenAt === other.takenAt
  if (sent.takenFrom !== 'filename' || other.takenFrom === 'sheet') return true
  return startOf('day', sent.takenAt) === startOf('day', other.takenAt)
}

/** The upload of the same bytes with the same mapping, worksheet and date that is under way, held or done, if there is one. */
export function sameUpload(db: Db, sent: SheetSent): Upload | undefined {
  const { leagueId, kind, mode, sha256, givenMapping, givenWorksheet } = sent
  return findByBytes(db)
    .all({ leagueId, kind, mode, sha256 })
    .find(
      other =>
        Bun.deepEquals(other.givenMapping ?? {}, givenMapping ?? {}) &&
        (other.givenWorksheet === givenWorksheet || (givenWorksheet !== null && other.worksheet === givenWorksheet)) &&
        isOfSameDate(sent, other),
    )
}

type NewUpload = typeof uploads.$inferInsert
export function insertUpload(tx: Db, upload: NewUpload): Upload {
  touch(tx, 'uploads', upload.leagueId)
  return insertRow(tx, upload)
}
const insertRow = preparedInsert(uploads)

export function changeUpload(
  tx: Db,
  id: number,
  from: Upload['status'][],
  change: Partial<Upload>,
): Upload | undefined {
  const changed = changeStatement(tx, change).all({ ...change, upload: id, from: JSON.stringify(from) })[0]
  if (changed) touch(tx, 'uploads', changed.leagueId)
  return changed
}
const changeStatement = preparedFor(uploads, (db, change: Given<Partial<Upload>>) =>
  db
    .update(uploads)
    .set(change)
    .where(and(eq(uploads.id, sql.placeholder('upload')), isOneOf(uploads.status, 'from')))
    .returning(),
)

/** Publishes the snapshot: the board changes with this transaction, not before, not after. */
export function publishUpload(
  tx: Db,
  upload: Upload,
  done: Partial<Upload>,
  from: 'running' | 'held' = 'running',
): Upload {
  const published = changeUpload(tx, upload.id, [from], { ...done, status: 'done' })
  if (!published) return refuse('conflict', 'The upload is no longer being imported')
  touch(tx, 'scores', upload.leagueId)
  return published
}

/** Takes a done upload out of its league's boards. The snapshot stays for a while; nothing refers to it. */
export function undoUpload(tx: Db, upload: Upload, now: number): Upload | undefined {
  const undone = changeUpload(tx, upload.id, ['done'], { status: 'undone', undoneAt: now })
  if (undone) touch(tx, 'scores', upload.leagueId)
  return undone
}

export function uploadsOf(db: Db, leagueId: number, slice: PageSlice) {
  const where = and(eq(uploads.leagueId, leagueId), eq(uploads.dryRun, false))
  const orderBy = [desc(uploads.createdAt), desc(uploads.id)]
  const { rows, total } = rowsOfPage(db, uploads, { where, orderBy }, slice)
  return { uploads: rows, total }
}

/** A page of errors, or all of them, and how many there are in total. */
export function uploadErrorsOf(
  db: Db,
  uploadId: number,
  { limit, offset }: Pick<PageSlice, 'limit' | 'offset'> = { limit: Number.MAX_SAFE_INTEGER, offset: 0 },
) {
  const chunks = db
    .select({ first: uploadErrors.first, size: sql<number>`json_array_length(${uploadErrors.items})` })
    .from(uploadErrors)
    .where(eq(uploadErrors.uploadId, uploadId))
    .orderBy(asc(uploadErrors.first))
    .all()
  const last = chunks.at(-1)
  const total = last ? last.first + last.size : 0
  const from = chunks.findLast(({ first }) => first <= offset)?.first ?? 0
  const rows = db
    .select({ items: uploadErrors.items })
    .from(uploadErrors)
    .where(
      and(eq(uploadErrors.uploadId, uploadId), gte(uploadErrors.first, from), lt(uploadErrors.first, offset + limit)),
    )
    .orderBy(asc(uploadErrors.first))
    .all()
  const items = rows.flatMap(row => row.items)
  return { errors: items.slice(offset - from, offset - from + limit), total }
}

/** Without drizzle: a season has hundreds of rows, and each upload reads them several times. */
const publishedOf = preparedSql<Published, [leagueId: number]>(
  `select snapshot_id as snapshot, kind, taken_at as takenAt from uploads
   where league_id = ? and status = 'done' and snapshot_id is not null`,
)

/** The snapshots a league's boards are made of. */
export const publishedSnapshots = (db: Db, leagueId: number): Published[] => publishedOf(db).all(leagueId)

export const uploadFiles = (db: Db, leagueId: number): string[] =>
  db
    .select({ file: uploads.file })
    .from(uploads)
    .where(eq(uploads.leagueId, leagueId))
    .all()
    .flatMap(({ file }) => file ?? [])

/** Without drizzle: a list of leagues asks for each of them. */
const newestScanFacts = preparedSql<{ players: number | null; takenAt: number }, [leagueId: number]>(
  `select summary ->> '$.players' as players, taken_at as takenAt from uploads
   where league_id = ? and status = 'done' and kind = 'current' and dry_run = 0
   order by taken_at desc, id desc limit 1`,
)

export const playersOfNewestScan = (db: Db, leagueId: number): number => newestScanFacts(db).get(leagueId)?.players ?? 0

export function sheetStats(db: Db, leagueId: number) {
  const states = db
    .select({ status: uploads.status, total: count(), rows: sql<number>`coalesce(sum(${uploads.rowsOk}), 0)` })
    .from(uploads)
    .where(and(eq(uploads.leagueId, leagueId), eq(uploads.dryRun, false)))
    .groupBy(uploads.status)
    .all()
  const newest = newestScanFacts(db).get(leagueId)
  return {
    uploads: states.reduce((sum, { total }) => sum + total, 0),
    uploads_by_status: Object.fromEntries(states.map(({ status, total }) => [status, total])),
    rows: states.reduce((sum, { status, rows }) => sum + (status === 'done' ? rows : 0), 0),
    players: newest?.players ?? 0,
    newest_taken_at: isoOrNull(newest?.takenAt),
  }
}

/** Sheets that are being imported, or wait for an answer. */
export const unfinishedUploads = (db: Db, leagueId: number): number =>
  countRows(
    db,
    uploads,
    and(
      eq(uploads.leagueId, leagueId),
      eq(uploads.dryRun, false),
      inArray(uploads.status, ['queued', 'running', 'held']),
    ),
  )

/** Uploads that wait for an answer. */
export const heldUploads = (db: Db, leagueId: number): Upload[] =>
  db
    .select()
    .from(uploads)
    .where(and(eq(uploads.leagueId, leagueId), eq(uploads.status, 'held')))
    .orderBy(asc(uploads.id))
    .all()
