import { wishScore } from './balance.ts'
import { timeAtSite } from './local-time.ts'
import { type Assignment, assignmentKey, type Duty, dutyKey, type ProblemShift, type RosterProblem } from './problem.ts'
import { conflicts, ineligibility, restOfPerson, restOfSite, spanOf, wages, weeklyLimit } from './rules.ts'
import { type DayRange, dayNumber, dayRangeOf, type PreparedRules, prepareRules } from './work-rules.ts'

/** A shift with places to fill. The solvers refer to openings and people by their index. */
export type Opening = {
  shift: ProblemShift
  /** epoch milliseconds and a length in milliseconds: whole numbers, so that sums stay exact */
  start: number
  end: number
  length: number
  /** milliseconds of rest the site asks for */
  rest: number
  week: number
  /** counted from the first day of the range */
  day: number
  kind?: string
  site: number
  /** headcount minus pinned people */
  places: number
  /** the most people that can be assigned, and the price of each one beyond `places` */
  room: number
  overPrice: number
  /** the price of each unfilled place; without a price, it counts as open */
  underPrice?: number
  /** people who could be assigned if nothing else were planned than fixed work */
  candidates: number[]
  /** [rest class]: openings that a person of that class cannot work together with this one, itself included */
  conflicts: number[][]
}

type Pins = {
  assignments: Assignment[]
  cost: number
  wish: number
  /** [person]: milliseconds pinned */
  loadMs: Float64Array
}

/** The problem prepared for the solvers: everything that stays the same while rosters are tried. */
export type SolverPlan = {
  problem: RosterProblem
  openings: Opening[]
  people: number
  weeks: number
  /** [opening × people + person]: wages in cents, wages with the prices of requests, and wishes met minus wishes refused */
  wages: Float64Array
  cost: Float64Array
  wishScores: Float64Array
  /** [person × weeks + week]: milliseconds they may still work besides fixed work */
  freeMs: Float64Array
  /** assignments that stay as they are */
  pins: Pins
  /** [person]: milliseconds they may work in all weeks together */
  allowedMs: Float64Array
  /** the cost before anybody is assigned: open requests to work, requests that pins break, people pinned beyond the headcount */
  baseCost: number
  /** [person]: people with the same personal rest are one class. [class]: that rest; undefined if the rest of the sites applies */
  restClass: number[]
  restByClass: (number | undefined)[]
  /** [person]: their own rules of work and those of sites, each with the fixed work it counts; undefined without rules */
  rulesByPerson: (PreparedRules[] | undefined)[]
  days: DayRange
  /** whether there are rules of work, requests or prices of places */
  hasRules: boolean
  /** [person]: whether fairness counts them: they work or could work */
  inPlay: boolean[]
}

/** Fixed work of a person: it needs rest, and counts as hours of the week in which it starts. */
type Work = { start: number; end: number; rest: number; week: string; day: number; kind?: string; site: number }

export function preparePlan(problem: RosterProblem): SolverPlan {
  const lookUp = lookup(problem)
  const people = problem.staff.length
  const pins = pinsOf(problem, lookUp)
  const fixed = fixedWork(problem, pins, lookUp)
  const weekNames = [...new Set(problem.shifts.map(shift => lookUp.moment(shift).week))].sort()
  const weeks = weekNames.length
  const freeMs = freeTime(problem, fixed, weekNames)
  const { range } = problem
  const dates = problem.shifts.map(shift => lookUp.moment(shift).date)
  const days = dayRangeOf(range ? [range.start, range.end, ...dates] : dates)
  const restByClass = [...new Set(problem.staff.map(restOfPerson))]
  const restClass = problem.staff.map(staff => restByClass.indexOf(restOfPerson(staff)))
  const openings = openingsOf(problem, pins, restByClass, shift => {
    const { week, date } = lookUp.moment(shift)
    return { week: weekNames.indexOf(week), day: dayNumber(date) - days.first, rest: lookUp.rest(shift.site_id) }
  })
  const requests = requestsOf(problem, pins, lookUp)
  const surplusCost = problem.shifts.reduce((all, { id, headcount, over_cents = 0 }) => {
    const there = pins.assignments.filter(pin => pin.shift_id === id).length
    return all + over_cents * Math.max(0, there - headcount)
  }, 0)
  const prices = pricesOf(problem, openings, requests.asked, lookUp)
  for (const opening of openings) {
    const { shift, length, week } = opening
    const [{ date }, zone] = [lookUp.moment(shift), lookUp.zone(shift.site_id)]
    for (const [person, staff] of problem.staff.entries()) {
      const isBusy = fixed[person]!.some(work => conflicts(work, opening, restOfPerson(staff)))
      const isCandidate =
        !isBusy && length <= freeMs[person * weeks + week]! && !ineligibility(staff, shift, date, zone)
      if (isCandidate) opening.candidates.push(person)
    }
  }
  const rulesByPerson = prepareAllRules(problem, days, fixed, openings)
  const allowedMs = Float64Array.from(problem.staff, staff => weeklyLimit(staff) * weeks)
  const couldWork = new Set(openings.flatMap(opening => opening.candidates))
  const inPlay = problem.staff.map(
    (_, person) => allowedMs[person]! > 0 && (couldWork.has(person) || pins.loadMs[person]! > 0),
  )
  const hasRules =
    rulesByPerson.some(Boolean) ||
    Boolean(problem.requests?.length) ||
    openings.some(({ underPrice, room, places }) => underPrice !== undefined || room > places)
  return {
    problem,
    openings,
    people,
    weeks,
    ...prices,
    baseCost: requests.base + surplusCost,
    freeMs,
    pins,
    restClass,
    restByClass,
    rulesByPerson,
    days,
    hasRules,
    allowedMs,
    inPlay,
  }
}

