/** Rows, players and tiers of a board as the API documents them; the types of `kinds.ts` come from here. */
import { t } from 'elysia'
import {
  dateTime,
  dateTimeSchema,
  idSchema,
  nullableDateTime,
  nullableNumber,
  oneOfWords,
} from '../platform/http/shared-schemas.ts'

export const headingsSchema = t.Optional(
  t.Record(t.String(), t.String(), {
    description:
      'How the sheets head columns whose name in plain words is another, by metric or `label:` and the label: `{"k_d_pct": "K/D %"}`',
  }),
)
export const exportedHeadings = t.Optional(
  oneOfWords(['keys', 'sheet', ''], { description: '`sheet`: as the sheets head the columns. `keys` by default' }),
)
const valuesSchema = t.Record(t.String(), nullableNumber)
const markSchema = t.Object(
  {
    reason: t.String({ description: 'farm, vacation or other' }),
    farm_of: t.Nullable(t.Object({ player_id: t.String(), name: t.String() }), {
      description: 'The player whose second account this is',
    }),
    note: t.Nullable(t.String()),
    counted: t.Boolean({ description: 'false: has no rank and counts in no total' }),
  },
  { description: 'A mark that officers set on a player' },
)
export const rowSchema = t.Object({
  rank: t.Nullable(
    t.Integer({
      description:
        'Players without a value to be ranked by share the last rank. Null if nobody has one, and for a player who does not count',
    }),
  ),
  change: t.Nullable(t.Integer({ description: 'Positive for a climb; null for a newcomer' })),
  player_id: t.String(),
  name: t.String(),
  score: nullableNumber,
  tier: t.Optional(t.Nullable(t.String())),
  labels: t.Optional(
    t.Record(t.String(), t.Nullable(t.String()), { description: 'Text columns, such as the alliance' }),
  ),
  mark: t.Optional(t.Nullable(markSchema)),
  metrics: valuesSchema,
  gains: t.Optional(valuesSchema),
  goal_pct: t.Optional(
    t.Nullable(t.Number({ description: 'How much of the goal is reached, in percent: the lowest of `goals`' })),
  ),
  goals: t.Optional(
    t.Record(t.String(), nullableNumber, { description: 'How much of each target is reached, in percent' }),
  ),
})
/** What every kind knows about a player, and what only tour entries have. */
export const playerSchema = t.Object(
  {
    player_id: t.String(),
    name: t.String(),
    rank: t.Nullable(t.Integer()),
    change: t.Nullable(t.Integer()),
    score: nullableNumber,
    percentile: t.Optional(nullableNumber),
    tier: t.Optional(t.Nullable(t.String())),
    mark: t.Optional(t.Nullable(markSchema)),
    metrics: t.Record(t.String(), t.Unknown()),
    headings: headingsSchema,
    history: t.Array(t.Unknown()),
    as_of: nullableDateTime,
    labels: t.Optional(t.Record(t.String(), t.Nullable(t.String()))),
    goal_pct: rowSchema.properties.goal_pct,
    goals: rowSchema.properties.goals,
    last_seen: t.Optional(dateTime({ description: 'If missing from the newest scan: when they were last in one' })),
    user_id: t.Optional({ ...idSchema, description: 'Tour leagues: the owner of the entry' }),
    username: t.Optional(t.String()),
    tiebreaker: t.Optional(t.Nullable(t.Integer())),
    picks: t.Optional(
      t.Nullable(t.Array(t.Unknown(), { description: 'Tour leagues: the picks, once they are closed' })),
    ),
  },
  { description: 'Everything known about a player' },
)
/** A player who is no longer on the board, and when they last were. */
export const missingPlayerSchema = t.Object({ player_id: t.String(), name: t.String(), last_seen: dateTimeSchema })
export const maxMissing = 20 // of these in one answer
export const tierSchema = t.Object({
  name: t.String(),
  min: nullableNumber,
  players: t.Integer(),
  from: nullableNumber,
  to: nullableNumber,
  rows: t.Array(rowSchema),
})
