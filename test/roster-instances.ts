import type { Duty, Problem, Shift, Staff, Wish } from '../src/rosters/solving/problem.ts'
import { random } from '../src/rosters/solving/random.ts'

/** A problem with a roster known to be best, and what that roster is worth. */
export type Planted = { problem: Problem; places: number; filled: number; cost_cents: number }

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

export type Size = { staff: number; weeks: number; seed: number; starts?: string; zone?: string; sites?: number }

/**
 * Rosters every regular first, then asks for exactly that work. Nobody who may do a trade is paid less than its regulars,
 * so no roster that fills every place can cost less; reserves and the better paid could step in, which makes it a choice.
 */
export function planted({ staff: count, weeks, seed, starts = '2025-06-02', zone = 'UTC', sites = 2 }: Size): Planted {
  const next = random(seed)
  const below = (n: number) => Math.floor(next() * n)
  const often = (share: number) => next() < share
  const regulars = Math.ceil(count * 0.85)
  const wanted = new Map<string, Shift>()
  let cost_cents = 0
  let filled = 0

  const staff = Array.from({ length: count }, (_, index): Staff => {
    const trade = index < regulars ? Math.min(below(5), trades.length - 1) : trades.length - 1
    const hourly_cents = trades[trade]!.hourly + (index < regulars ? 0 : 300 + 100 * below(5))
    const skills = trades.flatMap(({ skill }, other) =>
      other === trade || (other < trade && often(0.5)) ? [skill] : [],
    )
    const certified = index < regulars || often(0.5)
    const days = often(0.3) ? 3 : 5
    const worked = new Set<number>()
    if (index < regulars) {
      let free = 0
      for (let week = 0; week < weeks; week++) {
        const turn = turns[below(3)]!
        const site = 1 + below(sites)
        const off = below(7)
        for (let day = 0, done = 0; day < 7 && done < days; day++) {
          const date = week * 7 + day
          const [start, end] = [wall(starts, date, turn.from, zone), wall(starts, date, turn.to, zone)]
          if (day === off || start < free || (day < 7 - (days - done) - 1 && often(0.2))) continue
          const key = `${start} ${site} ${trade}`
          const shift = wanted.get(key) ?? {
            id: wanted.size + 1,
            site_id: site,
            starts_at: new Date(start).toISOString(),
            ends_at: new Date(end).toISOString(),
            skill: trades[trade]!.skill,
            certification: often(0.2) ? 'first aid' : null,
            headcount: 0,
          }
          shift.headcount++
          wanted.set(key, shift)
          filled++
          cost_cents += Math.round((hourly_cents * (end - start)) / HOUR)
          free = end + 10 * HOUR
          done++
          worked.add(date)
          if (turn.to > 24) worked.add(date + 1)
        }
      }
    }
    const idle = Array.from({ length: weeks * 7 }, (_, day) => day).filter(day => !worked.has(day) && often(0.25))
    return {
      id: 100 + index,
      name: `Person ${index}`,
      skills,
      max_hours_week: days * 8,
      hourly_cents,
      certifications: certified
        ? [{ name: 'first aid', expires_on: dateOf(starts, weeks * 7) }]
        : [{ name: 'first aid', expires_on: dateOf(starts, -1) }],
      unavailable: idle.map(day => ({ from: dateOf(starts, day), to: dateOf(starts, day) })),
      preferences: Array.from(
        { length: below(3) },
        (): Wish => ({
          want: often(0.5) ? 'prefer' : 'avoid',
          ...(often(0.5) ? { weekday: 1 + below(7) } : { from: '22:00', to: '06:00' }),
        }),
      ),
    }
  })
  const problem: Problem = {
    sites: Array.from({ length: sites }, (_, index) => ({ id: index + 1, timezone: zone })),
    staff,
    shifts: [...wanted.values()],
    pinned: [],
    existing: [],
    weights: { fairness: 1, preferences: 1 },
    seed,
  }
  return { problem, places: filled, filled, cost_cents }
}

/** The same work with places nobody can take, for a different reason each, and the most that can be filled known. */
export function overConstrained(size: Size): Planted {
  const made = planted(size)
  const { problem } = made
  const { starts = '2025-06-02', zone = 'UTC' } = size
  const at = (day: number, from: number, hours: number, more: Partial<Shift>): Shift => ({
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
  return { ...made, places: made.places + 6 }
}

/** Wages, skills and shifts of all lengths at random, asking for a share (`load`) of the hours there are: the best is not known. */
export function rough(size: Size, load = 0.8): Problem {
  const { problem } = planted(size)
  const next = random(size.seed + 1)
  const below = (n: number) => Math.floor(next() * n)
  const { starts = '2025-06-02', zone = 'UTC', weeks } = size
  let hours = 0
  for (const person of problem.staff) {
    person.hourly_cents = 1200 + 50 * below(30)
    person.max_hours_week = [16, 24, 32, 38.5, 40][below(5)]!
    hours += person.max_hours_week * weeks * load
    for (const { skill } of trades) if (!person.skills.includes(skill) && next() < 0.25) person.skills.push(skill)
  }
  problem.shifts = []
  while (hours > 0) {
    const [day, from, length] = [
      below(weeks * 7),
      [6, 8, 9, 12, 14, 17, 18, 22][below(8)]!,
      [4, 5, 6, 8, 8, 8, 10, 12][below(8)]!,
    ]
    const headcount = 1 + below(3)
    problem.shifts.push({
      id: problem.shifts.length + 1,
      site_id: 1 + below(problem.sites.length),
      starts_at: new Date(wall(starts, day, from, zone)).toISOString(),
      ends_at: new Date(wall(starts, day, from + length, zone)).toISOString(),
      skill: next() < 0.7 ? trades[below(trades.length)]!.skill : null,
      certification: next() < 0.1 ? 'first aid' : null,
      headcount,
    })
    hours -= headcount * length
  }
  return problem
}

/** Some of the work stands already: as pins, and as duties of the week before. */
export function withHistory(problem: Problem, seed: number): Problem {
  const next = random(seed)
  const first = Math.min(...problem.shifts.map(shift => Date.parse(shift.starts_at)))
  const existing = problem.staff
    .filter(() => next() < 0.3)
    .map(
      (person): Duty => ({
        staff_id: person.id,
        site_id: problem.sites[0]!.id,
        starts_at: new Date(first - 12 * HOUR).toISOString(),
        ends_at: new Date(first - 4 * HOUR).toISOString(),
      }),
    )
  return { ...problem, existing }
}

const dateOf = (starts: string, day: number) => new Date(Date.parse(starts) + day * DAY).toISOString().slice(0, 10)

const wall = (starts: string, day: number, hour: number, zone: string) =>
  Temporal.PlainDate.from(dateOf(starts, day + Math.floor(hour / 24))).toZonedDateTime({
    timeZone: zone,
    plainTime: { hour: hour % 24 },
  }).epochMilliseconds
