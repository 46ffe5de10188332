import { t } from 'elysia'
import { feedFormats, golferStates } from '../../../db/schema.ts'
import type { App } from '../../context.ts'
import { apiRouter, signedIn } from '../../platform/http/access.ts'
import { listRoute, paged } from '../../platform/http/pagination.ts'
import type { Who } from '../../platform/http/request-context.ts'
import { createRoute, describe } from '../../platform/http/route-docs.ts'
import { nullableDateTime, oneLine, oneOfWords } from '../../platform/http/shared-schemas.ts'
import { startedAnswer, startRoute } from '../../platform/jobs/started-answer.ts'
import { acceptHeldBoard, addTour, editTour, removeTour } from './manage-tours.ts'
import { listField, listTours, tourBySlug } from './queries.ts'
import { slugSchema, tourSchema } from './tour.ts'
import { tourViewOf } from './tour-view.ts'
import { updateNow } from './update-player-scores.ts'

const name = oneLine(80)
const feedUrl = t.String({
  minLength: 1,
  maxLength: 2000,
  description: 'The address of the feed; it may contain a key',
})
const format = oneOfWords(feedFormats)
const interval = t.Integer({ minimum: 1, maximum: 86_400, description: 'Refresh the feed every … seconds' })

const golferSchema = t.Object({
  player_id: t.String(),
  name: t.String(),
  position: t.Nullable(t.String()),
  total: t.Nullable(t.Integer({ description: 'Strokes to par; null if unknown' })),
  today: t.Nullable(t.Integer()),
  thru: t.Nullable(t.Integer()),
  round: t.Nullable(t.Integer()),
  rounds: t.Array(t.Nullable(t.Integer())),
  status: oneOfWords(golferStates),
  tee_time: nullableDateTime,
})

export const tourRoutes = (app: App) => {
  const { db } = app
  const view = (slug: string, who: Who | undefined) => tourViewOf(app, tourBySlug(db, slug), who)

  return apiRouter(app, '/api/v1/tours', 'tours')
    .get(
      '/',
      ({ query, request, who }) =>
        paged(query, request, page => {
          const { tours, total } = listTours(db, page)
          return { tours: tours.map(tour => tourViewOf(app, tour, who)), total }
        }),
      {
        may: 'reader',
        ...listRoute('Tours by name', 'tours', tourSchema),
      },
    )
    .post(
      '/',
      async ({ body, who, set }) => {
        const tour = await addTour(app, signedIn(who), body)
        set.headers.location = `/api/v1/tours/${tour.slug}`
        return view(tour.slug, who)
      },
      {
        body: t.Object(
          { slug: slugSchema, name, feed_url: feedUrl, format, interval_s: t.Optional(interval) },
          {
            examples: [
              { slug: 'pga', name: 'PGA Tour', feed_url: 'https://scores.example.org/pga.json', format: 'fieldhouse' },
            ],
          },
        ),
        may: 'officer',
        ...createRoute('Add a tour; its feed is polled at once', tourSchema),
      },
    )
    .guard({ params: t.Object({ slug: t.String({ maxLength: 40 }) }) })
    .get('/:slug', ({ params: { slug }, who }) => view(slug, who), {
      may: 'reader',
      detail: describe('A tour: the current event of its feed, and how old its scores are', tourSchema),
    })
    .patch(
      '/:slug',
      async ({ params: { slug }, body, who }) => {
        await editTour(app, signedIn(who), tourBySlug(db, slug), body)
        return view(slug, who)
      },
      {
        body: t.Object(
          {
            name: t.Optional(name),
            feed_url: t.Optional(feedUrl),
            format: t.Optional(format),
            interval_s: t.Optional(interval),
          },
          { examples: [{ interval_s: 300 }] },
        ),
        may: 'officer',
        detail: describe('Change a tour; a new feed is polled at once', tourSchema),
      },
    )
    .delete(
      '/:slug',
      async ({ params: { slug }, who }) => {
        await removeTour(app, signedIn(who), tourBySlug(db, slug))
        return { deleted: true, slug }
      },
      {
        may: 'officer',
        detail: describe(
          'Delete a tour that no league needs, with everything from its feed',
          t.Object({ deleted: t.Boolean(), slug: t.String() }),
        ),
      },
    )
    .get(
      '/:slug/players',
      ({ params: { slug }, query, request }) => {
        const tour = tourBySlug(db, slug)
        return paged(query, request, page => listField(db, tour, page, query.q))
      },
      {
        may: 'reader',
        counted: true,
        ...listRoute('The last known field, leader first; `q` is part of a name or an id', 'players', golferSchema, {
          q: t.Optional(t.String({ maxLength: 100 })),
        }),
      },
    )
    .post(
      '/:slug/update',
      async ({ params: { slug }, body, who }) => {
        const [tour, me] = [tourBySlug(db, slug), signedIn(who)]
        const { outcome, message, ...run } = await (body?.accept
          ? acceptHeldBoard(app, me, tour)
          : updateNow(app, tour, me.id))
        return { ...startedAnswer(run), message, ...(outcome === 'too soon' && { status: 'skipped' }) }
      },
      {
        body: t.Optional(
          t.Object(
            { accept: t.Optional(t.Boolean({ description: 'Accept a board that is held back as it is' })) },
            { examples: [{}, { accept: true }] },
          ),
        ),
        may: 'officer',
        ...startRoute(
          'Update now: polls the feed, unless a poll is under way or was made within 15 s; `message` says which, and `result.message` of the job has the outcome',
        ),
      },
    )
}
