/**
 * A plan from a spreadsheet: who works when, as a list, a month by person or days by shift. Shifts that are missing are made,
 * leave becomes an absence, and who works becomes a draft, together with whom the roster has.
 */
import { type Static, t } from 'elysia'
import type { Db } from '../../../db/open.ts'
import { audit } from '../../audit.ts'
import { type FieldError, maxImportErrors, refuseImport } from '../../errors.ts'
import type { Actor } from '../../platform/http/request-context.ts'
import { idSchema } from '../../platform/http/shared-schemas.ts'
import { cellForMessage, readTable } from '../../platform/spreadsheets/read-table.ts'
import { assignmentsIn } from '../assignments.ts'
import { checkDateRange, type DateRange, daysAfter } from '../date-range.ts'
import { importErrors, readImportRows, writeOrTry } from '../imports.ts'
import { longDate } from '../long-date.ts'
import { absencesOf, type PersonView } from '../person.ts'
import { addShifts, kindsOfShifts } from '../shift-queries.ts'
import type { Violation } from '../solving/check.ts'
import { type Assignment, assignmentKey, dutyKey } from '../solving/problem.ts'
import { allStaff, changePerson } from '../staff-queries.ts'
import { checkDraft } from './check-draft.ts'
import {
  dayOfRow,
  folded,
  isAwayWord,
  isOpenWord,
  namesInCell,
  otherPlanHeadings,
  type PlanTable,
  peopleFinder,
  planColumns,
  planTable,
} from './plan-rows.ts'
import { type PlannedShift, PlannedShifts, shiftFor } from './planned-shifts.ts'

export const importedPlanSchema = t.Object({
  draft_id: t.Nullable(
    t.String({ description: 'The job_id of the draft; null if everybody stands in the roster already' }),
  ),
  shift_ids: t.Array(idSchema, { description: 'Of the shifts made' }),
  created: t.Integer({ description: 'Shifts made' }),
  skipped: t.Integer({ description: 'Shifts that already existed' }),
  placed: t.Integer({ description: 'Places that the draft fills beyond the roster' }),
  already_placed: t.Integer({ description: 'Places whose people stand there in the roster, or by a row above' }),
  days_away: t.Integer({ description: 'Days of leave that were not known' }),
})
export const planConflictsSchema = {
  conflicts: t.Array(t.Object({ path: t.String({ examples: ['line 3, person'] }), message: t.String() }), {
    description: 'The first rules that the plan breaks; its draft marks them until they are mended',
  }),
  total_conflicts: t.Integer(),
}

type Placed = { to: PlannedShift; person: PersonView; path: string }
type Plan = { shifts: PlannedShift[]; placed: Placed[]; already: number; away: Map<PersonView, Set<string>> }

/** `kinds`: those of the shifts that there are. */
function readPlan(db: Db, table: PlanTable, kinds: readonly string[]) {
  const errors: FieldError[] = []
  const partly = new Map<string, string>()
  const find = peopleFinder(allStaff(db))
  const shifts = new PlannedShifts(db, daysOf(table))
  const touched = new Set<PlannedShift>()
  const plan: Plan = { shifts: [], placed: [], already: 0, away: new Map() }
  readImportRows(table.rows, errors, ({ line, cells, column }, report) => {
    const mistake: typeof report = (field, message) =>
      report(column && !table.fields.includes(field) ? column : field, message)
    const written = namesInCell(cells.person ?? '', text => typeof find(text) !== 'string')
    const names = written.filter(name => !isOpenWord(name))
    const open = names.length ? written.length - names.length : 1
    const people = names.flatMap(text => {
      const found = find(text)
      if (typeof found === 'string') return mistake('person', found) ?? []
      if (found.isPart) partly.set(text, found.person.name)
      return found.person
    })
    if (people.length < names.length) return
    const found = shifts.find(cells, mistake)
    if (!found) return
    const day = dayOfRow(cells) ?? ''
    if (!found.length && people.length && isAwayWord(cells.kind ?? '')) {
      const letter = folded(cells.kind ?? '')
      const kind = letter.length === 1 && kinds.find(one => folded(one).startsWith(letter))
      if (kind)
        return mistake(
          'kind',
          `${cells.kind} may be leave or the shift ${kind}, which is not on this day. Write the word.`,
        )
      for (const person of people) plan.away.set(person, (plan.away.get(person) ?? new Set()).add(day))
      return
    }
    if (!found.length) {
      const kind = cells.kind ? ` whose kind begins with ${cellForMessage(cells.kind)}` : ''
      const message = `There is no shift on ${longDate(day)}${kind}. Make it first, or write from when to when, such as 07:00–15:00.`
      return mistake(kind ? 'kind' : 'date', message)
    }
    if (open && found[0]) {
      found[0].rows += open
      touched.add(found[0])
    }
    for (const person of people) {
      const to = shiftFor(person, found)
      touched.add(to)
      if (to.people.has(person.id)) {
        plan.already++
        continue
      }
      to.people.add(person.id)
      to.rows++
      plan.placed.push({ to, person, path: `line ${line}, ${column ?? 'person'}` })
    }
  })
  plan.shifts = [...touched]
  const notes = [...partly].slice(0, 50).map(([text, name]) => `“${cellForMessage(text)}” is read as ${name}.`)
  return { plan, notes, errors: [...new Map(errors.map(one => [`${one.path} ${one.message}`, one])).values()] }
}

