/** `update_player_scores`: one poll of a tour's feed; it applies the answer and schedules the next poll. One chain per tour. */
import { t } from 'elysia'
import type { Db } from '../../../db/open.ts'
import { atomically } from '../../../db/transactions.ts'
import { type App, job } from '../../context.ts'
import { locks } from '../../locks.ts'
import { day, minute, second } from '../../platform/clock.ts'
import { AlertedFailure, type JobContext } from '../../platform/jobs/job.ts'
import type { Started } from '../../platform/jobs/jobs.ts'
import { fetchFeed } from '../feeds/fetch-feed.ts'
import { checkLease, ensurePoll, type PollOutcome, pollNow, scheduleNextPoll } from '../feeds/poll-chain.ts'
import type { League } from '../league.ts'
import { applyFeed, type FeedOutcome } from './apply-feed.ts'
import { tourRulesOf } from './config.ts'
import { clearUnmatchedWhenSettled } from './match-field.ts'
import { endOfPolling, isPollDue, isScheduledTooLate, isUpdateWanted, nextPollAt } from './poll-times.ts'
import { changeTour, findTour, openLeaguesOn, unfinishedUpdate, updateJob } from './queries.ts'
import { settleLeagues } from './settle-leagues.ts'
import type { Tour } from './tour.ts'
import { parseBoards } from './tour-feed.ts'

type Outcome = FeedOutcome & { next_update_at: string | null }

export const updatePlayerScores = job(updateJob, {
  input: t.Object({
    tour: t.String(),
    end_time: t.Integer({ description: 'When polling ends, ms since 1970' }),
    by_hand: t.Optional(t.Boolean({ description: 'Poll even if no league waits for the scores' })),
  }),
  once: ({ tour }) => tour,
  lock: ({ tour }) => locks.updateScores(tour),
  attempts: 3,
  backoff: '5s',
  whyNoRetry: ({ tour, by_hand }, { db, clock }) =>
    by_hand || isPollWanted(db, tour, clock.now()) ? null : 'No league waits for these scores any more',
  async run({ tour: slug, by_hand }, app, work): Promise<Outcome> {
    const { db, clock } = app
    const tour = findTour(db, slug)
    if (!tour) return { outcome: 'skipped', message: 'The tour is gone', next_update_at: null }
    if (!by_hand && work.attempt === 1 && !isUpdateWanted(tour, openLeaguesOn(db, slug), clock.now())) {
      await atomically(db, tx => clearUnmatchedWhenSettled(tx, tour, clock.now()))
      return { outcome: 'skipped', message: 'No league waits for it', next_update_at: null }
    }
    // A failed attempt is retried at once; a first attempt soon after another poll is skipped.
    if (work.attempt === 1 && !isPollDue(clock.now(), tour, by_hand))
      return {
        outcome: 'skipped',
        message: 'Nothing was done: the feed was polled just now',
        ...(await scheduleNext(app, tour, work)),
      }

    work.progress(10, 'asking the feed')
    await atomically(db, tx => void changeTour(tx, tour.id, { askedAt: clock.now() }))
    const options = { allowPrivate: app.config.allowPrivateFeeds, signal: work.signal }
    const read = (json: unknown) => parseBoards(db, tour, json)
    const fetched = await fetchFeed(tour.feedUrl, options, tour.acceptNext ? undefined : tour, read)
    work.progress(60, 'writing')
    const applied = await atomically(db, tx => {
      checkLease(tx, work)
      return applyFeed(tx, tour, fetched, clock.now(), work.log)
    })
    work.progress(80, 'settling')
    await settleLeagues(app, slug, work.log)
    await atomically(db, tx => clearUnmatchedWhenSettled(tx, tour, clock.now()))
    const next = await scheduleNext(app, tour, work, fetched.kind === 'failed' ? fetched.retryAfterMs : 0)
    if (applied.outcome === 'failed') throw new AlertedFailure(applied.message)
    return { ...applied, ...next }
  },
  /** A bug must not end the chain. A run cancelled by hand is left to the supervisor. */
  async afterFailure({ tour }, app, { status }) {
    if (status === 'FAILURE') await scheduleUpdate(app, tour, app.clock.now() + minute)
  },
})

function isPollWanted(db: Db, slug: string, now: number): boolean {
  const tour = findTour(db, slug)
  return tour !== undefined && isUpdateWanted(tour, openLeaguesOn(db, slug), now)
}

/** What a poll at this time is given. One by hand is made even if no league waits for the scores. */
const pollInput = (db: Db, slug: string, at: number, by_hand: boolean) => ({
  tour: slug,
  end_time: Math.max(endOfPolling(openLeaguesOn(db, slug)), at + day),
  ...(by_hand && { by_hand }),
})

/** Schedules the next poll, or finds the one that is already scheduled. */
function acceptUpdate(tx: Db, app: App, slug: string, at: number, by_hand = false): Started {
  const input = pollInput(tx, slug, at, by_hand)
  return app.jobs.accept(tx, updatePlayerScores, input, { at, expiresAt: input.end_time })
}

/** The next poll, if a league needs it; at once if the feed was changed or accepted during this one. */
const scheduleNext = (app: App, { slug }: Tour, work: JobContext, retryAfterMs = 0) =>
  scheduleNextPoll(app, work, tx => {
    const tour = findTour(tx, slug)
    if (!tour) return undefined
    const [now, isChanged] = [app.clock.now(), tour.askedAt === null]
    const at = isChanged ? now : nextPollAt(now, tour, openLeaguesOn(tx, slug), retryAfterMs)
    return at === null ? undefined : { at, ...acceptUpdate(tx, app, slug, at, isChanged) }
  })

/** Makes sure that the tour's next poll is scheduled, if a league needs it. */
export const scheduleUpdate = (app: App, slug: string, at = app.clock.now()): Promise<Started | undefined> =>
  ensurePoll(app, tx => (isPollWanted(tx, slug, at) ? acceptUpdate(tx, app, slug, at) : undefined))

type UpdateStarted = Started & { outcome: PollOutcome; message: string }

/** Polls now, unless a poll is running or was made seconds ago. Returns which. */
export async function updateNow(app: App, tour: Tour, by: number | null): Promise<UpdateStarted> {
  const now = app.clock.now()
  const input = pollInput(app.db, tour.slug, now, true)
  const start = { by, expiresAt: input.end_time }
  const { outcome, ...started } = await pollNow(app, updatePlayerScores, input, start, isPollDue(now, tour, true))
  const asked = tour.askedAt === null ? 0 : Math.max(0, Math.round((now - tour.askedAt) / second))
  return { ...started, outcome, message: messages[outcome](asked) }
}

const messages: Record<PollOutcome, (askedS: number) => string> = {
  accepted: () => 'Accepted',
  running: () => 'skipped: already running',
  'too soon': askedS => `skipped: the feed was polled ${askedS} s ago`,
}

/** After a league is made or changed: schedules the next poll of its tour earlier if the league needs it. */
export async function rescheduleUpdates(app: App, league: League): Promise<void> {
  if (league.finalizedAt !== null || league.archivedAt !== null) return
  const { db, clock, jobs } = app
  const slug = tourRulesOf(league).tour
  const booked = await scheduleUpdate(app, slug)
  const [tour, run] = [findTour(db, slug), unfinishedUpdate(db, slug)]
  if (!booked?.deduplicated || !tour || run?.status !== 'PENDING') return
  const at = run.notBefore ?? 0
  if (isScheduledTooLate(at, clock.now(), tour, openLeaguesOn(db, slug))) await jobs.startNow(run.id)
}
