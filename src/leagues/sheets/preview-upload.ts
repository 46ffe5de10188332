/** Previews a file before it is sent: nothing of it is stored. */
import type { UploadKind } from '../../../db/schema.ts'
import type { App } from '../../context.ts'
import { refuse } from '../../errors.ts'
import { iso } from '../../platform/clock.ts'
import { isLabel } from '../columns.ts'
import type { League } from '../league.ts'
import { givenOptions, mappingOf } from './accept-upload.ts'
import { scanMetrics } from './extra-columns.ts'
import { headersOf, isSheetRefusal, rememberedMapping } from './mappings.ts'
import { nameAmong } from './metric-names.ts'
import { publishedSnapshots } from './queries.ts'
import type { Mapping } from './reading/headers.ts'
import type { SheetPreview } from './reading/preview.ts'
import { type ReceivedFile, refuseFile, uploadPath } from './receive-file.ts'
import { dateBeforeReading, dateByContent } from './sheet-date.ts'

/**
 * Uses the given mapping, or else the one that was chosen for these headings before. For an extra sheet, columns that
 * the newest scan has are left out.
 */
export async function previewUpload(app: App, league: League, received: ReceivedFile, options: PreviewOptions) {
  const { db, clock, config, sheets } = app
  const { filename, fields, file } = received
  const { mapping: givenMapping, kind, worksheet } = givenOptions(received, options)
  const input = {
    path: uploadPath(config.dataDir, file),
    filename,
    worksheet,
    isCut: fields.is_cut === 'true',
  }
  const readPreview = (mapping?: Mapping) => sheets.thread.run('preview', { ...input, mapping }).catch(asFieldError)
  const mapping = mappingOf(givenMapping) ?? undefined
  const first = await readPreview(mapping)
  const remembered = mapping ? undefined : rememberedMapping(db, league.id, headersOf(first))
  const { takenAt: takenAtInSheet, ...preview } = remembered ? await readPreview(remembered) : first
  const now = clock.now()
  const { takenAt, takenFrom } = dateByContent(dateBeforeReading(undefined, filename, now), takenAtInSheet, now)
  const isExtra = kind === 'extra'
  const withoutTaken = isExtra
    ? newColumnsOnly(preview, scanMetrics(sheets.boards.scores, publishedSnapshots(db, league.id)))
    : preview
  return { ...withoutTaken, taken_at: iso(takenAt), taken_from: takenFrom, remembered: remembered !== undefined }
}

type PreviewOptions = { mapping?: string; kind?: UploadKind; worksheet?: string }

function newColumnsOnly(preview: Omit<SheetPreview, 'takenAt'>, taken: readonly string[]) {
  const columns = preview.columns.map(({ as, ...column }) => ({
    ...column,
    as: as !== null && (nameAmong(taken, as) !== undefined || isLabel(as)) ? null : as,
  }))
  const isMetric = (as: string | null) => as !== null && as !== 'id' && as !== 'name'
  const hasNew = columns.some(({ as }) => isMetric(as))
  const problem = hasNew
    ? null
    : {
        code: 'no_metric',
        message: 'The scans already have these columns: read what is new as a metric, and give it another name.',
      }
  return { ...preview, columns, problem: preview.problem ?? problem }
}

function asFieldError(error: unknown): never {
  if (!isSheetRefusal(error)) throw error
  const reason = error.facts.code
  return reason === 'unknown_worksheet'
    ? refuse('invalid', error.message, { errors: [{ path: 'worksheet', message: error.message }], reason })
    : refuseFile(error.message, reason)
}
