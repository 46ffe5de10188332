import { type Static, t } from 'elysia'
import type { shifts } from '../../db/schema.ts'
import { invalid } from '../errors.ts'
import { hour, iso } from '../platform/clock.ts'
import { idSchema } from '../platform/http/shared-schemas.ts'
import { dateSchema, dateTimeSchema, oneLine } from '../platform/http/text-formats.ts'
import type { NewShift } from './make-shifts.ts'

export type Shift = typeof shifts.$inferSelect

export const longestWord = 60
const word = t.Nullable(oneLine(longestWord))
const clock = t.String({
  pattern: '^([01]\\d|2[0-3]):[0-5]\\d$',
  'x-error': 'Write a time of day such as 09:30.',
  description: 'On the site’s wall, such as 09:30',
})
const headcount = t.Integer({ minimum: 1, maximum: 500, description: '1, unless told' })
const siteId = idSchema

export const newShift = t.Object({
  site_id: siteId,
  starts_at: dateTimeSchema,
  ends_at: dateTimeSchema,
  skill: t.Optional(word),
  certification: t.Optional(word),
  headcount: t.Optional(headcount),
})
export const shiftChange = t.Partial(newShift)

export const patternSchema = t.Object({
  site_id: siteId,
  start_date: dateSchema,
  end_date: dateSchema,
  weekdays: t.Array(t.Integer({ minimum: 1, maximum: 7 }), {
    minItems: 1,
    maxItems: 7,
    description: '1 Monday to 7 Sunday',
  }),
  from: clock,
  to: clock,
  skill: t.Optional(word),
  certification: t.Optional(word),
  headcount: t.Optional(headcount),
})

export const copySchema = t.Object({
  from: dateSchema,
  to: dateSchema,
  weeks: t.Integer({ minimum: 1, maximum: 104, description: 'How many weeks later' }),
  site_ids: t.Optional(t.Array(siteId, { maxItems: 500 })),
})

export const shiftSchema = t.Object(
  {
    id: t.Integer(),
    site_id: t.Integer(),
    date: t.String({ description: 'Of its start, on the site’s wall' }),
    starts_at: dateTimeSchema,
    ends_at: dateTimeSchema,
    skill: t.Nullable(t.String()),
    certification: t.Nullable(t.String()),
    headcount: t.Integer(),
  },
  { $id: 'Shift' },
)
export type ShiftView = Static<typeof shiftSchema>

export const shiftView = (shift: Shift): ShiftView => ({
  id: shift.id,
  site_id: shift.siteId,
  date: shift.day,
  starts_at: iso(shift.startsAt),
  ends_at: iso(shift.endsAt),
  skill: shift.skill,
  certification: shift.certification,
  headcount: shift.headcount,
})

const longest = 48 // hours

export function checkTimes({ starts_at, ends_at }: Pick<NewShift, 'starts_at' | 'ends_at'>): void {
  const hours = (Date.parse(ends_at) - Date.parse(starts_at)) / hour
  const message =
    hours <= 0
      ? 'The end must be after the start.'
      : hours > longest && `This is ${Math.round(hours)} hours after the start; ${longest} are the most.`
  if (!message) return
  invalid('ends_at', message)
}

/** The day on the site's wall. */
export const dayAt = (at: number, timezone: string): string =>
  Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(timezone).toPlainDate().toString()
