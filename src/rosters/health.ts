/** `health_scores`: twice a day, how well each site and each active league does, and what would help. */
import { and, asc, eq, gt, inArray, isNull, lte, max, sql } from 'drizzle-orm'
import { type Static, t } from 'elysia'
import type { Db } from '../../db/open.ts'
import {
  entries,
  healthScores,
  leagues,
  ledger,
  members,
  sites,
  tourEvents,
  tours,
  uploads,
  userActivity,
} from '../../db/schema.ts'
import { atomically } from '../../db/transaction.ts'
import { job } from '../context.ts'
import { day, iso } from '../runtime/clock.ts'
import { problemWith } from './loading.ts'
import { expiringWithin } from './metrics.ts'
import { shiftsIn } from './queries.ts'
import { daysAfter, today } from './range.ts'
import { type ShownShift, shownIn, summed } from './view.ts'

const levels = ['good', 'watch', 'at_risk'] as const
const subjects = ['site', 'league'] as const

export const scoreSchema = t.Object(
  {
    subject: t.Union(subjects.map(each => t.Literal(each))),
    id: t.Integer(),
    name: t.String(),
    score: t.Integer({ minimum: 0, maximum: 100 }),
    level: t.Union(levels.map(each => t.Literal(each))),
    factors: t.Record(t.String(), t.Number(), { description: 'Each 0 to 1' }),
    recommendations: t.Array(t.String()),
    at: t.String({ format: 'date-time' }),
  },
  { $id: 'HealthScore' },
)
export type ScoreView = Static<typeof scoreSchema>

type Scored = Omit<ScoreView, 'at'>

export const scoreHealth = job('health_scores', {
  input: t.Object({}),
  once: () => 'all',
  async run(_, { db, clock, reader }) {
    const at = clock.now()
    const scored = await reader.read('healthOfAll', { now: at })
    await atomically(
      db,
      tx => {
        for (const { id, ...score } of scored)
          tx.insert(healthScores)
            .values({ ...score, subjectId: id, at })
            .onConflictDoNothing()
            .run()
      },
      'unsynced',
    )
    return { scored: scored.length, at_risk: scored.filter(({ level }) => level === 'at_risk').length }
  },
})

/** The newest of each, the worst first. */
export function latestScores(db: Db): ScoreView[] {
  const newest =
    db
      .select({ at: max(healthScores.at) })
      .from(healthScores)
      .get()?.at ?? 0
  return db
    .select()
    .from(healthScores)
    .where(eq(healthScores.at, newest))
    .orderBy(asc(healthScores.score), asc(healthScores.name))
    .all()
    .map(({ subjectId, at, ...score }) => ({ ...score, id: subjectId, at: iso(at) }))
}

export const healthOfAll = (db: Db, { now }: { now: number }): Scored[] => [
  ...siteScores(db, now),
  ...leagueScores(db, now),
]

/** What counts how much; the shares of all factors add up to 1. */
function scored(
  subject: Scored['subject'],
  { id, name }: { id: number; name: string },
  weighed: Record<string, [factor: number, share: number]>,
  recommendations: string[],
): Scored {
  const score = Math.round(100 * Object.values(weighed).reduce((all, [factor, share]) => all + factor * share, 0))
  const level = score < 60 ? 'at_risk' : score < 80 ? 'watch' : 'good'
  const factors = Object.fromEntries(
    Object.entries(weighed).map(([key, [factor]]) => [key, Math.round(factor * 100) / 100]),
  )
  return { subject, id, name, score, level, factors, recommendations }
}

const ahead = 14 // days

function siteScores(db: Db, now: number): Scored[] {
  const from = today(now)
  const range = { start: from, end: daysAfter(from, ahead - 1), siteIds: [] }
  const bySite = Map.groupBy(shownIn(db, range), ({ site_id }) => site_id)
  const expiring = new Map(Map.groupBy(expiringWithin(db, from, 30), ({ staff_id }) => staff_id))
  const { staff } = problemWith(db, shiftsIn(db, range), [])
  return db
    .select()
    .from(sites)
    .orderBy(asc(sites.name))
    .all()
    .map(site => {
      const shifts = bySite.get(site.id) ?? []
      if (!shifts.length)
        return scored('site', site, { planned: [0.7, 1] }, [`No shifts are planned in the next ${ahead} days.`])
      const soon = shifts.filter(({ date }) => date < daysAfter(from, 3))
      const scarce = scarceSkills(shifts, staff)
      const people = new Map(shifts.flatMap(shift => shift.staff.map(one => [one.staff_id, one.name])))
      const risky = [...people.keys()].filter(id => expiring.has(id))
      const { open, places, coverage } = summed(shifts)
      const near = summed(soon)
      return scored(
        'site',
        site,
        {
          coverage: [coverage ?? 1, 0.5],
          next_3_days: [near.coverage ?? 1, 0.25],
          depth: [1 - scarce.length / Math.max(1, skillsOf(shifts).length), 0.15],
          certificates: [1 - risky.length / Math.max(1, people.size), 0.1],
        },
        [
          ...(near.open ? [`${near.open} places of the next 3 days are open: call people now.`] : []),
          ...(open > near.open
            ? [`${open} of ${places} places in the next ${ahead} days are open: generate a roster for ${site.name}.`]
            : []),
          ...scarce.map(({ skill, names }) =>
            names.length
              ? `Only ${names[0]} has the skill ${skill}: train or find another.`
              : `Nobody has the skill ${skill}.`,
          ),
          ...risky.flatMap(id =>
            (expiring.get(id) ?? []).map(
              ({ name, certification, expires_on }) =>
                `${certification} of ${name} runs out on ${expires_on}: renew it.`,
            ),
          ),
        ],
      )
    })
}

