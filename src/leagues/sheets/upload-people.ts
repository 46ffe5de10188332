/** The players behind the counts of an upload: from its snapshot and the one before, and from the errors found in its file. */
import { type Static, t } from 'elysia'
import type { UploadKind } from '../../../db/schema.ts'
import type { App } from '../../context.ts'
import { refuse } from '../../errors.ts'
import { iso } from '../../platform/clock.ts'
import { itemsOfPage } from '../../platform/http/pagination.ts'
import { dateTimeSchema, oneOfWords } from '../../platform/http/shared-schemas.ts'
import {
  type ComparedChange,
  type ComparedPerson,
  comparedChanges,
  comparedWith,
  selectionWith,
} from './changed-people.ts'
import { publishedSnapshots, uploadErrorsOf } from './queries.ts'
import { SnapshotGone } from './snapshots/snapshot.ts'
import type { Upload } from './upload.ts'

const uploadChanges = [...comparedChanges, 'duplicate'] as const
export type UploadChange = (typeof uploadChanges)[number]
export const changeSchema = oneOfWords(uploadChanges)

/** The lists that exist for each kind of upload. */
export const peopleChangesOf = (kind: UploadKind): readonly UploadChange[] =>
  kind === 'extra' ? ['unknown', 'went_down', 'duplicate'] : uploadChanges.filter(change => change !== 'unknown')

export const changeReasons: Record<UploadChange, string> = {
  new: 'is not in the scan before',
  missing: 'is in the scan before and not in this sheet',
  renamed: 'has another name than in the scan before, under the same id',
  went_down: 'has a counter that should only rise but is lower than in the scan before',
  suspicious: 'has a counter that should only rise but is lower than at the start',
  unknown: 'is in this extra sheet and not in the newest scan',
  duplicate: 'is in the file several times',
}

const valueSchema = t.Nullable(t.Union([t.String(), t.Number()]))
export const changedPersonSchema = t.Object({
  player_id: t.Nullable(t.String({ description: 'Null if only the line is known' })),
  name: t.Nullable(t.String()),
  line: t.Nullable(t.Integer({ description: 'Line in the file' })),
  reason: t.String(),
  changes: t.Array(t.Object({ field: t.String(), before: valueSchema, now: valueSchema })),
})
export const comparedSchema = t.Nullable(
  t.Object({ taken_at: dateTimeSchema }, { description: 'The sheet that this one is compared with' }),
)
export type ChangedPerson = Static<typeof changedPersonSchema>

type PeopleOfUpload = { comparedTo: { taken_at: string } | null; total: number; people: ChangedPerson[] }
type Slice = { offset: number; limit: number }

export async function changedPeopleOf(
  app: App,
  upload: Upload,
  change: UploadChange,
  slice: Slice,
): Promise<PeopleOfUpload> {
  const found = findingsOf(app, upload, change)
  if (change === 'duplicate') return { comparedTo: null, ...pageOfFindings(found, slice, 0) }
  const { comparedTo, total, people } = await comparedPeople(app, upload, change, slice)
  const remaining = { offset: Math.max(0, slice.offset - total), limit: slice.limit - people.length }
  const more = pageOfFindings(found, remaining, total)
  return { comparedTo, total: more.total, people: [...people.map(withReason(change)), ...more.people] }
}

const withReason =
  (change: ComparedChange) =>
  (person: ComparedPerson): ChangedPerson => ({ ...person, line: null, reason: changeReasons[change] })

async function comparedPeople({ db, sheets }: App, upload: Upload, change: ComparedChange, slice: Slice) {
  const { snapshotId: snapshot, takenAt, kind, leagueId } = upload
  if (snapshot === null) return refuse('conflict', `This upload has no people: it is ${upload.status}`)
  const sheet = { snapshot, kind, takenAt }
  const others = publishedSnapshots(db, leagueId).filter(other => other.snapshot !== snapshot)
  const before = peopleChangesOf(kind).includes(change) ? comparedWith(others, sheet, change) : undefined
  if (!before) return { comparedTo: null, total: 0, people: [] }
  const input = { change, snapshot, before: before.snapshot, selection: selectionWith(others, sheet) }
  const answer = await sheets.thread.run('people', { ...input, ...slice }).catch(error => {
    if (error instanceof SnapshotGone) refuse('gone', 'The scans needed for this are no longer kept')
    throw error
  })
  return { comparedTo: { taken_at: iso(before.takenAt) }, ...answer }
}

/** Errors noted when the file was read; only the first ten thousand are stored. */
function findingsOf({ db }: App, { id }: Upload, change: UploadChange): ChangedPerson[] {
  const reasonStart =
    change === 'duplicate' ? 'the same id stands again' : change === 'suspicious' && 'the kills add up to'
  if (!reasonStart) return []
  return uploadErrorsOf(db, id)
    .errors.filter(({ reason }) => reason.startsWith(reasonStart))
    .map(({ line, column, value, reason }) => ({
      player_id: change === 'duplicate' ? value : null,
      name: null,
      line,
      reason,
      changes: change === 'duplicate' ? [] : [{ field: column, before: null, now: value }],
    }))
}

const pageOfFindings = (found: ChangedPerson[], page: Slice, before: number) => ({
  total: before + found.length,
  people: itemsOfPage(found, page),
})
