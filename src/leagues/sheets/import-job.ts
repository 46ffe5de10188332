import { rm } from 'node:fs/promises'
import { Value } from '@sinclair/typebox/value'
import { and, eq, inArray } from 'drizzle-orm'
import { t } from 'elysia'
import { syncLogOf } from '../../../db/file.ts'
import type { Db } from '../../../db/open.ts'
import { runs, uploads } from '../../../db/schema.ts'
import { atomically } from '../../../db/transactions.ts'
import { type App, job } from '../../context.ts'
import { refuse } from '../../errors.ts'
import { locks } from '../../locks.ts'
import { iso } from '../../platform/clock.ts'
import type { JobContext } from '../../platform/jobs/job.ts'
import { fenced } from '../../platform/jobs/task-locks.ts'
import { counted } from '../../platform/number-text.ts'
import { letRequestsIn } from '../../platform/process/let-requests-in.ts'
import { ThreadError } from '../../platform/process/threads.ts'
import { announceLater } from '../announce.ts'
import type { League } from '../league.ts'
import { leagueById } from '../queries.ts'
import { warmBoard } from '../warm-up.ts'
import { requireBuildable, sentTooLate } from './buildable.ts'
import { boardConfigOf } from './config.ts'
import { correctTimesAhead } from './correct-times.ts'
import { preparedPage, prepareFirstPage } from './first-page.ts'
import { holdUpload } from './held.ts'
import type { Imported, ImportProgress } from './import-sheet.ts'
import { isSheetRefusal, mappingFor, rememberMapping } from './mappings.ts'
import { readAsWords } from './metric-names.ts'
import { changeUpload, findUpload, publishedSnapshots, publishUpload, sameUpload } from './queries.ts'
import { uploadPath } from './receive-file.ts'
import { deleteStrayFiles } from './retention.ts'
import { newestOf, type Published, selectSnapshots } from './snapshot-selection.ts'
import { SnapshotGone } from './snapshots/snapshot.ts'
import { storeFindings } from './stored-findings.ts'
import { type Upload, whatChanged } from './upload.ts'

/** Imports an uploaded file and publishes it on its league's board. A second run finds it done. */
export const importUpload = job('sheets.import', {
  input: t.Object({ uploadId: t.Integer(), leagueId: t.Integer() }),
  queue: 'heavy',
  attempts: 3,
  lock: ({ leagueId }) => locks.import(leagueId),
  begin: ({ uploadId }, tx) => void changeUpload(tx, uploadId, ['queued'], { status: 'running' }),
  whyNoRetry: ({ uploadId }, { db }) =>
    findUpload(db, uploadId)?.file ? null : 'Its file was removed when it ended; upload it again',
  run: (input, app, work) => runImport(input, app, work).catch(refuseUnreadable),
  async afterFailure({ uploadId }, app, { status, error }) {
    const { db, clock } = app
    const upload = findUpload(db, uploadId)
    if (!upload) return
    if (upload.dryRun) return deleteDryRun(app, upload)
    const end = status === 'CANCELLED' ? 'cancelled' : 'failed'
    await atomically(
      db,
      tx =>
        changeUpload(tx, uploadId, ['queued', 'running', 'failed'], {
          status: end,
          error,
          finishedAt: clock.now(),
          file: end === 'cancelled' ? null : upload.file,
        }) && undefined,
    )
    if (end === 'cancelled') await removeFile(app, upload)
  },
})

async function runImport({ uploadId, leagueId }: { uploadId: number; leagueId: number }, app: App, work: JobContext) {
  const { db } = app
  const { signal, log } = work
  const found = findUpload(db, uploadId)
  const upload =
    found?.status === 'failed' ? await atomically(db, tx => markRunningAgain(tx, found), 'unsynced') : found
  if (!upload?.file || upload.status !== 'running')
    return upload ? resultOf(upload, publishedSnapshots(db, leagueId)) : null
  const league = leagueById(db, leagueId)
  const imported = await importFile(app, league, upload, upload.file, work)
  signal.throwIfAborted()
  if (upload.dryRun) {
    await deleteDryRun(app, upload)
    return trialResult(imported)
  }
  const firstPage =
    !isDoubtful(imported, upload) && isReadHere(app)
      ? await prepareFirstPage(app, league, imported, upload).catch(ignoreFailure)
      : undefined
  await storeFindings(db, uploadId, imported.findings)
  await letRequestsIn() // between the page and the transaction
  signal.throwIfAborted()
  const { result, published, announcing } = await atomically(
    db,
    tx => publishOrHold(tx, app, league, upload, imported, work),
    'unsynced',
  )
  // The board is made while it is synced. Readers may see it by then; it is announced only afterwards. After a power cut before the sync
  // has ended the sheet is imported again.
  const isOnDisk = syncLogOf(db.$client).catch(error =>
    log.error('The sheet is published, but the disk refused to sync', { error }),
  )
  if (published && isReadHere(app))
    await warmBoard(app, leagueById(db, leagueId), query => preparedPage(app, leagueId, query, firstPage)).catch(
      ignoreFailure,
    )
  await isOnDisk
  if (announcing) await app.jobs.tryDispatch(announcing)
  if (published) prepareNextImport(app, published)
  return result
}

