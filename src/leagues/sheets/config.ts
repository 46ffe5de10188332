/** The config of a sheet league: checked once, at the edge. */
import { Value } from '@sinclair/typebox/value'
import { type Static, t } from 'elysia'
import type { App } from '../../context.ts'
import { type FieldError, refuse } from '../../errors.ts'
import { fieldErrors } from '../../platform/http/field-errors.ts'
import { checkUrlField } from '../../platform/http/outgoing.ts'
import { oneLine } from '../../platform/http/text-formats.ts'
import type { League } from '../league.ts'
import type { BoardConfig } from './scoring.ts'

const tier = t.Object({ name: oneLine(40), min: t.Number({ minimum: -1e15, maximum: 1e15 }) })

export const sheetConfig = t.Object({
  weights: t.Optional(
    t.Record(t.String({ minLength: 1, maxLength: 60 }), t.Number({ minimum: -1e9, maximum: 1e9 }), {
      maxProperties: 1_000,
    }),
  ),
  score_on: t.Optional(t.Union([t.Literal('gains'), t.Literal('current')])),
  classify_by: t.Optional(t.Union([t.Literal('percentile'), t.Literal('score'), t.Literal('goal')])),
  tiers: t.Optional(t.Array(tier, { minItems: 1, maxItems: 20 })),
  goal: t.Optional(
    t.Union([t.Number({ exclusiveMinimum: 0 }), t.Object({ per_power: t.Number({ exclusiveMinimum: 0 }) })]),
  ),
  webhook_url: t.Optional(t.Union([t.Null(), t.String({ pattern: '^https?://', maxLength: 2000 })])),
  sort: t.Optional(t.String({ minLength: 1, maxLength: 60 })),
  public: t.Optional(t.Boolean()),
  auto_finalize: t.Optional(t.Boolean()),
})
export type SheetConfig = Static<typeof sheetConfig>

export function checkedSheetConfig(
  given: Record<string, unknown>,
  { config }: App,
  league?: League,
): Record<string, unknown> {
  const errors = fieldErrors(Value.Errors(sheetConfig, given), 'config')
  if (given.classify_by === 'goal' && given.goal === undefined)
    errors.push({ path: 'config.goal', message: 'is needed to classify by goal' })
  if (!errors.length) errors.push(...sameNames((given as SheetConfig).tiers ?? []))
  if (errors.length) refuse('invalid', 'The config does not fit a sheet league', { errors })
  const { webhook_url } = given as SheetConfig
  if (webhook_url && webhook_url !== league?.config.webhook_url)
    checkUrlField('config.webhook_url', 'webhook', webhook_url, config.allowPrivateFeeds)
  return Value.Clean(sheetConfig, structuredClone(given)) as Record<string, unknown>
}

const sameNames = (tiers: { name: string }[]): FieldError[] =>
  tiers.flatMap(({ name }, i) =>
    tiers.findIndex(other => other.name === name) < i
      ? [{ path: `config.tiers.${i}.name`, message: `${name} is the name of another tier` }]
      : [],
  )

/** What of it decides the board. */
export const boardConfigOf = ({ config }: Pick<League, 'config'>): BoardConfig => config as SheetConfig
