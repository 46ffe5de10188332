/** The health of a site in the days ahead, and what would help. */
import { asc } from 'drizzle-orm'
import type { Db } from '../../db/open.ts'
import { sites } from '../../db/schema.ts'
import { counted } from '../platform/number-text.ts'
import { daysAfter, today } from '../rota/date-range.ts'
import { loadProblem } from '../rota/load-problem.ts'
import { longDate } from '../rota/long-date.ts'
import { certificatesEnding } from '../rota/roster-metrics.ts'
import { rosterSummary, type ShownShift, shownShiftsIn } from '../rota/roster-view.ts'
import { shiftsIn } from '../rota/shift-queries.ts'
import { type ScoredHealth, weightedScore } from './weighted-score.ts'

const daysAhead = 14 // days

export function siteScores(db: Db, { now }: { now: number }): ScoredHealth[] {
  const from = today(now)
  const range = { start: from, end: daysAfter(from, daysAhead - 1), siteIds: [] }
  const toCome = shownShiftsIn(db, range, now).filter(({ ends_at }) => Date.parse(ends_at) > now)
  const bySite = Map.groupBy(toCome, ({ site_id }) => site_id)
  const expiring = new Map(Map.groupBy(certificatesEnding(db, { by: daysAfter(from, 30) }), ({ staff_id }) => staff_id))
  const { staff } = loadProblem(db, shiftsIn(db, range))
  return db
    .select()
    .from(sites)
    .orderBy(asc(sites.name))
    .all()
    .map(site => {
      const shifts = bySite.get(site.id) ?? []
      if (!shifts.length)
        return weightedScore('site', site, {}, [`No shifts are planned in the next ${daysAhead} days.`])
      const soon = shifts.filter(({ date }) => date < daysAfter(from, 3))
      const skills = skillsOf(shifts)
      const scarce = scarceSkills(skills, staff)
      const people = new Map(shifts.flatMap(shift => shift.staff.map(one => [one.staff_id, one.name])))
      const risky = [...people.keys()].filter(id => expiring.has(id))
      const { open, places, coverage, broken } = rosterSummary(shifts)
      const near = rosterSummary(soon)
      return weightedScore(
        'site',
        site,
        {
          coverage: [coverage, 0.5],
          next_3_days: [near.coverage, 0.25],
          depth: [skills.length ? 1 - scarce.length / skills.length : null, 0.15],
          certificates: [people.size ? 1 - risky.length / people.size : null, 0.1],
        },
        [
          broken > 0 && `${counted(broken, 'duty', 'duties')} cannot be worked as planned: find who could step in.`,
          near.open > 0 &&
            `${counted(near.open, 'place on the next 3 days is', 'places on the next 3 days are')} open: call people now.`,
          open > near.open &&
            `${open} of ${places} places in the next ${daysAhead} days are open: a roster for ${site.name} fills what it can, and says why a place stays open.`,
          ...scarce.map(({ skill, names }) =>
            names.length
              ? `Only ${names[0]} has the skill ${skill}: train or find another.`
              : `Nobody has the skill ${skill}.`,
          ),
          ...renewals(
            risky.flatMap(id => expiring.get(id) ?? []),
            from,
          ),
        ],
      )
    })
}

const maxNamed = 5
const renewals = (ending: ReturnType<typeof certificatesEnding>, today: string) =>
  ending.length > maxNamed
    ? [`${ending.length} certificates of people on these shifts have expired or will within 30 days: renew them.`]
    : ending.map(
        ({ name, certification, expires_on }) =>
          `${certification} of ${name} ${expires_on < today ? 'expired' : 'expires'} on ${longDate(expires_on)}: renew it.`,
      )

const skillsOf = (shifts: ShownShift[]) => [...new Set(shifts.flatMap(({ skill }) => (skill ? [skill] : [])))]

/** Skills that depend on one person, or on none. */
const scarceSkills = (skills: string[], staff: { name: string; skills: string[] }[]) =>
  skills
    .map(skill => ({ skill, names: staff.filter(({ skills }) => skills.includes(skill)).map(({ name }) => name) }))
    .filter(({ names }) => names.length < 2)
