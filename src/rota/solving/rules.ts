import { hour } from '../../platform/clock.ts'
import { absenceEnd, absenceStart } from './local-time.ts'
import type { ProblemShift, ProblemSite, Staff } from './problem.ts'

const DEFAULT_REST = 10 * hour

type Span = { start: number; end: number }

/** The rule that excludes a person from a shift whatever else is planned, if any. `date` is the local date of its start. */
export function ineligibility(staff: Staff, shift: ProblemShift, date: string, zone: string) {
  if (requiredSkills(shift).some(skill => !staff.skills.includes(skill))) return 'skill'
  if (shift.certification) {
    const held = staff.certifications.filter(one => one.name === shift.certification)
    if (!held.some(one => date <= one.expires_on)) return 'certification'
  }
  if (!staff.unavailable.length) return undefined // asked for every person and shift, so times are read only if they are needed
  const { start, end } = spanOf(shift)
  const away = staff.unavailable.some(({ from, to }) => absenceStart(from, zone) < end && start < absenceEnd(to, zone))
  return away ? 'unavailable' : undefined
}

export const requiredSkills = ({ skill, skills = [] }: ProblemShift): string[] => (skill ? [skill, ...skills] : skills)

type Work = Span & { rest: number }

/**
 * Whether one person cannot work both: they overlap or leave too little rest in between. `own`: milliseconds of rest of this person,
 * otherwise the stricter site's rest applies.
 */
export function conflicts(a: Work, b: Work, own?: number): boolean {
  const rest = own ?? Math.max(a.rest, b.rest)
  return a.start < b.end + rest && b.start < a.end + rest
}

export const restOfSite = (site: ProblemSite | undefined) =>
  site?.rest_hours === undefined ? DEFAULT_REST : site.rest_hours * hour

export const restOfPerson = ({ rules }: Staff) =>
  rules?.rest_hours === undefined ? undefined : rules.rest_hours * hour

export const overlaps = (a: Span, b: Span) => a.start < b.end && b.start < a.end

/** Milliseconds a week, rounded so that sums stay exact. */
export const weeklyLimit = (staff: Staff) => Math.round(staff.max_hours_week * hour)

export const wages = (staff: Staff, { start, end }: Span) => Math.round((staff.hourly_cents * (end - start)) / hour)

export const spanOf = (work: { starts_at: string; ends_at: string }): Span => ({
  start: Date.parse(work.starts_at),
  end: Date.parse(work.ends_at),
})
