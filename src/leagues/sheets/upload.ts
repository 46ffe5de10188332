/** One file sent to a sheet league, as it is stored and as the API shows it. */
import { type Static, t } from 'elysia'
import { dateSources, uploadKinds, uploadModes, uploadStates, type uploads } from '../../../db/schema.ts'
import { minuteText } from '../../platform/clock.ts'
import { rowView } from '../../platform/http/row-view.ts'
import { dateTimeSchema, idSchema, nullableDateTime, oneOfWords } from '../../platform/http/shared-schemas.ts'
import { countText } from '../../platform/number-text.ts'

export type Upload = typeof uploads.$inferSelect

export const uploadKindSchema = oneOfWords(uploadKinds, {
  description:
    'baseline: where everyone starts; current: where everyone is now; extra: adds columns, such as verified deaths, to the players of the newest scan',
})
export const uploadModeSchema = oneOfWords(uploadModes, {
  description: 'What a row that cannot be read does: `partial`, the default, leaves it out; `strict` refuses the sheet',
})

export const uploadSummarySchema = t.Object({
  players: t.Integer(),
  new: t.Integer(),
  missing: t.Integer(),
  renamed: t.Integer(),
  suspicious: t.Integer(),
  duplicates: t.Integer(),
  unknown: t.Optional(t.Integer({ description: 'For an extra sheet: players who are not in the newest scan' })),
  warnings: t.Array(t.String()),
})

const doubtSchema = t.Object({
  reason: oneOfWords(['missing', 'went_down', 'columns', 'unknown', 'second_table']),
  count: t.Integer(),
  of: t.Integer(),
  message: t.String(),
})

export const findingSchema = t.Object({
  line: t.Integer(),
  column: t.String(),
  value: t.String(),
  reason: t.String(),
})

export const takenFromSchema = oneOfWords(dateSources, {
  description: 'Where the time comes from: given, read from the sheet or its file name, or the time it was sent',
})

export const uploadSchema = t.Object(
  {
    id: idSchema,
    league_id: idSchema,
    kind: uploadKindSchema,
    mode: uploadModeSchema,
    filename: t.String(),
    bytes: t.Integer(),
    sha256: t.String(),
    format: t.Nullable(t.String()),
    worksheet: t.Nullable(t.String(), { description: 'Of a workbook: the worksheet that was read' }),
    status: oneOfWords(uploadStates),
    rows_total: t.Nullable(t.Integer()),
    rows_ok: t.Nullable(t.Integer()),
    rows_bad: t.Nullable(t.Integer()),
    taken_at: dateTimeSchema,
    taken_from: takenFromSchema,
    created_at: dateTimeSchema,
    finished_at: nullableDateTime,
    uploaded_by: t.Nullable(t.Integer()),
    job_id: t.String(),
    error: t.Nullable(t.String()),
    mapping: t.Nullable(t.Record(t.String(), t.String())),
    summary: t.Nullable(uploadSummarySchema),
    doubts: t.Nullable(t.Array(doubtSchema), { description: 'For a held upload: why it is not published yet' }),
  },
  { $id: 'Upload', description: 'An upload' },
)

export type UploadView = Static<typeof uploadSchema>
export const uploadView = rowView(uploadSchema)

const sheetNames = { baseline: 'A new baseline', current: 'A new scan', extra: 'An extra sheet' }

/** A line for the announcement of its board. */
export function whatChanged({ kind, takenAt, summary }: Upload): string {
  const counts = (['new', 'missing', 'renamed', 'suspicious', 'unknown'] as const).flatMap(part =>
    summary?.[part] ? `${countText(summary[part])} ${part}` : [],
  )
  return `${sheetNames[kind]}, taken ${minuteText(takenAt)}${counts.length ? `: ${counts.join(', ')}` : ''}`
}
