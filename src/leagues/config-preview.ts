/** What a changed config would do to a board, shown before it is saved. */
import { type Static, t } from 'elysia'
import { nullableNumber } from '../platform/http/shared-schemas.ts'

const nullableText = t.Nullable(t.String())
const nullableRank = t.Nullable(t.Integer())

const movedPlayerSchema = t.Object({
  player_id: t.String(),
  name: t.String(),
  rank_before: nullableRank,
  rank: nullableRank,
  move: t.Integer({ description: 'Places; positive for a climb' }),
  score_before: nullableNumber,
  score: nullableNumber,
  tier_before: nullableText,
  tier: nullableText,
})

export const configPreviewSchema = t.Object(
  {
    players: t.Integer({ description: 'Players on the board' }),
    moved: t.Integer({ description: 'Players whose rank would change' }),
    sort_by_before: t.String(),
    sort_by: t.String({ description: 'The column that players are ranked by' }),
    up: t.Array(movedPlayerSchema, { description: 'The players who would climb furthest' }),
    down: t.Array(movedPlayerSchema, { description: 'The players who would fall furthest' }),
    tiers_changed: t.Integer({ description: 'Players who would change tier' }),
    tiers: t.Array(t.Object({ from: nullableText, to: nullableText, players: t.Integer() }), {
      description: 'From which tier to which; null is none',
    }),
    notes: t.Array(t.String(), { description: 'Why the score would be incomplete' }),
  },
  {
    description: 'How a changed config would move players',
    examples: [
      {
        players: 640,
        moved: 512,
        sort_by_before: 'score',
        sort_by: 'score',
        up: [
          {
            player_id: '40007919',
            name: 'IronFox',
            rank_before: 90,
            rank: 12,
            move: 78,
            score_before: 51000,
            score: 930000,
            tier_before: 'steady',
            tier: 'elite',
          },
        ],
        down: [],
        tiers_changed: 88,
        tiers: [{ from: 'steady', to: 'strong', players: 31 }],
        notes: [],
      },
    ],
  },
)
export type ConfigPreview = Static<typeof configPreviewSchema>
