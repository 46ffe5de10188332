/** `update_quotes`: one look at a feed, what it changes, and the next look booked. One chain for each feed. */
import { t } from 'elysia'
import type { Db } from '../../../../db/open.ts'
import { atomically } from '../../../../db/transactions.ts'
import { clear, raise } from '../../../alerts.ts'
import { type App, job } from '../../../context.ts'
import { locks } from '../../../locks.ts'
import { isoOrNull } from '../../../platform/clock.ts'
import { getJson, OutgoingFailure } from '../../../platform/http/outgoing.ts'
import type { JobContext } from '../../../platform/jobs/job.ts'
import { changeRun } from '../../../platform/jobs/runs.ts'
import { fenced } from '../../../platform/jobs/task-locks.ts'
import { acceptQuotes } from '../quote-queries.ts'
import { changeFeed, findFeed, pricesOf } from './queries.ts'
import { holdReason, nextPoll, type QuoteFeed, QuoteFeedError, type QuoteReading, readQuoteFeed } from './quote-feed.ts'

export const updateQuotes = job('update_quotes', {
  input: t.Object({
    feed: t.Integer(),
    accept: t.Optional(t.Boolean({ description: 'Believe the answer whatever it says' })),
  }),
  once: ({ feed }) => String(feed),
  lock: ({ feed }) => locks.updateQuotes(feed),
  attempts: 1, // the next look is booked anyway
  async run({ feed: id, accept = false }, app, work) {
    const { db, clock } = app
    const feed = await atomically(db, tx => changeFeed(tx, id, { askedAt: clock.now() }) ?? null)
    if (!feed) return { outcome: 'skipped', message: 'The feed is gone' }
    const asked = await ask(app, feed, accept, work.signal)
    work.progress(50, 'writing')
    const outcome = await settle(app, feed, asked, accept)
    const next = await bookNext(app, id, work, 'failed' in asked ? asked.wish : 0)
    return { ...outcome, next_update_at: isoOrNull(next) }
  },
  /** Whatever ends one look, be it a bug or a cancel, does not end the chain. */
  async ended({ feed }, app) {
    await bookPoll(app, feed, app.clock.now() + 60_000)
  },
})

type Asked =
  | { unchanged: true }
  | { failed: string; wish: number }
  | { reading: QuoteReading; etag: string | null; lastModified: string | null }

async function ask({ config, clock }: App, feed: QuoteFeed, accept: boolean, signal: AbortSignal): Promise<Asked> {
  const { etag, lastModified } = feed
  try {
    const known = accept ? undefined : { etag, lastModified }
    const answer = await getJson(feed.url, { allowPrivate: config.allowPrivateFeeds, signal }, known)
    if (answer.kind === 'unchanged') return { unchanged: true }
    return { reading: readQuoteFeed(answer.json, clock.now()), ...answer.validators }
  } catch (error) {
    if (error instanceof QuoteFeedError) return { failed: error.message, wish: 0 }
    if (error instanceof OutgoingFailure) return { failed: error.message, wish: error.retryAfterMs ?? 0 }
    throw error
  }
}

async function settle(app: App, feed: QuoteFeed, asked: Asked, accept: boolean) {
  const { db, clock } = app
  const now = clock.now()
  if ('failed' in asked) {
    await atomically(db, tx => failed(tx, feed, asked.failed, now))
    return { outcome: 'failed', message: asked.failed }
  }
  if ('unchanged' in asked) {
    await atomically(db, tx => believed(tx, feed, {}, now))
    return { outcome: 'unchanged' }
  }
  const { reading, ...validators } = asked
  const held = accept
    ? undefined
    : holdReason(
        reading,
        pricesOf(
          db,
          reading.quotes.map(({ symbol }) => symbol),
        ),
      )
  if (held) {
    await atomically(db, tx => holdBack(tx, feed, held, now))
    return { outcome: 'held', message: held }
  }
  const pushed = await acceptQuotes(db, reading.quotes, now, null)
  await atomically(db, tx => believed(tx, feed, { ...validators, held: null }, now))
  return { outcome: 'updated', ...pushed, unread: reading.unread }
}

const heldKey = ({ id }: QuoteFeed) => `feed_held:quotes:${id}`
const failingKey = ({ id }: QuoteFeed) => `feed_failing:quotes:${id}`
const failuresToTell = 3

function believed(tx: Db, feed: QuoteFeed, change: Partial<QuoteFeed>, now: number): void {
  changeFeed(tx, feed.id, { ...change, answeredAt: now, failures: 0, error: null })
  clear(tx, now, failingKey(feed))
  if (change.held === null) clear(tx, now, heldKey(feed))
}

function failed(tx: Db, feed: QuoteFeed, error: string, now: number): void {
  const failures = feed.failures + 1
  changeFeed(tx, feed.id, { failures, error })
  if (failures >= failuresToTell)
    raise(tx, now, {
      key: failingKey(feed),
      type: 'feed_held',
      severity: 'warning',
      title: `The quote feed ${feed.name} does not answer`,
      message: `${failures} failures in a row; the last: ${error}. The quotes stay as they are and grow old.`,
      data: { feed: feed.id, failures },
    })
}

/** Its validators are not kept: the same answer is looked at again, and may be believed by hand. */
function holdBack(tx: Db, feed: QuoteFeed, held: string, now: number): void {
  changeFeed(tx, feed.id, { held, failures: 0, error: null, etag: null, lastModified: null })
  raise(tx, now, {
    key: heldKey(feed),
    type: 'feed_held',
    severity: 'error',
    title: `The quote feed ${feed.name} is held back`,
    message: `${held}. The quotes before stay; an officer may accept the answer.`,
    data: { feed: feed.id },
  })
}

/**
 * Ends this run's hold on its feed and books the next one in the same transaction: at any moment there is exactly one that is
 * running or booked, whenever a process dies.
 */
async function bookNext(app: App, id: number, { lease, jobId }: JobContext, wish: number): Promise<number | undefined> {
  const booked = await atomically(app.db, tx => {
    if (lease) fenced(tx, lease)
    changeRun(tx, jobId, ['PROGRESS'], { dedupeKey: null })
    const feed = findFeed(tx, id)
    const at = feed && nextPoll(feed, app.clock.now(), wish)
    return at === undefined ? undefined : { at, ...app.jobs.accept(tx, updateQuotes, { feed: id }, { at }) }
  })
  if (booked) await app.jobs.tryDispatch(booked.jobId)
  return booked?.at
}

/** Sees to it that a look is booked or under way. */
export async function bookPoll(app: App, id: number, at: number): Promise<void> {
  const booked = await atomically(app.db, tx =>
    findFeed(tx, id) ? app.jobs.accept(tx, updateQuotes, { feed: id }, { at }) : undefined,
  )
  if (booked && !booked.deduplicated) await app.jobs.tryDispatch(booked.jobId)
}

/** A look now: the one that is booked is brought forward. */
export async function pollNow(app: App, feed: QuoteFeed, by: number | null, accept: boolean) {
  const { db, jobs } = app
  const input = { feed: feed.id, accept }
  const started = await atomically(db, tx => {
    const started = jobs.accept(tx, updateQuotes, input, { by })
    if (started.deduplicated) changeRun(tx, started.jobId, ['PENDING'], { input })
    return started
  })
  if (!started.deduplicated) await app.jobs.tryDispatch(started.jobId)
  else await jobs.hasten(started.jobId)
  return started
}
