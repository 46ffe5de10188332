import { t } from 'elysia'
import { atomically } from '../../db/transactions.ts'
import { audit } from '../audit.ts'
import { cached } from '../cached.ts'
import type { App } from '../context.ts'
import { invalid, refuse } from '../errors.ts'
import { apiRouter, signedIn } from '../platform/http/access.ts'
import { linkHeader, paged, pageOf, pageQuery, pageSchema, pagination } from '../platform/http/pagination.ts'
import type { Who } from '../platform/http/request-context.ts'
import { createRoute, describe } from '../platform/http/route-docs.ts'
import { deletedSchema, idParams } from '../platform/http/shared-schemas.ts'
import { nextChangeAt } from './board.ts'
import { configPreviewSchema } from './config-preview.ts'
import { finalizeLeague, reopenLeague } from './finalize.ts'
import {
  columnsOf,
  fieldsOf,
  kindSchema,
  type League,
  leagueFields,
  leagueSchema,
  leagueStatus,
  nextStatusChangeAt,
  openWhenSettled,
} from './league.ts'
import { changedConfig, configBody, newLeagueExamples, previewConfig, requireOpen } from './league-config.ts'
import { countShown, leagueListQuery, leaguesShown } from './league-list.ts'
import {
  changeLeague,
  createLeague,
  deleteLeague,
  leagueById,
  leagueViewById,
  listLeagues,
  type NewLeague,
  nextStatusChangeOfAny,
} from './queries.ts'
import { leagueStats, leagueStatsSchema } from './stats.ts'
import { isVisibleTo, readableLeague, visibilityKey } from './visibility.ts'
import { warmChangedBoard } from './warm-up.ts'

const leagueList = pageSchema('leagues', leagueSchema)
const withId = { params: idParams }

export const leagueRoutes = (app: App) => {
  const { db, cache, clock, kinds, bulkWriter } = app
  const config = configBody(kinds)
  const view = (id: number) => leagueViewById(db, id, clock.now())
  const configOf = (kind: League['kind'], given: Record<string, unknown>, league?: League) => {
    const rules = kinds[kind] ?? invalid('kind', `Choose one of: ${Object.keys(kinds).join(', ')}.`)
    return rules.config(given, app, league)
  }

  async function create(columns: NewLeague, who: Who, action: string, detail: Record<string, unknown>) {
    const league = await atomically(db, tx => {
      const now = clock.now()
      const created = createLeague(tx, { ...columns, createdBy: who.id }, now)
      audit(tx, { at: now, who, action, target: `league ${created.id}`, detail })
      return created
    })
    await kinds[league.kind]?.onChange?.(app, league)
    return league.id
  }

  return apiRouter(app, '/api/v1/leagues', 'leagues')
    .get(
      '/',
      ({ query, request, who, set }) => paged({ query, request, set }, page => leaguesShown(app, query, page, who)),
      {
        query: leagueListQuery,
        may: 'reader',
        detail: describe('Leagues, newest first; archived ones only when asked for', leagueList),
      },
    )
    .post(
      '/',
      async ({ body, who, set }) => {
        const { kind, config: given = {}, ...fields } = body
        const columns = { kind, ...columnsOf(fields), config: configOf(kind, given) }
        const id = await create(columns, signedIn(who), 'league.create', body)
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
          page: pageQuery.page,
          limit: t.Optional(t.Integer({ default: 500 })),
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
        const now = clock.now()
        const { archived, config: given, ...fields } = body
        const changed = await atomically(db, tx => {
          const league = leagueById(tx, id)
          const status = leagueStatus(league, now)
          if (given || Object.keys(fields).some(name => !openWhenSettled.includes(name)))
            requireOpen(archived === false ? { ...league, archivedAt: null } : league)
          if (archived && status !== 'final' && status !== 'ended' && status !== 'archived')
            refuse('conflict', `Only an ended or final league can be archived; this one is ${status}`)
          audit(tx, { at: now, who: signedIn(who), action: 'league.change', target: `league ${id}`, detail: body })
          return changeLeague(tx, id, {
            ...columnsOf({ ...fieldsOf(league), ...fields }),
            config: given && changedConfig(app, league, given),
            ...(archived !== undefined && { archivedAt: archived ? (league.archivedAt ?? now) : null }),
          })
        })
        await kinds[changed.kind]?.onChange?.(app, changed)
        await warmChangedBoard(app, id)
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
        body: t.Object(
          { config: configBody(kinds) },
          { examples: [{ config: { weights: { kills_t5: 30, deads: 80 } } }] },
        ),
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
        const league = leagueById(db, id)
        if (body.name !== league.name)
          invalid('name', `Type the league's name, "${league.name}", to confirm that all of it is deleted.`)
        const removeOutside = kinds[league.kind]?.onDelete?.(app, id)
        await bulkWriter.write(deleteLeague, { id, who: signedIn(who) })
        await removeOutside?.()
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
        const { kind, config: rules } = leagueById(db, id)
        const part = kinds[kind]?.rulesToCopy?.(rules)
        const config = part ? configOf(kind, part) : rules // checked when it was saved, and names the metrics of its sheets
        const copy = await create({ kind, ...columnsOf(body), config }, signedIn(who), 'league.copy', {
          of: id,
          ...body,
        })
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
    .get(
      '/:id/stats',
      ({ params: { id }, who }) => {
        const league = readableLeague(db, id, who)
        return cache.read(cached.leagueStats, [id], () => leagueStats(app, league), nextChangeAt(app, league))
      },
      { may: 'reader', detail: describe('Statistics of a league; they depend on its kind', leagueStatsSchema) },
    )
}
