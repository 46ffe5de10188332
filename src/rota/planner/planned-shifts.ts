/** The shifts that the rows of a plan are about: those there are, and those that the plan adds. */
import type { Db } from '../../../db/open.ts'
import { assignmentsIn } from '../assignments.ts'
import type { DateRange } from '../date-range.ts'
import { noDate, noSiteNamed, noTime, readNeeds, readTimes, shiftColumns, siteNamed } from '../import-shifts.ts'
import { listedValues, type ReportError } from '../imports.ts'
import { dutyText } from '../notices.ts'
import type { PersonView } from '../person.ts'
import { asNewShift, localDate, type NewShift, shiftDefaults } from '../shift.ts'
import { shiftsIn } from '../shift-queries.ts'
import type { Site } from '../site.ts'
import { allSites } from '../site-queries.ts'
import { dayOfRow, folded, timesInCell } from './plan-rows.ts'

/** `id`: of a shift that there is. `rows`: of a new one, how many places the plan names. */
export type PlannedShift = { id?: number; site: Site; day: string; shift: NewShift; people: Set<number>; rows: number }

type Cells = Record<string, string>
type Times = { starts_at?: string; ends_at?: string }
type Answer = { found: PlannedShift[] | undefined; mistakes: Parameters<ReportError>[] }

export class PlannedShifts {
  private readonly byDay: Map<string, PlannedShift[]>
  private readonly sites: Site[]
  /** By what a row says of its shift: a month by person asks the same for everybody. */
  private readonly answers = new Map<string, Answer>()

  constructor(db: Db, range: DateRange) {
    this.sites = allSites(db)
    const siteOf = new Map(this.sites.map(site => [site.id, site]))
    const people = Map.groupBy(assignmentsIn(db, range), ({ shift_id }) => shift_id)
    const all = shiftsIn(db, range).map(
      (shift): PlannedShift => ({
        id: shift.id,
        site: siteOf.get(shift.siteId)!,
        day: shift.day,
        shift: asNewShift(shift),
        people: new Set(people.get(shift.id)?.map(({ staff_id }) => staff_id)),
        rows: 0,
      }),
    )
    this.byDay = Map.groupBy(all, ({ day }) => day)
  }

  /** Those that a row may mean, all at one site and time; `undefined` after a mistake, and none where the cell names no shift of that day. */
  find(cells: Cells, mistake: ReportError): PlannedShift[] | undefined {
    const key = JSON.stringify(shiftColumns.map(column => cells[column]))
    const { found, mistakes } = this.answers.get(key) ?? this.answer(cells)
    this.answers.set(key, { found, mistakes })
    for (const each of mistakes) mistake(...each)
    return found
  }

  private answer(cells: Cells): Answer {
    const mistakes: Answer['mistakes'] = []
    const found = this.search(cells, (...each) => void mistakes.push(each))
    return { found, mistakes }
  }

  private search(given: Cells, mistake: ReportError): PlannedShift[] | undefined {
    const inCell = given.from ? undefined : timesInCell(given.kind ?? '')
    const cells = inCell ? { ...given, ...inCell, kind: '' } : given
    const needs = readNeeds(cells, mistake)
    if (!needs) return
    const day = dayOfRow(cells)
    if (!day)
      return cells.starts_at ? mistake('starts_at', noTime(cells.starts_at)) : mistake('date', noDate(cells.date ?? ''))
    const named = siteNamed(cells.site ?? '', this.sites)
    if (cells.site && !named) return mistake('site', noSiteNamed(cells.site))
    const sites = named ? [named] : this.sites
    const found: PlannedShift[] = []
    let wanted: NewShift | undefined
    for (const site of sites) {
      const times = timesOf(cells, site, mistake)
      if (!times) return
      found.push(...this.at(site, times, day, cells))
      if (sites.length === 1 && times.starts_at && times.ends_at)
        wanted = { ...shiftDefaults, ...needs, site_id: site.id, starts_at: times.starts_at, ends_at: times.ends_at }
    }
    const [first] = found
    if (!first) {
      if (wanted) return [this.add(sites[0]!, wanted)]
      return hasTimes(cells) ? mistake('site', 'Name a site.') : []
    }
    const different = new Set(found.map(wordsOf))
    if (different.size === 1) return found
    const few = [...different].slice(0, 3).join('; ')
    return mistake(
      cells.from ? 'site' : 'kind',
      `These are ${different.size} shifts: ${few}. Write which one: its site, its kind, or from and to.`,
    )
  }