type PlanFile = { bytes: Uint8Array<ArrayBuffer>; month: string | undefined; isTrial: boolean; who: Actor; at: number }

/** As a bulk write. All rows, or none if anything is wrong; a trial changes nothing. `range` and `wanted` are for the draft. */
export async function importPlan(db: Db, { bytes, month, isTrial, who, at }: PlanFile) {
  const kinds = kindsOfShifts(db)
  const table = planTable(await readTable(bytes, planColumns, otherPlanHeadings), month, kinds)
  const unread = table.lacks ?? (table.rows.length ? undefined : { path: 'file', message: 'The file has no rows.' })
  const { errors, notes, conflicts, total_conflicts, ...done } = unread
    ? { ...nothing, errors: [unread] }
    : await writeOrTry(db, tx => {
        const { plan, ...read } = readPlan(tx, table, kinds)
        const done = { ...writePlan(tx, plan, at), ...read }
        const kept = !isTrial && !read.errors.length
        const { created, placed, days_away } = done
        if (kept)
          audit(tx, { at, who, action: 'plan.import', target: 'roster', detail: { created, placed, days_away } })
        return { done, kept }
      })
  if (errors.length && !isTrial) refuseImport(errors)
  const mistakes = importErrors(errors, table, planColumns)
  return { ...done, mistakes: { ...mistakes, notes: [...mistakes.notes, ...notes], conflicts, total_conflicts } }
}

type Done = Omit<Static<typeof importedPlanSchema>, 'draft_id'> & {
  errors: FieldError[]
  notes: string[]
  conflicts: FieldError[]
  total_conflicts: number
  range: DateRange
  wanted: Assignment[]
}
const nothing: Done = {
  created: 0,
  skipped: 0,
  placed: 0,
  already_placed: 0,
  days_away: 0,
  shift_ids: [],
  errors: [],
  notes: [],
  conflicts: [],
  total_conflicts: 0,
  range: { start: '', end: '', siteIds: [] },
  wanted: [],
}

/** From the first to the last day that the rows name, and a day around for other time zones. */
function daysOf({ rows }: PlanTable): DateRange {
  const days = rows.flatMap(({ cells }) => dayOfRow(cells) ?? []).sort()
  const [start, end] = [days[0], days.at(-1)]
  if (!start || !end) return { start: '', end: '', siteIds: [] }
  checkDateRange(start, end, 'date')
  return { start: daysAfter(start, -1), end: daysAfter(end, 1), siteIds: [] }
}

function writePlan(tx: Db, { shifts, placed, already, away }: Plan, at: number) {
  const added = shifts.filter(({ id }) => id === undefined)
  const ids = addShifts(
    tx,
    added.map(({ shift, rows, people }) => ({ ...shift, headcount: Math.max(shift.headcount, rows, people.size) })),
    at,
  )
  for (const [i, one] of added.entries()) one.id = ids[i]
  const days = [...shifts.map(({ day }) => day)].sort()
  const range = {
    start: days[0] ?? '',
    end: days.at(-1) ?? '',
    siteIds: [...new Set(shifts.map(({ site }) => site.id))],
  }
  const paths = new Map<string, string>()
  const wanted = placed.flatMap(({ to, person, path }): Assignment[] => {
    if (to.id === undefined) return []
    const place = { shift_id: to.id, staff_id: person.id }
    paths.set(assignmentKey(place), path)
    return [place]
  })
  let daysAway = 0
  for (const [person, days] of away) daysAway += writeAbsences(tx, person, days)
  const before = placed.length ? assignmentsIn(tx, range) : []
  const conflicts = placed.length ? checkDraft(tx, { range, assignments: [...before, ...wanted], before }).added : []
  return {
    created: added.length,
    skipped: shifts.length - added.length,
    placed: wanted.length,
    already_placed: already,
    days_away: daysAway,
    shift_ids: ids,
    conflicts: conflicts.slice(0, maxImportErrors).map(one => conflictAt(one, paths)),
    total_conflicts: conflicts.length,
    range,
    wanted,
  }
}

/** A rule is shown beside the row that breaks it; that a shift is too full, beside the last row that fills it. */
function conflictAt({ message, shift_ids, staff_id }: Violation, paths: ReadonlyMap<string, string>): FieldError {
  const path =
    staff_id === undefined
      ? [...paths].findLast(([key]) => shift_ids.some(id => key.startsWith(`${id}/`)))?.[1]
      : shift_ids.map(id => paths.get(dutyKey(id, staff_id))).findLast(path => path !== undefined)
  return { path: path ?? '', message }
}

/** Only days that are not known yet. Returns their number. */
function writeAbsences(tx: Db, person: PersonView, days: ReadonlySet<string>): number {
  const known = absencesOf(person).filter(({ from }) => from.length === 10) // others are of hours
  const added = [...days].sort().filter(day => !known.some(({ from, to }) => from <= day && day <= to))
  const spans: { from: string; to: string }[] = []
  for (const day of added) {
    const last = spans.at(-1)
    if (last && daysAfter(last.to, 1) === day) last.to = day
    else spans.push({ from: day, to: day })
  }
  if (spans.length) changePerson(tx, person, { unavailable: [...person.unavailable, ...spans] })
  return added.length
}
