/** The schema of the config of a sheet league. */
import { type Static, t } from 'elysia'
import { oneLine, oneOfWords } from '../../platform/http/shared-schemas.ts'
import { announcementConfig } from '../announcements.ts'

const metricNameSchema = t.String({ minLength: 1, maxLength: 60 })
const tierConfigSchema = t.Object({
  name: oneLine(40),
  min: t.Number({ minimum: -1e15, maximum: 1e15, description: 'The lowest percent, or score, of the tier' }),
})
const optionalPower = (description: string) => t.Optional(t.Number({ minimum: 0, maximum: 1e15, description }))
const goalSchema = t.Object({
  from: optionalPower('The lowest baseline power it applies to; without it, 0'),
  to: optionalPower('It applies to powers below this; without it, to all from `from`'),
  targets: t.Record(metricNameSchema, t.Number({ exclusiveMinimum: 0, maximum: 1e15 }), {
    minProperties: 1,
    maxProperties: 20,
    description: 'What to reach in each metric, or in `score`',
    examples: [{ kill_points: 5_000_000, deads: 200_000 }],
  }),
})

export const sheetConfig = t.Object(
  {
    weights: t.Optional(
      t.Record(metricNameSchema, t.Number({ minimum: -1e9, maximum: 1e9 }), {
        maxProperties: 1_000,
        description:
          'The weight of each metric in the score. Names are read as headings are: `T4 Kills` is `kills_t4`. Without weights the score is the gain in kill points, else in power, else in the first metric',
        examples: [{ kills_t4: 10, kills_t5: 30, deads: 80 }],
      }),
    ),
    score_on: t.Optional(
      oneOfWords(['gains', 'current'], {
        description: 'Whether scores and goals count gains or current values. `gains` by default',
      }),
    ),
    classify_by: t.Optional(
      oneOfWords(['percentile', 'score', 'goal'], {
        description: 'What `min` of the tiers means: percentile (the default), score, or percent of the goal',
      }),
    ),
    tiers: t.Optional(
      t.Array(tierConfigSchema, {
        minItems: 1,
        maxItems: 20,
        description: 'Without them: elite from 90, strong 70, steady 40, reserve 10, idle below',
        examples: [
          [
            { name: 'elite', min: 90 },
            { name: 'rest', min: 0 },
          ],
        ],
      }),
    ),
    goal: t.Optional(
      t.Union([t.Number({ exclusiveMinimum: 0 }), t.Object({ per_power: t.Number({ exclusiveMinimum: 0 }) })], {
        description: 'The score everyone should reach, or the score per point of baseline power',
      }),
    ),
    goals: t.Optional(
      t.Array(goalSchema, {
        minItems: 1,
        maxItems: 20,
        description: 'What to reach, by baseline power; in place of `goal`',
      }),
    ),
    ...announcementConfig,
    sort: t.Optional(
      t.String({
        minLength: 1,
        maxLength: 60,
        description: 'The default sort column of the board, as in `sort_by`',
        examples: ['deads.gain'],
      }),
    ),
    columns: t.Optional(
      t.Array(t.String({ minLength: 1, maxLength: 80 }), {
        minItems: 1,
        maxItems: 100,
        description:
          'The columns of the board that readers see, in this order: `score`, `tier`, `label:alliance`, a metric, `deads.gain`, `goal_pct`. All by default',
        examples: [['score', 'label:alliance', 'kill_points.gain', 'deads.gain']],
      }),
    ),
    public: t.Optional(t.Boolean({ description: 'false: only members and officers see it' })),
    auto_finalize: t.Optional(t.Boolean({ description: 'Freeze the board at `ends_at`' })),
  },
  {
    examples: [
      {
        weights: { kills_t4: 10, kills_t5: 30, deads: 80 },
        classify_by: 'goal',
        tiers: [
          { name: 'met', min: 100 },
          { name: 'half', min: 50 },
          { name: 'below', min: 0 },
        ],
        goals: [
          { to: 50_000_000, targets: { kill_points: 5_000_000, deads: 100_000 } },
          { from: 50_000_000, targets: { kill_points: 20_000_000, deads: 400_000 } },
        ],
        sort: 'goal_pct',
      },
    ],
  },
)
export type SheetConfig = Static<typeof sheetConfig>
