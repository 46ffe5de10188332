import { Value } from '@sinclair/typebox/value'
import { type Static, t } from 'elysia'
import { syncLogOf } from '../../../db/file.ts'
import type { Db } from '../../../db/open.ts'
import { uploadStates } from '../../../db/schema.ts'
import { atomically } from '../../../db/transactions.ts'
import { audit } from '../../audit.ts'
import type { App } from '../../context.ts'
import { invalid, refuse } from '../../errors.ts'
import { isAhead, tooFarAhead } from '../../platform/clock.ts'
import { fieldErrors, refuseAny } from '../../platform/http/field-errors.ts'
import type { Who } from '../../platform/http/request-context.ts'
import { dateTime, idSchema, oneOfWords } from '../../platform/http/shared-schemas.ts'
import { newRunId } from '../../platform/jobs/jobs.ts'
import { allowReading } from '../../platform/jobs/runs.ts'
import { isSettled, type League, leagueStatus } from '../league.ts'
import { leagueById } from '../queries.ts'
import { pendingSnapshot, requireBuildable, sentTooLate } from './buildable.ts'
import { correctTimesAhead } from './correct-times.ts'
import { publishHeld } from './held.ts'
import { importUpload } from './import-job.ts'
import { changeUpload, insertUpload, publishedSnapshots, sameUpload } from './queries.ts'
import { type ReceivedFile, removeReceived } from './receive-file.ts'
import { dateBeforeReading } from './sheet-date.ts'
import { type Upload, uploadKindSchema, uploadModeSchema } from './upload.ts'

const yesOrNo = oneOfWords(['true', 'false', '1', '0'])
const isYes = (text: Static<typeof yesOrNo> | undefined) => text === 'true' || text === '1'

/** Options of an upload, in the form or in the query. */
export const uploadOptions = t.Object({
  kind: t.Optional(uploadKindSchema),
  mode: t.Optional(uploadModeSchema),
  taken_at: t.Optional(
    dateTime({ description: 'When the data was taken, with an offset. Found in the file or its name by default' }),
  ),
  dry_run: t.Optional({
    ...yesOrNo,
    description:
      'Only reads the file; `summary` of the job’s result says what it would change, and `people` who the first of each count are',
  }),
  force: t.Optional({ ...yesOrNo, description: 'Publishes the sheet also where it would be held' }),
  mapping: t.Optional(
    t.String({ maxLength: 65_536, description: 'JSON: header → metric, id or name; null leaves a column out' }),
  ),
  worksheet: t.Optional(
    t.String({
      maxLength: 255,
      description: 'Name of the worksheet to read from a workbook; by default the one that fits best',
    }),
  ),
})
type UploadOptions = Static<typeof uploadOptions>

export const acceptedSchema = t.Object({
  upload_id: t.Nullable(idSchema),
  job_id: t.String(),
  status: oneOfWords(uploadStates, { description: 'Of the upload; the job has its own' }),
  poll_url: t.String(),
  duplicate: t.Optional(
    t.Boolean({ description: 'The same bytes were sent before; another `taken_at` makes them another scan' }),
  ),
})

const acceptedView = (upload: Upload) => ({
  upload_id: upload.dryRun ? null : upload.id,
  job_id: upload.jobId,
  status: upload.status,
  poll_url: `/api/v1/jobs/status/${upload.jobId}`,
})

/**
 * Turns a received file into an upload: answered with 202, or with 200 if the same bytes were sent before. `leagueOf` may refuse; if anything
 * goes wrong, the file is deleted.
 */
export async function acceptReceived(
  app: App,
  leagueOf: () => League,
  received: ReceivedFile,
  query: UploadOptions,
  who: Who,
  set: { status?: number | string },
) {
  const { config, jobs } = app
  try {
    const options = givenOptions(received, query)
    const { upload, isDuplicate, announcing } = await acceptUpload(app, leagueOf(), received, options, who)
    if (announcing) await jobs.tryDispatch(announcing)
    if (isDuplicate) {
      await removeReceived(config.dataDir, received)
      return { ...acceptedView(upload), duplicate: true }
    }
    // After the answer. The upload is stored: if the queue does not take the job now, the sweep adds it later.
    setImmediate(() => jobs.tryDispatch(upload.jobId))
    set.status = 202
    return acceptedView(upload)
  } catch (error) {
    await removeReceived(config.dataDir, received)
    throw error
  }
}

/**
 * Stores an upload and its job, which is then to be dispatched, or returns the existing upload of the same bytes with the same mapping, worksheet and date.
 * `claimFile` is part of the transaction, and may refuse.
 */
