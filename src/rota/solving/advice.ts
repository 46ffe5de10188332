import { day, hour } from '../../platform/clock.ts'
import { counted } from '../../platform/number-text.ts'
import type { ProblemShift, RosterProblem, Unfilled } from './problem.ts'
import { requiredSkills, restOfSite, spanOf } from './rules.ts'

/** The additional people that the advice assumes. */
const HOURS_A_WEEK = 40
const WEEK = 7 * day
const MAX_PEOPLE = 3

type Profile = { skills: string[]; certification?: string | null }

/** Sentences about open places: how many cannot be filled, and which additional people would fill most of the others. */
export function adviceFor(problem: RosterProblem, unfilled: Unfilled[], openBound: number): string[] {
  if (!unfilled.length) return []
  const sentences = openBound
    ? [`${counted(openBound, 'place')} cannot be filled by the people there are, whatever the roster.`]
    : []
  const shifts = new Map(problem.shifts.map(shift => [shift.id, shift]))
  const open = unfilled.map(({ shift_id }) => shifts.get(shift_id)!)
  const best = profilesOf(open)
    .map(profile => ({ profile, filled: filledBy(profile, open, problem) }))
    .reduce((most, one) => (one.filled[0]!.length > most.filled[0]!.length ? one : most))
  if (!best.filled[0]!.length) return sentences
  const worthwhile = best.filled.filter(taken => 2 * taken.length >= best.filled[0]!.length)
  const taken = worthwhile.flat()
  const who = `${counted(worthwhile.length, 'more person', 'more people')}${profileText(best.profile)}`
  const when = taken.every(shift => isWeekend(shift, problem)) ? ' on weekends' : ''
  const all = open.length === 1 ? 'the open place' : `all ${open.length} open places`
  const part = taken.length === open.length ? all : `${taken.length} of the ${open.length} open places`
  return [...sentences, `${who}, each free for ${HOURS_A_WEEK} hours a week, would fill ${part}${when}.`]
}

const profilesOf = (open: ProblemShift[]): Profile[] => [
  ...new Map(
    open.map(shift => {
      const profile: Profile = { skills: requiredSkills(shift).toSorted(), certification: shift.certification }
      return [JSON.stringify(profile), profile]
    }),
  ).values(),
]

const profileText = ({ skills, certification }: Profile) => {
  const held = [
    skills.length > 0 && `the skill${skills.length > 1 ? 's' : ''} ${skills.join(' and ')}`,
    certification && `the certificate ${certification}`,
  ].filter(Boolean)
  return held.length ? ` with ${held.join(' and ')}` : ''
}

/** [person]: the open shifts that each of a few additional people with this profile would take, one after the other. */
function filledBy(profile: Profile, open: ProblemShift[], { sites }: RosterProblem): ProblemShift[][] {
  const restAfter = ({ site_id }: ProblemShift) => restOfSite(sites.find(({ id }) => id === site_id))
  let left = open.filter(
    shift =>
      requiredSkills(shift).every(skill => profile.skills.includes(skill)) &&
      (!shift.certification || shift.certification === profile.certification),
  )
  return Array.from({ length: MAX_PEOPLE }, () => {
    const taken = [...Map.groupBy(left, ({ starts_at }) => Math.floor(Date.parse(starts_at) / WEEK)).values()].flatMap(
      week => shiftsForOnePerson(week, restAfter),
    )
    const gone = new Set(taken)
    left = left.filter(shift => !gone.has(shift))
    return taken
  })
}

/** Shifts of one week for one person: repeatedly the shift that ends first and still fits their rest and hours. */
function shiftsForOnePerson(shifts: ProblemShift[], restAfter: (shift: ProblemShift) => number): ProblemShift[] {
  const taken: ProblemShift[] = []
  let [free, hours] = [Number.NEGATIVE_INFINITY, HOURS_A_WEEK * hour]
  for (const shift of shifts.toSorted((a, b) => Date.parse(a.ends_at) - Date.parse(b.ends_at))) {
    const { start, end } = spanOf(shift)
    if (start < free || end - start > hours) continue
    taken.push(shift)
    ;[free, hours] = [end + restAfter(shift), hours - (end - start)]
  }
  return taken
}

function isWeekend({ starts_at, site_id }: ProblemShift, { sites }: RosterProblem): boolean {
  const timezone = sites.find(site => site.id === site_id)?.timezone ?? 'UTC'
  return Temporal.Instant.from(starts_at).toZonedDateTimeISO(timezone).dayOfWeek >= 6
}