const skillsOf = (shifts: ShownShift[]) => [...new Set(shifts.flatMap(({ skill }) => (skill ? [skill] : [])))]

/** Skills that hang on one person, or on none. */
const scarceSkills = (shifts: ShownShift[], staff: { name: string; skills: string[] }[]) =>
  skillsOf(shifts)
    .map(skill => ({ skill, names: staff.filter(({ skills }) => skills.includes(skill)).map(({ name }) => name) }))
    .filter(({ names }) => names.length < 2)

const fresh = 7 * day // within it, a league lives

function leagueScores(db: Db, now: number): Scored[] {
  return db
    .select()
    .from(leagues)
    .where(
      and(lte(leagues.startsAt, now), gt(leagues.endsAt, now), isNull(leagues.archivedAt), isNull(leagues.finalizedAt)),
    )
    .orderBy(asc(leagues.name))
    .all()
    .map(league => {
      const last = lastSign(db, league)
      const quiet = last === null ? null : Math.floor((now - last) / day)
      const freshness = last === null ? 0 : Math.max(0, 1 - Math.max(0, now - last - fresh) / (2 * fresh))
      const { joined, seen } = membersSeen(db, league.id, now - 14 * day)
      const isPlayed = league.kind !== 'sheet'
      const crowd = isPlayed ? Math.min(1, joined / 3) : 1
      const engagement = isPlayed ? (joined ? seen / joined : 0) : 1
      const { failed, ended } = uploadsLately(db, league.id, now - 14 * day)
      const imports = ended ? 1 - failed / ended : 1
      return scored(
        'league',
        league,
        {
          freshness: [freshness, 0.5],
          members: [crowd, 0.15],
          engagement: [engagement, 0.2],
          imports: [imports, 0.15],
        },
        [
          ...(quiet === null ? [`Nothing has come in yet: ${firstStep[league.kind]}.`] : []),
          ...(quiet !== null && freshness < 1 ? [`Nothing new for ${quiet} days: ${nextStep[league.kind]}.`] : []),
          ...(crowd < 1 ? [`Only ${joined} ${joined === 1 ? 'member' : 'members'}: invite others.`] : []),
          ...(isPlayed && joined && engagement < 0.5
            ? [`${joined - seen} of ${joined} members were not seen for two weeks: remind them.`]
            : []),
          ...(failed ? [`${failed} of the last ${ended} uploads failed: look at what was wrong with them.`] : []),
        ],
      )
    })
}

const firstStep = {
  sheet: 'upload a baseline',
  tour: 'ask members for their picks',
  market: 'tell members that they can trade',
}
const nextStep = { sheet: 'upload a current sheet', tour: 'look at the feed', market: 'see whether quotes come in' }

type League = typeof leagues.$inferSelect

/** When last something came in that moves its board. */
function lastSign(db: Db, { id, kind, config }: League): number | null {
  if (kind === 'sheet')
    return (
      db
        .select({ at: max(uploads.createdAt) })
        .from(uploads)
        .where(and(eq(uploads.leagueId, id), eq(uploads.status, 'done'), eq(uploads.dryRun, false)))
        .get()?.at ?? null
    )
  if (kind === 'market')
    return (
      db
        .select({ at: max(ledger.at) })
        .from(ledger)
        .where(eq(ledger.leagueId, id))
        .get()?.at ?? null
    )
  const entered = db
    .select({ at: max(entries.updatedAt) })
    .from(entries)
    .where(eq(entries.leagueId, id))
    .get()?.at
  const moved = db
    .select({ at: max(tourEvents.movedAt) })
    .from(tourEvents)
    .innerJoin(tours, eq(tours.id, tourEvents.tourId))
    .where(eq(tours.slug, String(config.tour ?? '')))
    .get()?.at
  return entered == null ? null : Math.max(entered, moved ?? 0)
}

function membersSeen(db: Db, leagueId: number, since: number): { joined: number; seen: number } {
  const wasSeen = sql`exists (select 1 from ${userActivity} where ${userActivity.unit} = 'day' and ${userActivity.start} >= ${since} and ${userActivity.userId} = ${members.userId})`
  return (
    db
      .select({ joined: sql<number>`count(*)`, seen: sql<number>`coalesce(sum(${wasSeen}), 0)` })
      .from(members)
      .where(eq(members.leagueId, leagueId))
      .get() ?? { joined: 0, seen: 0 }
  )
}

function uploadsLately(db: Db, leagueId: number, since: number): { failed: number; ended: number } {
  const isFailed = eq(uploads.status, 'failed')
  return (
    db
      .select({ failed: sql<number>`coalesce(sum(${isFailed}), 0)`, ended: sql<number>`count(*)` })
      .from(uploads)
      .where(
        and(eq(uploads.leagueId, leagueId), gt(uploads.createdAt, since), inArray(uploads.status, ['failed', 'done'])),
      )
      .get() ?? { failed: 0, ended: 0 }
  )
}
