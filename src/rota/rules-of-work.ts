/** Rules of work as people write them: for everybody at a site, or for one person. */
import { type Static, t } from 'elysia'
import type { FieldError } from '../errors.ts'
import { dateSchema, oneLine } from '../platform/http/shared-schemas.ts'
import { counted } from '../platform/number-text.ts'
import { mondayOf } from './date-range.ts'
import type { Limit, PeriodLimit, SiteRules, WorkRules } from './solving/problem.ts'

export const maxWordLength = 60
export const shiftKindSchema = oneLine(maxWordLength)

const price_cents = t.Optional(
  t.Integer({
    minimum: 0,
    maximum: 10_000_000,
    description: 'The price of each unit beyond the limit; without it the rule is never broken',
  }),
)
const weeks = (otherwise: number) =>
  t.Optional(t.Integer({ minimum: 1, maximum: 52, description: `Counted over so many weeks: ${otherwise} by default` }))
const whole = (minimum: number, maximum: number) => t.Integer({ minimum, maximum })
const hours = t.Number({ minimum: 0, maximum: 8736 })

/** The default number of weeks that each rule is counted over. */
const defaultWeeks = { hours: 1, weekends: 4, kinds: 1 }

const shared = {
  counted_from: t.Optional({
    ...dateSchema,
    description: 'A Monday from which periods of several weeks are counted',
  }),
  most_hours: t.Optional(
    t.Object(
      { limit: hours, weeks: weeks(defaultWeeks.hours), price_cents },
      { examples: [{ limit: 40 }, { limit: 80, weeks: 2, price_cents: 2500 }], description: 'A unit is an hour' },
    ),
  ),
  least_days_in_row: t.Optional(
    t.Object(
      { limit: whole(1, 14), price_cents },
      { examples: [{ limit: 2 }], description: 'Days worked one after the other; a unit is a day' },
    ),
  ),
  most_days_in_row: t.Optional(t.Object({ limit: whole(1, 14), price_cents }, { examples: [{ limit: 5 }] })),
  least_days_off_in_row: t.Optional(
    t.Object(
      { limit: whole(1, 14), price_cents },
      { examples: [{ limit: 2, price_cents: 1000 }], description: 'Days off between days worked' },
    ),
  ),
  most_weekends: t.Optional(
    t.Object(
      { limit: whole(0, 52), weeks: weeks(defaultWeeks.weekends), price_cents },
      {
        examples: [{ limit: 2, weeks: 4 }],
        description: 'Weekends with work on Saturday or Sunday: the other weekends are free',
      },
    ),
  ),
  most_of_kind: t.Optional(
    t.Array(t.Object({ kind: shiftKindSchema, limit: whole(0, 366), weeks: weeks(defaultWeeks.kinds), price_cents }), {
      maxItems: 50,
      examples: [[{ kind: 'night', limit: 2 }]],
      description: 'How many shifts of one kind; a unit is a shift',
    }),
  ),
  successions: t.Optional(
    t.Array(t.Object({ kind: shiftKindSchema, next: shiftKindSchema, price_cents }), {
      maxItems: 200,
      examples: [[{ kind: 'late', next: 'early' }]],
      description: 'Which kind may not start the day after which; a unit is one time',
    }),
  ),
}

export const siteRulesSchema = t.Object(shared, {
  $id: 'SiteRules',
  description: 'The rules of a site for everybody, counted over their work there; their own rules apply too',
})

export const rulesSchema = t.Object(
  {
    ...shared,
    least_hours: t.Optional(
      t.Object(
        { limit: hours, weeks: weeks(defaultWeeks.hours), price_cents },
        {
          examples: [{ limit: 20 }, { limit: 80, weeks: 4, price_cents: 500 }],
          description: 'A unit is an hour; if only part of the weeks is planned, it applies in proportion',
        },
      ),
    ),
    rest_hours: t.Optional(
      t.Number({
        minimum: 0,
        maximum: 48,
        description: 'Between two shifts, instead of the rest required by the sites',
      }),
    ),
  },
  { $id: 'WorkRules', description: 'Rules of work of one person, each hard or with a price' },
)
export type RulesOfWork = Static<typeof rulesSchema>

