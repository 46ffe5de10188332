/** The config of a market league: validated and completed once, at the edge. */

import { type Static, Type as t } from '@sinclair/typebox' // strict: Elysia's own take numbers as text too
import { Value } from '@sinclair/typebox/value'
import type { App } from '../../context.ts'
import { refuseAny } from '../../platform/http/field-errors.ts'
import { announcementConfig, checkWebhook } from '../announcements.ts'
import { configErrors } from '../config-errors.ts'
import type { League } from '../league.ts'

const cents = (most: number) => t.Integer({ minimum: 0, maximum: most })

export const marketConfig = t.Object(
  {
    starting_cash_cents: t.Integer({
      minimum: 1,
      maximum: 1e13,
      default: 10_000_000,
      description: 'The cash that everyone starts with',
    }),
    fee_cents: t.Integer({ ...cents(1e9), default: 0, description: 'Per trade' }),
    max_position_pct: t.Number({
      exclusiveMinimum: 0,
      maximum: 100,
      default: 100,
      description: 'In percent of the total value',
    }),
    quote_max_age_s: t.Integer({
      minimum: 1,
      maximum: 31_536_000,
      default: 86_400,
      description: 'Seconds; orders at older prices are refused',
    }),
    allow_short: t.Boolean({ default: false, description: 'Whether members may sell more than they hold' }),
    ...announcementConfig,
    sort: t.Optional(t.String({ minLength: 1, maxLength: 60 })),
    public: t.Optional(t.Boolean({ description: 'false: only members and officers see it' })),
    auto_finalize: t.Optional(t.Boolean({ description: 'Freeze the board at `ends_at`' })),
  },
  { examples: [{ starting_cash_cents: 10_000_000, fee_cents: 500, max_position_pct: 25, allow_short: false }] },
)
export type MarketConfig = Static<typeof marketConfig>
/** The rules an order is validated against. */
export type MarketRules = Pick<MarketConfig, 'fee_cents' | 'max_position_pct' | 'quote_max_age_s' | 'allow_short'>

export function checkedMarketConfig(
  given: Record<string, unknown>,
  app: Pick<App, 'config'>,
  league?: League,
): Record<string, unknown> {
  const chosen = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== null)) // an emptied field goes back to its default
  const config = Value.Default(marketConfig, structuredClone(chosen))
  refuseAny(configErrors(marketConfig, config))
  checkWebhook(chosen, app, league)
  return config as MarketConfig
}

export const marketConfigOf = ({ config }: Pick<League, 'config'>): MarketConfig => config as MarketConfig
