/** Drafts made and changed by hand: copied from the roster or another draft, changed place by place, cleared, compared. */
import { eq } from 'drizzle-orm'
import { type Static, t } from 'elysia'
import type { Db } from '../../../db/open.ts'
import { rosterDrafts } from '../../../db/schema.ts'
import { atomically } from '../../../db/transactions.ts'
import { audit } from '../../audit.ts'
import type { App } from '../../context.ts'
import { invalid, refuse } from '../../errors.ts'
import { itemsOfPage, type PageSlice } from '../../platform/http/pagination.ts'
import type { Who } from '../../platform/http/request-context.ts'
import { idSchema, oneLine } from '../../platform/http/shared-schemas.ts'
import { assignmentsIn, refuseBroken } from '../assignments.ts'
import { type DateRange, rangeFields, rangeOfBody } from '../date-range.ts'
import { assignmentSchema, type DraftContent, draftById, isDraftAsRead, saveDraft } from '../drafts.ts'
import { rosterVersion } from '../load-problem.ts'
import { dutyDescription, dutyText } from '../notices.ts'
import { staffNames } from '../roster-view.ts'
import { shiftsIn } from '../shift-queries.ts'
import type { Violation } from '../solving/check.ts'
import { type Assignment, assignmentKey } from '../solving/problem.ts'
import { checkDraft } from './check-draft.ts'

const nameSchema = t.Nullable({ ...oneLine(80), examples: ['Riverside, the quiet week'] })
export const newDraft = t.Object(
  {
    ...rangeFields,
    name: t.Optional(nameSchema),
    from: t.Optional(
      t.String({
        maxLength: 64,
        description: 'roster (the default), nobody, or the job_id of another draft',
        examples: ['roster'],
      }),
    ),
  },
  { examples: [{ start_date: '2026-03-23', end_date: '2026-03-29', site_ids: [1], from: 'roster' }] },
)
export const draftNameBody = t.Object({ name: nameSchema }, { examples: [{ name: 'The quiet week' }] })
export const draftChangeSchema = t.Object(
  {
    put: t.Optional(t.Array(assignmentSchema, { maxItems: 1_000 })),
    take: t.Optional(t.Array(assignmentSchema, { maxItems: 1_000 })),
  },
  {
    description: 'A move takes somebody off a shift and puts them, or somebody else, on one',
    examples: [{ take: [{ shift_id: 4, staff_id: 2 }], put: [{ shift_id: 4, staff_id: 7 }] }],
  },
)

export function makeDraft(app: App, who: Who, given: Static<typeof newDraft>): Promise<string> {
  const range = rangeOfBody(given)
  return makeHandDraft(app, who, range, given.name ?? null, assignmentsFrom(app.db, range, given.from ?? 'roster'))
}

/** Only people who still exist; what the rules say about them is shown on the draft. */
export async function makeHandDraft(app: App, who: Who, range: DateRange, name: string | null, wanted: Assignment[]) {
  const { db, clock } = app
  const jobId = `hand-${Bun.randomUUIDv7()}`
  const at = clock.now()
  const ids = wanted.map(({ staff_id }) => staff_id)
  const names = staffNames(db, ids)
  const kept = wanted.filter(({ staff_id }) => names.has(staff_id))
  const { unfilled } = await app.reader.read(checkDraft, { range, assignments: kept })
  await atomically(db, tx => {
    const content = { assignments: kept, unfilled, summary: null }
    saveDraft(tx, { jobId, range, algorithm: 'by hand', seed: 0, content, createdBy: who.id, createdAt: at })
    if (name) renameDraft(tx, jobId, name)
    const detail = { name, ...range, places: kept.length }
    audit(tx, { at, who, action: 'roster.draft', target: `draft ${jobId}`, detail })
  })
  return jobId
}

/** The roster of these days, and these places besides. */
export const addToRoster = (app: App, who: Who, range: DateRange, added: Assignment[]): Promise<string> =>
  makeHandDraft(app, who, range, null, [...assignmentsFrom(app.db, range, 'roster'), ...added])

/** The part of another draft that is in this range. */
function assignmentsFrom(db: Db, range: DateRange, from: string): Assignment[] {
  if (from === 'nobody') return []
  if (from === 'roster') return assignmentsIn(db, range).map(({ shift_id, staff_id }) => ({ shift_id, staff_id }))
  const inside = new Set(shiftsIn(db, range).map(({ id }) => id))
  return draftById(db, from).content.assignments.filter(({ shift_id }) => inside.has(shift_id))
}

export const renameDraft = (tx: Db, jobId: string, name: string | null): void =>
  void tx
    .update(rosterDrafts)
    .set({ name: name?.trim() || null })
    .where(eq(rosterDrafts.jobId, jobId))
    .run()

/** The number of changes and of open places, and the rules that the draft breaks now. */
export type Changed = { changes: number; unfilled: number; violations: Violation[] }