export async function acceptUpload(
  app: App,
  league: League,
  received: ReceivedFile,
  options: UploadOptions,
  who: Who,
  claimFile?: (tx: Db) => void,
) {
  const { db, clock, jobs, sheets } = app
  const { file, filename, bytes, sha256 } = received
  const dryRun = isYes(options.dry_run)
  const force = isYes(options.force)
  const kind = options.kind ?? 'current'
  const mode = options.mode ?? 'partial'
  const now = clock.now()
  const date = dateBeforeReading(options.taken_at, filename, now)
  const { takenAt } = date
  if (isAhead(takenAt, now)) invalid('taken_at', tooFarAhead)
  const givenMapping = mappingOf(options.mapping)
  const givenWorksheet = options.worksheet ?? null
  const accept = (tx: Db) => {
    requireUploadsOpen(leagueById(tx, league.id), now)
    claimFile?.(tx)
    sheets.file.assertUsable()
    correctTimesAhead(tx, now)
    const same = { leagueId: league.id, kind, mode, sha256, givenMapping, givenWorksheet, ...date }
    const existing = dryRun ? undefined : sameUpload(tx, same)
    if (existing?.status === 'held' && force) {
      const given = date.takenFrom === 'given' ? takenAt : undefined
      const { upload, announcing } = publishHeld(app, tx, existing.id, who, given)
      return { upload, isDuplicate: true, announcing }
    }
    if (existing) {
      allowReading(tx, existing.jobId, who.id)
      if (force) changeUpload(tx, existing.id, ['queued', 'running'], { force })
      return { upload: existing, isDuplicate: true }
    }
    const before = publishedSnapshots(tx, league.id)
    requireBuildable(
      sheets.boards.scores,
      before,
      [...before, { snapshot: pendingSnapshot, kind, takenAt }],
      sentTooLate,
    )
    const jobId = newRunId()
    const upload = insertUpload(tx, {
      ...same,
      dryRun,
      filename,
      file,
      bytes,
      status: 'queued',
      jobId,
      uploadedBy: who.id,
      force,
      createdAt: now,
    })
    jobs.accept(tx, importUpload, { uploadId: upload.id, leagueId: league.id }, { id: jobId, by: who.id })
    if (!dryRun)
      audit(tx, {
        at: now,
        who,
        action: 'upload.create',
        target: `league ${league.id}`,
        detail: { upload_id: upload.id, kind, filename, bytes, sha256 },
      })
    return { upload, isDuplicate: false }
  }
  const accepted = await atomically(db, accept, 'unsynced')
  // The file and the log are synced together, and other requests are answered meanwhile.
  await Promise.all([received.synced, syncLogOf(db.$client)]).catch(async error => {
    if (!accepted.isDuplicate) await jobs.cancel(accepted.upload.jobId)
    throw error
  })
  return accepted
}

/** Refuses if the league takes no uploads, or takes none any more. */
export function requireUploadsOpen(league: League, now: number) {
  if (league.kind !== 'sheet') refuse('conflict', `Only sheet leagues take uploads; this one is of kind ${league.kind}`)
  const status = leagueStatus(league, now)
  if (isSettled({ status })) refuse('conflict', `This league is ${status}; it takes no more uploads`)
}

/** The query takes precedence over the form, which may send an empty field. */
export function givenOptions({ fields }: Pick<ReceivedFile, 'fields'>, query: UploadOptions): UploadOptions {
  const { worksheet, ...options } = { ...checkedForm(fields), ...query }
  return worksheet ? { ...options, worksheet } : options
}

/** The other parts of the form, checked against the schema of the query. */
function checkedForm(fields: Record<string, string>): UploadOptions {
  if (Object.keys(fields).length === 0) return {}
  refuseAny(fieldErrors(Value.Errors(uploadOptions, fields)))
  return Value.Clean(uploadOptions, { ...fields }) as UploadOptions
}

/** Reads the mapping as it is sent, null for none. */
export function mappingOf(json: string | undefined): Record<string, string | null> | null {
  if (!json) return null
  try {
    const mapping = Value.Decode(t.Record(t.String(), t.Nullable(t.String({ maxLength: 60 }))), JSON.parse(json))
    const byHeader = Object.entries(mapping).toSorted(([a], [b]) => (a < b ? -1 : 1))
    return byHeader.length ? Object.fromEntries(byHeader) : null
  } catch {
    return invalid('mapping', 'Write an object of column header → metric, as JSON.')
  }
}
