import { type Random, randomFrom } from '../scripts/random.ts'
import type { Assignment, ProblemShift, RosterProblem, Staff, Wish } from '../src/rota/solving/problem.ts'

/** A problem with an optimal roster, and the cost of that roster. */
type PlantedProblem = { problem: RosterProblem; roster: Assignment[]; places: number; cost_cents: number }

const trades = [
  { skill: 'steward', hourly: 1400 },
  { skill: 'bar', hourly: 1600 },
  { skill: 'referee', hourly: 2100 },
  { skill: 'medic', hourly: 2800 },
]
const turns = [
  { from: 6, to: 14 },
  { from: 14, to: 22 },
  { from: 22, to: 30 },
]
const HOUR = 3_600_000
const DAY = 24 * HOUR

type ProblemSize = { staff: number; weeks: number; seed: number; starts?: string; zone?: string; sites?: number }

/**
 * Makes a roster of all regular staff first, then demands exactly that work. Nobody qualified for a trade is paid less than its
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
  const wanted = new Map<string, ProblemShift>()
  const roster: Assignment[] = []
  let cost_cents = 0

  const staff = Array.from({ length: count }, (_, index): Staff => {
    const trade = index < regulars ? Math.min(below(5), trades.length - 1) : trades.length - 1
    const hourly_cents = trades[trade]!.hourly + (index < regulars ? 0 : 300 + 100 * below(5))
    const skills = trades.flatMap(({ skill }, other) =>
      other === trade || (other < trade && chance(0.5)) ? [skill] : [],
    )
    const certified = index < regulars || chance(0.5)
    const days = chance(0.3) ? 3 : 5
    const worked = new Set<number>()
    let most = days * 8 // the night on which the clocks go back takes an hour more
    if (index < regulars) {
      let free = 0
      for (let week = 0; week < weeks; week++) {
        const turn = turns[below(3)]!
        const site = 1 + below(sites)
        const off = below(7)
        let hours = 0
        for (let day = 0, done = 0; day < 7 && done < days; day++) {
          const date = week * 7 + day
          const [start, end] = [wall(starts, date, turn.from, zone), wall(starts, date, turn.to, zone)]
          if (day === off || start < free || (day < 7 - (days - done) - 1 && chance(0.2))) continue
          const key = `${start} ${site} ${trade}`
          const shift = wanted.get(key) ?? {
            id: wanted.size + 1,
            site_id: site,
            starts_at: new Date(start).toISOString(),
            ends_at: new Date(end).toISOString(),
            skill: trades[trade]!.skill,
            certification: chance(0.2) ? 'first aid' : null,
            headcount: 0,
          }
          shift.headcount++
          wanted.set(key, shift)
          roster.push({ shift_id: shift.id, staff_id: 100 + index })
          hours += (end - start) / HOUR
          cost_cents += Math.round((hourly_cents * (end - start)) / HOUR)
          free = end + 10 * HOUR
          done++
          worked.add(date)
          if (turn.to > 24) worked.add(date + 1)
        }
        most = Math.max(most, hours)
      }
    }
    const idle = Array.from({ length: weeks * 7 }, (_, day) => day).filter(day => !worked.has(day) && chance(0.25))
    return {
      id: 100 + index,
      name: `Person ${index}`,
      skills,
      max_hours_week: most,
      hourly_cents,
      certifications: certified
        ? [{ name: 'first aid', expires_on: dateOf(starts, weeks * 7) }]
        : [{ name: 'first aid', expires_on: dateOf(starts, -1) }],
      unavailable: idle.map(day => ({ from: dateOf(starts, day), to: dateOf(starts, day) })),
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
    shifts: [...wanted.values()],
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
  const at = (day: number, from: number, hours: number, more: Partial<ProblemShift>): ProblemShift => ({
    id: 10_000 + problem.shifts.length,
    site_id: 1,
    starts_at: new Date(wall(starts, day, from, zone)).toISOString(),
    ends_at: new Date(wall(starts, day, from + hours, zone)).toISOString(),
    headcount: 1,
    ...more,
  })
  problem.shifts.push(at(0, 8, 8, { skill: 'diver', headcount: 2 }))
  problem.shifts.push(at(1, 8, 8, { skill: 'medic', certification: 'rope rescue' }))
  problem.shifts.push(at(2, 8, 100, { headcount: 3 }))
  return { ...planted, places: planted.places + 6 }
}

/** Random wages, skills and shift lengths that demand a share (`load`) of all available hours. The optimum is not known. */
export function roughProblem(size: ProblemSize, load = 0.8): RosterProblem {
  const { problem } = plantedProblem(size)
  const { below, pick, chance } = randomFrom(size.seed + 1)
  const { starts = '2025-06-02', zone = 'UTC', weeks } = size
  let hours = 0
  for (const person of problem.staff) {
    person.hourly_cents = 1200 + 50 * below(30)
    person.max_hours_week = pick([16, 24, 32, 38.5, 40])
    hours += person.max_hours_week * weeks * load
    for (const { skill } of trades) if (!person.skills.includes(skill) && chance(0.25)) person.skills.push(skill)
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
      starts_at: new Date(wall(starts, day, from, zone)).toISOString(),
      ends_at: new Date(wall(starts, day, from + length, zone)).toISOString(),
      skill: chance(0.7) ? pick(trades).skill : null,
      certification: chance(0.1) ? 'first aid' : null,
      headcount,
    })
    hours -= headcount * length
  }
  return problem
}

