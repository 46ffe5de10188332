/** `update_player_scores`: one look at a feed, what it changes, and the next look booked. One chain for each tour. */
import { t } from 'elysia'
import type { Db } from '../../../db/open.ts'
import { atomically } from '../../../db/transactions.ts'
import { type App, job } from '../../context.ts'
import { locks } from '../../locks.ts'
import { day, isoOrNull, minute } from '../../platform/clock.ts'
import { AlertedFailure, type JobContext } from '../../platform/jobs/job.ts'
import type { Start, Started } from '../../platform/jobs/jobs.ts'
import { changeRun, runById } from '../../platform/jobs/runs.ts'
import { fenced } from '../../platform/jobs/task-locks.ts'
import type { League } from '../league.ts'
import { applyFeed, type FeedOutcome } from './apply-feed.ts'
import { fetchFeed } from './fetch-feed.ts'
import { endOfLeagues, isPollDue, isUpdateWanted, nextPollAt } from './poll-times.ts'
import { findTour, openLeaguesOn, updateJob } from './queries.ts'
import { settleLeagues } from './settle-leagues.ts'
import type { Tour } from './tour.ts'

type Outcome = FeedOutcome & { next_update_at: string | null }

export const updatePlayerScores = job(updateJob, {
  input: t.Object({
    tour: t.String(),
    end_time: t.Integer({ description: 'Nothing is asked after this, ms since 1970' }),
    by_hand: t.Optional(t.Boolean({ description: 'Whether or not a league waits for it' })),
  }),
  once: ({ tour }) => tour,
  lock: ({ tour }) => locks.updateScores(tour),
  attempts: 3,
  backoff: '5s',
  async run({ tour: slug, by_hand }, app, work): Promise<Outcome> {
    const { db, clock } = app
    const tour = findTour(db, slug)
    if (!tour) return { outcome: 'skipped', message: 'The tour is gone', next_update_at: null }
    if (!by_hand && !isUpdateWanted(timesOn(db, slug), clock.now()))
      return { outcome: 'skipped', message: 'No league waits for it', next_update_at: null }
    // What failed on its way is tried again; what is asked for too often is not.
    if (work.attempt === 1 && !isPollDue(clock.now(), tour))
      return {
        outcome: 'skipped',
        message: 'The feed was asked just now',
        ...(await finishAndReschedule(app, tour, work)),
      }

    work.progress(10, 'asking the feed')
    const looked = await fetchFeed(app, tour, work.signal)
    work.progress(60, 'writing')
    const said = await atomically(db, tx => {
      checkLease(tx, work)
      return applyFeed(tx, tour, looked, clock.now(), work.log)
    })
    work.progress(80, 'settling')
    await settleLeagues(app, slug, work.log)
    const next = await finishAndReschedule(app, tour, work, looked.kind === 'failed' ? looked.wish : 0)
    if (said.outcome === 'failed') throw new AlertedFailure(said.message ?? 'The feed failed')
    return { ...said, ...next }
  },
  /** A bug must not end the chain. What was cancelled by hand is the supervisor's to notice. */
  async ended({ tour }, app, { status }) {
    if (status === 'FAILURE') await bookUpdate(app, tour, app.clock.now() + minute)
  },
})

const checkLease = (tx: Db, { lease }: JobContext) => lease && fenced(tx, lease)

type Times = { starts_at: number; ends_at: number }
export const leagueTimes = (leagues: readonly League[]): Times[] =>
  leagues.map(({ startsAt, endsAt }) => ({ starts_at: startsAt, ends_at: endsAt }))
const timesOn = (db: Db, slug: string) => leagueTimes(openLeaguesOn(db, slug))

/** Writes down the next look, or finds the one that is written down already. */
function accept(tx: Db, app: App, tour: Tour, start: Start = {}): Started {
  const leagues = timesOn(tx, tour.slug)
  const end_time = leagues.length > 0 ? endOfLeagues(leagues) : app.clock.now() + day
  return app.jobs.accept(tx, updatePlayerScores, { tour: tour.slug, end_time }, { expiresAt: end_time, ...start })
}

/**
 * Ends this run's hold on its tour and books the next one in the same transaction: at any moment there is exactly one that
 * is running or booked, whenever a process dies.
 */
async function finishAndReschedule(
  app: App,
  { slug }: Tour,
  work: JobContext,
  wish = 0,
): Promise<{ next_update_at: string | null }> {
  const { db, clock } = app
  const booked = await atomically(db, tx => {
    checkLease(tx, work)
    changeRun(tx, work.jobId, ['PROGRESS'], { dedupeKey: null })
    const tour = findTour(tx, slug)
    const at = tour ? nextPollAt(clock.now(), tour, timesOn(tx, slug), wish) : null
    return tour && at !== null ? { at, ...accept(tx, app, tour, { at }) } : undefined
  })
  if (booked) await app.jobs.tryDispatch(booked.jobId)
  return { next_update_at: isoOrNull(booked?.at) }
}

/** Sees to it that the tour's next look is booked, if anyone waits for it. */
export async function bookUpdate(app: App, slug: string, at = app.clock.now()): Promise<Started | undefined> {
  const booked = await atomically(app.db, tx => {
    const tour = findTour(tx, slug)
    return tour && isUpdateWanted(timesOn(tx, slug), at) ? accept(tx, app, tour, { at }) : undefined
  })
  if (booked && !booked.deduplicated) await app.jobs.tryDispatch(booked.jobId)
  return booked
}

/** The next look is now, unless one is under way or the last one is too fresh. Says which. */
export async function updateNow(app: App, tour: Tour, by: number | null): Promise<Started & { message: string }> {
  const { db, jobs, clock } = app
  const now = clock.now()
  const leagues = timesOn(db, tour.slug)
  const end_time = leagues.length > 0 ? Math.max(endOfLeagues(leagues), now + day) : now + day
  const input = { tour: tour.slug, end_time, by_hand: true }
  const started = await jobs.start(updatePlayerScores, input, { by, expiresAt: end_time })
  if (!started.deduplicated) return { ...started, message: 'Accepted' }
  const run = runById(db).get({ id: started.jobId })
  if (run?.status !== 'PENDING') return { ...started, message: 'skipped: already running' }
  if (!isPollDue(now, tour))
    return { ...started, message: `skipped: the feed was asked less than ${tour.intervalS} s ago` }
  await jobs.hasten(started.jobId)
  return { ...started, message: 'Accepted' }
}
