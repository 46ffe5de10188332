/** Rosters as they were generated, kept until somebody has looked at them. */
import { count, desc, eq } from 'drizzle-orm'
import type { Db } from '../../db/open.ts'
import { rosterDrafts } from '../../db/schema.ts'
import { iso, isoOrNull } from '../platform/clock.ts'
import type { PageSlice } from '../platform/http/pagination.ts'
import type { Range } from './date-range.ts'
import type { Solution } from './solving/problem.ts'

export type Draft = {
  jobId: string
  range: Range
  algorithm: string
  seed: number
  content: Solution
  createdBy: number | null
  createdAt: number
  confirmedAt: number | null
}

type Row = typeof rosterDrafts.$inferSelect
const draftOf = ({ startDate, endDate, siteIds, content, ...row }: Row): Draft => ({
  ...row,
  range: { start: startDate, end: endDate, siteIds },
  content: content as Solution, // as `leaveDraft` wrote it
})

/** The same job run again leaves the same draft. */
export function leaveDraft(tx: Db, { range, ...draft }: Omit<Draft, 'confirmedAt'>): void {
  const row = { ...draft, startDate: range.start, endDate: range.end, siteIds: range.siteIds, confirmedAt: null }
  tx.insert(rosterDrafts).values(row).onConflictDoUpdate({ target: rosterDrafts.jobId, set: row }).run()
}

export function findDraft(db: Db, jobId: string): Draft | undefined {
  const row = db.select().from(rosterDrafts).where(eq(rosterDrafts.jobId, jobId)).get()
  return row && draftOf(row)
}

export function listDrafts(db: Db, { limit, offset }: PageSlice) {
  const rows = db.select().from(rosterDrafts).orderBy(desc(rosterDrafts.createdAt)).limit(limit).offset(offset).all()
  return { drafts: rows.map(draftOf), total: db.select({ total: count() }).from(rosterDrafts).get()?.total ?? 0 }
}

export const markConfirmed = (tx: Db, jobId: string, at: number): void =>
  void tx.update(rosterDrafts).set({ confirmedAt: at }).where(eq(rosterDrafts.jobId, jobId)).run()

export const discardDraft = (tx: Db, jobId: string): boolean =>
  tx.delete(rosterDrafts).where(eq(rosterDrafts.jobId, jobId)).returning().all().length > 0

export const draftView = ({ jobId, range, algorithm, seed, content, createdAt, confirmedAt }: Draft) => ({
  job_id: jobId,
  start_date: range.start,
  end_date: range.end,
  site_ids: range.siteIds,
  algorithm,
  seed,
  summary: content.summary,
  unfilled: content.unfilled.length,
  created_at: iso(createdAt),
  confirmed_at: isoOrNull(confirmedAt),
})
