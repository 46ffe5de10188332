import { t } from 'elysia'
import { atomically } from '../../../../db/transactions.ts'
import { audit } from '../../../audit.ts'
import type { App } from '../../../context.ts'
import { alreadyTaken, refuse } from '../../../errors.ts'
import { apiRouter, signedIn } from '../../../platform/http/access.ts'
import { checkUrlField } from '../../../platform/http/outgoing.ts'
import { itemsOfPage, listRoute, paged } from '../../../platform/http/pagination.ts'
import { createRoute, describe } from '../../../platform/http/route-docs.ts'
import { deletedSchema, idParams, oneLine } from '../../../platform/http/shared-schemas.ts'
import { startedAnswer, startRoute } from '../../../platform/jobs/started-answer.ts'
import { clearFeedAlerts, stateOfNewUrl } from '../../feeds/feed-state.ts'
import { allFeeds, changeFeed, deleteFeed, feedById, insertFeed, isFetched } from './queries.ts'
import { minInterval, quoteFeedSchema, quoteFeedView } from './quote-feed.ts'
import { pollQuotesNow, quoteFeedRecord, scheduleQuotePoll } from './update-quotes.ts'

const name = oneLine(80)
const url = t.String({ minLength: 1, maxLength: 2_000, description: 'The address of the feed; it may contain a key' })
const alreadyFetched = 'This URL is already being fetched'
const interval = t.Integer({ minimum: minInterval, maximum: 86_400, description: 'Refresh every … seconds' })

export const feedRoutes = (app: App) => {
  const { db, clock, config } = app
  return apiRouter(app, '/api/v1/quote-feeds', 'market')
    .get(
      '/',
      ({ query, request }) => {
        const feeds = allFeeds(db).map(quoteFeedView)
        return paged(query, request, page => ({ quote_feeds: itemsOfPage(feeds, page), total: feeds.length }))
      },
      {
        may: 'officer',
        ...listRoute('Feeds that quotes are fetched from', 'quote_feeds', quoteFeedSchema),
      },
    )
    .post(
      '/',
      async ({ body, who }) => {
        checkUrlField('url', 'feed', body.url, config.allowPrivateFeeds)
        const { id: createdBy } = signedIn(who)
        const at = clock.now()
        const values = { name: body.name.trim(), url: body.url, intervalS: body.interval_s ?? 60 }
        const feed = await atomically(db, tx => {
          const feed = insertFeed(tx, { ...values, createdBy, createdAt: at }) ?? alreadyTaken('url', alreadyFetched)
          const detail = { name: feed.name, url: quoteFeedView(feed).url, interval_s: feed.intervalS }
          audit(tx, { at, who: signedIn(who), action: 'quote_feed.create', target: `quote feed ${feed.id}`, detail })
          return feed
        })
        await scheduleQuotePoll(app, feed.id, at, createdBy)
        return quoteFeedView(feed)
      },
      {
        body: t.Object({ name, url, interval_s: t.Optional(interval) }),
        may: 'officer',
        ...createRoute('Add a quote feed; it is polled at once', quoteFeedSchema, {
          description:
            'The feed answers `{ quotes: [{ symbol, price_cents, as_of }] }` as quotes are pushed, or `price` in whole money.',
        }),
      },
    )
    .guard({ params: idParams })
    .patch(
      '/:id',
      async ({ params: { id }, body, who }) => {
        if (body.url !== undefined) checkUrlField('url', 'feed', body.url, config.allowPrivateFeeds)
        const before = feedById(db, id)
        const isOther = body.url !== undefined && body.url !== before.url
        const at = clock.now()
        const feed = await atomically(db, tx => {
          if (body.url !== undefined && isOther && isFetched(tx, body.url)) alreadyTaken('url', alreadyFetched)
          const detail = { ...body, url: isOther ? 'another' : undefined }
          if (isOther) clearFeedAlerts(tx, quoteFeedRecord(before), at)
          audit(tx, { at, who: signedIn(who), action: 'quote_feed.change', target: `quote feed ${id}`, detail })
          return changeFeed(tx, id, {
            name: body.name?.trim(),
            url: body.url,
            intervalS: body.interval_s,
            ...(isOther && { ...stateOfNewUrl, unread: null }),
          })
        })
        await pollQuotesNow(app, { feed: id }, signedIn(who).id)
        return quoteFeedView(feed ?? before)
      },
      {
        body: t.Object({ name: t.Optional(name), url: t.Optional(url), interval_s: t.Optional(interval) }),
        may: 'officer',
        detail: describe('Change a quote feed; it is polled at once', quoteFeedSchema),
      },
    )
    .delete(
      '/:id',
      async ({ params: { id }, who }) => {
        const feed = feedById(db, id)
        const at = clock.now()
        await atomically(db, tx => {
          deleteFeed(tx, id)
          clearFeedAlerts(tx, quoteFeedRecord(feed), at)
          const detail = { name: feed.name }
          audit(tx, { at, who: signedIn(who), action: 'quote_feed.delete', target: `quote feed ${id}`, detail })
        })
        return { deleted: true, id }
      },
      {
        may: 'officer',
        detail: describe('Remove a feed; its quotes stay', deletedSchema),
      },
    )
    .post(
      '/:id/poll',
      async ({ params: { id }, body, who }) => {
        const feed = feedById(db, id)
        const run = await pollQuotesNow(app, { feed: id, accept: body?.accept }, signedIn(who).id)
        if (body?.accept && run.outcome === 'running')
          refuse('conflict', 'The feed is being polled right now; accept its answer once that has ended')
        if (body?.accept)
          await atomically(db, tx =>
            audit(tx, {
              at: clock.now(),
              who: signedIn(who),
              action: 'quote_feed.accept',
              target: `quote feed ${id}`,
              detail: { held: feed.held },
            }),
          )
        return startedAnswer(run)
      },
      {
        body: t.Optional(
          t.Object({ accept: t.Optional(t.Boolean({ description: 'Accept the answer, whatever it is' })) }),
        ),
        may: 'officer',
        ...startRoute('Poll a feed now'),
      },
    )
}
