/** A file looked at before it is sent: nothing of it is kept. */
import type { App } from '../../context.ts'
import { refuse } from '../../errors.ts'
import { iso } from '../../platform/clock.ts'
import type { League } from '../league.ts'
import { mappingOf } from './accept-upload.ts'
import { datedBeforeReading, datedByContent } from './dating.ts'
import { headersOf, isSheetRefusal, keptMapping } from './mappings.ts'
import type { Mapping } from './reading/headers.ts'
import { type Received, uploadPath } from './receive-file.ts'

/** Read by the mapping that is given, else by the one that was chosen for these headings before. */
export async function previewUpload(app: App, league: League, received: Received, given: string | undefined) {
  const { db, clock, config, sheets } = app
  const { filename, fields, file } = received
  const input = { path: uploadPath(config.dataDir, file), filename, isCut: fields.is_cut === 'true' }
  const look = (mapping?: Mapping) => sheets.thread.run('preview', { ...input, mapping }).catch(asFieldError)
  const mapping = mappingOf(given ?? fields.mapping) ?? undefined
  const first = await look(mapping)
  const kept = mapping ? undefined : keptMapping(db, league.id, headersOf(first))
  const { takenAt: said, ...preview } = kept ? await look(kept) : first
  const now = clock.now()
  const { takenAt, takenFrom } = datedByContent(datedBeforeReading(undefined, filename, now), said, now)
  return { ...preview, taken_at: iso(takenAt), taken_from: takenFrom, remembered: kept !== undefined }
}

function asFieldError(error: unknown): never {
  if (isSheetRefusal(error))
    refuse('invalid', error.message, { errors: [{ path: 'file', message: error.message }], reason: error.facts.code })
  throw error
}