/** [person × weeks + week]: milliseconds they may work besides fixed work. */
function freeTime({ staff }: RosterProblem, fixed: Work[][], weekNames: string[]): Float64Array {
  const weeks = weekNames.length
  const free = new Float64Array(staff.length * weeks)
  for (const [person, one] of staff.entries()) {
    free.fill(weeklyLimit(one), person * weeks, (person + 1) * weeks)
    for (const { start, end, week } of fixed[person]!) {
      const index = weekNames.indexOf(week)
      if (index >= 0) free[person * weeks + index]! -= end - start
    }
  }
  return free
}

/** [opening × people + person]: what each of them costs and wishes there. */
function pricesOf({ staff }: RosterProblem, openings: Opening[], requested: Map<string, number>, look: Lookup) {
  const size = openings.length * staff.length
  const prices = { wages: new Float64Array(size), cost: new Float64Array(size), wishScores: new Float64Array(size) }
  for (const [index, opening] of openings.entries())
    for (const [person, one] of staff.entries()) {
      const at = index * staff.length + person
      const wage = wages(one, opening)
      prices.wages[at] = wage
      prices.cost[at] = wage + (requested.get(dutyKey(opening.shift.id, one.id)) ?? 0)
      prices.wishScores[at] = wishScore(one.preferences, opening.shift, look.moment(opening.shift))
    }
  return prices
}

/** The rules of a site apply to people who work there or could. */
function prepareAllRules({ sites, staff }: RosterProblem, days: DayRange, fixed: Work[][], openings: Opening[]) {
  const there = Map.groupBy(openings, ({ site }) => site)
  return staff.map(({ rules }, person) => {
    const work = fixed[person]!.map(({ start, end, day, ...one }) => ({
      ...one,
      day: day - days.first,
      length: end - start,
    }))
    const ofSites = sites.flatMap(({ id, rules }) => {
      const isThere =
        rules &&
        (work.some(({ site }) => site === id) || there.get(id)?.some(({ candidates }) => candidates.includes(person)))
      return isThere ? [prepareRules(rules, days, work, id)] : []
    })
    const all = [...(rules ? [prepareRules(rules, days, work)] : []), ...ofSites]
    return all.length ? all : undefined
  })
}

function lookup({ sites, staff, shifts }: RosterProblem) {
  const places = new Map(sites.map(site => [site.id, site]))
  const people = new Map(staff.map((person, index) => [person.id, index]))
  const byId = new Map(shifts.map(shift => [shift.id, shift]))
  const site = (id: number) => places.get(id) ?? unknown(`site ${id}`)
  const zone = (siteId: number) => site(siteId).timezone
  const moments = new Map(shifts.map(shift => [shift, timeAtSite(shift.starts_at, zone(shift.site_id))]))
  return {
    zone,
    rest: (siteId: number) => restOfSite(site(siteId)),
    moment: (shift: ProblemShift) => moments.get(shift)!,
    shift: (id: number) => byId.get(id) ?? unknown(`shift ${id}`),
    person: (id: number) => people.get(id),
  }
}

