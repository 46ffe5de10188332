/**
 * Keeps statistics warm: common and recent questions are answered before the cached answer expires. If
 * nothing has happened since, the answer is kept longer without counting again.
 */
import { and, desc, eq, gte, lt, sql } from 'drizzle-orm'
import type { Db } from '../../../db/open.ts'
import { requestedStats, tallies } from '../../../db/schema.ts'
import { bestEffortWrite, prepared } from '../../../db/transactions.ts'
import { clearAlert, raiseAlert } from '../../alerts.ts'
import { cached } from '../../cached.ts'
import { type App, job, oncePerApp } from '../../context.ts'
import { messageOf } from '../../errors.ts'
import { locks } from '../../locks.ts'
import { hour, minute, startOf } from '../../platform/clock.ts'
import type { LockRequest } from '../../platform/jobs/task-locks.ts'
import type { Log } from '../../platform/process/log.ts'
import type { ThreadQuery } from '../../platform/process/reader-thread.ts'
import { type DashboardInput, dashboardStats, sections, type UserInput, userStats } from './dashboard.ts'
import { type ExecutionInput, executionStats } from './executions.ts'

type Question<Input> = Omit<Input, 'now'>

/** A kind of statistics: its cache entry, its query, and the questions that are always kept warm. */
export const statistics = {
  dashboard: {
    entry: cached.statsDashboard,
    query: dashboardStats,
    common: [
      { period: 'all', include: sections },
      { period: 'last_month', include: sections },
      { period: 'last_week', include: sections },
      ...sections.map(section => ({ period: 'all' as const, include: [section] })),
    ] satisfies Question<DashboardInput>[],
  },
  executions: {
    entry: cached.statsExecutions,
    query: executionStats,
    common: [
      { period: 'last_week', group_by: 'day' },
      { period: 'last_month', group_by: 'day' },
      { period: 'all', group_by: 'month' },
      { period: 'last_week', group_by: 'day', status: 'FAILURE' },
    ] satisfies Question<ExecutionInput>[],
  },
  users: {
    entry: cached.statsUsers,
    query: userStats,
    common: [
      { period: 'last_month', group_by: 'day' },
      { period: 'last_month', group_by: 'month' },
      { period: 'last_month', group_by: 'hour' },
    ] satisfies Question<UserInput>[],
  },
} as const

export type StatisticsName = keyof typeof statistics
type Inputs = { dashboard: DashboardInput; executions: ExecutionInput; users: UserInput }

/** The same question always in the same form. */
const keyOf = (question: object) =>
  JSON.stringify(
    Object.fromEntries(
      Object.entries(question)
        .filter(([, value]) => value !== undefined)
        .toSorted(),
    ),
  )

const allTallies = prepared(db => db.select().from(tallies).orderBy(tallies.name))

/** What statistics depend on: while it does not change, counting again would give the same. */
const talliesVersion = (db: Db, now: number) =>
  `${startOf('hour', now)}|${allTallies(db)
    .all()
    .map(({ name, count }) => `${name}=${count}`)
    .join()}`

const load = <Name extends StatisticsName>({ reader, clock }: App, name: Name, question: Question<Inputs[Name]>) =>
  reader.read(statistics[name].query as ThreadQuery<unknown, unknown>, { ...question, now: clock.now() })

/** When each question was last recorded as asked, so that not every request writes. */
const recordTimes = oncePerApp(() => new Map<string, number>())

export function readStatistics<Name extends StatisticsName>(app: App, name: Name, question: Question<Inputs[Name]>) {
  const query = keyOf(question)
  recordQuestion(app, name, query)
  return app.cache.read(statistics[name].entry, [query], () => load(app, name, question))
}

function recordQuestion(app: App, entry: StatisticsName, query: string) {
  const now = app.clock.now()
  const times = recordTimes(app)
  if (now - (times.get(`${entry}${query}`) ?? 0) < 10 * minute) return
  if (times.size > 1_000) times.clear()
  times.set(`${entry}${query}`, now)
  bestEffortWrite(app.db, tx => {
    tx.insert(requestedStats)
      .values({ entry, query, requestedAt: now })
      .onConflictDoUpdate({ target: [requestedStats.entry, requestedStats.query], set: { requestedAt: now } })
      .run()
    tx.delete(requestedStats)
      .where(lt(requestedStats.requestedAt, now - hour))
      .run()
  })
}