/** Reads the file in the thread of sheets; unless it is a trial, the thread also stores it, as a snapshot that nobody sees yet. */
async function importFile(
  app: App,
  league: League,
  upload: Upload,
  file: string,
  { signal, progress }: JobContext,
): Promise<Imported> {
  const { db, sheets, config } = app
  const path = uploadPath(config.dataDir, file)
  requireComplete(path, upload)
  const { filename } = upload
  const worksheet = upload.givenWorksheet ?? undefined
  const mapping = upload.givenMapping ?? (await mappingFor(app, league.id, { path, filename, worksheet, isCut: false }))
  const mode = upload.dryRun ? 'partial' : upload.mode // a trial run reports every bad row
  const imported = sheets.thread.run(
    'import',
    {
      path,
      options: { filename, mapping, worksheet, mode },
      kind: upload.kind,
      date: { takenAt: upload.takenAt, takenFrom: upload.takenFrom },
      published: publishedSnapshots(db, league.id),
      config: boardConfigOf(league),
      dryRun: upload.dryRun,
    },
    {
      signal,
      progress(message) {
        const { stage, done, rows } = message as ImportProgress
        progress(done, stage, counted(rows, 'row'))
      },
    },
  )
  return imported.catch(async error => {
    await keepFindings(app, upload, error)
    throw error
  })
}

/** Whether an officer has to answer first. */
const isDoubtful = ({ doubts }: Imported, { force }: Upload) => doubts.length > 0 && !force

/** The upload is on the board after this transaction, among `published`, or waits for an officer. */
function publishOrHold(
  tx: Db,
  app: App,
  league: League,
  upload: Upload,
  imported: Imported,
  { lease, succeed }: JobContext,
) {
  const { sheets, clock } = app
  if (lease) fenced(tx, lease)
  const { finalizedAt, archivedAt } = leagueById(tx, league.id)
  if (finalizedAt !== null) refuse('conflict', 'The league was finalised meanwhile')
  if (archivedAt !== null) refuse('conflict', 'The league was archived meanwhile')
  sheets.file.assertUsable() // otherwise the snapshot would be lost with the process
  refuseSameWorksheet(tx, upload, imported.report.worksheet)
  const { takenFrom, force } = findUpload(tx, upload.id) ?? upload // either may have changed while the file was read
  const columns = { ...importedColumns(imported, clock.now()), ...(takenFrom !== 'given' && imported.date) }
  const isHeld = isDoubtful(imported, upload) && !force
  const { mapping, ignored } = imported.report
  if (upload.givenMapping)
    rememberMapping(tx, league.id, [...Object.keys(mapping), ...ignored], upload.givenMapping, clock.now())
  if (isHeld) {
    const held = holdUpload(tx, clock.now(), league, upload, { ...columns, doubts: imported.doubts })
    const result = resultOf(held, publishedSnapshots(tx, league.id))
    succeed(tx, result)
    return { result }
  }
  const done = publishUpload(tx, upload, columns)
  const published = publishedSnapshots(tx, league.id)
  const before = published.filter(({ snapshot }) => snapshot !== done.snapshotId)
  requireBuildable(sheets.boards.scores, before, published, sentTooLate)
  const result = { ...resultOf(done, published), doubts: imported.doubts }
  const announcing = announceLater(app, tx, league, 'board', whatChanged(done))
  succeed(tx, result)
  return { result, published, announcing }
}

/** Which worksheet fits is known only now: it may have been imported by its name already. */
function refuseSameWorksheet(tx: Db, upload: Upload, worksheet: string | null): void {
  if (upload.givenWorksheet !== null || worksheet === null) return
  const same = sameUpload(tx, { ...upload, givenWorksheet: worksheet })
  if (same) refuse('conflict', `The worksheet “${worksheet}” of this file was sent before, as upload ${same.id}`)
}

/** Makes what the league's next import needs of the sheets so far. If it fails, that import makes it. */
function prepareNextImport({ sheets }: App, published: readonly Published[]): void {
  const selection = selectSnapshots(published)
  if (selection) sheets.thread.run('prepareLatecomers', selection).catch(ignoreFailure)
}

