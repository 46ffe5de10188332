/** Prices by CSV, the price history, and held prices. */
import { t } from 'elysia'
import { atomically } from '../../../db/transactions.ts'
import { audit } from '../../audit.ts'
import type { App } from '../../context.ts'
import { refuse, refuseImport } from '../../errors.ts'
import { apiRouter, signedIn } from '../../platform/http/access.ts'
import { listRoute, paged } from '../../platform/http/pagination.ts'
import { receiveCsv } from '../../platform/http/request-body.ts'
import { describe } from '../../platform/http/route-docs.ts'
import { dateSchema, idParams } from '../../platform/http/shared-schemas.ts'
import { acceptBatch, acceptQuotes, pushResult, pushResultSchema } from './accept-quotes.ts'
import { heldPriceSchema, heldPriceView, listHeldPrices, takeHeldPrice } from './held-prices.ts'
import { parsePriceCsv } from './price-csv.ts'
import { historySchema, listPrices, priceHistory, priceSchema } from './price-history.ts'
import { normaliseSymbol, quoteSchema, quoteView, symbolParams } from './quote.ts'
import { quoteBySymbol } from './quote-queries.ts'

export const priceRoutes = (app: App) => {
  const { db, clock, config } = app
  return apiRouter(app, '/api/v1/quotes', 'market')
    .post(
      '/import',
      async ({ request, who }) => {
        const now = clock.now()
        const { quotes, errors } = await parsePriceCsv(await receiveCsv(request), now)
        if (errors.length) refuseImport(errors)
        return pushResult(await acceptQuotes(db, quotes, { now, by: signedIn(who).id, holdPct: config.holdPricePct }))
      },
      {
        parse: 'none',
        may: 'officer',
        detail: {
          ...describe('Import prices from CSV: all rows, or none if any is wrong', pushResultSchema, {
            description:
              'Columns `symbol`, `price` in currency units and, optionally, `as_of`, a date or a time. Earlier days fill the history.',
          }),
          requestBody: {
            required: true,
            content: {
              'text/csv': { schema: { type: 'string', example: 'symbol,price,as_of\nACME,213.50,2026-03-01' } },
              'application/json': {
                schema: {
                  type: 'object',
                  required: ['csv'],
                  properties: { csv: { type: 'string', example: 'symbol,price\nACME,213.50' } },
                },
              },
            },
          },
        },
      },
    )
    .get(
      '/:symbol/history',
      ({ params, query: { from, to } }) => {
        const { symbol } = quoteBySymbol(db, normaliseSymbol(params.symbol))
        const days = {
          from: from === undefined ? undefined : Date.parse(from),
          to: to === undefined ? undefined : Date.parse(to),
        }
        return priceHistory(db, symbol, clock.now(), days)
      },
      {
        params: symbolParams,
        query: t.Object({ from: t.Optional(dateSchema), to: t.Optional(dateSchema) }),
        may: 'reader',
        detail: describe('The price of a symbol over time: by day, and in detail for the last days', historySchema),
      },
    )
    .get(
      '/:symbol/prices',
      ({ params, query, request }) => {
        const { symbol } = quoteBySymbol(db, normaliseSymbol(params.symbol))
        return paged(query, request, page => listPrices(db, symbol, page))
      },
      {
        params: symbolParams,
        may: 'officer',
        ...listRoute('Every price of the last days, newest first', 'prices', priceSchema),
      },
    )
}

export const heldPriceRoutes = (app: App) => {
  const { db, clock } = app
  return apiRouter(app, '/api/v1/held-prices', 'market')
    .get(
      '/',
      ({ query, request }) =>
        paged(query, request, page => {
          const { held, total } = listHeldPrices(db, page)
          return { held_prices: held, total }
        }),
      {
        may: 'officer',
        ...listRoute('Prices that moved so far that an officer has to accept them', 'held_prices', heldPriceSchema),
      },
    )
    .guard({ params: idParams })
    .post(
      '/:id/accept',
      async ({ params: { id }, who }) => {
        const now = clock.now()
        const symbol = await atomically(db, tx => {
          const held = takeHeldPrice(tx, id, now)
          const { symbol, priceCents, asOf, beforeCents } = held
          const { older } = acceptBatch(tx, [{ symbol, priceCents, asOf }], { now, by: signedIn(who).id, holdPct: 0 })
          if (older) refuse('conflict', `A newer price of ${symbol} has come in since`)
          const detail = { price_cents: priceCents, before_cents: beforeCents }
          audit(tx, { at: now, who: signedIn(who), action: 'price.accept', target: `price of ${symbol}`, detail })
          return symbol
        })
        return quoteView(quoteBySymbol(db, symbol), now)
      },
      { may: 'officer', detail: describe('Accept a held price: it counts from now on', quoteSchema) },
    )
    .post(
      '/:id/discard',
      async ({ params: { id }, who }) => {
        const at = clock.now()
        return atomically(db, tx => {
          const held = takeHeldPrice(tx, id, at)
          const detail = { price_cents: held.priceCents, before_cents: held.beforeCents }
          audit(tx, { at, who: signedIn(who), action: 'price.discard', target: `price of ${held.symbol}`, detail })
          return heldPriceView(held, null)
        })
      },
      { may: 'officer', detail: describe('Discard a held price', heldPriceSchema) },
    )
}
