import { t } from 'elysia'
import { atomically } from '../../../db/transactions.ts'
import { cached } from '../../cached.ts'
import type { App } from '../../context.ts'
import { type FieldError, invalid, refuse, refuseImport } from '../../errors.ts'
import { isAhead, tooFarAhead } from '../../platform/clock.ts'
import { apiRouter, signedIn } from '../../platform/http/access.ts'
import { listRoute, paged } from '../../platform/http/pagination.ts'
import { describe } from '../../platform/http/route-docs.ts'
import { dateSchema, dateTimeSchema } from '../../platform/http/shared-schemas.ts'
import { acceptQuotes, pushResult, pushResultSchema } from './accept-quotes.ts'
import {
  chainKey,
  chainOf,
  chainSchema,
  checkedChain,
  contractSchema,
  expirationsOf,
  expirationsSchema,
  maxContracts,
  storeChain,
} from './options.ts'
import {
  maxQuotes,
  type NewQuote,
  normaliseSymbol,
  parseQuote,
  quotePush,
  quoteSchema,
  quoteView,
  symbolParams,
} from './quote.ts'
import { currentQuote, listQuotes } from './quote-queries.ts'

const expiration = { ...dateSchema, description: 'The day they expire' }

export const quoteRoutes = (app: App) => {
  const { db, cache, clock } = app

  return apiRouter(app, '/api/v1/quotes', 'market')
    .post(
      '/',
      async ({ body, who }) => {
        const quotes = await parseQuotes(body.quotes, clock.now())
        const source = { now: clock.now(), by: signedIn(who).id, holdPct: app.config.holdPricePct }
        return pushResult(await acceptQuotes(db, quotes, source))
      },
      {
        // Documented here but validated by hand in slices: validating ten thousand at once would block everybody else.
        body: t.Object(
          { quotes: t.Array(t.Any({ ...quotePush }), { minItems: 1, maxItems: maxQuotes }) },
          { examples: [{ quotes: [{ symbol: 'ACME', price_cents: 21_350 }] }] },
        ),
        may: 'officer',
        detail: describe('Push quotes, up to 10,000 at once', pushResultSchema, {
          description:
            'A quote older than the known one only fills a day without a price. One that moves further than HOLD_PRICE_PCT is held until an officer answers. Each quote is accepted by itself, so it is safe to send the whole request again.',
        }),
      },
    )
    .get(
      '/',
      ({ query, request }) => {
        const symbols = query.symbols?.split(',').map(symbol => normaliseSymbol(symbol.trim()))
        return paged(query, request, page => {
          const { quotes, total } = listQuotes(db, symbols, query.q, page)
          return { quotes: quotes.map(quote => quoteView(quote, clock.now())), total }
        })
      },
      {
        may: 'reader',
        ...listRoute('Quotes by symbol', 'quotes', quoteSchema, {
          symbols: t.Optional(t.String({ maxLength: 4_000, description: 'Symbols, separated by commas' })),
          q: t.Optional(t.String({ maxLength: 20, description: 'The start of the symbol' })),
        }),
      },
    )
    .get('/:symbol', ({ params }) => currentQuote(app, normaliseSymbol(params.symbol)), {
      params: symbolParams,
      may: 'reader',
      detail: describe('The newest quote of a symbol', quoteSchema),
    })
    .get(
      '/:symbol/options',
      ({ params, query }) => {
        const symbol = normaliseSymbol(params.symbol)
        if (query.expiration === undefined) return { symbol, expirations: expirationsOf(db, symbol) }
        const day = query.expiration
        return cache.read(cached.optionsChain, [chainKey(symbol, day)], () => chainOf(db, symbol, day))
      },
      {
        params: symbolParams,
        query: t.Object({ expiration: t.Optional(expiration) }),
        may: 'reader',
        detail: describe(
          'The option chain of an expiration day; without a day, the list of days',
          t.Union([chainSchema, expirationsSchema]),
        ),
      },
    )
    .post(
      '/:symbol/options',
      async ({ params, query, body }) => {
        const symbol = normaliseSymbol(params.symbol)
        const day = query.expiration ?? body.expiration ?? invalid('expiration', 'Choose an expiration.')
        const now = clock.now()
        const asOf = body.as_of === undefined ? now : Date.parse(body.as_of)
        if (isAhead(asOf, now)) invalid('as_of', tooFarAhead)
        const contracts = checkedChain(body.chain)
        const taken = await atomically(db, tx =>
          storeChain(tx, { symbol, expiration: day, asOf, receivedAt: now, contracts }),
        )
        if (!taken) refuse('conflict', 'A newer chain is already known', { as_of: chainOf(db, symbol, day).as_of })
        return chainOf(db, symbol, day)
      },
      {
        params: symbolParams,
        query: t.Object({ expiration: t.Optional(expiration) }),
        body: t.Object(
          {
            expiration: t.Optional(expiration),
            as_of: t.Optional(dateTimeSchema),
            chain: t.Array(contractSchema, { maxItems: maxContracts }),
          },
          {
            examples: [
              {
                expiration: '2026-12-18',
                chain: [{ strike_cents: 21000, type: 'call', bid_cents: 640, ask_cents: 665, open_interest: 120 }],
              },
            ],
          },
        ),
        may: 'officer',
        detail: describe(
          'Replace the chain of options that expire on a day, which the body or the query names',
          chainSchema,
        ),
      },
    )
}

const quotesPerSlice = 1_000 // quotes checked at a time

async function parseQuotes(given: readonly unknown[], now: number): Promise<NewQuote[]> {
  const quotes: NewQuote[] = []
  const errors: FieldError[] = []
  for (const [i, one] of given.entries()) {
    if (i % quotesPerSlice === quotesPerSlice - 1) await Bun.sleep(0)
    const read = parseQuote(one, `quotes.${i}`, now)
    if (Array.isArray(read)) errors.push(...read)
    else quotes.push(read)
  }
  if (errors.length) refuseImport(errors)
  return quotes
}
