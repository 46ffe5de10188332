/** Generated rosters, kept as drafts until somebody publishes them. */
import { and, desc, eq, gte, isNull, lte } from 'drizzle-orm'
import { type Static, t } from 'elysia'
import { rowsOfPage } from '../../db/count-rows.ts'
import type { Db } from '../../db/open.ts'
import { rosterDrafts } from '../../db/schema.ts'
import { refuse } from '../errors.ts'
import type { PageSlice } from '../platform/http/pagination.ts'
import { rowView } from '../platform/http/row-view.ts'
import { dateSchema, dateTimeSchema, idSchema, nullableDateTime } from '../platform/http/shared-schemas.ts'
import { counted, firstOfText } from '../platform/number-text.ts'
import { dateSpan, shortDay } from './calendar-view.ts'
import { type DateRange, daysAfter, mondayOf } from './date-range.ts'
import { shiftsIn } from './shift-queries.ts'
import type { Site } from './site.ts'
import type { Solution } from './solving/problem.ts'

export type Draft = {
  jobId: string
  range: DateRange
  algorithm: string
  seed: number
  content: DraftContent
  createdBy: number | null
  createdAt: number
  confirmedAt: number | null
  /** Null: named by its sites and days. */
  name: string | null
  /** Changed by hand since it was generated or copied. */
  changes: number
}

/** The solver's summary no longer applies once the draft was changed by hand. */
export type DraftContent = Omit<Solution, 'summary'> & { summary: Solution['summary'] | null }

type Row = typeof rosterDrafts.$inferSelect
const draftOfRow = ({ startDate, endDate, siteIds, content, ...row }: Row): Draft => ({
  ...row,
  range: { start: startDate, end: endDate, siteIds },
  content: content as DraftContent, // as `saveDraft` wrote it
})

/** Running the same job again produces the same draft. */
export function saveDraft(tx: Db, { range, ...draft }: Omit<Draft, 'confirmedAt' | 'name' | 'changes'>): void {
  const at = { startDate: range.start, endDate: range.end, siteIds: range.siteIds }
  const row = { ...draft, ...at, confirmedAt: null, changes: 0 }
  tx.insert(rosterDrafts).values(row).onConflictDoUpdate({ target: rosterDrafts.jobId, set: row }).run()
}

/** A draft that somebody has published or changed: when its job runs again, it stays as it is. */
export function draftInUse(db: Db, jobId: string): Draft | undefined {
  const draft = findDraft(db, jobId)
  return draft && (draft.confirmedAt !== null || draft.changes > 0) ? draft : undefined
}

/** Without the places of shifts that have since been deleted, or moved to other days or sites. */
export function findDraft(db: Db, jobId: string): Draft | undefined {
  const row = db.select().from(rosterDrafts).where(eq(rosterDrafts.jobId, jobId)).get()
  if (!row) return undefined
  const draft = draftOfRow(row)
  const { assignments, unfilled, summary } = draft.content
  const present = new Set(shiftsIn(db, draft.range).map(({ id }) => id))
  const isPresent = ({ shift_id }: { shift_id: number }) => present.has(shift_id)
  const content = { assignments: assignments.filter(isPresent), unfilled: unfilled.filter(isPresent), summary }
  return { ...draft, content }
}

export const refuseMissingDraft = (jobId: string): never =>
  refuse('not_found', `There is no draft ${jobId}; somebody may have discarded it`)

export const draftById = (db: Db, jobId: string): Draft => findDraft(db, jobId) ?? refuseMissingDraft(jobId)

/** Without its content, which may be large. */
export const findDraftState = (db: Db, jobId: string) =>
  db
    .select({
      changes: rosterDrafts.changes,
      confirmedAt: rosterDrafts.confirmedAt,
      start: rosterDrafts.startDate,
      end: rosterDrafts.endDate,
    })
    .from(rosterDrafts)
    .where(eq(rosterDrafts.jobId, jobId))
    .get()

export const draftState = (db: Db, jobId: string) => findDraftState(db, jobId) ?? refuseMissingDraft(jobId)

/** Of an open draft: nobody has changed or published it since it was read. */
export function isDraftAsRead(tx: Db, { jobId, changes }: Pick<Draft, 'jobId' | 'changes'>): boolean {
  const now = draftState(tx, jobId)
  return now.changes === changes && now.confirmedAt === null
}

export function listDrafts(db: Db, slice: PageSlice) {
  const newest = [desc(rosterDrafts.createdAt), desc(rosterDrafts.jobId)]
  const { rows, total } = rowsOfPage(db, rosterDrafts, { orderBy: newest }, slice)
  return { drafts: rows.map(draftOfRow), total }
}

export const changesText = (changes: number): string => `${counted(changes, 'change')} by hand`