/** Checks beyond the schema, reported under that name. */
export function errorsInRules(rules: RulesOfWork, path: string): FieldError[] {
  const { counted_from, least_hours, most_hours, least_days_in_row: leastRow, most_days_in_row: mostRow } = rules
  const errors: FieldError[] = []
  if (counted_from && mondayOf(counted_from) !== counted_from)
    errors.push({ path: `${path}.counted_from`, message: `Write a Monday, such as ${mondayOf(counted_from)}.` })
  const isMore = (least?: PeriodLimit, most?: PeriodLimit) =>
    least && most && (least.weeks ?? 1) === (most.weeks ?? 1) && least.limit > most.limit
  const message = 'The minimum must not be above the maximum.'
  if (isMore(least_hours, most_hours)) errors.push({ path: `${path}.least_hours.limit`, message })
  if (isMore(leastRow, mostRow)) errors.push({ path: `${path}.least_days_in_row.limit`, message })
  return errors
}

/** As solvers and the checker need them: with all defaults filled in. */
export function withDefaultWeeks<Rules extends WorkRules | SiteRules>(rules: Rules): Rules | undefined {
  if (!Object.keys(rules).length) return undefined
  const over = <Limited extends PeriodLimit>(usual: number, limit: Limited): Limited => ({ weeks: usual, ...limit })
  const { most_hours, most_weekends, most_of_kind } = rules
  const least = 'least_hours' in rules ? rules.least_hours : undefined
  return {
    ...rules,
    ...(least && { least_hours: over(defaultWeeks.hours, least) }),
    ...(most_hours && { most_hours: over(defaultWeeks.hours, most_hours) }),
    ...(most_weekends && { most_weekends: over(defaultWeeks.weekends, most_weekends) }),
    ...(most_of_kind && { most_of_kind: most_of_kind.map(one => over(defaultWeeks.kinds, one)) }),
  }
}

/** The longest period that any of these rules is counted over. */
export const longestPeriodWeeks = ({ least_hours, most_hours, most_weekends, most_of_kind = [] }: WorkRules): number =>
  Math.max(0, ...[least_hours, most_hours, most_weekends, ...most_of_kind].map(count => count?.weeks ?? 0))

const perWeeks = (weeks: number) => (weeks === 1 ? 'a week' : `in ${weeks} weeks`)

/** `At least 20 h a week`, `No early after a late`. */
export function rulesText(rules: RulesOfWork, money: (cents: number) => string): string[] {
  const { least_hours, most_hours, most_weekends, most_of_kind = [], successions = [], rest_hours } = rules
  const { least_days_in_row, most_days_in_row, least_days_off_in_row } = rules
  const priced = ({ price_cents }: Pick<Limit, 'price_cents'>, unit: string) =>
    price_cents === undefined ? '' : `, or ${money(price_cents)} for each ${unit}`
  const sentences: (string | undefined)[] = [
    least_hours &&
      `At least ${least_hours.limit} h ${perWeeks(least_hours.weeks ?? defaultWeeks.hours)}${priced(least_hours, 'hour too few')}`,
    most_hours &&
      `At most ${most_hours.limit} h ${perWeeks(most_hours.weeks ?? defaultWeeks.hours)}${priced(most_hours, 'hour more')}`,
    least_days_in_row &&
      `At least ${counted(least_days_in_row.limit, 'day')} in a row${priced(least_days_in_row, 'day too few')}`,
    most_days_in_row &&
      `At most ${counted(most_days_in_row.limit, 'day')} in a row${priced(most_days_in_row, 'day more')}`,
    least_days_off_in_row &&
      `At least ${counted(least_days_off_in_row.limit, 'day')} off in a row${priced(least_days_off_in_row, 'day too few')}`,
    most_weekends &&
      `At most ${counted(most_weekends.limit, 'weekend')} ${perWeeks(most_weekends.weeks ?? defaultWeeks.weekends)}${priced(most_weekends, 'weekend more')}`,
    ...most_of_kind.map(
      one =>
        `At most ${counted(one.limit, `${one.kind} shift`)} ${perWeeks(one.weeks ?? defaultWeeks.kinds)}${priced(one, 'shift more')}`,
    ),
    ...successions.map(one => `No ${one.next} the day after ${one.kind}${priced(one, 'time')}`),
    rest_hours === undefined ? undefined : `${rest_hours} h of rest between shifts`,
  ]
  return sentences.filter(sentence => sentence !== undefined)
}
