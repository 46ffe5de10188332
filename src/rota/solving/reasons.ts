import { longDate } from '../long-date.ts'
import { timeAtSite } from './local-time.ts'
import {
  type Assignment,
  type BlockingRule,
  blockingRules,
  type ProblemShift,
  type RosterProblem,
  type Staff,
  type Unfilled,
} from './problem.ts'
import {
  conflicts,
  ineligibility,
  overlaps,
  requiredSkills,
  restOfPerson,
  restOfSite,
  spanOf,
  weeklyLimit,
} from './rules.ts'

type Work = { start: number; end: number; rest: number; week: string; shift_id?: number }

/** For every open place, the rule that excludes most people. */
export function unfilledPlaces(
  problem: RosterProblem,
  assignments: Assignment[],
  breaksRules: (shift: ProblemShift, person: Staff) => boolean = () => false,
): Unfilled[] {
  const zones = new Map(problem.sites.map(site => [site.id, site.timezone]))
  const workOf = ({ site_id, starts_at, ends_at }: { site_id: number; starts_at: string; ends_at: string }): Work => ({
    ...spanOf({ starts_at, ends_at }),
    rest: restOfSite(problem.sites.find(site => site.id === site_id)),
    week: timeAtSite(starts_at, zones.get(site_id)!).week,
  })
  const filled = new Map<number, number>()
  for (const { shift_id } of assignments) filled.set(shift_id, (filled.get(shift_id) ?? 0) + 1)
  const short = problem.shifts.filter(shift => (filled.get(shift.id) ?? 0) < shift.headcount)
  if (!short.length) return []

  const works = new Map(problem.staff.map(person => [person.id, [] as Work[]]))
  const shifts = new Map(problem.shifts.map(shift => [shift.id, shift]))
  const spellings = new Map(problem.staff.flatMap(({ skills }) => skills.map(skill => [skill.toLowerCase(), skill])))
  for (const duty of problem.existing) works.get(duty.staff_id)?.push(workOf(duty))
  for (const { shift_id, staff_id } of assignments)
    works.get(staff_id)?.push({ ...workOf(shifts.get(shift_id)!), shift_id })

  return short.flatMap(shift => {
    const zone = zones.get(shift.site_id)!
    const { date } = timeAtSite(shift.starts_at, zone)
    const wanted = workOf(shift)
    const blocked: Partial<Record<BlockingRule, number>> = {}
    for (const person of problem.staff) {
      const rule =
        ineligibility(person, shift, date, zone) ??
        blockedBy(person, works.get(person.id)!, shift.id, wanted) ??
        (breaksRules(shift, person) ? 'work_rules' : undefined)
      if (rule) blocked[rule] = (blocked[rule] ?? 0) + 1
    }
    const reason = mainReason(blocked)
    const message = reasonSentence(reason, shift, date, blocked, problem.staff, spellings)
    return Array.from({ length: shift.headcount - (filled.get(shift.id) ?? 0) }, () => ({
      shift_id: shift.id,
      reason,
      message,
      blocked,
    }))
  })
}

/** The rule by which their other work excludes them. */
function blockedBy(person: Staff, works: Work[], shiftId: number, wanted: Work): BlockingRule | undefined {
  const length = wanted.end - wanted.start
  const limit = weeklyLimit(person)
  if (works.some(work => work.shift_id === shiftId)) return 'assigned'
  if (length > limit) return 'hours'
  if (works.some(work => overlaps(work, wanted))) return 'overlap'
  if (works.some(work => conflicts(work, wanted, restOfPerson(person)))) return 'rest'
  const worked = works.reduce((all, { start, end, week }) => all + (week === wanted.week ? end - start : 0), 0)
  return worked + length > limit ? 'hours' : undefined
}

/** The rule that excludes most people. `skill` only if everyone lacks it; `assigned` only if no other rule excludes anyone. */
function mainReason(blocked: Partial<Record<BlockingRule, number>>): BlockingRule {
  const telling = blockingRules.filter(rule => blocked[rule] && rule !== 'skill' && rule !== 'assigned')
  if (telling.length) return telling.reduce((most, rule) => (blocked[rule]! > blocked[most]! ? rule : most))
  return blocked.assigned ? 'assigned' : blocked.skill ? 'skill' : 'unavailable'
}

function reasonSentence(
  reason: BlockingRule,
  shift: ProblemShift,
  date: string,
  blocked: Partial<Record<BlockingRule, number>>,
  staff: Staff[],
  spellings: ReadonlyMap<string, string>,
): string {
  const needed = requiredSkills(shift).join(' and ')
  const able = staff.length - (blocked.skill ?? 0)
  const many = `${blocked[reason] ?? 0} of ${able}${needed ? ` with the skill ${needed}` : ' people'}`
  switch (reason) {
    case 'skill': {
      const [alike] = requiredSkills(shift).flatMap(skill => {
        const known = spellings.get(skill.toLowerCase()) ?? skill
        return known === skill ? [] : known
      })
      return `Nobody has the skill ${needed}${alike === undefined ? '' : `; some have ${alike}, which is spelled differently`}`
    }
    case 'certification': {
      const held = staff.some(person => person.certifications.some(one => one.name === shift.certification))
      return `${many} have no ${shift.certification} certificate ${held ? `valid on ${longDate(date)}` : 'at all'}`
    }
    case 'unavailable':
      return staff.length ? `${many} are unavailable` : 'There is nobody to ask'
    case 'assigned':
      return `Everyone${needed ? ` with the skill ${needed}` : ''} is on this shift already`
    case 'overlap':
      return `${many} work another shift at that time`
    case 'rest':
      return `${many} would get too little rest`
    case 'work_rules':
      return `${many} would break one of their rules of work`
    case 'hours':
      return `${many} have too few weekly hours left`
  }
}
