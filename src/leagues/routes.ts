import { t } from 'elysia'
import { cached } from '../cached.ts'
import type { App } from '../context.ts'
import { apiRouter, signedIn } from '../platform/http/access.ts'
import { linkHeader, paged, pageOf, pageQueryOf, pageSchema, pagination } from '../platform/http/pagination.ts'
import { createRoute, describe } from '../platform/http/route-docs.ts'
import { deletedSchema, idParams } from '../platform/http/shared-schemas.ts'
import { startedAnswer, startRoute } from '../platform/jobs/started-answer.ts'
import { requireWebhook } from './announcements.ts'
import { nextChangeAt } from './board.ts'
import { configPreviewSchema } from './config-preview.ts'
import { finalizeLeague, reopenLeague } from './finalize.ts'
import { kindSchema, leagueFields, leagueSchema, nextStatusChangeAt } from './league.ts'
import { changedConfig, configBody, newLeagueExamples, previewConfig, requireOpen } from './league-config.ts'
import { countShown, leagueListQuery, leaguesShown } from './league-list.ts'
import { addLeague, copyLeague, editLeague, removeLeague } from './manage-leagues.ts'
import { leagueById, leagueViewById, listLeagues, nextStatusChangeOfAny } from './queries.ts'
import { leagueStats, leagueStatsSchema } from './stats.ts'
import { isVisibleTo, readableLeague, visibilityKey } from './visibility.ts'
import { testWebhook, webhookState, webhookStateSchema } from './webhook.ts'

const leagueList = pageSchema('leagues', leagueSchema)
const withId = { params: idParams }

export const leagueRoutes = (app: App) => {
  const { db, cache, clock, jobs, kinds } = app
  const config = configBody(kinds)
  const view = (id: number) => leagueViewById(db, id, clock.now())

  return apiRouter(app, '/api/v1/leagues', 'leagues')
    .get('/', ({ query, request, who }) => paged(query, request, page => leaguesShown(app, query, page, who)), {
      query: leagueListQuery,
      may: 'reader',
      detail: describe('Leagues, newest first; archived ones only when asked for', leagueList),
    })
    .post(
      '/',
      async ({ body, who, set }) => {
        const id = await addLeague(app, signedIn(who), body)
        set.headers.location = `/api/v1/leagues/${id}`
        return view(id)
      },
      {
        body: t.Composite([leagueFields, t.Object({ kind: kindSchema, config: t.Optional(config) })], {
          examples: newLeagueExamples(kinds),
        }),
        may: 'officer',
        ...createRoute('A new league', leagueSchema),
      },
    )
    .get(
      '/active',
      async ({ query: { kind, ...asked }, request, who, set }) => {
        const now = clock.now()
        const filter = { kind, status: 'active' } as const
        const page = pageOf({ limit: 500, ...asked })
        set.headers.link = linkHeader(request.url, pagination(page, await countShown(app, filter, who)))
        return cache.read(
          cached.activeLeagues,
          [kind ?? '', visibilityKey(db, who), page.page, page.limit],
          () => listLeagues(db, { ...filter, visible: isVisibleTo(who) }, page, now),
          nextStatusChangeOfAny(db, now),
        )
      },
      {
        query: t.Object({
          kind: t.Optional(kindSchema),
          ...pageQueryOf(500),
        }),
        may: 'reader',
        detail: describe(
          'Active leagues, as a list alone: the other pages are in the `Link` header',
          t.Array(leagueSchema),
        ),
      },
    )
    .guard(withId)
    .get(
      '/:id',
      ({ params: { id }, who }) => {
        const league = readableLeague(db, id, who)
        return cache.read(cached.league, [id], () => view(id), nextStatusChangeAt(league, clock.now()))
      },
      {
        may: 'reader',
        detail: describe('One league', leagueSchema),
      },
    )
    .patch(
      '/:id',
      async ({ params: { id }, body, who }) => {
        await editLeague(app, signedIn(who), id, body)
        return view(id)
      },
      {
        body: t.Partial(t.Composite([leagueFields, t.Object({ config, archived: t.Boolean() })])),
        may: 'officer',
        detail: describe(
          'Change a league; `config` is merged into the current one, and null removes a key; `archived` archives or unarchives it',
          leagueSchema,
        ),
      },
    )
    .post(
      '/:id/preview-config',
      ({ params: { id }, body, query: { limit = 10 } }) => {
        const league = leagueById(db, id)
        requireOpen(league)
        return previewConfig(app, league, changedConfig(app, league, body.config), limit)
      },
      {
        body: t.Object({ config }, { examples: [{ config: { weights: { kills_t5: 30, deads: 80 } } }] }),
        query: t.Object({
          limit: t.Optional(
            t.Integer({ minimum: 1, maximum: 100, description: 'How many players to name each way: 10 by default' }),
          ),
        }),
        may: 'officer',
        detail: describe(
          'Preview how a change to `config` would move players; nothing is saved. Sheet leagues only',
          configPreviewSchema,
        ),
      },
    )
    .delete(
      '/:id',
      async ({ params: { id }, body, who }) => {
        await removeLeague(app, signedIn(who), id, body.name)
        return { deleted: true, id }
      },
      {
        body: t.Object({ name: t.String({ maxLength: 200 }) }),
        may: 'officer',
        detail: describe('Delete a league and everything in it; needs its name', deletedSchema),
      },
    )
    .post(
      '/:id/copy',
      async ({ params: { id }, body, who, set }) => {
        const copy = await copyLeague(app, signedIn(who), id, body)
        set.headers.location = `/api/v1/leagues/${copy}`
        return view(copy)
      },
      {
        body: t.Object(leagueFields.properties, {
          examples: [{ name: 'Spring cup 2027', starts_at: '2027-03-01T00:00:00Z', ends_at: '2027-06-01T00:00:00Z' }],
        }),
        may: 'officer',
        ...createRoute('A new league with the kind and config of this one, without its scores', leagueSchema),
      },
    )
    .post('/:id/finalize', ({ params: { id }, who }) => finalizeLeague(app, id, signedIn(who)), {
      may: 'officer',
      detail: describe('Freeze the board of a league for good', leagueSchema),
    })
    .post('/:id/reopen', ({ params: { id }, who }) => reopenLeague(app, id, signedIn(who)), {
      may: 'admin',
      detail: describe('Make a final league live again; it is then finalised by hand', leagueSchema),
    })
    .get('/:id/webhook', ({ params: { id } }) => webhookState(db, leagueById(db, id)), {
      may: 'officer',
      detail: describe('Whether the webhook of a league takes its news', webhookStateSchema),
    })
    .post(
      '/:id/webhook/test',
      async ({ params: { id }, who }) => {
        requireWebhook(leagueById(db, id))
        return startedAnswer(await jobs.start(testWebhook, { leagueId: id }, { by: signedIn(who).id }))
      },
      { may: 'officer', ...startRoute('Post a test to the webhook of a league') },
    )
    .get(
      '/:id/stats',
      ({ params: { id }, who }) => {
        const league = readableLeague(db, id, who)
        return cache.read(cached.leagueStats, [id], () => leagueStats(app, league), nextChangeAt(app, league))
      },
      { may: 'reader', detail: describe('Statistics of a league; they depend on its kind', leagueStatsSchema) },
    )
}
