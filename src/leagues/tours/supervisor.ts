/** `ensure_updates`: notices when a tour that a league needs is not polled, reports it and restarts polling. */
import { eq } from 'drizzle-orm'
import { t } from 'elysia'
import type { Db } from '../../../db/open.ts'
import { facts } from '../../../db/schema.ts'
import { atomically } from '../../../db/transactions.ts'
import { clear, raise } from '../../alerts.ts'
import { type App, job } from '../../context.ts'
import { locks } from '../../locks.ts'
import { iso, isoOrNull, second } from '../../platform/clock.ts'
import { isBookedTooLate, isPollOverdue, isUpdateWanted, leagueTimes } from './poll-times.ts'
import { bookedUpdate, listTours, missingAlert, openLeaguesOn, updateJob } from './queries.ts'
import type { Tour } from './tour.ts'
import { bookUpdate, updatePlayerScores } from './update-player-scores.ts'

/**
 * `running`: a run holds the lock. `booked`: one waits in the queue for its time. `late`: its time has passed, or is further
 * away than it should be. `missing`: there is none, or the queue has lost it. `unknown`: the queue does not answer.
 */
type FindingState = 'idle' | 'running' | 'booked' | 'late' | 'missing' | 'unknown'
type TourFinding = {
  tour: string
  state: FindingState
  job_id: string | null
  next_update_at: string | null
  /** What was done about it. */
  restarted: boolean
}
export type SupervisorFindings = { at: string; findings: TourFinding[] }

export const ensureUpdates = job('ensure_updates', {
  input: t.Object({}),
  attempts: 1,
  expires: '120s',
  lock: () => locks.supervisor(),
  async run(_, app, { log }): Promise<SupervisorFindings> {
    const { db, clock, config } = app
    const findings: TourFinding[] = []
    for (const tour of everyTour(db)) {
      const finding = await examine(app, tour)
      if (finding.state === 'missing' || finding.state === 'late') {
        log.warn('No score update is running or booked in time', { ...finding })
        if (config.supervisorRestarts) finding.restarted = await restart(app, tour, finding)
      }
      await report(app, tour, finding)
      findings.push(finding)
    }
    const found = { at: iso(clock.now()), findings }
    await atomically(db, tx => remember(tx, found))
    log.info('The supervisor has looked', { tours: findings.length, missing: findings.filter(isMissing).length })
    return found
  },
})

const everyTour = (db: Db) => listTours(db, { page: 1, limit: Number.MAX_SAFE_INTEGER, offset: 0 }).tours
const isMissing = ({ state }: TourFinding) => state === 'missing'

/** A run accepted this recently may not be in the queue yet. */
const underWay = 10 * second

async function examine({ db, clock, locks: held, queues }: App, tour: Tour): Promise<TourFinding> {
  const now = clock.now()
  const leagues = leagueTimes(openLeaguesOn(db, tour.slug))
  const run = bookedUpdate(db, tour.slug)
  const next = run?.status === 'PENDING' ? run.notBefore : null
  const finding = (state: FindingState): TourFinding => ({
    tour: tour.slug,
    state,
    job_id: run?.id ?? null,
    next_update_at: isoOrNull(next),
    restarted: false,
  })
  if (!isUpdateWanted(leagues, now)) return finding('idle')
  if (held.holder(locks.updateScores(tour.slug).key)) return finding('running')
  if (!run) return finding('missing')
  const at = next ?? run.createdAt
  try {
    const state = await queues.stateOf(updatePlayerScores.queue, run.id)
    if (!state && now - run.createdAt > underWay) return finding('missing')
  } catch {
    return finding('unknown')
  }
  return finding(isPollOverdue(at, now) || isBookedTooLate(at, now, tour, leagues) ? 'late' : 'booked')
}

/** Adds the run to the queue again, or schedules one if there is none. */
async function restart(app: App, tour: Tour, { job_id }: TourFinding): Promise<boolean> {
  if (!job_id) return (await bookUpdate(app, tour.slug)) !== undefined
  return (await app.jobs.hasten(job_id)) || (await app.jobs.tryDispatch(job_id))
}

async function report({ db, clock }: App, tour: Tour, finding: TourFinding): Promise<void> {
  const key = missingAlert(tour.slug)
  await atomically(db, tx => {
    if (finding.state === 'unknown') return
    if (!isMissing(finding)) return clear(tx, clock.now(), key)
    raise(tx, clock.now(), {
      key,
      type: 'task_missing',
      severity: 'error',
      title: `Nobody follows ${tour.name}`,
      message: `No run of ${updateJob} is running or scheduled, although a league needs its scores. ${
        finding.restarted ? 'One was started.' : 'The supervisor is set not to start one.'
      }`,
      data: { ...finding },
    })
  })
}

const fact = 'supervisor_findings'

function remember(tx: Db, findings: SupervisorFindings): void {
  const value = JSON.stringify(findings)
  tx.insert(facts).values({ name: fact, value }).onConflictDoUpdate({ target: facts.name, set: { value } }).run()
}

/** The supervisor's last findings; undefined before its first run. */
export function lastFindings(db: Db): SupervisorFindings | undefined {
  const row = db.select().from(facts).where(eq(facts.name, fact)).get()
  return row && JSON.parse(row.value)
}
