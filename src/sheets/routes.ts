import { Value } from '@sinclair/typebox/value'
import { Elysia, type Static, t } from 'elysia'
import Papa from 'papaparse'
import { atomically } from '../../db/transaction.ts'
import { access, signedIn } from '../access.ts'
import { audit } from '../admin/audit.ts'
import type { App } from '../context.ts'
import { invalid, refuse } from '../errors.ts'
import { type League, statusOf } from '../leagues/league.ts'
import { leagueById, readableLeague } from '../leagues/queries.ts'
import { says } from '../runtime/docs.ts'
import type { Who } from '../runtime/exchange.ts'
import { linkHeader, pageOf, pageQuery, pagination, paginationSchema } from '../runtime/page.ts'
import { importUpload } from './jobs.ts'
import { isOver } from './keeping.ts'
import { changeUpload, errorsOf, insertUpload, sameBytes, undo, uploadById, uploadsOf } from './queries.ts'
import { type Received, receive, removeReceived, uploadPath } from './receiving.ts'
import { kindSchema, modeSchema, type Upload, uploadSchema, uploadView } from './upload.ts'

const wishes = t.Object({
  kind: t.Optional(kindSchema),
  mode: t.Optional(modeSchema),
  taken_at: t.Optional(t.String({ format: 'date-time' })),
  dry_run: t.Optional(t.Union([t.Literal('true'), t.Literal('false'), t.Literal('1'), t.Literal('0')])),
  mapping: t.Optional(
    t.String({ maxLength: 65_536, description: 'JSON: header → metric, id or name; null leaves a column out' }),
  ),
})
type Wishes = Static<typeof wishes>

const accepted = t.Object({
  upload_id: t.Nullable(t.Integer()),
  job_id: t.String(),
  status: t.String(),
  poll_url: t.String(),
  duplicate: t.Optional(t.Boolean()),
})
const form = {
  requestBody: {
    required: true,
    content: {
      'multipart/form-data': {
        schema: {
          type: 'object' as const,
          required: ['file'],
          properties: { file: { type: 'string' as const, format: 'binary' }, ...wishes.properties },
        },
      },
    },
  },
}
const finding = t.Object({ line: t.Integer(), column: t.String(), value: t.String(), reason: t.String() })
const uploadParams = t.Object({ id: t.Integer({ minimum: 1 }) })

