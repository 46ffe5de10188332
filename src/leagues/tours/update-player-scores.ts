/** `update_player_scores`: one look at a feed, what it changes, and the next look booked. One chain for each tour. */
import { t } from 'elysia'
import type { Db } from '../../../db/open.ts'
import { atomically } from '../../../db/transactions.ts'
import { type App, job } from '../../context.ts'
import { locks } from '../../locks.ts'
import { day, minute, second } from '../../platform/clock.ts'
import { AlertedFailure, type JobContext } from '../../platform/jobs/job.ts'
import type { Start, Started } from '../../platform/jobs/jobs.ts'
import { fetchFeed } from '../feeds/fetch-feed.ts'
import { checkLease, ensurePoll, type PollOutcome, pollNow, scheduleNextPoll } from '../feeds/poll-chain.ts'
import type { League } from '../league.ts'
import { applyFeed, type FeedOutcome } from './apply-feed.ts'
import { tourRulesOf } from './config.ts'
import { clearUnmatchedWhenSettled } from './match-field.ts'
import { endOfLeagues, isBookedTooLate, isPollDue, isUpdateWanted, leagueTimes, nextPollAt } from './poll-times.ts'
import { bookedUpdate, changeTour, findTour, openLeaguesOn, updateJob } from './queries.ts'
import { settleLeagues } from './settle-leagues.ts'
import type { Tour } from './tour.ts'
import { readBoards } from './tour-feed.ts'

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
  whyNoRetry: ({ tour, by_hand }, { db, clock }) =>
    by_hand || isUpdateWanted(timesOn(db, tour), clock.now()) ? null : 'No league waits for these scores any more',
  async run({ tour: slug, by_hand }, app, work): Promise<Outcome> {
    const { db, clock } = app
    const tour = findTour(db, slug)
    if (!tour) return { outcome: 'skipped', message: 'The tour is gone', next_update_at: null }
    if (!by_hand && !isUpdateWanted(timesOn(db, slug), clock.now()))
      return { outcome: 'skipped', message: 'No league waits for it', next_update_at: null }
    // What failed on its way is tried again; what is asked for too often is not.
    if (work.attempt === 1 && !isPollDue(clock.now(), tour, by_hand))
      return {
        outcome: 'skipped',
        message: 'Nothing was done: the feed was asked just now',
        ...(await bookNext(app, tour, work)),
      }

    work.progress(10, 'asking the feed')
    await atomically(db, tx => void changeTour(tx, tour.id, { askedAt: clock.now() }))
    const options = { allowPrivate: app.config.allowPrivateFeeds, signal: work.signal }
    const read = (json: unknown) => readBoards(db, tour, json)
    const fetched = await fetchFeed(tour.feedUrl, options, tour.acceptNext ? undefined : tour, read)
    work.progress(60, 'writing')
    const applied = await atomically(db, tx => {
      checkLease(tx, work)
      return applyFeed(tx, tour, fetched, clock.now(), work.log)
    })
    work.progress(80, 'settling')
    await settleLeagues(app, slug, work.log)
    await atomically(db, tx => clearUnmatchedWhenSettled(tx, tour, clock.now()))
    const next = await bookNext(app, tour, work, fetched.kind === 'failed' ? fetched.retryAfterMs : 0)
    if (applied.outcome === 'failed') throw new AlertedFailure(applied.message)
    return { ...applied, ...next }
  },
  /** A bug must not end the chain. A run cancelled by hand is left to the supervisor. */
  async ended({ tour }, app, { status }) {
    if (status === 'FAILURE') await bookUpdate(app, tour, app.clock.now() + minute)
  },
})

const timesOn = (db: Db, slug: string) => leagueTimes(openLeaguesOn(db, slug))

/** Schedules the next poll, or finds the one that is already scheduled. */
function accept(tx: Db, app: App, tour: Tour, start: Start = {}): Started {
  const leagues = timesOn(tx, tour.slug)
  const end_time = leagues.length > 0 ? endOfLeagues(leagues) : app.clock.now() + day
  return app.jobs.accept(tx, updatePlayerScores, { tour: tour.slug, end_time }, { expiresAt: end_time, ...start })
}

/** The next poll, if a league needs it. */
const bookNext = (app: App, { slug }: Tour, work: JobContext, retryAfterMs = 0) =>
  scheduleNextPoll(app, work, tx => {
    const tour = findTour(tx, slug)
    const at = tour ? nextPollAt(app.clock.now(), tour, timesOn(tx, slug), retryAfterMs) : null
    return tour && at !== null ? { at, ...accept(tx, app, tour, { at }) } : undefined
  })

/** Makes sure that the tour's next poll is scheduled, if a league needs it. */
export const bookUpdate = (app: App, slug: string, at = app.clock.now()): Promise<Started | undefined> =>
  ensurePoll(app, tx => {
    const tour = findTour(tx, slug)
    return tour && isUpdateWanted(timesOn(tx, slug), at) ? accept(tx, app, tour, { at }) : undefined
  })

type Asked = Started & { outcome: PollOutcome; message: string }

/** Polls now, unless a poll is under way or was made seconds ago. Returns which. */
export async function updateNow(app: App, tour: Tour, by: number | null): Promise<Asked> {
  const now = app.clock.now()
  const leagues = timesOn(app.db, tour.slug)
  const end_time = leagues.length > 0 ? Math.max(endOfLeagues(leagues), now + day) : now + day
  const input = { tour: tour.slug, end_time, by_hand: true }
  const start = { by, expiresAt: end_time }
  const { outcome, ...started } = await pollNow(app, updatePlayerScores, input, start, isPollDue(now, tour, true))
  const asked = tour.askedAt === null ? 0 : Math.max(0, Math.round((now - tour.askedAt) / second))
  return { ...started, outcome, message: messages[outcome](asked) }
}

const messages: Record<PollOutcome, (askedS: number) => string> = {
  accepted: () => 'Accepted',
  running: () => 'skipped: already running',
  'too soon': askedS => `skipped: the feed was polled ${askedS} s ago`,
}

/** A new or changed league needs its field or other poll times: its tour is polled in time. */
export async function rescheduleUpdates(app: App, league: League): Promise<void> {
  if (league.finalizedAt !== null || league.archivedAt !== null) return
  const { db, clock, jobs } = app
  const slug = tourRulesOf(league).tour
  const booked = await bookUpdate(app, slug)
  const [tour, run] = [findTour(db, slug), bookedUpdate(db, slug)]
  if (!booked?.deduplicated || !tour || run?.status !== 'PENDING') return
  const at = run.notBefore ?? 0
  if (isBookedTooLate(at, clock.now(), tour, leagueTimes(openLeaguesOn(db, slug)))) await jobs.hasten(run.id)
}
