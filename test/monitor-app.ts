/** A service with data for every part of the monitor, with very long names. */
import { t } from 'elysia'
import { activityCounts, ledger, processMinutes, users } from '../db/schema.ts'
import { raiseAlert } from '../src/alerts.ts'
import { type App, job } from '../src/context.ts'
import { day, hour, minute } from '../src/platform/clock.ts'
import { lock } from '../src/platform/jobs/task-locks.ts'
import { newLeague, upload } from './sheets.ts'
import { type start, until } from './start.ts'

const longWord = 'Wolfeschlegelsteinhausenbergerdorff'
export const longName = `${longWord} VIII`

export const failingJob = job('test.a_job_with_a_name_that_goes_on_and_on', {
  input: t.Object({ note: t.String(), token: t.String() }),
  attempts: 1,
  run: async () => {
    throw new Error(`It broke in /srv/${longWord}/${longWord}/of/a/path/that/is/${longWord}/very-long.csv`)
  },
})

/** Runs until it is cancelled. */
export const cancellableJob = job('test.patient', {
  async run(_, __, { progress, signal }) {
    progress(37, 'reading', `rows of ${longWord}`)
    await new Promise(resolve => signal.addEventListener('abort', resolve))
  },
})
export const testJobs = { jobs: [failingJob, cancellableJob] }

type Started = Awaited<ReturnType<typeof start>>

/** Needs the app to be started with `testJobs`. Returns the ids that pages need. */
export async function fillMonitor(fieldhouse: Started): Promise<{ user: number; job: string }> {
  const { app, call, clock, finished, runJob } = fieldhouse
  const now = clock.now()
  const { id: user } = await call.post('/api/v1/users', {
    email: `${longWord}@${longWord}.example.org`.toLowerCase(),
    username: longName,
    password: 'long enough for all',
    role: 'member',
    country: 'SE',
  })
  app.db.update(users).set({ lastSeenAt: now, lastLoginAt: now }).run()
  const league = await newLeague(call, {}, `The ${longWord} memorial season`)
  await finished(upload(call, league.id, 'ID,Name,Power\n1,ann,5\n'))
  const archivedLeague = await newLeague(call, {}, `${longWord} of old`)
  await finished(upload(call, archivedLeague.id, 'ID,Name,Power\n1,ann,5\n'))
  await call.post(`/api/v1/leagues/${archivedLeague.id}/finalize`)
  await call.patch(`/api/v1/leagues/${archivedLeague.id}`, { archived: true })

  const input = { note: `${longWord}/${longWord}`, token: 'abc123' }
  const [failed] = await Promise.all([1, 2, 3].map(() => runJob(failingJob, input)))
  await app.jobs.start(cancellableJob, {})
  await app.locks.take(lock('test_lock', '10m', 'wait')(longWord))
  await call.post('/admin/task-monitor/schedule/pause', { name: 'ledger.audit', reason: `${longWord} is mended` })
  for (const severity of ['info', 'warning', 'error', 'critical'] as const)
    raiseAlert(app.db, now, {
      key: `security:${severity}`,
      type: 'security',
      severity,
      title: `${longWord}, ${severity}`,
      message: `Something of ${longWord} is odd`,
    })
  addTrades(app, user, now)
  addTraffic(app, now)
  await finished(call.post('/admin/backups'))
  await until(async () => (await call.get('/admin/task-monitor/json')).running.length > 0)
  return { user, job: failed.job_id }
}

/** A suspicious burst of trades by one user. */
function addTrades({ db }: App, userId: number, now: number): void {
  const row = { leagueId: 99, userId, kind: 'buy', quantity: 3, priceCents: 123_456_789, feeCents: 0 } as const
  const zeros = { cashCents: 0, cashAfterCents: 0, quantityAfter: 0, realisedCents: 0 }
  for (let i = 0; i < 40; i++)
    db.insert(ledger)
      .values({ ...row, ...zeros, at: now - i * 100, symbol: i % 2 ? 'ACME' : 'WOLFE.SCHLEGEL' })
      .run()
}

function addTraffic({ db, metrics }: App, now: number): void {
  for (const at of [now - 30 * hour, now - 2 * minute, now - minute]) {
    for (let i = 0; i < 20; i++) metrics.request('GET /api/v1/leagues/:id/players/:player_id', 4 + i, 200)
    metrics.request('POST /api/v1/leagues/:id/trades', 900, 500)
    metrics.flush(db, at)
  }
  const load = { process: 'p', role: 'all', cpu: 0.25, lagMs: 3, rssBytes: 80 * 1024 ** 2 }
  for (const ago of [1, 2, 3])
    db.insert(processMinutes)
      .values({ ...load, minute: now - (now % minute) - ago * minute })
      .run()
  for (const ago of [0, 1, 9])
    db.insert(activityCounts)
      .values({ unit: 'day', start: now - (now % day) - ago * day, country: 'SE', users: 7 + ago })
      .onConflictDoNothing()
      .run()
}

export const pagesOf = ({ user, job }: { user: number | ''; job: string }) => [
  '/admin/task-monitor',
  '/admin/task-monitor/jobs',
  '/admin/task-monitor/jobs?status=FAILURE',
  `/admin/task-monitor/jobs/${job}`,
  '/admin/monitoring/',
  '/admin/monitoring/alerts?state=all',
  '/admin/monitoring/active-users',
  '/admin/monitoring/engagement',
  '/admin/monitoring/trading-activity',
  '/admin/monitoring/league-activity',
  '/admin/monitoring/risk-assessment',
  '/admin/monitoring/performance',
  '/admin/monitoring/cache',
  '/admin/queue-inspect',
  '/admin/redis-stats',
  '/admin/audit/logs',
  '/admin/archives',
  '/admin/backups',
  '/admin/users',
  `/admin/users/${user}`,
]
