/** The people who can be planned: skills, certificates, absences, wishes. */

import { type Static, t } from 'elysia'
import { type FieldError, refuse } from '../errors.ts'
import { iso } from '../platform/clock.ts'
import { dateSchema, dateTimeSchema, idSchema, oneLine } from '../platform/http/shared-schemas.ts'
import { errorsInRules, maxWordLength, rulesSchema } from './rules-of-work.ts'
import { timeOfDaySchema } from './shift.ts'

const word = oneLine(maxWordLength)
const moment = {
  ...dateTimeSchema,
  description: 'A date, or a time with an offset',
  'x-error': 'Write a day such as 2026-03-30, or a time such as 2026-03-30T12:00:00Z, from 1970 to 2100.',
}

export const wishSchema = t.Object({
  want: t.Union([t.Literal('prefer'), t.Literal('avoid')]),
  site_id: t.Optional(idSchema),
  weekday: t.Optional(t.Integer({ minimum: 1, maximum: 7, description: '1 Monday to 7 Sunday' })),
  date: t.Optional(dateSchema),
  from: t.Optional(timeOfDaySchema),
  to: t.Optional(timeOfDaySchema),
  weight: t.Optional(
    t.Number({
      minimum: 0.1,
      maximum: 100,
      description: 'How much it counts compared with other wishes: 1 by default',
    }),
  ),
})

export const requestFields = {
  want: t.Union([t.Literal('on'), t.Literal('off')]),
  price_cents: t.Integer({ minimum: 0, maximum: 10_000_000, description: 'The cost of not following it' }),
}
const requestSchema = t.Object(
  { shift_id: idSchema, ...requestFields },
  { examples: [{ shift_id: 7, want: 'off', price_cents: 1500 }] },
)

export const newPerson = t.Object({
  name: oneLine(80),
  skills: t.Optional(t.Array(word, { maxItems: 50 })),
  max_hours_week: t.Optional(t.Number({ minimum: 0, maximum: 168, description: '40 by default' })),
  hourly_cents: t.Optional(t.Integer({ minimum: 0, maximum: 10_000_000, description: '0 by default' })),
  certifications: t.Optional(t.Array(t.Object({ name: word, expires_on: dateSchema }), { maxItems: 100 })),
  unavailable: t.Optional(
    t.Array(t.Object({ from: moment, to: moment }), {
      maxItems: 500,
      description: 'Two dates, both included, or two times, the second excluded; approved leave is apart from these',
    }),
  ),
  preferences: t.Optional(
    t.Array(wishSchema, { maxItems: 100, examples: [[{ want: 'avoid', weekday: 7, weight: 3 }]] }),
  ),
  rules: t.Optional(rulesSchema),
  requests: t.Optional(
    t.Array(requestSchema, { maxItems: 1000, description: 'Single shifts they want or do not want' }),
  ),
  active: t.Optional(t.Boolean({ description: 'Inactive people are not planned, but kept' })),
  account: t.Optional(
    t.Nullable(t.String({ maxLength: 40, description: 'Name of the account whose shifts these are' })),
  ),
})
export const personChange = t.Partial(newPerson)
export type PersonChange = Static<typeof personChange>

export const personDefaults = {
  skills: [],
  max_hours_week: 40,
  hourly_cents: 0,
  certifications: [],
  unavailable: [],
  preferences: [],
  rules: {},
  active: true,
  account: null,
}

export const personSchema = t.Object(
  {
    id: idSchema,
    name: t.String(),
    skills: t.Array(t.String()),
    max_hours_week: t.Number(),
    hourly_cents: t.Integer(),
    certifications: t.Array(t.Object({ name: t.String(), expires_on: dateSchema })),
    unavailable: t.Array(t.Object({ from: t.String(), to: t.String() })),
    leave: t.Array(t.Object({ from: dateSchema, to: dateSchema }), {
      description: 'Approved leave: absences too, which only declining or withdrawing it ends',
    }),
    preferences: t.Array(wishSchema),
    rules: rulesSchema,
    requests: t.Array(requestSchema),
    active: t.Boolean(),
    user_id: t.Nullable({ ...idSchema, description: 'The account whose shifts these are' }),
    account: t.Nullable(t.String({ description: 'Its name' })),
    created_at: dateTimeSchema,
  },
  { $id: 'Staff' },
)
export type PersonView = Static<typeof personSchema>

/** Entered by officers, and approved leave. */
export const absencesOf = ({ unavailable, leave }: Pick<PersonView, 'unavailable' | 'leave'>) => [
  ...unavailable,
  ...leave,
]

/** Checks beyond the schema. Returns the person normalised: words trimmed, times in UTC, no duplicates. */
export function normalisePerson(given: PersonChange): PersonChange {
  const errors: FieldError[] = []
  const wrong = (path: string, message: string) => void errors.push({ path, message })
  const tidy: PersonChange = { ...given }
  if (given.name) tidy.name = given.name.trim()
  if (given.skills) tidy.skills = [...new Set(given.skills.map(skill => skill.trim()))]
  if (given.certifications) {
    const certificates = new Map<string, { name: string; expires_on: string }>()
    for (const { name, expires_on } of given.certifications)
      certificates.set(`${name.trim()}\0${expires_on}`, { name: name.trim(), expires_on })
    tidy.certifications = [...certificates.values()]
  }
  if (given.unavailable)
    tidy.unavailable = given.unavailable.map(({ from, to }, i) => {
      const [begin, end] = [normaliseMoment(from), normaliseMoment(to)]
      if (isDate(from) === isDate(to) ? begin > end : begin.slice(0, 10) > end.slice(0, 10))
        wrong(`unavailable.${i}.to`, 'The end must not be before the start.')
      return { from: begin, to: end }
    })
  for (const [i, { want: _, weight: __, ...about }] of (given.preferences ?? []).entries()) {
    if (Object.keys(about).length === 0)
      wrong(`preferences.${i}.want`, 'Say of which shifts: choose a day, a site, a date or times.')
    if ((about.from === undefined) !== (about.to === undefined))
      wrong(`preferences.${i}.${about.from ? 'to' : 'from'}`, 'Give both a start and an end, or none.')
  }
  if (given.rules) errors.push(...errorsInRules(given.rules, 'rules'))
  if (given.requests) tidy.requests = [...new Map(given.requests.map(one => [one.shift_id, one])).values()]
  if (errors.length) refuse('invalid', errors[0]?.message ?? '', { errors })
  return tidy
}

const isDate = (text: string) => text.length === 10
const normaliseMoment = (text: string) => (isDate(text) ? text : iso(Date.parse(text)))
