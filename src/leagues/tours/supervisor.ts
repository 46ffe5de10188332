/** `ensure_updates`: every two minutes, checks that each tour a league needs is polled; raises an alert and restarts polling if not. */

import { factOf, storeFact } from '../../../db/facts.ts'
import type { Db } from '../../../db/open.ts'
import { atomically } from '../../../db/transactions.ts'
import { clearAlert, raiseAlert } from '../../alerts.ts'
import { type App, job } from '../../context.ts'
import { locks } from '../../locks.ts'
import { iso, isoOrNull, second } from '../../platform/clock.ts'
import { wholeList } from '../../platform/http/pagination.ts'
import { isPollOverdue, isScheduledTooLate, isUpdateWanted } from './poll-times.ts'
import { listTours, openLeaguesOn, unfinishedUpdate, updateJob, updateMissingAlertKey } from './queries.ts'
import type { Tour } from './tour.ts'
import { scheduleUpdate, updatePlayerScores } from './update-player-scores.ts'

/**
 * `running`: a run holds the lock. `booked`: a run is scheduled. `late`: its time has passed, or is later than it should be.
 * `missing`: there is no run, or the queue has lost it. `unknown`: the queue does not answer.
 */
type FindingState = 'idle' | 'running' | 'booked' | 'late' | 'missing' | 'unknown'
type TourFinding = {
  tour: string
  state: FindingState
  job_id: string | null
  next_update_at: string | null
  /** Whether the supervisor started or moved a run. */
  restarted: boolean
}
export type SupervisorFindings = { at: string; findings: TourFinding[] }

export const ensureUpdates = job('ensure_updates', {
  attempts: 1,
  expires: '120s',
  lock: () => locks.supervisor(),
  async run(_, app, { log }): Promise<SupervisorFindings> {
    const { db, clock, config } = app
    const findings: TourFinding[] = []
    for (const tour of allTours(db)) {
      const finding = await examine(app, tour)
      if (finding.state === 'missing' || finding.state === 'late') {
        log.warn('No score update is running or scheduled in time', { ...finding })
        if (config.supervisorRestarts) finding.restarted = await restart(app, tour, finding)
      }
      await report(app, tour, finding)
      findings.push(finding)
    }
    const found = { at: iso(clock.now()), findings }
    await atomically(db, tx => storeFact(tx, findingsFact, JSON.stringify(found)))
    log.info('The supervisor has checked all tours', {
      tours: findings.length,
      missing: findings.filter(isMissing).length,
    })
    return found
  },
})

const allTours = (db: Db) => listTours(db, wholeList).tours
const isMissing = ({ state }: TourFinding) => state === 'missing'

/** A run accepted this recently may not be in the queue yet. */
const dispatchTime = 10 * second

async function examine({ db, clock, locks: held, queues }: App, tour: Tour): Promise<TourFinding> {
  const now = clock.now()
  const leagues = openLeaguesOn(db, tour.slug)
  const run = unfinishedUpdate(db, tour.slug)
  const next = run?.status === 'PENDING' ? run.notBefore : null
  const finding = (state: FindingState): TourFinding => ({
    tour: tour.slug,
    state,
    job_id: run?.id ?? null,
    next_update_at: isoOrNull(next),
    restarted: false,
  })
  if (!isUpdateWanted(tour, leagues, now)) return finding('idle')
  if (held.holder(locks.updateScores(tour.slug).key)) return finding('running')
  if (!run) return finding('missing')
  const at = next ?? run.createdAt
  try {
    const state = await queues.stateOf(updatePlayerScores.queue, run.id)
    if (!state && now - run.createdAt > dispatchTime) return finding('missing')
  } catch {
    return finding('unknown')
  }
  return finding(isPollOverdue(at, now) || isScheduledTooLate(at, now, tour, leagues) ? 'late' : 'booked')
}

/** Adds the run to the queue again, or schedules one if there is none. */
async function restart(app: App, tour: Tour, { job_id }: TourFinding): Promise<boolean> {
  if (!job_id) return (await scheduleUpdate(app, tour.slug)) !== undefined
  return (await app.jobs.startNow(job_id)) || (await app.jobs.tryDispatch(job_id))
}

async function report({ db, clock }: App, tour: Tour, finding: TourFinding): Promise<void> {
  const key = updateMissingAlertKey(tour.slug)
  await atomically(db, tx => {
    if (finding.state === 'unknown') return
    if (!isMissing(finding)) return clearAlert(tx, clock.now(), key)
    raiseAlert(tx, clock.now(), {
      key,
      type: 'task_missing',
      severity: 'error',
      title: `${tour.name} is not being updated`,
      message: `No run of ${updateJob} is running or scheduled, although a league needs its scores. ${
        finding.restarted ? 'One was started.' : 'SUPERVISOR_RESTARTS is off, so none was started.'
      }`,
      data: { ...finding },
    })
  })
}

const findingsFact = 'supervisor_findings'

/** The supervisor's last findings; undefined before its first run. */
export function lastFindings(db: Db): SupervisorFindings | undefined {
  const findings = factOf(db, findingsFact)
  return findings && JSON.parse(findings)
}
