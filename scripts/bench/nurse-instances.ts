import type { ProblemShift, RosterProblem, Staff, WorkRules } from '../../src/rota/solving/problem.ts'

/**
 * Reads the public nurse rostering instances 1 to 24 (Curtois and Qu) from their text form, without loss. Days become dates from a
 * Monday on, and weights become cents. A shift takes any number of people; each person too few or too many costs what the instance
 * says. All shifts of a day start at the same time, so nobody can have two of them.
 */
export function readNurseInstance(text: string): RosterProblem {
  const sections = sectionsOf(text)
  const days = Number(sections.get('HORIZON')?.[0]?.[0])
  if (!Number.isInteger(days) || days < 1) throw new Error('SECTION_HORIZON does not say how many days there are')
  const lines = (section: string) => sections.get(section) ?? []
  const kinds = new Map(
    lines('SHIFTS').map(([id = '', minutes, next = '']) => [id, { minutes: Number(minutes), next: list(next) }]),
  )
  const successions = [...kinds].flatMap(([kind, { next }]) => next.map(one => ({ kind, next: one })))

  const staff = lines('STAFF').map(
    ([name = '', kindLimits = '', mostMinutes, leastMinutes, mostRow, leastRow, leastOff, weekends], index): Staff => {
      const rules: WorkRules = {
        least_hours: { limit: Number(leastMinutes) / 60 },
        most_hours: { limit: Number(mostMinutes) / 60 },
        least_days_in_row: { limit: Number(leastRow) },
        most_days_in_row: { limit: Number(mostRow) },
        least_days_off_in_row: { limit: Number(leastOff) },
        most_weekends: { limit: Number(weekends) },
        most_of_kind: list(kindLimits).map(one => {
          const [kind = '', limit] = one.split('=')
          return { kind, limit: Number(limit) }
        }),
        successions,
        rest_hours: 0,
      }
      return {
        id: index + 1,
        name,
        skills: [],
        max_hours_week: 168,
        hourly_cents: 0,
        certifications: [],
        unavailable: [],
        preferences: [],
        rules,
      }
    },
  )
  const ids = new Map(staff.map(({ name, id }) => [name, id]))
  for (const [name = '', ...off] of lines('DAYS_OFF'))
    for (const day of off.filter(Boolean))
      staff[ids.get(name)! - 1]!.unavailable.push({ from: dateOf(day), to: dateOf(day) })

  const shifts = lines('COVER').map(([day, kind = '', wanted, under, over], index): ProblemShift => {
    const from = Date.parse(`${dateOf(day)}T06:00:00Z`)
    return {
      id: index + 1,
      site_id: 1,
      starts_at: new Date(from).toISOString(),
      ends_at: new Date(from + kinds.get(kind)!.minutes * 60_000).toISOString(),
      kind,
      headcount: Number(wanted),
      most: staff.length,
      under_cents: Number(under),
      over_cents: Number(over),
    }
  })
  const byDayAndKind = new Map(lines('COVER').map(([day, kind], index) => [`${day} ${kind}`, index + 1]))
  const requests = (['ON', 'OFF'] as const).flatMap(want =>
    lines(`SHIFT_${want}_REQUESTS`).map(([name = '', day, kind, weight]) => ({
      staff_id: ids.get(name)!,
      shift_id: byDayAndKind.get(`${day} ${kind}`)!,
      want: want === 'ON' ? ('on' as const) : ('off' as const),
      price_cents: Number(weight),
    })),
  )
  return {
    sites: [{ id: 1, timezone: 'UTC' }],
    staff,
    shifts,
    pinned: [],
    existing: [],
    requests,
    weights: { fairness: 0, preferences: 0 },
    seed: 1,
  }
}

/** The lowest published costs (exact and hybrid methods of up to an hour): 1 to 7 and 9 to 12 are proved optimal, the others are upper bounds. */
const bestCosts = [
  ...[607, 828, 1001, 1716, 1143, 1950, 1056, 1308, 439, 4631],
  ...[3443, 4040, 1905, 1279, 3928, 3225, 5750, 4650, 3218],
]
/** By the number in the name of the file. No figures were available for 20 to 24. */
export const bestKnown = (file: string): number | undefined => bestCosts[Number(/(\d+)\.\w+$/.exec(file)?.[1]) - 1]

const list = (text: string) => text.split('|').filter(Boolean)

const dateOf = (day = '0') => new Date(Date.UTC(2025, 0, 6 + Number(day))).toISOString().slice(0, 10)

function sectionsOf(text: string): Map<string, string[][]> {
  const sections = new Map<string, string[][]>()
  let lines: string[][] | undefined
  for (const line of text.split(/\r?\n/).map(one => one.trim())) {
    if (!line || line.startsWith('#')) continue
    if (line.startsWith('SECTION_')) {
      lines = []
      sections.set(line.slice('SECTION_'.length), lines)
    } else lines?.push(line.split(',').map(one => one.trim()))
  }
  return sections
}
