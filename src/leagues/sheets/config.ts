/** The config of a sheet league: checked once, at the edge. */
import { type Static, t } from 'elysia'
import type { App } from '../../context.ts'
import { type FieldError, refuse } from '../../errors.ts'
import { gainColumn, metricOfGain } from '../../leaderboard/page.ts'
import { checkUrlField } from '../../platform/http/outgoing.ts'
import { oneLine } from '../../platform/http/text-formats.ts'
import { configErrors } from '../config-errors.ts'
import type { League } from '../league.ts'
import { MetricNames, seenMetrics } from './metric-names.ts'
import { published } from './queries.ts'
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
  webhook_url: t.Optional(
    t.Union([
      t.Null(),
      t.String({
        pattern: '^https?://',
        maxLength: 2000,
        'x-error': 'Write an address that begins with https:// or http://.',
      }),
    ]),
  ),
  sort: t.Optional(t.String({ minLength: 1, maxLength: 60 })),
  public: t.Optional(t.Boolean()),
  auto_finalize: t.Optional(t.Boolean()),
})
export type SheetConfig = Static<typeof sheetConfig>

export function checkedSheetConfig(
  given: Record<string, unknown>,
  app: Pick<App, 'db' | 'sheets' | 'config'>,
  league?: League,
): Record<string, unknown> {
  const errors = configErrors(sheetConfig, given)
  if (given.classify_by === 'goal' && given.goal === undefined)
    errors.push({ path: 'config.goal', message: 'Set a goal to classify by it.' })
  const config = given as SheetConfig
  if (!errors.length) errors.push(...sameNames(config.tiers ?? []))
  refuseAny(errors)
  const seen = league ? seenMetrics(app.sheets.boards.scores, published(app.db, league.id)) : []
  const names = new MetricNames(seen, league ? metricsNamedIn(league.config) : [])
  const named = {
    ...config,
    ...(config.weights && { weights: namedWeights(config.weights, names) }),
    ...(config.sort && config.sort !== 'score' && { sort: namedSort(config.sort, names) }),
  }
  refuseAny(names.errors)
  if (config.webhook_url && config.webhook_url !== league?.config.webhook_url)
    checkUrlField('config.webhook_url', 'webhook', config.webhook_url, app.config.allowPrivateFeeds)
  return named
}

function refuseAny(errors: FieldError[]): void {
  if (errors.length) refuse('invalid', 'The config does not fit a sheet league', { errors })
}

const metricsNamedIn = ({ weights, sort }: SheetConfig): string[] => [
  ...Object.keys(weights ?? {}),
  ...(sort ? [metricOfGain(sort) ?? sort] : []),
]

/** A metric, or `deads.gain`. */
function namedSort(given: string, names: MetricNames): string {
  const gained = metricOfGain(given)
  const metric = names.read(gained ?? given, 'config.sort')
  return gained === undefined ? metric : gainColumn(metric)
}

function namedWeights(weights: Record<string, number>, names: MetricNames): Record<string, number> {
  const named: Record<string, number> = {}
  for (const [given, weight] of Object.entries(weights)) {
    const path = `config.weights.${given}`
    const name = names.read(given, path)
    if (Object.hasOwn(named, name)) names.errors.push({ path, message: `This is ${name}, which has a weight already.` })
    else named[name] = weight
  }
  return named
}

const sameNames = (tiers: { name: string }[]): FieldError[] =>
  tiers.flatMap(({ name }, i) =>
    tiers.findIndex(other => other.name === name) < i
      ? [{ path: `config.tiers.${i}.name`, message: `${name} is the name of another tier.` }]
      : [],
  )

/** What of it decides the board. */
export const boardConfigOf = ({ config }: Pick<League, 'config'>): BoardConfig => config as SheetConfig
