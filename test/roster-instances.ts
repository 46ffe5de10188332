import { type Random, randomFrom } from '../scripts/random.ts'
import type { Assignment, ProblemShift, RosterProblem, Staff, Wish } from '../src/rota/solving/problem.ts'
import type { ProofOptions } from '../src/rota/solving/prove-optimal.ts'

/** For a proof that may take as long as it needs. */
export const untilProved = (seed: number): ProofOptions => ({
  seed,
  secondsLeft: () => Number.POSITIVE_INFINITY,
  onStep() {},
})

/** A problem with an optimal roster, and the cost of that roster. */
type PlantedProblem = { problem: RosterProblem; roster: Assignment[]; places: number; cost_cents: number }

const jobWages = [
  { skill: 'steward', hourly: 1400 },
  { skill: 'bar', hourly: 1600 },
  { skill: 'referee', hourly: 2100 },
  { skill: 'medic', hourly: 2800 },
]
const dutyTimes = [
  { from: 6, to: 14 },
  { from: 14, to: 22 },
  { from: 22, to: 30 },
]
const HOUR = 3_600_000
const DAY = 24 * HOUR

type ProblemSize = { staff: number; weeks: number; seed: number; starts?: string; zone?: string; sites?: number }

/**
 * Makes a roster of all regular staff first, then demands exactly that work. Nobody qualified for a job is paid less than its
 * regulars, so no roster that fills every place costs less. Reserves and better paid people could fill the places too.
 */
export function plantedProblem({
  staff: count,
  weeks,
  seed,
  starts = '2025-06-02',
  zone = 'UTC',
  sites = 2,
}: ProblemSize): PlantedProblem {
  const { below, chance } = randomFrom(seed)
  const regulars = Math.ceil(count * 0.85)
  const shiftByKey = new Map<string, ProblemShift>()
  const roster: Assignment[] = []
  let cost_cents = 0

  const staff = Array.from({ length: count }, (_, index): Staff => {
    const job = index < regulars ? Math.min(below(5), jobWages.length - 1) : jobWages.length - 1
    const hourly_cents = jobWages[job]!.hourly + (index < regulars ? 0 : 300 + 100 * below(5))
    const skills = jobWages.flatMap(({ skill }, other) =>
      other === job || (other < job && chance(0.5)) ? [skill] : [],
    )
    const isCertified = index < regulars || chance(0.5)
    const dutiesPerWeek = chance(0.3) ? 3 : 5
    const workedDays = new Set<number>()
    let maxHours = dutiesPerWeek * 8 // the night on which the clocks go back takes an hour more
    if (index < regulars) {
      let restedAt = 0
      for (let week = 0; week < weeks; week++) {
        const duty = dutyTimes[below(3)]!
        const site = 1 + below(sites)
        const dayOff = below(7)
        let hours = 0
        for (let day = 0, duties = 0; day < 7 && duties < dutiesPerWeek; day++) {
          const date = week * 7 + day
          const [start, end] = [instantOf(starts, date, duty.from, zone), instantOf(starts, date, duty.to, zone)]
          if (day === dayOff || start < restedAt || (day < 7 - (dutiesPerWeek - duties) - 1 && chance(0.2))) continue
          const key = `${start} ${site} ${job}`
          const shift = shiftByKey.get(key) ?? {
            id: shiftByKey.size + 1,
            site_id: site,
            starts_at: new Date(start).toISOString(),
            ends_at: new Date(end).toISOString(),
            skill: jobWages[job]!.skill,
            certification: chance(0.2) ? 'first aid' : null,
            headcount: 0,
          }
          shift.headcount++
          shiftByKey.set(key, shift)
          roster.push({ shift_id: shift.id, staff_id: 100 + index })
          hours += (end - start) / HOUR
          cost_cents += Math.round((hourly_cents * (end - start)) / HOUR)
          restedAt = end + 10 * HOUR
          duties++
          workedDays.add(date)
          if (duty.to > 24) workedDays.add(date + 1)
        }
        maxHours = Math.max(maxHours, hours)
      }
    }
    const awayDays = Array.from({ length: weeks * 7 }, (_, day) => day).filter(
      day => !workedDays.has(day) && chance(0.25),
    )
    return {
      id: 100 + index,
      name: `Person ${index}`,
      skills,
      max_hours_week: maxHours,
      hourly_cents,
      certifications: isCertified
        ? [{ name: 'first aid', expires_on: dateOf(starts, weeks * 7) }]
        : [{ name: 'first aid', expires_on: dateOf(starts, -1) }],
      unavailable: awayDays.map(day => ({ from: dateOf(starts, day), to: dateOf(starts, day) })),
      preferences: Array.from(
        { length: below(3) },
        (): Wish => ({
          want: chance(0.5) ? 'prefer' : 'avoid',
          ...(chance(0.5) ? { weekday: 1 + below(7) } : { from: '22:00', to: '06:00' }),
        }),
      ),
    }
  })
  const problem: RosterProblem = {
    sites: Array.from({ length: sites }, (_, index) => ({ id: index + 1, timezone: zone })),
    staff,
    shifts: [...shiftByKey.values()],
    pinned: [],
    existing: [],
    weights: { fairness: 1, preferences: 1 },
    seed,
  }
  return { problem, roster, places: roster.length, cost_cents }
}

