import { type Static, t } from 'elysia'
import type { sites } from '../../db/schema.ts'
import { invalid } from '../errors.ts'
import { iso } from '../platform/clock.ts'
import { dateTimeSchema, oneLine } from '../platform/http/text-formats.ts'

export type Site = typeof sites.$inferSelect

export const siteSchema = t.Object(
  {
    id: t.Integer(),
    name: t.String(),
    timezone: t.String({ description: 'An IANA zone, such as Europe/Berlin' }),
    created_at: dateTimeSchema,
  },
  { $id: 'Site' },
)
export type SiteView = Static<typeof siteSchema>

export const newSite = t.Object({
  name: oneLine(80),
  timezone: t.String({ minLength: 1, maxLength: 60 }),
})
export const siteChange = t.Partial(newSite)

export const siteView = ({ id, name, timezone, createdAt }: Site): SiteView => ({
  id,
  name,
  timezone,
  created_at: iso(createdAt),
})

export function checkZone(timezone: string): void {
  try {
    Temporal.Now.zonedDateTimeISO(timezone)
  } catch {
    invalid('timezone', `${timezone} is not a time zone; write one such as Europe/Berlin.`)
  }
}
