import { existsSync } from 'node:fs'
import { t } from 'elysia'
import type { App } from '../../context.ts'
import { refuse } from '../../errors.ts'
import { bom, csvDownload, csvLines } from '../../platform/files/csv.ts'
import { apiRouter, signedIn } from '../../platform/http/access.ts'
import { listRoute, paged } from '../../platform/http/pagination.ts'
import { describe } from '../../platform/http/route-docs.ts'
import { dateTimeSchema, idParams } from '../../platform/http/shared-schemas.ts'
import { sheetRefusalCodes } from '../../platform/spreadsheets/refusal.ts'
import { leagueById } from '../queries.ts'
import { readableLeague } from '../visibility.ts'
import { acceptedSchema, acceptReceived, requireUploadsOpen, uploadOptions } from './accept-upload.ts'
import { hasRememberedMappings } from './mappings.ts'
import { previewUpload } from './preview-upload.ts'
import { uploadById, uploadErrorsOf, uploadsOf } from './queries.ts'
import { receiveFile, removeReceived, uploadPath } from './receive-file.ts'
import { findingSchema, takenFromSchema, uploadSchema, uploadView } from './upload.ts'

const uploadDocs = describe(
  'Upload a file: CSV, TSV or XLSX; sending the same bytes with the same mapping and worksheet for the same date again answers 200 with the first upload',
  acceptedSchema,
  {
    status: 202,
  },
)
const fileForm = (parts: Record<string, object>) => ({
  requestBody: {
    required: true,
    content: {
      'multipart/form-data': {
        schema: {
          type: 'object' as const,
          required: ['file'],
          properties: { file: { type: 'string' as const, format: 'binary' }, ...parts },
        },
      },
    },
  },
})
const uploadPreviewSchema = t.Object({
  format: t.String(),
  worksheet: t.Nullable(t.String()),
  worksheets: t.Array(t.Object({ name: t.String(), alike: t.Boolean() }), {
    description: 'Those of a workbook that could be read; `alike`: with the same headings as the one that is read',
  }),
  header_line: t.Integer(),
  taken_at: dateTimeSchema,
  taken_from: takenFromSchema,
  remembered: t.Boolean({ description: 'Uses the mapping that was chosen for these headings before' }),
  columns: t.Array(
    t.Object({
      header: t.String(),
      as: t.Nullable(t.String({ description: 'id, name, label:<name> or a metric; null: left out' })),
      samples: t.Array(t.String()),
    }),
  ),
  notes: t.Array(t.String(), {
    description: 'What the uploader should know about how it is read',
    examples: [['Only the worksheet “Nov 1” is read. Others have the same headings: “Nov 8”.']],
  }),
  problem: t.Nullable(
    t.Object({ code: t.String({ description: `One of ${sheetRefusalCodes.join(', ')}` }), message: t.String() }),
  ),
})

export const uploadRoutes = (app: App) => {
  const { db, clock, config } = app
  return apiRouter(app, '/api/v1', 'uploads')
    .post(
      '/leagues/:id/uploads',
      async ({ params: { id }, query, request, who, set }) => {
        const league = leagueById(db, id)
        requireUploadsOpen(league, clock.now())
        const isReadHere = config.role === 'all' && !query.mapping && !query.worksheet && !hasRememberedMappings(db, id)
        const received = await receiveFile(request, app, { readsAhead: isReadHere })
        return acceptReceived(app, () => league, received, query, signedIn(who), set)
      },
      {
        params: idParams,
        query: uploadOptions,
        parse: 'none',
        may: 'officer',
        detail: {
          ...uploadDocs,
          responses: {
            ...describe('The existing upload of the same bytes', acceptedSchema).responses,
            ...uploadDocs.responses,
          },
          ...fileForm(uploadOptions.properties),
        },
      },
    )
    .post(
      '/leagues/:id/uploads/preview',
      async ({ params: { id }, query, request }) => {
        const league = leagueById(db, id)
        requireUploadsOpen(league, clock.now())
        const received = await receiveFile(request, app, { isKept: false })
        try {
          return await previewUpload(app, league, received, query)
        } finally {
          await removeReceived(config.dataDir, received)
        }
      },
      {
        params: idParams,
        query: t.Pick(uploadOptions, ['mapping', 'kind', 'worksheet']),
        parse: 'none',
        may: 'officer',
        detail: {
          ...describe(
            'Preview a file: its first rows, what each column is read as, its date. Nothing is stored',
            uploadPreviewSchema,
          ),
          ...fileForm({
            mapping: { type: 'string' },
            kind: uploadOptions.properties.kind,
            worksheet: uploadOptions.properties.worksheet,
            is_cut: { type: 'string', description: 'true: the file is only the first 256 kB of a text file' },
          }),
        },
      },
    )
    .get(
      '/leagues/:id/uploads',
      ({ params: { id }, query, request, who }) => {
        readableLeague(db, id, who)
        return paged(query, request, page => {
          const { uploads, total } = uploadsOf(db, id, page)
          return { uploads: uploads.map(uploadView), total }
        })
      },
      {
        params: idParams,
        may: 'officer',
        ...listRoute('Uploads, newest first', 'uploads', uploadSchema),
      },
    )
    .guard({ params: idParams })
    .get('/uploads/:id', ({ params: { id } }) => uploadView(uploadById(db, id)), {
      may: 'officer',
      detail: describe('One upload', uploadSchema),
    })
    .get(
      '/uploads/:id/errors',
      ({ params: { id }, query, request }) => {
        uploadById(db, id)
        return paged(query, request, page => uploadErrorsOf(db, id, page))
      },
      {
        may: 'officer',
        ...listRoute(
          'Rows that are bad, repeated or suspicious: the first 10,000 of each kind',
          'errors',
          findingSchema,
        ),
      },
    )
    .get(
      '/uploads/:id/errors.csv',
      ({ params: { id } }) => {
        uploadById(db, id)
        const { errors } = uploadErrorsOf(db, id)
        const lines = errors.map(({ line, column, value, reason }) => [line, column, value, reason])
        const text = bom + csvLines([['line', 'column', 'value', 'reason'], ...lines])
        return csvDownload(text, `upload-${id}-errors.csv`)
      },
      { may: 'officer', detail: describe('The errors as CSV', t.String(), { type: 'text/csv' }) },
    )
    .get(
      '/uploads/:id/file',
      ({ params: { id } }) => {
        const { file, filename } = uploadById(db, id)
        const path = file && uploadPath(config.dataDir, file)
        if (!path || !existsSync(path)) return refuse('gone', 'The file is no longer kept')
        return new Response(Bun.file(path), {
          headers: {
            'content-type': 'application/octet-stream',
            'content-disposition': `attachment; filename*=UTF-8''${encodeURIComponent(filename)}`,
          },
        })
      },
      {
        may: 'officer',
        detail: describe('The file as it was sent', t.String({ format: 'binary' }), {
          type: 'application/octet-stream',
        }),
      },
    )
}