/** Refused if the change itself would break a rule; existing conflicts stay. */
export async function changePlaces(
  app: App,
  who: Who,
  jobId: string,
  { put = [], take = [] }: Static<typeof draftChangeSchema>,
): Promise<Changed> {
  const { db, reader, clock } = app
  if (!put.length && !take.length) invalid('put', 'Send somebody to put, or to take off.')
  for (;;) {
    const draft = draftById(db, jobId)
    if (draft.confirmedAt !== null) refuse('conflict', 'This draft is published; make another one from it')
    const before = draft.content.assignments
    const after = withChange(before, put, take)
    const checked = await reader.read(checkDraft, { range: draft.range, assignments: after, before })
    const pinned = new Set(checked.pinned.map(assignmentKey))
    if (take.some(one => pinned.has(assignmentKey(one))))
      refuse('conflict', 'They are pinned; unpin them first on the page of the shift')
    if (put.length) refuseBroken(checked.added)
    const changes = await atomically(db, tx => {
      if (!isDraftAsRead(tx, draft) || rosterVersion(tx) !== checked.version) return undefined
      const count = draft.changes + 1
      saveChange(tx, jobId, { assignments: after, unfilled: checked.unfilled, summary: null }, count)
      const detail = { put: put.slice(0, 20), take: take.slice(0, 20) }
      audit(tx, { at: clock.now(), who, action: 'roster.draft_change', target: `draft ${jobId}`, detail })
      return count
    })
    if (changes !== undefined) return { changes, unfilled: checked.unfilled.length, violations: checked.violations }
  }
}

const saveChange = (tx: Db, jobId: string, content: DraftContent, changes: number): void =>
  void tx.update(rosterDrafts).set({ content, changes }).where(eq(rosterDrafts.jobId, jobId)).run()

function withChange(before: Assignment[], put: Assignment[], take: Assignment[]): Assignment[] {
  const keys = new Set(before.map(assignmentKey))
  const taken = new Set(take.map(assignmentKey))
  for (const key of taken)
    if (!keys.has(key)) refuse('conflict', 'Somebody else has changed this draft: they are no longer on that shift')
  return [...before.filter(one => !taken.has(assignmentKey(one))), ...put]
}

/** Everybody who is not pinned on some days of the draft. */
export async function clearDraft(app: App, who: Who, jobId: string, { start, end }: { start?: string; end?: string }) {
  const { db, reader } = app
  const { range, content } = draftById(db, jobId)
  const { assignments } = content
  const { pinned } = await reader.read(checkDraft, { range, assignments })
  const pinnedKeys = new Set(pinned.map(assignmentKey))
  const days = { ...range, start: start ?? range.start, end: end ?? range.end }
  const inside = new Set(shiftsIn(db, days).map(({ id }) => id))
  const take = assignments.filter(one => inside.has(one.shift_id) && !pinnedKeys.has(assignmentKey(one)))
  if (!take.length) refuse('conflict', 'There is nobody to take off')
  return changePlaces(app, who, jobId, { take })
}

const draftSideSchema = t.Array(t.Object({ staff_id: idSchema, name: t.String() }))
export const differenceSchema = t.Object({
  shift_id: idSchema,
  words: t.String({ examples: ['Mon 23 Mar, 18:00–23:00, Riverside (Europe/Berlin)'] }),
  here: { ...draftSideSchema, description: 'People only in this draft' },
  there: { ...draftSideSchema, description: 'People only in the other' },
})
export type Difference = Static<typeof differenceSchema>

/** A page of the differences between two drafts, or a draft and the roster, shift by shift. */
export function draftDifferences(db: Db, jobId: string, other: string, page: PageSlice) {
  const draft = draftById(db, jobId)
  const sides = [draft.content.assignments, assignmentsFrom(db, draft.range, other)].map(side =>
    Map.groupBy(side, ({ shift_id }) => shift_id),
  )
  let same = 0
  const found = shiftsIn(db, draft.range).flatMap(({ id }) => {
    const [a = [], b = []] = sides.map(side => (side.get(id) ?? []).map(({ staff_id }) => staff_id))
    const [here, there] = [a.filter(one => !b.includes(one)), b.filter(one => !a.includes(one))]
    same += a.length - here.length
    return here.length || there.length ? [{ id, here, there }] : []
  })
  const shown = itemsOfPage(found, page)
  const people = shown.flatMap(({ here, there }) => [...here, ...there])
  const names = staffNames(db, people)
  const named = (ids: number[]) => ids.map(id => ({ staff_id: id, name: names.get(id) ?? `Staff ${id}` }))
  const differences = shown.map(({ id, here, there }): Difference => {
    const place = dutyDescription(db, id)
    return { shift_id: id, words: place ? dutyText(place) : '', here: named(here), there: named(there) }
  })
  return { same, differences, total: found.length }
}
