/** Which rosters wait for which, and for about how long. */
import { and, eq, inArray } from 'drizzle-orm'
import type { Db } from '../../db/open.ts'
import { runs, sites } from '../../db/schema.ts'
import { usernamesOf } from '../accounts/queries.ts'
import { isUnfinished, type Run } from '../platform/jobs/runs.ts'
import { dateSpan } from './calendar-view.ts'
import type { DateRange } from './date-range.ts'
import { generateInput } from './generate-input.ts'
import { budgets } from './solving/solve.ts'

/** Each process that runs jobs generates so many rosters at once. */
export const rostersAtOnce = 2

/** Time in addition to the budget, to load and check a roster; greedy has no budget. Seconds. */
const [overheadSeconds, greedySeconds] = [2, 5]

type RosterAhead = { run: Run; range: DateRange; seconds: number }

/** What a roster that has not started waits for, as a sentence; null if it is next. */
export function whyRosterWaits(db: Db, run: Run, now: number): string | null {
  const own = generateInput(run)
  if (!own) return null
  const ahead = db
    .select()
    .from(runs)
    .where(and(eq(runs.name, run.name), isUnfinished))
    .orderBy(runs.createdAt, runs.id)
    .all()
    .flatMap((other): RosterAhead[] => {
      const range = generateInput(other)
      const isEarlier = other.createdAt < run.createdAt || (other.createdAt === run.createdAt && other.id < run.id)
      if (!range || other.id === run.id || !(other.status === 'PROGRESS' || isEarlier)) return []
      const whole = (range.budget_s ?? budgets[range.algorithm] ?? greedySeconds) + overheadSeconds
      const spent = other.status === 'PROGRESS' && other.startedAt ? (now - other.startedAt) / 1000 : 0
      return [{ run: other, range, seconds: Math.max(1, whole - spent) }]
    })
  const sameSites = ahead.filter(({ range }) => shareSites(range.siteIds, own.siteIds))
  const [first] = sameSites
  if (first) {
    // Running ones end in parallel; the others are generated one after the other at worst.
    const secondsOf = (isRunning: boolean) =>
      sameSites.filter(({ run }) => (run.status === 'PROGRESS') === isRunning).map(one => one.seconds)
    const seconds = Math.max(0, ...secondsOf(true)) + sum(secondsOf(false))
    const more = sameSites.length > 1 ? ` and ${sameSites.length - 1} more of these sites` : ''
    return `Waits for ${rosterText(db, first)}${more}: ${durationText(seconds)}`
  }
  const running = ahead.filter(({ run }) => run.status === 'PROGRESS').sort((a, b) => a.seconds - b.seconds)
  const [next] = running
  if (!next || running.length < rostersAtOnce) return null
  return `Waits, as ${running.length} rosters are being made, for ${rosterText(db, next)}: ${durationText(next.seconds)}`
}

/** No site means every site. */
const shareSites = (some: number[], others: number[]) =>
  !some.length || !others.length || some.some(id => others.includes(id))

function rosterText(db: Db, { run, range: { start, end, siteIds } }: RosterAhead): string {
  const names = siteIds.length ? db.select().from(sites).where(inArray(sites.id, siteIds)).all() : []
  const where = names.length && names.length < 4 ? ` at ${names.map(({ name }) => name).join(', ')}` : ''
  const by = run.startedBy === null ? undefined : usernamesOf(db, [run.startedBy]).get(run.startedBy)
  return `the roster of ${dateSpan(start, end)}${where}${by ? `, which ${by} started` : ''}`
}

const sum = (numbers: number[]) => numbers.reduce((all, one) => all + one, 0)

const durationText = (seconds: number) =>
  seconds < 90 ? `about ${Math.ceil(seconds / 5) * 5} s at most` : `about ${Math.ceil(seconds / 60)} min at most`
