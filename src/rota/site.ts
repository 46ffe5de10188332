import { type Static, t } from 'elysia'
import { type sites, swapRules } from '../../db/schema.ts'
import { invalid } from '../errors.ts'
import { iso } from '../platform/clock.ts'
import { dateTimeSchema, oneLine } from '../platform/http/text-formats.ts'

export type Site = typeof sites.$inferSelect

const swapsSchema = t.Union(
  swapRules.map(rule => t.Literal(rule)),
  { description: 'Who says yes to a swap: an officer, or the rules of work alone' },
)

export const siteSchema = t.Object(
  {
    id: t.Integer(),
    name: t.String(),
    timezone: t.String({ description: 'An IANA zone, such as Europe/Berlin' }),
    swaps: swapsSchema,
    created_at: dateTimeSchema,
  },
  { $id: 'Site' },
)
export type SiteView = Static<typeof siteSchema>

export const newSite = t.Object({
  name: oneLine(80),
  timezone: t.String({ minLength: 1, maxLength: 60 }),
  swaps: t.Optional(swapsSchema),
})
export const siteChange = t.Partial(newSite)

export const siteView = ({ id, name, timezone, swaps, createdAt }: Site): SiteView => ({
  id,
  name,
  timezone,
  swaps,
  created_at: iso(createdAt),
})

export function checkZone(timezone: string): void {
  try {
    Temporal.Now.zonedDateTimeISO(timezone)
  } catch {
    invalid('timezone', `${timezone} is not a time zone; write one such as Europe/Berlin.`)
  }
}