const maxDrafts = 30

/** To choose from. */
export type NamedDraft = Pick<Draft, 'jobId' | 'name' | 'range'>

/** Unpublished drafts that share days with this range, newest first. Their contents may be large and are not read. */
export const draftsAbout = (db: Db, { start, end }: Pick<DateRange, 'start' | 'end'>): NamedDraft[] =>
  db
    .select({
      jobId: rosterDrafts.jobId,
      name: rosterDrafts.name,
      range: { start: rosterDrafts.startDate, end: rosterDrafts.endDate, siteIds: rosterDrafts.siteIds },
    })
    .from(rosterDrafts)
    .where(and(lte(rosterDrafts.startDate, end), gte(rosterDrafts.endDate, start), isNull(rosterDrafts.confirmedAt)))
    .orderBy(desc(rosterDrafts.createdAt))
    .limit(maxDrafts)
    .all()

export const markConfirmed = (tx: Db, jobId: string, at: number): void =>
  void tx.update(rosterDrafts).set({ confirmedAt: at }).where(eq(rosterDrafts.jobId, jobId)).run()

export const discardDraft = (tx: Db, jobId: string): boolean =>
  tx.delete(rosterDrafts).where(eq(rosterDrafts.jobId, jobId)).returning().all().length > 0

export const assignmentSchema = t.Object({ shift_id: idSchema, staff_id: idSchema })
const draftSummarySchema = t.Object({
  coverage: t.Number({ description: 'Filled places of all places, 0 to 1' }),
  cost_cents: t.Integer(),
  fairness: t.Number({ description: '1 if everyone who can work gets the same share of their hours' }),
  preferences: t.Number({ description: 'Wishes met minus wishes broken' }),
  bound: t.Number({ description: 'A proven lower bound of the cost at this coverage' }),
  gap: t.Number({ description: 'The largest possible saving, as a share of the cost' }),
  penalty_cents: t.Optional(t.Integer({ description: 'Prices of broken rules of work, requests and headcounts' })),
  unmet: t.Optional(t.Array(t.String(), { description: 'Hours that people should have but cannot get, in sentences' })),
  open_bound: t.Integer({ description: 'A proven lower bound of open places' }),
  advice: t.Array(t.String(), { description: 'What the open places mean, and who would fill them' }),
  ended: t.String({ description: 'proved, heuristic, budget, cancelled or failed' }),
  trouble: t.Optional(t.String({ description: 'With `failed`: the error of the exact solver' })),
})
const unfilledSchema = t.Object({
  shift_id: idSchema,
  reason: t.String(),
  message: t.String(),
  blocked: t.Record(t.String(), t.Integer(), { description: 'How many people each rule excludes' }),
})
export const draftSchema = t.Object(
  {
    job_id: t.String(),
    start_date: dateSchema,
    end_date: dateSchema,
    site_ids: t.Array(idSchema),
    algorithm: t.String(),
    seed: t.Integer(),
    name: t.String({ description: 'Given, or its sites and days', examples: ['Riverside, week of 23 Mar'] }),
    changes: t.Integer({ description: 'Made by hand' }),
    summary: t.Nullable({ ...draftSummarySchema, description: 'Null after a change by hand' }),
    unfilled: t.Integer(),
    created_at: dateTimeSchema,
    confirmed_at: nullableDateTime,
  },
  { $id: 'Draft' },
)
export const wholeDraftSchema = t.Object({
  ...draftSchema.properties,
  assignments: t.Array(assignmentSchema),
  unfilled: t.Array(unfilledSchema),
})

const viewOf = rowView(draftSchema)
export function draftView(draft: Draft, sites: readonly Site[]): Static<typeof draftSchema> {
  const { start: startDate, end: endDate, siteIds } = draft.range
  const { summary, unfilled } = draft.content
  const days = { startDate, endDate, siteIds }
  return viewOf({ ...draft, ...days, name: draftName(draft, sites), summary, unfilled: unfilled.length })
}

/** `Riverside, week of 23 Mar`: its sites and days, unless it was given a name. */
export function draftName({ name, range }: Omit<NamedDraft, 'jobId'>, sites: readonly Site[]): string {
  if (name) return name
  const { start, end, siteIds } = range
  const names = sites.filter(({ id }) => siteIds.includes(id)).map(({ name }) => name)
  const isAll = !siteIds.length || (names.length > 0 && names.length === sites.length)
  const where = isAll ? 'All sites' : firstOfText(names.slice(0, 3), names.length) || 'Deleted sites'
  const isWeek = start === mondayOf(start) && end === daysAfter(start, 6)
  return `${where}, ${isWeek ? `week of ${shortDay(start).slice(4)}` : dateSpan(start, end)}`
}
