/** Corrections by officers: a wrong price, a split, a dividend. */
import { t } from 'elysia'
import type { App } from '../../../context.ts'
import { apiRouter, signedIn } from '../../../platform/http/access.ts'
import { listRoute, paged } from '../../../platform/http/pagination.ts'
import type { Who } from '../../../platform/http/request-context.ts'
import { createRoute } from '../../../platform/http/route-docs.ts'
import { idSchema, oneLine } from '../../../platform/http/shared-schemas.ts'
import { maxPriceCents } from '../order.ts'
import { normaliseSymbol, symbolSchema } from '../quote.ts'
import { correctSymbol, type SymbolCorrection } from './correct-symbol.ts'
import { maxSplitPart } from './splits-and-dividends.ts'
import { listActions, type SymbolActionView, symbolActionSchema, symbolActionView } from './symbol-action.ts'

const reason = t.Optional(oneLine(200))
const part = t.Integer({ minimum: 1, maximum: maxSplitPart })
const symbolBodySchema = t.Object({ symbol: symbolSchema })

export const correctionRoutes = (app: App) => {
  const { db, config, bulkWriter } = app

  async function correct(
    given: string,
    who: Who,
    reason: string | undefined,
    correction: SymbolCorrection,
  ): Promise<SymbolActionView> {
    const asked = { symbol: normaliseSymbol(given), correction, reason, who }
    const action = await bulkWriter.write(correctSymbol, { ...asked, holdPct: config.holdPricePct })
    return symbolActionView(action, { username: who.id === null ? null : who.username, undone: false })
  }

  return apiRouter(app, '/api/v1/quotes/:symbol', 'market')
    .get(
      '/actions',
      ({ params, query, request, who }) =>
        paged(query, request, page => listActions(db, normaliseSymbol(params.symbol), page, who)),
      {
        params: symbolBodySchema,
        may: 'reader',
        ...listRoute(
          'Corrections of a symbol: wrong prices taken back, splits and dividends, newest first',
          'actions',
          symbolActionSchema,
        ),
      },
    )
    .post(
      '/prices/:price_id/void',
      ({ params, body, who }) =>
        correct(params.symbol, signedIn(who), body?.reason, { kind: 'void', priceId: params.price_id }),
      {
        params: t.Object({ symbol: symbolSchema, price_id: idSchema }),
        body: t.Optional(t.Object({ reason }, { examples: [{ reason: 'The decimal point was in the wrong place' }] })),
        may: 'officer',
        ...createRoute('Take a wrong price back and undo the trades made at it', symbolActionSchema, {
          description:
            'Each trade gets a line in the ledger that undoes it, even after later trades: cash or a holding may end below 0. Trades in final leagues stay until those are reopened. If it is the newest price, the one before it counts again.',
        }),
      },
    )
    .post(
      '/splits',
      ({ params, body: { to, from, reason }, who }) =>
        correct(params.symbol, signedIn(who), reason, { kind: 'split', to, from }),
      {
        params: symbolBodySchema,
        body: t.Object({ to: part, from: part, reason }, { examples: [{ to: 2, from: 1 }] }),
        may: 'officer',
        ...createRoute('Split a symbol, in every league that is not final', symbolActionSchema, {
          description:
            'The price and its history are restated. Fractions of a share are paid out. The same split is accepted once a day, unless it was turned back.',
        }),
      },
    )
    .post(
      '/dividends',
      ({ params, body: { per_share_cents, reason }, who }) =>
        correct(params.symbol, signedIn(who), reason, { kind: 'dividend', perShareCents: per_share_cents }),
      {
        params: symbolBodySchema,
        body: t.Object(
          { per_share_cents: t.Integer({ minimum: 1, maximum: maxPriceCents }), reason },
          { examples: [{ per_share_cents: 25, reason: 'First quarter' }] },
        ),
        may: 'officer',
        ...createRoute(
          'Pay a dividend to everyone who holds a symbol, in every league that is not final',
          symbolActionSchema,
          { description: 'Members who are short pay it. The same dividend is accepted once a day.' },
        ),
      },
    )
    .post(
      '/actions/:action_id/undo',
      ({ params, body, who }) =>
        correct(params.symbol, signedIn(who), body?.reason, { kind: 'undo', actionId: params.action_id }),
      {
        params: t.Object({ symbol: symbolSchema, action_id: idSchema }),
        body: t.Optional(t.Object({ reason }, { examples: [{ reason: 'It was 0.25' }] })),
        may: 'officer',
        ...createRoute('Take back a dividend that was entered wrongly', symbolActionSchema, {
          description: 'Lines in the ledger pay it back. To undo a split, enter the opposite one.',
        }),
      },
    )
}