const recentQuestions = prepared(db =>
  db
    .select({ query: requestedStats.query })
    .from(requestedStats)
    .where(
      and(eq(requestedStats.entry, sql.placeholder('name')), gte(requestedStats.requestedAt, sql.placeholder('since'))),
    )
    .orderBy(desc(requestedStats.requestedAt))
    .limit(50),
)

/** The common questions first, then those of the last hour, newest first. */
function questions(db: Db, name: StatisticsName, now: number): object[] {
  const recent = recentQuestions(db).all({ name, since: now - hour })
  const all = [...statistics[name].common, ...recent.map(({ query }) => JSON.parse(query) as object)]
  return [...new Map(all.map(question => [keyOf(question), question])).values()]
}

type Refreshed = {
  total_refreshed: number
  successful: number
  failed: number
  renewed: number
  cache_keys: string[]
  failures: { key: string; error: string }[]
}

/** What the answers were counted from, by key, in this process. */
const countedVersions = oncePerApp(() => new Map<string, string>())

export async function refreshStatistics(
  app: App,
  names: readonly StatisticsName[],
  signal: AbortSignal,
  log: Log = app.log,
  onProgress: (share: number) => void = () => {},
): Promise<Refreshed> {
  const { cache, db, clock } = app
  const noCounts = { total_refreshed: 0, successful: 0, failed: 0, renewed: 0 }
  const result: Refreshed = { ...noCounts, cache_keys: [], failures: [] }
  const counted = countedVersions(app)
  const work = names.flatMap(name => questions(db, name, clock.now()).map(question => ({ name, question })))
  for (const [i, { name, question }] of work.entries()) {
    signal.throwIfAborted()
    const { entry } = statistics[name]
    const query = keyOf(question)
    const key = `${entry.name}|${query}`
    const version = talliesVersion(db, clock.now())
    try {
      if (counted.get(key) === version && (await cache.renew(entry, [query]))) result.renewed++
      else await cache.refresh(entry, [query], () => load(app, name, question as never))
      counted.set(key, version)
      result.successful++
      result.cache_keys.push(key)
    } catch (error) {
      signal.throwIfAborted()
      result.failed++ // the others are refreshed anyway
      result.failures.push({ key, error: messageOf(error) })
      log.warn('A statistic could not be refreshed', { key, error })
      app.telemetry.report(error, { key })
    }
    result.total_refreshed++
    onProgress((i + 1) / work.length)
  }
  for (const name of names) updateFailureAlert(app, name, result)
  return result
}

/** A partly failed refresh looks fine from outside, but readers of those statistics get slow answers, or none. */
function updateFailureAlert({ db, clock }: App, name: StatisticsName, { failures }: Refreshed): void {
  const key = `statistics:${name}`
  const failed = failures.filter(failure => failure.key.startsWith(`${statistics[name].entry.name}|`))
  const [first] = failed
  bestEffortWrite(db, tx => {
    if (!first) return clearAlert(tx, clock.now(), key)
    const count = failed.length === 1 ? 'One answer' : `${failed.length} answers`
    raiseAlert(tx, clock.now(), {
      key,
      type: 'cache_error',
      severity: 'warning',
      title: `Statistics (${name}) could not all be refreshed`,
      message: `${count} could not be counted: ${first.error} (${first.key})`,
      data: { keys: failed.map(({ key }) => key) },
    })
  })
}

/** A job that refreshes statistics ahead of their readers. */
const refresher = (name: string, lock: () => LockRequest, names: readonly StatisticsName[]) =>
  job(name, {
    attempts: 1, // the next slot comes soon enough
    expires: '3m',
    once: () => 'all',
    lock,
    run: (_input, app, { signal, progress, log }) =>
      refreshStatistics(app, names, signal, log, share => progress(share * 100, 'refreshing')),
  })

export const refreshDashboardStats = refresher('stats.refresh_dashboard', locks.refreshDashboard, ['dashboard'])
export const refreshExecutionStats = refresher('stats.refresh_executions', locks.refreshExecutions, ['executions'])
export const refreshUserStats = refresher('stats.refresh_users', locks.refreshUsers, ['users'])
/** By hand: all statistics. */
export const refreshAllStats = refresher('stats.refresh', locks.refreshAll, ['dashboard', 'executions', 'users'])
