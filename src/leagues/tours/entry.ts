/** A member's team of picks, as the API shows it. */
import { type Static, t } from 'elysia'
import type { entries } from '../../../db/schema.ts'
import { rowView } from '../../platform/http/row-view.ts'
import { dateTimeSchema, idSchema, oneLine } from '../../platform/http/shared-schemas.ts'
import { maxPicks } from './pick-rules.ts'
import { type EntryScore, pickSchema } from './scoring.ts'

export type Entry = typeof entries.$inferSelect
export type NamedEntry = Entry & { username: string }

export const entrySchema = t.Object(
  {
    id: idSchema,
    league_id: idSchema,
    user_id: idSchema,
    username: t.String(),
    name: t.String(),
    picks: t.Nullable(
      t.Array(t.String(), { description: 'Player ids; null for everyone but the owner until the deadline' }),
    ),
    tiebreaker: t.Nullable(t.Integer()),
    total: t.Nullable(t.Number({ description: 'To par; null until the deadline or while unknown' })),
    tiebreak: t.Nullable(t.Number({ description: 'Tie-break for equal totals, lower first' })),
    scores: t.Nullable(t.Array(pickSchema, { description: 'The score of each pick, from the deadline on' })),
    created_at: dateTimeSchema,
    updated_at: dateTimeSchema,
  },
  { description: 'An entry' },
)

export type EntryView = Static<typeof entrySchema>

const entryName = oneLine(60)
const picks = t.Array(t.String({ minLength: 1, maxLength: 64 }), {
  maxItems: maxPicks,
  'x-error': 'Choose from the field.',
})
const tiebreaker = t.Nullable(
  t.Integer({ minimum: -99, maximum: 199, description: 'Guess of the winning total, to par' }),
)

export const newEntry = t.Object(
  {
    name: t.Optional(entryName),
    picks,
    tiebreaker: t.Optional(tiebreaker),
    user_id: t.Optional({ ...idSchema, description: 'The user to enter for; officers only' }),
  },
  { examples: [{ name: 'Ann’s aces', picks: ['10037', '10074', '10111', '10148'], tiebreaker: -12 }] },
)
export const entryChange = t.Object(
  {
    name: t.Optional(entryName),
    picks: t.Optional(picks),
    tiebreaker: t.Optional(tiebreaker),
  },
  { examples: [{ picks: ['10037', '10074', '10111', '10185'] }, { tiebreaker: -14 }] },
)

const view = rowView(entrySchema)
/** `scored` once picks are closed; until then only the owner sees the picks. */
export function entryView(entry: NamedEntry, isMine: boolean, scored: EntryScore | undefined): EntryView {
  const { picks, tiebreaker } = isMine || scored ? entry : { picks: null, tiebreaker: null }
  const { total = null, tiebreak = null, picks: scores = null } = scored ?? {}
  return view({ ...entry, picks, tiebreaker, total, tiebreak, scores })
}
