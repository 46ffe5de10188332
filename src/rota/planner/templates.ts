/** A week saved to make other weeks from: its shifts, and the people on them. */
import { eq, sql } from 'drizzle-orm'
import { type Static, t } from 'elysia'
import type { Db } from '../../../db/open.ts'
import { weekTemplates } from '../../../db/schema.ts'
import { atomically } from '../../../db/transactions.ts'
import { audit } from '../../audit.ts'
import { alreadyTaken, invalid, refuse } from '../../errors.ts'
import { byName } from '../../platform/by-name.ts'
import { itemsOfPage, type PageSlice } from '../../platform/http/pagination.ts'
import type { Actor } from '../../platform/http/request-context.ts'
import { rowView } from '../../platform/http/row-view.ts'
import { dateSchema, dateTimeSchema, idSchema, oneLine } from '../../platform/http/shared-schemas.ts'
import { assignmentsIn } from '../assignments.ts'
import { daysAfter, mondayOf, rangeFields } from '../date-range.ts'
import { copyShifts } from '../make-shifts.ts'
import { asNewShift, checkCalendar, type NewShift } from '../shift.ts'
import { addNewShifts, findIdenticalShift, shiftsIn } from '../shift-queries.ts'
import { allSites, timezoneOfSite } from '../site-queries.ts'
import type { Assignment } from '../solving/problem.ts'

const nameSchema = { ...oneLine(80), examples: ['A summer week'] }
const monday = { ...dateSchema, description: 'A day of the week: its Monday counts', examples: ['2026-03-23'] }
export const newTemplate = t.Object(
  { name: nameSchema, monday, site_ids: rangeFields.site_ids },
  { examples: [{ name: 'A summer week', monday: '2026-07-06' }] },
)
export const applySchema = t.Object(
  {
    monday,
    people: t.Optional(t.Boolean({ description: 'Also make a draft with its people' })),
  },
  { examples: [{ monday: '2026-07-13', people: true }] },
)
export const templateSchema = t.Object(
  {
    id: idSchema,
    name: nameSchema,
    monday: { ...dateSchema, description: 'The week it was saved from' },
    shifts: t.Integer({ description: 'Number of shifts in it' }),
    created_at: dateTimeSchema,
  },
  { $id: 'WeekTemplate' },
)

/** As `saveTemplate` wrote it. */
type TemplateContent = { shift: NewShift; people: number[] }
type Row = typeof weekTemplates.$inferSelect
const contentOf = ({ shifts }: Row) => shifts as TemplateContent[]

const templateView = rowView(templateSchema)

export const templateById = (db: Db, id: number): Row =>
  db.select().from(weekTemplates).where(eq(weekTemplates.id, id)).get() ??
  refuse('not_found', `There is no template ${id}`)

export function listTemplates(db: Db, slice: PageSlice) {
  const rows = db
    .select({
      id: weekTemplates.id,
      name: weekTemplates.name,
      monday: weekTemplates.monday,
      shifts: sql<number>`json_array_length(${weekTemplates.shifts})`,
      createdAt: weekTemplates.createdAt,
    })
    .from(weekTemplates)
    .all()
    .sort(byName)
  return { templates: itemsOfPage(rows, slice).map(templateView), total: rows.length }
}

type Saving = { given: Static<typeof newTemplate>; who: Actor; at: number }

/** As a bulk write. */
export const saveTemplate = (db: Db, { given, who, at }: Saving): Promise<Static<typeof templateSchema>> =>
  atomically(db, tx => {
    const { shifts, ...row } = addTemplate(tx, given, at)
    audit(tx, { at, who, action: 'template.create', target: `template ${row.id}`, detail: given })
    return templateView({ ...row, shifts: shifts.length })
  })

function addTemplate(tx: Db, given: Saving['given'], at: number): Row {
  const from = mondayOf(given.monday)
  const range = { start: from, end: daysAfter(from, 6), siteIds: given.site_ids ?? [] }
  const assigned = Map.groupBy(assignmentsIn(tx, range), ({ shift_id }) => shift_id)
  const shifts: TemplateContent[] = shiftsIn(tx, range).map(shift => ({
    shift: asNewShift(shift),
    people: (assigned.get(shift.id) ?? []).map(({ staff_id }) => staff_id),
  }))
  if (!shifts.length) invalid('monday', 'There are no shifts in that week.')
  const row = { name: given.name.trim(), monday: from, shifts, createdAt: at }
  const [made] = tx.insert(weekTemplates).values(row).onConflictDoNothing().returning().all()
  return made ?? alreadyTaken('name', `A template ${row.name} already exists`)
}

export const deleteTemplate = (tx: Db, id: number): void =>
  void tx.delete(weekTemplates).where(eq(weekTemplates.id, id)).run()

type Applied = { ids: number[]; skipped: number; siteIds: number[]; people: Assignment[] }

type Applying = { id: number; asked: Static<typeof applySchema>; who: Actor; at: number }

/** As a bulk write: its shifts in another week, at the same local times. Shifts of deleted sites are left out; existing shifts stay. */
export const applyTemplate = (db: Db, { id, asked, who, at }: Applying): Promise<Applied> =>
  atomically(db, tx => {
    const applied = addWeek(tx, id, asked.monday, at)
    const detail = { ...asked, created: applied.ids.length, skipped: applied.skipped }
    audit(tx, { at, who, action: 'template.apply', target: `template ${id}`, detail })
    return applied
  })

function addWeek(tx: Db, id: number, day: string, at: number): Applied {
  const template = templateById(tx, id)
  const zoneOf = timezoneOfSite(tx)
  const sites = new Set(allSites(tx).map(({ id }) => id))
  const kept = contentOf(template).filter(({ shift }) => sites.has(shift.site_id))
  if (!kept.length) refuse('conflict', 'The sites of this template have been deleted')
  const weeks = Temporal.PlainDate.from(template.monday).until(mondayOf(day), { largestUnit: 'days' }).days / 7
  const wanted = copyShifts(
    kept.map(({ shift }) => shift),
    weeks,
    zoneOf,
  )
  checkCalendar(wanted, 'monday')
  const { ids, skipped } = addNewShifts(tx, wanted, at)
  const idOf = findIdenticalShift(tx)
  const people = kept.flatMap(({ people }, i) => {
    const shift = wanted[i]
    const made = shift && idOf(shift)
    return made === undefined ? [] : people.map(staff_id => ({ shift_id: made, staff_id }))
  })
  return { ids, skipped, siteIds: [...new Set(wanted.map(({ site_id }) => site_id))], people }
}