  private at(site: Site, times: Times, day: string, cells: Cells): PlannedShift[] {
    const on = times.starts_at ? localDate(Date.parse(times.starts_at), site.timezone) : day
    const there = (this.byDay.get(on) ?? []).filter(
      ({ site: { id }, shift }) =>
        id === site.id &&
        (!times.starts_at || shift.starts_at === times.starts_at) &&
        (!times.ends_at || shift.ends_at === times.ends_at) &&
        asksFor(shift, cells),
    )
    const kind = folded(cells.kind ?? '')
    if (!kind) return there
    const called = (isCalled: (name: string) => boolean) =>
      there.filter(({ shift }) => isCalled(folded(shift.kind ?? '')))
    const kinds = called(name => name === kind)
    const found = kinds.length ? kinds : called(name => name.startsWith(kind))
    return found.length || !times.ends_at ? found : there.filter(({ id, shift }) => id !== undefined && !shift.kind)
  }

  private add(site: Site, shift: NewShift): PlannedShift {
    const day = localDate(Date.parse(shift.starts_at), site.timezone)
    const added = { site, day, shift, people: new Set<number>(), rows: 0 }
    this.byDay.set(day, [...(this.byDay.get(day) ?? []), added])
    this.answers.clear()
    return added
  }
}

const hasTimes = ({ from, to, starts_at }: Cells) => Boolean((from && to) || starts_at)

/** A row may say when its shift begins alone, or nothing of its hours. */
function timesOf(cells: Cells, site: Site, mistake: ReportError): Times | undefined {
  if (hasTimes(cells)) return readTimes(cells, site.timezone, mistake)
  if (!cells.from) return {}
  const whole = readTimes({ ...cells, to: cells.from }, site.timezone, mistake)
  return whole && { starts_at: whole.starts_at }
}

/** What the file has a column for is as the cell says. */
function asksFor(shift: NewShift, { skill, certification, skills }: Cells) {
  const isSame = (has: string | null, asked: string | undefined) =>
    asked === undefined || folded(has ?? '') === folded(asked)
  return (
    isSame(shift.skill, skill) &&
    isSame(shift.certification, certification) &&
    isSame(shift.skills.toSorted().join(), skills && listedValues(skills).toSorted().join())
  )
}

/** `Mon 23 Mar, 18:00–23:00, Riverside (Europe/Berlin)` */
const wordsOf = ({ day, shift, site }: PlannedShift) =>
  dutyText({
    day,
    startsAt: Date.parse(shift.starts_at),
    endsAt: Date.parse(shift.ends_at),
    site: site.name,
    timezone: site.timezone,
  })

/** Of shifts at one time the one that suits them, with a place if there is one; the more it asks for, the better. */
export function shiftFor(person: PersonView, found: readonly PlannedShift[]): PlannedShift {
  const held = new Set([...person.skills, ...person.certifications.map(({ name }) => name)])
  const asked = ({ shift }: PlannedShift) =>
    [shift.skill, ...shift.skills, shift.certification].filter(need => need !== null)
  const score = (one: PlannedShift) =>
    (one.people.has(person.id) ? 1000 : 0) +
    (asked(one).every(need => held.has(need)) ? 200 : 0) +
    (one.id === undefined || one.people.size < one.shift.headcount ? 100 : 0) +
    asked(one).length
  return found.reduce((best, one) => (score(one) > score(best) ? one : best))
}
