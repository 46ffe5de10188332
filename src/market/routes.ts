import { Elysia, t } from 'elysia'
import type { Db } from '../../db/open.ts'
import { access, isAtLeast, signedIn } from '../access.ts'
import { cached } from '../cached.ts'
import type { App } from '../context.ts'
import { refuse } from '../errors.ts'
import type { League } from '../leagues/league.ts'
import { readableLeague } from '../leagues/queries.ts'
import { says } from '../runtime/docs.ts'
import type { Who } from '../runtime/exchange.ts'
import { linkHeader, type PageOf, paged, pageOf, pageQuery, pagination, paginationSchema } from '../runtime/page.ts'
import { activitySchema, activityView, tradeSchema, tradeView } from './ledger.ts'
import { mostShares } from './order.ts'
import { portfolioSchema } from './portfolio.ts'
import { previewOf, previewSchema } from './preview.ts'
import { linesOf, totalsOf } from './queries.ts'
import { symbolOf, symbolSchema } from './quote.ts'
import { placeOrder } from './trading.ts'
import { readPortfolio } from './valuing.ts'

export const orderSchema = {
  symbol: symbolSchema,
  side: t.Union([t.Literal('buy'), t.Literal('sell')]),
  quantity: t.Integer({ minimum: 1, maximum: mostShares }),
}
const user = t.Integer({ minimum: 1 })
const key = t.Optional(
  t.String({ minLength: 1, maxLength: 200, description: 'The same order under the same key is done once' }),
)
const listed = <T extends string, S extends Parameters<typeof t.Array>[0]>(name: T, of: S) =>
  t.Object({ [name]: t.Array(of), pagination: paginationSchema })

export function marketLeagueOf(db: Db, id: number, who: Who | undefined): League {
  const league = readableLeague(db, id, who)
  return league.kind === 'market' ? league : refuse('not_found', `League ${id} is not a market league`)
}

export function readActivity({ db, cache }: Pick<App, 'db' | 'cache'>, leagueId: number, page: PageOf) {
  return cache.read(cached.activity, [leagueId, page.page, page.limit], () => {
    const { trades, portfolios } = totalsOf(db, { leagueId })
    const lines = linesOf(db, { leagueId }, false, page)
    return { activity: lines.map(activityView), pagination: pagination(page, trades + portfolios) }
  })
}

export const tradeRoutes = (app: App) => {
  const { db, clock } = app
  const market = (id: number, who: Who | undefined) => marketLeagueOf(db, id, who)
  /** Members see their own, officers everybody's. */
  const ofUser = (userId: number, who: Who | undefined): number =>
    userId === signedIn(who).id || isAtLeast(who, 'officer')
      ? userId
      : refuse('forbidden', 'Only officers see the portfolios and trades of others')
  const myself = (who: Who | undefined): number =>
    signedIn(who).id ?? refuse('not_found', 'The operator plays in no league himself')

  return new Elysia({ prefix: '/leagues/:id', tags: ['market'] })
    .use(access(app))
    .get(
      '/portfolios/:user_id',
      ({ params: { id, user_id }, who }) => readPortfolio(app, market(id, who), ofUser(user_id, who)),
      {
        params: t.Object({ id: user, user_id: user }),
        may: 'member',
        detail: says('A portfolio: one’s own, for officers anybody’s', portfolioSchema),
      },
    )
    .guard({ params: t.Object({ id: user }) })
    .get('/portfolio', ({ params: { id }, who }) => readPortfolio(app, market(id, who), myself(who)), {
      may: 'member',
      detail: says('My portfolio', portfolioSchema),
    })
    .post(
      '/trades',
      async ({ params: { id }, body, headers, who, set }) => {
        market(id, who)
        const order = { ...body, symbol: symbolOf(body.symbol) }
        const { trade, replayed } = await placeOrder(app, id, myself(who), order, headers['idempotency-key'])
        set.status = 201
        if (replayed) set.headers['idempotency-replayed'] = 'true'
        return trade
      },
      {
        headers: t.Object({ 'idempotency-key': key }),
        body: t.Object(orderSchema),
        may: 'member',
        detail: says('Buy or sell at the newest quote', tradeSchema, {
          status: 201,
          description:
            'Filled whole or refused with the `rule` that says no and by how much. With an Idempotency-Key the first answer, a refusal too, is given again for 24 hours.',
        }),
      },
    )
    .get(
      '/trades',
      ({ params: { id }, query, who, request, set }) => {
        const league = market(id, who)
        const me = signedIn(who)
        const userId = query.user_id ?? (isAtLeast(me, 'officer') ? undefined : myself(who))
        if (userId !== undefined) ofUser(userId, who)
        const page = pageOf(query)
        const filter = { leagueId: league.id, userId }
        const trades = linesOf(db, filter, true, page).map(line => ({ ...tradeView(line), username: line.username }))
        return paged({ request, set }, page, totalsOf(db, filter).trades, { trades })
      },
      {
        query: t.Object({ user_id: t.Optional(user), ...pageQuery }),
        may: 'member',
        detail: says(
          'Trades, the newest first: one’s own, for officers everybody’s',
          listed('trades', t.Composite([tradeSchema, t.Object({ username: t.String() })])),
        ),
      },
    )
    .get(
      '/trades/preview',
      ({ params: { id }, query, who }) => {
        const league = market(id, who)
        const order = { ...query, symbol: symbolOf(query.symbol) }
        return previewOf(db, league, myself(who), order, clock.now())
      },
      {
        query: t.Object(orderSchema),
        may: 'member',
        detail: says('What an order would do now, without placing it', previewSchema),
      },
    )
    .get(
      '/activity',
      async ({ params: { id }, query, who, request, set }) => {
        market(id, who)
        const found = await readActivity(app, id, pageOf(query))
        set.headers.link = linkHeader(request.url, found.value.pagination)
        return found
      },
      {
        query: t.Object(pageQuery),
        may: 'member',
        detail: says('What has happened in a league, the newest first', listed('activity', activitySchema)),
      },
    )
}