const anna: Staff = {
  id: 1,
  name: 'Anna',
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
    staff: people.map((person, index) => ({ ...anna, id: index + 1, name: `Person ${index + 1}`, ...person })),
    shifts: shifts.map((shift, index) => ({ id: index + 1, site_id: 1, headcount: 1, ...shift })),
    pinned: [],
    existing: [],
    weights: { fairness: 1, preferences: 1 },
    seed: 1,
    ...more,
  }
}

/** A small problem with every feature: zones, nights, clock changes, pins (allowed or not), earlier work. */
export function oddProblem({ below, pick, chance, seed }: Random, people = 6, turnsOfWork = 10): RosterProblem {
  const zones = ['UTC', 'Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe']
  const starts = pick(['2025-03-24', '2025-10-20', '2025-06-02', '2025-03-03'])
  const sites = [1, 2].map(id => ({ id, timezone: pick(zones) }))
  const stint = (from: number, days: number) => {
    const { id: site_id, timezone } = pick(sites)
    const begin = wall(starts, from + below(days), below(24), timezone) + 900_000 * below(4)
    const length = HOUR * pick([3, 4.25, 8, 8, 8, 12])
    return { site_id, starts_at: new Date(begin).toISOString(), ends_at: new Date(begin + length).toISOString() }
  }
  const absence = () => {
    const [from, to] = [below(14), below(3)]
    if (chance(0.5)) return { from: dateOf(starts, from), to: dateOf(starts, from + to) }
    const begin = wall(starts, from, below(24), pick(zones))
    return { from: new Date(begin).toISOString(), to: new Date(begin + (to + 1) * 7 * HOUR).toISOString() }
  }
  const many = <T>(most: number, make: (index: number) => T) =>
    Array.from({ length: below(most + 1) }, (_, index) => make(index))
  const staff = Array.from(
    { length: people },
    (_, index): Staff => ({
      id: 100 + index,
      name: `Person ${index}`,
      skills: ['bar', 'medic'].filter(() => chance(0.7)),
      max_hours_week: pick([0, 8, 16, 24, 24, 40]),
      hourly_cents: pick([0, 1000, 1500, 1525]),
      certifications: many(2, () => ({ name: pick(['first aid', 'keys']), expires_on: dateOf(starts, below(16) - 1) })),
      unavailable: many(2, absence),
      preferences: many(2, () => ({ want: pick(['prefer', 'avoid']), weekday: 1 + below(7) })),
    }),
  )
  const shifts = Array.from(
    { length: turnsOfWork },
    (_, index): ProblemShift => ({
      id: index + 1,
      ...stint(0, 14),
      skill: chance(0.5) ? pick(['bar', 'medic', 'diver']) : null,
      certification: chance(0.3) ? pick(['first aid', 'keys']) : undefined,
      headcount: pick([0, 1, 1, 1, 2]),
    }),
  )
  return {
    sites,
    staff,
    shifts,
    pinned: many(3, () => ({ shift_id: pick(shifts).id, staff_id: pick(staff).id })),
    existing: many(4, () => ({ staff_id: pick(staff).id, ...stint(-3, 20) })),
    weights: pick([
      { fairness: 1, preferences: 1 },
      { fairness: 0, preferences: 3 },
      { fairness: 0, preferences: 0 },
    ]),
    seed,
  }
}

const dateOf = (starts: string, day: number) => new Date(Date.parse(starts) + day * DAY).toISOString().slice(0, 10)

const wall = (starts: string, day: number, hour: number, zone: string) =>
  Temporal.PlainDate.from(dateOf(starts, day + Math.floor(hour / 24))).toZonedDateTime({
    timeZone: zone,
    plainTime: { hour: hour % 24 },
  }).epochMilliseconds