/** The same work, plus places that nobody can fill, each for a different reason. The maximum number of filled places is known. */
export function overConstrainedProblem(size: ProblemSize): PlantedProblem {
  const planted = plantedProblem(size)
  const { problem } = planted
  const { starts = '2025-06-02', zone = 'UTC' } = size
  const shiftAt = (day: number, from: number, hours: number, more: Partial<ProblemShift>): ProblemShift => ({
    id: 10_000 + problem.shifts.length,
    site_id: 1,
    starts_at: new Date(instantOf(starts, day, from, zone)).toISOString(),
    ends_at: new Date(instantOf(starts, day, from + hours, zone)).toISOString(),
    headcount: 1,
    ...more,
  })
  problem.shifts.push(shiftAt(0, 8, 8, { skill: 'diver', headcount: 2 }))
  problem.shifts.push(shiftAt(1, 8, 8, { skill: 'medic', certification: 'rope rescue' }))
  problem.shifts.push(shiftAt(2, 8, 100, { headcount: 3 }))
  return { ...planted, places: planted.places + 6 }
}

/** Random wages, skills and shift lengths that demand a share (`load`) of all available hours. The optimum is not known. */
export function randomProblem(size: ProblemSize, load = 0.8): RosterProblem {
  const { problem } = plantedProblem(size)
  const { below, pick, chance } = randomFrom(size.seed + 1)
  const { starts = '2025-06-02', zone = 'UTC', weeks } = size
  let hours = 0
  for (const person of problem.staff) {
    person.hourly_cents = 1200 + 50 * below(30)
    person.max_hours_week = pick([16, 24, 32, 38.5, 40])
    hours += person.max_hours_week * weeks * load
    for (const { skill } of jobWages) if (!person.skills.includes(skill) && chance(0.25)) person.skills.push(skill)
  }
  problem.shifts = []
  while (hours > 0) {
    const [day, from, length] = [
      below(weeks * 7),
      pick([6, 8, 9, 12, 14, 17, 18, 22]),
      pick([4, 5, 6, 8, 8, 8, 10, 12]),
    ]
    const headcount = 1 + below(3)
    problem.shifts.push({
      id: problem.shifts.length + 1,
      site_id: 1 + below(problem.sites.length),
      starts_at: new Date(instantOf(starts, day, from, zone)).toISOString(),
      ends_at: new Date(instantOf(starts, day, from + length, zone)).toISOString(),
      skill: chance(0.7) ? pick(jobWages).skill : null,
      certification: chance(0.1) ? 'first aid' : null,
      headcount,
    })
    hours -= headcount * length
  }
  return problem
}

const defaultPerson: Staff = {
  id: 1,
  name: 'Ann',
  skills: [],
  max_hours_week: 40,
  hourly_cents: 1000,
  certifications: [],
  unavailable: [],
  preferences: [],
}

