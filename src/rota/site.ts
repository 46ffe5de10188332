import { type Static, t } from 'elysia'
import { type sites, swapRules } from '../../db/schema.ts'
import { invalid, refuse } from '../errors.ts'
import { rowView } from '../platform/http/row-view.ts'
import { dateTimeSchema, idSchema, oneLine, oneOfWords } from '../platform/http/shared-schemas.ts'
import { errorsInRules, siteRulesSchema } from './rules-of-work.ts'

export type Site = typeof sites.$inferSelect

const swapsSchema = oneOfWords(swapRules, {
  description: 'Who approves a swap: an officer, or the rules of work alone; an exchange always waits for an officer',
})

export const siteSchema = t.Object(
  {
    id: idSchema,
    name: t.String(),
    timezone: t.String({ description: 'An IANA zone, such as Europe/Berlin' }),
    swaps: swapsSchema,
    rest_hours: t.Number(),
    rules: siteRulesSchema,
    created_at: dateTimeSchema,
  },
  { $id: 'Site' },
)

export const newSite = t.Object({
  name: oneLine(80),
  timezone: t.String({ minLength: 1, maxLength: 60 }),
  swaps: t.Optional(swapsSchema),
  rest_hours: t.Optional(
    t.Number({
      minimum: 0,
      maximum: 48,
      description:
        'Hours of rest between two shifts if one of them is here: 10 by default. Between two sites the stricter one applies.',
      examples: [11],
    }),
  ),
  rules: t.Optional(siteRulesSchema),
})
export const siteChange = t.Partial(newSite)

export type SiteChange = Static<typeof siteChange>

export const siteView = rowView(siteSchema)

export function checkSite({ timezone, rules }: SiteChange): void {
  if (timezone !== undefined) checkZone(timezone)
  const errors = rules ? errorsInRules(rules, 'rules') : []
  if (errors[0]) refuse('invalid', errors[0].message, { errors })
}

/** By `Intl`, which writes the times of shifts; `Temporal` would also take 2026-03-30T12:00Z. */
function checkZone(timezone: string): void {
  try {
    new Intl.DateTimeFormat('en-GB', { timeZone: timezone })
  } catch {
    invalid('timezone', `${timezone} is not a time zone; write one such as Europe/Berlin.`)
  }
  const known = Intl.supportedValuesOf('timeZone').find(zone => zone.toLowerCase() === timezone.toLowerCase())
  if (known && known !== timezone) invalid('timezone', `Write it ${known}.`) // sites that share a zone are compared by its name
}