type Lookup = ReturnType<typeof lookup>

function pinsOf({ pinned, staff }: RosterProblem, look: Lookup): Pins {
  const assignments = [...new Map(pinned.map(pin => [assignmentKey(pin), pin])).values()]
  const pins: Pins = { assignments, cost: 0, wish: 0, loadMs: new Float64Array(staff.length) }
  for (const { shift_id, staff_id } of assignments) {
    const shift = look.shift(shift_id)
    const person = look.person(staff_id) ?? unknown(`staff ${staff_id}`)
    const span = spanOf(shift)
    pins.loadMs[person]! += span.end - span.start
    pins.cost += wages(staff[person]!, span)
    pins.wish += wishScore(staff[person]!.preferences, shift, look.moment(shift))
  }
  return pins
}

/** [person]: pinned work and work outside the problem. */
function fixedWork({ staff, existing }: RosterProblem, pins: Pins, look: Lookup): Work[][] {
  const fixed: Work[][] = staff.map(() => [])
  const add = (staffId: number, { kind, ...work }: Omit<Duty, 'staff_id'>) => {
    const { week, date } = timeAtSite(work.starts_at, look.zone(work.site_id))
    fixed[look.person(staffId) ?? -1]?.push({
      ...spanOf(work),
      rest: look.rest(work.site_id),
      week,
      day: dayNumber(date),
      site: work.site_id,
      ...(kind ? { kind } : {}),
    })
  }
  for (const duty of existing) add(duty.staff_id, duty)
  for (const { shift_id, staff_id } of pins.assignments) add(staff_id, look.shift(shift_id))
  return fixed
}

/** The cost of requests: `base` with nobody assigned, and by shift and person what an assignment adds to it. */
function requestsOf({ requests = [] }: RosterProblem, pins: Pins, look: Lookup) {
  const pinned = new Set(pins.assignments.map(assignmentKey))
  const asked = new Map<string, number>()
  let base = 0
  for (const { shift_id, staff_id, want, price_cents: price } of requests) {
    const key = dutyKey(look.shift(shift_id).id, staff_id)
    if (look.person(staff_id) === undefined) unknown(`staff ${staff_id}`)
    if (pinned.has(key)) base += want === 'off' ? price : 0
    else {
      if (want === 'on') base += price
      asked.set(key, (asked.get(key) ?? 0) + (want === 'on' ? -price : price))
    }
  }
  return { base, asked }
}

function openingsOf(
  { shifts }: RosterProblem,
  pins: Pins,
  rests: (number | undefined)[],
  about: (shift: ProblemShift) => { week: number; day: number; rest: number },
): Opening[] {
  const openings = shifts
    .map((shift): Opening => {
      const { start, end } = spanOf(shift)
      const there = pins.assignments.filter(pin => pin.shift_id === shift.id).length
      const places = Math.max(0, shift.headcount - there)
      const room = Math.max(places, (shift.most ?? shift.headcount) - there)
      const { kind, under_cents, over_cents = 0 } = shift
      return {
        shift,
        start,
        end,
        length: end - start,
        ...about(shift),
        site: shift.site_id,
        ...(kind ? { kind } : {}),
        places,
        room,
        overPrice: over_cents,
        ...(under_cents === undefined ? {} : { underPrice: under_cents }),
        candidates: [],
        conflicts: rests.map(() => []),
      }
    })
    .filter(opening => opening.room > 0)
    .sort((a, b) => a.start - b.start || a.end - b.end || a.shift.id - b.shift.id)

  const longestRest = Math.max(0, ...openings.map(opening => opening.rest), ...rests.map(rest => rest ?? 0))
  let near: number[] = [] // openings are in order of their start, so only recent ones can conflict
  for (const [index, opening] of openings.entries()) {
    near = near.filter(earlier => opening.start < openings[earlier]!.end + longestRest)
    for (const [restClass, rest] of rests.entries()) {
      for (const earlier of near) {
        if (!conflicts(openings[earlier]!, opening, rest)) continue
        opening.conflicts[restClass]!.push(earlier)
        openings[earlier]!.conflicts[restClass]!.push(index)
      }
      opening.conflicts[restClass]!.push(index)
    }
    near.push(index)
  }
  return openings
}

function unknown(what: string): never {
  throw new Error(`The roster refers to ${what}, which is not part of the problem`)
}