/** A small problem with a site in Berlin; people and shifts need only the fields that matter. Ids start at 1. */
export function smallProblem(
  people: Partial<Staff>[],
  shifts: ({ starts_at: string; ends_at: string } & Partial<ProblemShift>)[],
  more: Partial<RosterProblem> = {},
): RosterProblem {
  return {
    sites: [{ id: 1, timezone: 'Europe/Berlin' }],
    staff: people.map((person, index) => ({ ...defaultPerson, id: index + 1, name: `Person ${index + 1}`, ...person })),
    shifts: shifts.map((shift, index) => ({ id: index + 1, site_id: 1, headcount: 1, ...shift })),
    pinned: [],
    existing: [],
    weights: { fairness: 1, preferences: 1 },
    seed: 1,
    ...more,
  }
}

/** A small problem with every feature: zones, nights, clock changes, pins (allowed or not), earlier work. */
export function fullFeaturedProblem({ below, pick, chance, seed }: Random, people = 6, shiftCount = 10): RosterProblem {
  const zones = ['UTC', 'Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe']
  const starts = pick(['2025-03-24', '2025-10-20', '2025-06-02', '2025-03-03'])
  const sites = [1, 2].map(id => ({ id, timezone: pick(zones) }))
  const workWithin = (from: number, days: number) => {
    const { id: site_id, timezone } = pick(sites)
    const begin = instantOf(starts, from + below(days), below(24), timezone) + 900_000 * below(4)
    const length = HOUR * pick([3, 4.25, 8, 8, 8, 12])
    return { site_id, starts_at: new Date(begin).toISOString(), ends_at: new Date(begin + length).toISOString() }
  }
  const absence = () => {
    const [from, to] = [below(14), below(3)]
    if (chance(0.5)) return { from: dateOf(starts, from), to: dateOf(starts, from + to) }
    const begin = instantOf(starts, from, below(24), pick(zones))
    return { from: new Date(begin).toISOString(), to: new Date(begin + (to + 1) * 7 * HOUR).toISOString() }
  }
  const upTo = <T>(max: number, make: (index: number) => T) =>
    Array.from({ length: below(max + 1) }, (_, index) => make(index))
  const staff = Array.from(
    { length: people },
    (_, index): Staff => ({
      id: 100 + index,
      name: `Person ${index}`,
      skills: ['bar', 'medic'].filter(() => chance(0.7)),
      max_hours_week: pick([0, 8, 16, 24, 24, 40]),
      hourly_cents: pick([0, 1000, 1500, 1525]),
      certifications: upTo(2, () => ({ name: pick(['first aid', 'keys']), expires_on: dateOf(starts, below(16) - 1) })),
      unavailable: upTo(2, absence),
      preferences: upTo(2, () => ({ want: pick(['prefer', 'avoid']), weekday: 1 + below(7) })),
    }),
  )
  const shifts = Array.from(
    { length: shiftCount },
    (_, index): ProblemShift => ({
      id: index + 1,
      ...workWithin(0, 14),
      skill: chance(0.5) ? pick(['bar', 'medic', 'diver']) : null,
      certification: chance(0.3) ? pick(['first aid', 'keys']) : undefined,
      headcount: pick([0, 1, 1, 1, 2]),
    }),
  )
  return {
    sites,
    staff,
    shifts,
    pinned: upTo(3, () => ({ shift_id: pick(shifts).id, staff_id: pick(staff).id })),
    existing: upTo(4, () => ({ staff_id: pick(staff).id, ...workWithin(-3, 20) })),
    weights: pick([
      { fairness: 1, preferences: 1 },
      { fairness: 0, preferences: 3 },
      { fairness: 0, preferences: 0 },
    ]),
    seed,
  }
}

const dateOf = (starts: string, day: number) => new Date(Date.parse(starts) + day * DAY).toISOString().slice(0, 10)

const instantOf = (starts: string, day: number, hour: number, zone: string) =>
  Temporal.PlainDate.from(dateOf(starts, day + Math.floor(hour / 24))).toZonedDateTime({
    timeZone: zone,
    plainTime: { hour: hour % 24 },
  }).epochMilliseconds
