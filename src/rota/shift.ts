import { type Static, t } from 'elysia'
import type { shifts } from '../../db/schema.ts'
import { invalid } from '../errors.ts'
import { firstYear, hour, isInCalendar, lastYear } from '../platform/clock.ts'
import { rowView } from '../platform/http/row-view.ts'
import { dateSchema, dateTimeSchema, idSchema, oneLine } from '../platform/http/shared-schemas.ts'
import { counted } from '../platform/number-text.ts'
import { rangeFields } from './date-range.ts'
import { maxWordLength, shiftKindSchema } from './rules-of-work.ts'

export type Shift = typeof shifts.$inferSelect

const word = t.Nullable(oneLine(maxWordLength))
export const askedSkillSchema = t.String({
  maxLength: maxWordLength,
  description: 'Only shifts that ask for this skill, be it beside another',
})
export const timeOfDaySchema = t.String({
  pattern: '^([01]\\d|2[0-3]):[0-5]\\d$',
  'x-error': 'Write a time of day such as 09:30.',
  description: 'In the site’s local time, such as 09:30',
})
const headcount = t.Integer({ minimum: 0, maximum: 500, description: '1 by default' })
const cents = t.Nullable(t.Integer({ minimum: 0, maximum: 10_000_000 }))
const siteId = idSchema

/** What a shift needs, however it is made. */
const needFields = {
  skill: t.Optional(word),
  skills: t.Optional(
    t.Nullable(
      t.Array(oneLine(maxWordLength), {
        maxItems: 20,
        description: 'More skills: everybody on the shift needs all of them',
        examples: [['first aid', 'english']],
      }),
    ),
  ),
  certification: t.Optional(word),
  headcount: t.Optional(headcount),
  kind: t.Optional(
    t.Nullable({
      ...shiftKindSchema,
      description: 'As in the rules of work: early, late, night',
      examples: ['night'],
    }),
  ),
  under_cents: t.Optional({
    ...cents,
    description:
      'The price of each missing person; without it a missing person counts as an open place, which outweighs all cost',
  }),
  most: t.Optional(
    t.Nullable(
      t.Integer({ minimum: 1, maximum: 500, description: 'The largest number of people: the headcount by default' }),
    ),
  ),
  over_cents: t.Optional({ ...cents, description: 'The price of each person beyond the headcount' }),
}

export const shiftDefaults = {
  skill: null,
  skills: [],
  certification: null,
  headcount: 1,
  kind: null,
  under_cents: null,
  most: null,
  over_cents: null,
}

export const newShift = t.Object({ site_id: siteId, starts_at: dateTimeSchema, ends_at: dateTimeSchema, ...needFields })
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
  from: timeOfDaySchema,
  to: timeOfDaySchema,
  ...needFields,
})

export const copySchema = t.Object({
  from: dateSchema,
  to: dateSchema,
  weeks: t.Integer({ minimum: 1, maximum: 104, description: 'How many weeks later' }),
  site_ids: rangeFields.site_ids,
})

export const shiftSchema = t.Object(
  {
    id: idSchema,
    site_id: idSchema,
    date: { ...dateSchema, description: 'Of its start, in the site’s time zone' },
    starts_at: dateTimeSchema,
    ends_at: dateTimeSchema,
    skill: t.Nullable(t.String()),
    skills: t.Array(t.String()),
    certification: t.Nullable(t.String()),
    headcount: t.Integer(),
    kind: t.Nullable(t.String()),
    under_cents: t.Nullable(t.Integer()),
    most: t.Nullable(t.Integer()),
    over_cents: t.Nullable(t.Integer()),
  },
  { $id: 'Shift' },
)
type ShiftView = Static<typeof shiftSchema>
export type NewShift = Omit<ShiftView, 'id' | 'date'>

const viewOf = rowView(shiftSchema)
export const shiftView = (shift: Shift): ShiftView => viewOf({ ...shift, date: shift.day })

export function asNewShift(shift: Shift): NewShift {
  const { id: _, date, ...copy } = shiftView(shift)
  return copy
}

export const maxHours = 48 // hours

type ShiftTimes = Pick<NewShift, 'starts_at' | 'ends_at'>

export const hoursOf = ({ starts_at, ends_at }: ShiftTimes): number =>
  (Date.parse(ends_at) - Date.parse(starts_at)) / hour

/** Twenty minutes are 0.33. */
export const hundredths = (hours: number): number => Math.round(100 * hours) / 100

export function checkShift(shift: NewShift): void {
  checkHeadcount(shift)
  const message = lengthError(shift)
  if (message) invalid('ends_at', message)
}

export function lengthError(times: ShiftTimes): string | undefined {
  const hours = hoursOf(times)
  if (hours <= 0) return 'The end must be after the start.'
  if (hours > maxHours) return `This is ${Math.round(hours)} hours after the start; at most ${maxHours} are allowed.`
}

export function checkHeadcount({ headcount, most }: Pick<NewShift, 'headcount' | 'most'>): void {
  if (most !== null && most < headcount) invalid('most', `This must be at least the headcount of ${headcount}.`)
  if (!headcount && !most) invalid('headcount', 'With a headcount of 0, set how many people are allowed.')
}

/** For shifts that are made from local days, at their edge. `field` asked for them. */
export function checkCalendar(shifts: readonly NewShift[], field: string): void {
  if (!shifts.every(isShiftInCalendar))
    invalid(field, `Some of these shifts would be before ${firstYear} or after ${lastYear}.`)
}

export const isShiftInCalendar = ({ starts_at, ends_at }: ShiftTimes): boolean =>
  isInCalendar(Date.parse(starts_at)) && isInCalendar(Date.parse(ends_at))

export const peopleAre = (count: number): string => counted(count, 'person is', 'people are')

export const localDate = (at: number, timezone: string): string =>
  Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(timezone).toPlainDate().toString()