/** Whether readers find what this process caches: in its own memory, or in Redis. */
const isReadHere = ({ config, redis }: App) => config.role !== 'worker' || redis !== undefined

/** For what is made again when it is needed, and then says why it cannot be made: it does not fail the import. */
const ignoreFailure = () => undefined

/** For a failed upload whose job is retried. */
function markRunningAgain(tx: Db, upload: Upload): Upload {
  if (sameUpload(tx, upload)) refuse('conflict', 'The same bytes were uploaded again meanwhile')
  return changeUpload(tx, upload.id, ['failed'], { status: 'running', error: null }) ?? upload
}

const refusedSheet = t.Object({
  report: t.Object({
    format: t.String(),
    mapping: t.Record(t.String(), t.String()),
    rowsTotal: t.Integer(),
    rowsOk: t.Integer(),
    rowsBad: t.Integer(),
  }),
  findings: t.Array(t.String()),
})

/** A sheet that was refused for its rows was read to its end, so its findings are stored as for any other. */
async function keepFindings({ db }: App, { id, dryRun }: Upload, error: unknown): Promise<void> {
  const found = error instanceof ThreadError ? error.facts : undefined
  if (dryRun || !Value.Check(refusedSheet, found)) return
  const { format, mapping, rowsTotal, rowsOk, rowsBad } = found.report
  await atomically(db, tx => void changeUpload(tx, id, ['running'], { format, mapping, rowsTotal, rowsOk, rowsBad }))
  await storeFindings(db, id, found.findings)
}

/** What the reader refuses becomes the refusal that the uploader sees; a cancel stays a cancel. */
function refuseUnreadable(error: unknown): never {
  if (isSheetRefusal(error)) refuse('invalid', error.message)
  if (error instanceof SnapshotGone) refuse('conflict', sentTooLate)
  throw error
}

const importedColumns = ({ snapshot, report, summary }: Imported, now: number): Partial<Upload> => ({
  snapshotId: snapshot,
  finishedAt: now,
  format: report.format,
  worksheet: report.worksheet,
  mapping: report.mapping,
  rowsTotal: report.rowsTotal,
  rowsOk: report.rowsOk,
  rowsBad: report.rowsBad,
  summary,
})

const resultOf = ({ id, kind, status, snapshotId, ...upload }: Upload, published: readonly Published[]) => ({
  upload_id: id,
  status,
  is_newest: newestOf(published, kind)?.snapshot === snapshotId,
  rows_total: upload.rowsTotal,
  rows_ok: upload.rowsOk,
  rows_bad: upload.rowsBad,
  doubts: upload.doubts ?? [],
  ...upload.summary,
})

const trialResult = ({ report, headings, findings, summary, people, date, doubts }: Imported) => ({
  worksheet: report.worksheet,
  mapping: report.mapping,
  read_as: readAsWords(report.mapping, headings),
  ignored: report.ignored,
  rows_total: report.rowsTotal,
  rows_ok: report.rowsOk,
  rows_bad: report.rowsBad,
  taken_at: iso(date.takenAt),
  taken_from: date.takenFrom,
  doubts,
  errors: JSON.parse(findings[0] ?? '[]').slice(0, 100),
  summary,
  people,
})

/** After a power cut the row may be there without the whole file; such an upload was never confirmed to anybody. */
function requireComplete(path: string, { bytes }: Upload) {
  if (Bun.file(path).size < bytes)
    refuse('conflict', 'Power went away while the file was stored, and a part of it is lost; upload it again')
}

/** A dry run leaves no history and no file. */
async function deleteDryRun(app: App, upload: Upload) {
  await removeFile(app, upload)
  await atomically(app.db, tx => void tx.delete(uploads).where(eq(uploads.id, upload.id)).run())
}

async function removeFile({ config }: App, { file }: Upload) {
  if (file) await rm(uploadPath(config.dataDir, file), { force: true })
}

/** At the start, after a process has died: ends uploads whose run has ended, and removes files without an upload. */
export async function resumeUploads(app: App): Promise<void> {
  await atomically(app.db, tx => correctTimesAhead(tx, app.clock.now()))
  const unfinished = app.db
    .select({ run: runs })
    .from(uploads)
    .innerJoin(runs, eq(runs.id, uploads.jobId))
    .where(and(inArray(uploads.status, ['queued', 'running']), inArray(runs.status, ['FAILURE', 'CANCELLED'])))
    .all()
  for (const { run } of unfinished) await app.jobs.callAfterFailure(run)
  await deleteStrayFiles(app, app.clock.now())
}
