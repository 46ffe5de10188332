import { t } from 'elysia'
import type { Db } from '../../../db/open.ts'
import { cached } from '../../cached.ts'
import type { App } from '../../context.ts'
import { refuse } from '../../errors.ts'
import { csvDownload } from '../../platform/files/csv.ts'
import { apiRouter, isAtLeast, signedIn } from '../../platform/http/access.ts'
import { linkHeader, listRoute, type PageSlice, paged, pageOf, pagination } from '../../platform/http/pagination.ts'
import type { Who } from '../../platform/http/request-context.ts'
import { createRoute, describe } from '../../platform/http/route-docs.ts'
import { idParams, idSchema } from '../../platform/http/shared-schemas.ts'
import type { League } from '../league.ts'
import { readableLeague } from '../visibility.ts'
import {
  activitySchema,
  activityView,
  ledgerLineSchema,
  ledgerLineView,
  sideSchema,
  tradeSchema,
  tradeView,
} from './ledger.ts'
import { ledgerCsv } from './ledger-csv.ts'
import { maxShares } from './order.ts'
import { placeOrder } from './place-order.ts'
import { portfolioSchema } from './portfolio.ts'
import { orderPreview, orderPreviewSchema } from './preview.ts'
import { ledgerLines, ledgerTotals } from './queries.ts'
import { normaliseSymbol, symbolSchema } from './quote.ts'
import { readPortfolio } from './read-portfolio.ts'
import { valueHistory, valueHistorySchema } from './worth-history.ts'

const orderSchema = {
  symbol: symbolSchema,
  side: sideSchema,
  quantity: t.Integer({ minimum: 1, maximum: maxShares }),
}
const key = t.Optional(
  t.String({ minLength: 1, maxLength: 200, description: 'The same order with the same key is placed once' }),
)

export function marketLeagueOf(db: Db, id: number, who: Who | undefined): League {
  const league = readableLeague(db, id, who)
  return league.kind === 'market' ? league : refuse('not_found', `League ${id} is not a market league`)
}

export const ownerParams = t.Object({ id: idSchema, user_id: idSchema })

/** Members see their own portfolio, officers everyone's. */
export const ownerOrRefuse = (userId: number, who: Who | undefined): number =>
  userId === signedIn(who).id || isAtLeast(who, 'officer')
    ? userId
    : refuse('forbidden', 'Only officers can see the portfolios and trades of others')

export function readActivity({ db, cache }: Pick<App, 'db' | 'cache'>, leagueId: number, page: PageSlice) {
  return cache.read(cached.activity, [leagueId, page.page, page.limit], () => {
    const lines = ledgerLines(db, { leagueId }, 'all', page)
    return { activity: lines.map(activityView), pagination: pagination(page, ledgerTotals(db, { leagueId }).lines) }
  })
}

