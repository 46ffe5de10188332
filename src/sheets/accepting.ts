import { Value } from '@sinclair/typebox/value'
import { type Static, t } from 'elysia'
import { atomically } from '../../db/transaction.ts'
import { audit } from '../admin/audit.ts'
import type { App } from '../context.ts'
import { invalid, refuse } from '../errors.ts'
import { type League, statusOf } from '../leagues/league.ts'
import { leagueById } from '../leagues/queries.ts'
import type { Who } from '../runtime/exchange.ts'
import { dateTimeSchema } from '../runtime/formats.ts'
import { mistakes } from '../runtime/mistakes.ts'
import { importUpload } from './jobs.ts'
import { changeUpload, insertUpload, sameBytes } from './queries.ts'
import type { Received } from './receiving.ts'
import { kindSchema, modeSchema } from './upload.ts'

/** What may be said with a file, in the form or in the address. */
export const uploadWishes = t.Object({
  kind: t.Optional(kindSchema),
  mode: t.Optional(modeSchema),
  taken_at: t.Optional(dateTimeSchema),
  dry_run: t.Optional(t.Union([t.Literal('true'), t.Literal('false'), t.Literal('1'), t.Literal('0')])),
  mapping: t.Optional(
    t.String({ maxLength: 65_536, description: 'JSON: header → metric, id or name; null leaves a column out' }),
  ),
})
export type UploadWishes = Static<typeof uploadWishes>

/** Written down and handed to a job, or the upload of the same bytes that is there already. */
export async function acceptUpload(
  { db, clock, jobs }: App,
  league: League,
  received: Received,
  wishes: UploadWishes,
  who: Who,
) {
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

/** Refuses where a league takes no uploads, or no more. */
export function openForUploads(league: League, now: number) {
  if (league.kind !== 'sheet') refuse('conflict', `Only sheet leagues take uploads; this one is of kind ${league.kind}`)
  const status = statusOf(league, now)
  if (status === 'final' || status === 'archived')
    refuse('conflict', `This league is ${status}; it takes no more uploads`)
}

/** The other parts of the form, held to the same schema as the query. */
export function checkedForm(fields: Record<string, string>): UploadWishes {
  const errors = mistakes(Value.Errors(uploadWishes, fields))
  if (errors.length) refuse('invalid', 'The form does not fit what is expected', { errors })
  return Value.Clean(uploadWishes, { ...fields }) as UploadWishes
}

function mappingOf(json: string | undefined): Record<string, string | null> | null {
  if (!json) return null
  try {
    return Value.Decode(t.Record(t.String(), t.Nullable(t.String({ maxLength: 60 }))), JSON.parse(json))
  } catch {
    return invalid('mapping', 'expected a JSON object of header → metric')
  }
}
