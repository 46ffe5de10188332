/** `update_quotes`: one poll of a feed, which schedules the next poll. One chain per feed. */
import { t } from 'elysia'
import type { Db } from '../../../../db/open.ts'
import { atomically } from '../../../../db/transactions.ts'
import { type App, job } from '../../../context.ts'
import { locks } from '../../../locks.ts'
import { minute } from '../../../platform/clock.ts'
import type { Started } from '../../../platform/jobs/jobs.ts'
import {
  type FeedRecord,
  msUntilNextPoll,
  recordAcceptedAnswer,
  recordFailure,
  recordHeldAnswer,
} from '../../feeds/feed-state.ts'
import { type FetchedFeed, fetchFeed } from '../../feeds/fetch-feed.ts'
import { ensurePoll, pollNow, scheduleNextPoll } from '../../feeds/poll-chain.ts'
import { acceptQuotes } from '../accept-quotes.ts'
import { allFeeds, changeFeed, findFeed, latestPrices } from './queries.ts'
import { holdReason, parseQuoteFeed, type QuoteFeed, type QuoteReading } from './quote-feed.ts'

export const updateQuotes = job('update_quotes', {
  input: t.Object({
    feed: t.Integer(),
    accept: t.Optional(t.Boolean({ description: 'Accept the answer, whatever it is' })),
  }),
  once: ({ feed }) => String(feed),
  lock: ({ feed }) => locks.updateQuotes(feed),
  attempts: 1, // the next poll is scheduled anyway
  async run({ feed: id, accept = false }, app, work) {
    const { db, clock, config } = app
    const feed = await atomically(db, tx => changeFeed(tx, id, { askedAt: clock.now() }) ?? null)
    if (!feed) return { outcome: 'skipped', message: 'The feed was removed' }
    const options = { allowPrivate: config.allowPrivateFeeds, signal: work.signal }
    const read = (json: unknown) => parseQuoteFeed(json, clock.now())
    const fetched = await fetchFeed(feed.url, options, accept ? undefined : feed, read)
    work.progress(50, 'writing')
    const outcome = await applyQuotes(app, feed, fetched, accept)
    const retryAfterMs = fetched.kind === 'failed' ? fetched.retryAfterMs : 0
    const next = await scheduleNextPoll(app, work, tx => {
      const after = findFeed(tx, id)
      if (!after) return undefined
      const at = clock.now() + (outcome.outcome === 'skipped' ? 0 : msUntilNextPoll(after, retryAfterMs))
      return { at, ...app.jobs.accept(tx, updateQuotes, { feed: id }, { at }) }
    })
    return { ...outcome, ...next }
  },
  /** Schedules the next poll even after a bug or a cancel. */
  async afterFailure({ feed }, app) {
    await scheduleQuotePoll(app, feed, app.clock.now() + minute)
  },
})

async function applyQuotes(
  { db, clock, config }: App,
  feed: QuoteFeed,
  fetched: FetchedFeed<QuoteReading>,
  isAccepted: boolean,
) {
  const now = clock.now()
  const record = quoteFeedRecord(feed)
  const isSame = (tx: Db) => findFeed(tx, feed.id)?.url === feed.url
  /** The feed may have been changed or removed since it was asked. */
  const write = (work: (tx: Db) => void) => atomically(db, tx => void (isSame(tx) && work(tx)))
  if (!isSame(db)) return { outcome: 'skipped', message: 'The feed was changed in the meantime' }
  if (fetched.kind === 'failed') {
    await write(tx => recordFailure(tx, record, now, fetched.message))
    return { outcome: 'failed', message: fetched.message }
  }
  if (fetched.kind === 'unchanged') {
    await write(tx => recordAcceptedAnswer(tx, record, now))
    return { outcome: 'unchanged' }
  }
  const { quotes, unread } = fetched.reading
  const symbols = quotes.map(({ symbol }) => symbol)
  const held = isAccepted ? undefined : holdReason(fetched.reading, latestPrices(db, symbols))
  if (held) {
    await write(tx => recordHeldAnswer(tx, record, now, held))
    return { outcome: 'held', message: held }
  }
  const holdPct = isAccepted ? 0 : config.holdPricePct
  const pushed = await acceptQuotes(db, quotes, { now, by: null, holdPct })
  await write(tx => {
    recordAcceptedAnswer(tx, record, now, fetched.validators)
    changeFeed(tx, feed.id, { unread: unread.count > 0 ? unread : null })
  })
  return { outcome: 'updated', ...pushed, unread: unread.count }
}

export const quoteFeedRecord = (feed: QuoteFeed): FeedRecord => ({
  state: feed,
  change: (tx, { checkedAt, failingSince: _, heldSince: __, ...change }) =>
    void changeFeed(tx, feed.id, { ...change, answeredAt: checkedAt }),
  failing: {
    key: `feed_failing:quotes:${feed.id}`,
    from: 3,
    alert: (message, _since, failures) => ({
      severity: 'warning',
      title: `The quote feed ${feed.name} does not answer`,
      message: `${failures} failures in a row; the last: ${message}. The quotes stay as they are and get older.`,
      data: { feed: feed.id, failures },
    }),
  },
  held: {
    key: `feed_held:quotes:${feed.id}`,
    alert: message => ({
      severity: 'error',
      title: `The quote feed ${feed.name} is held back`,
      message: `${message}. The last quotes stay; an officer can accept the answer.`,
      data: { feed: feed.id },
    }),
  },
})

/** Makes sure that a poll is running or scheduled. */
export const scheduleQuotePoll = (
  app: App,
  id: number,
  at: number,
  by: number | null = null,
): Promise<Started | undefined> =>
  ensurePoll(app, tx => (findFeed(tx, id) ? app.jobs.accept(tx, updateQuotes, { feed: id }, { at, by }) : undefined))

/** Makes sure that every feed has its next poll scheduled, for example after a restore. */
export async function scheduleAllQuotePolls(app: App): Promise<void> {
  for (const { id } of allFeeds(app.db)) await scheduleQuotePoll(app, id, app.clock.now())
}

/** With `accept` the answer is accepted, whatever it is. */
export const pollQuotesNow = (app: App, input: { feed: number; accept?: boolean }, by: number | null) =>
  pollNow(app, updateQuotes, input, { by })