export const tradeRoutes = (app: App) => {
  const { db, clock } = app
  const myself = (who: Who | undefined): number =>
    signedIn(who).id ??
    refuse('not_found', 'ADMIN_TOKEN acts as the operator, who is in no league; send the key of a user')

  return apiRouter(app, '/api/v1/leagues', 'market')
    .get(
      '/:id/portfolios/:user_id',
      ({ params: { id, user_id }, who }) =>
        readPortfolio(app, marketLeagueOf(db, id, who), ownerOrRefuse(user_id, who)),
      {
        params: ownerParams,
        may: 'member',
        detail: describe('A portfolio: your own, or anybody’s for officers', portfolioSchema),
      },
    )
    .get(
      '/:id/portfolios/:user_id/history',
      ({ params: { id, user_id }, who }) => valueHistory(app, marketLeagueOf(db, id, who), ownerOrRefuse(user_id, who)),
      {
        params: ownerParams,
        may: 'member',
        detail: describe('The value of a portfolio over time, against the best and the average', valueHistorySchema),
      },
    )
    .guard({ params: idParams })
    .resolve(({ params: { id }, who }) => ({ league: marketLeagueOf(db, id, who) }))
    .get('/:id/portfolio', ({ league, who }) => readPortfolio(app, league, myself(who)), {
      may: 'member',
      detail: describe('My portfolio', portfolioSchema),
    })
    .post(
      '/:id/trades',
      async ({ league, body, headers, who, set }) => {
        const order = { ...body, symbol: normaliseSymbol(body.symbol) }
        const outcome = await placeOrder(app, league.id, myself(who), order, headers['idempotency-key'])
        if (outcome.replayed) set.headers['idempotency-replayed'] = 'true'
        if ('refusal' in outcome) return refuse(outcome.refusal.code, outcome.refusal.detail, outcome.refusal.facts)
        return tradeView(outcome.line)
      },
      {
        headers: t.Object({ 'idempotency-key': key }),
        body: t.Object(orderSchema),
        may: 'member',
        ...createRoute('Buy or sell at the newest quote', tradeSchema, {
          description:
            'Filled in full, or refused with the broken `rule` and by how much. With an Idempotency-Key the first answer, even a refusal, is repeated for 24 hours, with `Idempotency-Replayed: true`.',
        }),
      },
    )
    .get(
      '/:id/trades',
      ({ league, query, who, request }) => {
        const me = signedIn(who)
        const userId = query.user_id ?? (isAtLeast(me, 'officer') ? undefined : myself(who))
        if (userId !== undefined) ownerOrRefuse(userId, who)
        const filter = { leagueId: league.id, userId }
        return paged(query, request, page => ({
          trades: ledgerLines(db, filter, 'trades', page).map(line => ({
            ...tradeView(line),
            username: line.username,
          })),
          total: ledgerTotals(db, filter).trades,
        }))
      },
      {
        may: 'member',
        ...listRoute(
          'Trades, newest first: your own, or everyone’s for officers',
          'trades',
          t.Composite([tradeSchema, t.Object({ username: t.String() })]),
          { user_id: t.Optional(idSchema) },
        ),
      },
    )
    .get(
      '/:id/ledger',
      ({ league, query, who, request }) => {
        const userId = ownerOrRefuse(query.user_id ?? myself(who), who)
        const filter = { leagueId: league.id, userId }
        return paged(query, request, page => ({
          lines: ledgerLines(db, filter, 'all', page).map(ledgerLineView),
          total: ledgerTotals(db, filter).lines,
        }))
      },
      {
        may: 'member',
        ...listRoute(
          'Everything that changed a portfolio, newest first: your own, or anybody’s for officers',
          'lines',
          ledgerLineSchema,
          { user_id: t.Optional(idSchema) },
        ),
      },
    )
    .get(
      '/:id/ledger.csv',
      ({ league, query, who }) => {
        const userId = ownerOrRefuse(query.user_id ?? myself(who), who)
        return csvDownload(ledgerCsv(db, { leagueId: league.id, userId }), `ledger-${league.id}-${userId}.csv`, {
          'cache-control': 'no-cache',
        })
      },
      {
        query: t.Object({ user_id: t.Optional(idSchema) }),
        may: 'member',
        detail: describe(
          'The account as CSV: money in currency units, and in cents in separate columns',
          t.String({ description: 'One line per change, newest first' }),
          { type: 'text/csv' },
        ),
      },
    )
    .get(
      '/:id/trades/preview',
      ({ league, query, who }) => {
        const order = { ...query, symbol: normaliseSymbol(query.symbol) }
        return orderPreview(db, league, myself(who), order, clock.now())
      },
      {
        query: t.Object(orderSchema),
        may: 'member',
        detail: describe('What an order would do now, without placing it', orderPreviewSchema),
      },
    )
    .get(
      '/:id/activity',
      async ({ league, query, request, set }) => {
        const found = await readActivity(app, league.id, pageOf(query))
        set.headers.link = linkHeader(request.url, found.value.pagination)
        return found
      },
      {
        may: 'member',
        ...listRoute('What has happened in a league, newest first', 'activity', activitySchema),
      },
    )
}