export const uploadRoutes = (app: App) => {
  const { db, clock, config, jobs } = app
  const answerOf = (upload: Upload) => ({
    upload_id: upload.dryRun ? null : upload.id,
    job_id: upload.jobId,
    status: upload.status,
    poll_url: `/api/v1/jobs/status/${upload.jobId}`,
  })

  async function accept(league: League, received: Received, wishes: Wishes, who: Who) {
    const { file, filename, bytes, sha256 } = received
    const dryRun = wishes.dry_run === 'true' || wishes.dry_run === '1'
    const kind = wishes.kind ?? 'current'
    const mode = wishes.mode ?? 'partial'
    const now = clock.now()
    const takenAt = wishes.taken_at ? Date.parse(wishes.taken_at) : now
    const givenMapping = mappingOf(wishes.mapping)
    return atomically(db, tx => {
      openForUploads(leagueById(tx, league.id), now)
      const known = dryRun ? undefined : sameBytes(tx, { leagueId: league.id, kind, mode, sha256 })
      if (known) return { upload: known, isDuplicate: true }
      const upload = insertUpload(tx, {
        leagueId: league.id,
        kind,
        mode,
        dryRun,
        filename,
        file,
        bytes,
        sha256,
        givenMapping,
        status: 'queued',
        jobId: '',
        uploadedBy: who.id,
        takenAt,
        createdAt: now,
      })
      const { jobId } = jobs.accept(tx, importUpload, { uploadId: upload.id, leagueId: league.id }, { by: who.id })
      if (!dryRun)
        audit(tx, {
          at: now,
          who,
          action: 'upload.create',
          target: `league ${league.id}`,
          detail: { upload_id: upload.id, kind, filename, bytes, sha256 },
        })
      return { upload: changeUpload(tx, upload.id, ['queued'], { jobId }) ?? upload, isDuplicate: false }
    })
  }

  return new Elysia({ tags: ['uploads'] })
    .use(access(app))
    .post(
      '/leagues/:id/uploads',
      async ({ params: { id }, query, request, who, set }) => {
        const league = leagueById(db, id)
        openForUploads(league, clock.now())
        const received = await receive(request, config.dataDir, config.maxUploadMb * 1024 * 1024)
        try {
          const { upload, isDuplicate } = await accept(
            league,
            received,
            { ...checked(received.fields), ...query },
            signedIn(who),
          )
          if (isDuplicate) {
            await removeReceived(config.dataDir, received)
            return { ...answerOf(upload), duplicate: true }
          }
          // Accepted is accepted: with the queue down the sweep hands it over later.
          await jobs
            .dispatch(upload.jobId)
            .catch(error =>
              app.log.warn('The queue is down; the sweep will add the import', { job_id: upload.jobId, error }),
            )
          set.status = 202
          return answerOf(upload)
        } catch (error) {
          await removeReceived(config.dataDir, received)
          throw error
        }
      },
      {
        params: uploadParams,
        query: wishes,
        parse: 'none',
        may: 'officer',
        detail: {
          ...says('Send a sheet: CSV, TSV or XLSX; the same bytes again answer 200 with the first upload', accepted, {
            status: 202,
          }),
          ...form,
        },
      },
    )
    .get(
      '/leagues/:id/uploads',
      ({ params: { id }, query, request, who, set }) => {
        readableLeague(db, id, who)
        const page = pageOf(query)
        const { uploads, total } = uploadsOf(db, id, page)
        const pages = pagination(page, total)
        set.headers.link = linkHeader(request.url, pages)
        return { uploads: uploads.map(uploadView), pagination: pages }
      },
      {
        params: uploadParams,
        query: t.Object(pageQuery),
        may: 'officer',
        detail: says(
          'Uploads, the newest first',
          t.Object({ uploads: t.Array(uploadSchema), pagination: paginationSchema }),
        ),
      },
    )
    .guard({ params: uploadParams })
    .get('/uploads/:id', ({ params: { id } }) => uploadView(uploadById(db, id)), {
      may: 'officer',
      detail: says('One upload', uploadSchema),
    })
    .get(
      '/uploads/:id/errors',
      ({ params: { id }, query, request, set }) => {
        uploadById(db, id)
        const page = pageOf(query)
        const { errors, total } = errorsOf(db, id, page)
        const pages = pagination(page, total)
        set.headers.link = linkHeader(request.url, pages)
        return { errors, pagination: pages }
      },
      {
        query: t.Object(pageQuery),
        may: 'officer',
        detail: says(
          'What could not be read, by line',
          t.Object({ errors: t.Array(finding), pagination: paginationSchema }),
        ),
      },
    )
    .get(
      '/uploads/:id/errors.csv',
      ({ params: { id } }) => {
        uploadById(db, id)
        const { errors } = errorsOf(db, id, { limit: Number.MAX_SAFE_INTEGER, offset: 0 })
        const csv = Papa.unparse(
          {
            fields: ['line', 'column', 'value', 'reason'],
            data: errors.map(({ line, column, value, reason }) => [line, column, value, reason]),
          },
          { escapeFormulae: true },
        )
        return new Response(`\uFEFF${csv}\r\n`, {
          headers: {
            'content-type': 'text/csv; charset=utf-8',
            'content-disposition': `attachment; filename="upload-${id}-errors.csv"`,
          },
        })
      },
      { may: 'officer', detail: says('The same as CSV', t.String(), { type: 'text/csv' }) },
    )
    .get(
      '/uploads/:id/file',
      ({ params: { id } }) => {
        const { file, filename } = uploadById(db, id)
        if (!file) refuse('gone', 'The file is no longer kept')
        return new Response(Bun.file(uploadPath(config.dataDir, file as string)), {
          headers: {
            'content-type': 'application/octet-stream',
            'content-disposition': `attachment; filename*=UTF-8''${encodeURIComponent(filename)}`,
          },
        })
      },
      {
        may: 'officer',
        detail: says('The file as it was sent', t.String({ format: 'binary' }), { type: 'application/octet-stream' }),
      },
    )
    .post(
      '/uploads/:id/undo',
      async ({ params: { id }, who }) => {
        const upload = await atomically(db, tx => {
          const upload = uploadById(tx, id)
          if (isOver(leagueById(tx, upload.leagueId), clock.now()))
            refuse('conflict', 'The league is final or long over; its uploads stay')
          const undone =
            undo(tx, upload, clock.now()) ??
            refuse('conflict', `Only a done upload can be undone; this one is ${upload.status}`)
          audit(tx, {
            at: clock.now(),
            who: signedIn(who),
            action: 'upload.undo',
            target: `upload ${id}`,
            detail: { league_id: upload.leagueId },
          })
          return undone
        })
        return uploadView(upload)
      },
      {
        may: 'officer',
        detail: says('Take an upload out of the boards, which go back to what they were', uploadSchema),
      },
    )
}

function openForUploads(league: League, now: number) {
  if (league.kind !== 'sheet') refuse('conflict', `Only sheet leagues take uploads; this one is of kind ${league.kind}`)
  const status = statusOf(league, now)
  if (status === 'final' || status === 'archived')
    refuse('conflict', `This league is ${status}; it takes no more uploads`)
}

/** The other parts of the form, held to the same schema as the query. */
function checked(fields: Record<string, string>): Wishes {
  const errors = [...Value.Errors(wishes, fields)].map(({ path, message }) => ({ path: path.slice(1), message }))
  if (errors.length) refuse('invalid', 'The form does not fit what is expected', { errors })
  return Value.Clean(wishes, { ...fields }) as Wishes
}

function mappingOf(json: string | undefined): Record<string, string | null> | null {
  if (!json) return null
  try {
    return Value.Decode(t.Record(t.String(), t.Nullable(t.String({ maxLength: 60 }))), JSON.parse(json))
  } catch {
    return invalid('mapping', 'expected a JSON object of header → metric')
  }
}
