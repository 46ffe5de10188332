/** Changes to a site and all its shifts: each a bulk write, because there may be thousands. */
import { eq, sql } from 'drizzle-orm'
import type { Db } from '../../db/open.ts'
import { equalsGiven } from '../../db/prepared-writes.ts'
import { shifts, sites } from '../../db/schema.ts'
import { atomically, prepared } from '../../db/transactions.ts'
import { audit } from '../audit.ts'
import { alreadyTaken, refuse } from '../errors.ts'
import { touch } from '../platform/cache/stamps.ts'
import type { Actor } from '../platform/http/request-context.ts'
import { counted } from '../platform/number-text.ts'
import { notifyOfDuties, upcomingDuties } from './notices.ts'
import { localDate } from './shift.ts'
import type { Site, SiteChange } from './site.ts'
import { countShiftsAt, siteById } from './site-queries.ts'

type Asked = { id: number; who: Actor; at: number }

export const changeSite = (db: Db, { id, given, who, at }: Asked & { given: SiteChange }): Promise<Site> =>
  atomically(db, tx => {
    const changed = writeSite(tx, id, given)
    audit(tx, { at, who, action: 'site.change', target: `site ${id}`, detail: given })
    return changed
  })

/** In another time zone its shifts may start on another day. */
function writeSite(tx: Db, id: number, given: SiteChange): Site {
  const before = siteById(tx, id)
  const { timezone = before.timezone, swaps = before.swaps, rules = before.rules } = given
  const name = given.name?.trim() ?? before.name
  const change = { name, timezone, swaps, restHours: given.rest_hours ?? before.restHours, rules }
  const other = tx.select().from(sites).where(eq(sites.name, change.name)).get()
  if (other && other.id !== id) alreadyTaken('name', `A site ${change.name} already exists`)
  const after = { ...before, ...change }
  tx.update(sites).set(after).where(eq(sites.id, id)).run()
  if (after.timezone !== before.timezone)
    for (const shift of tx.select().from(shifts).where(eq(shifts.siteId, id)).all()) {
      const day = localDate(shift.startsAt, after.timezone)
      if (day !== shift.day) setDay(tx).run({ id: shift.id, day })
    }
  touch(tx, 'shifts')
  return after
}

const setDay = prepared(db =>
  db
    .update(shifts)
    .set({ day: sql`${sql.placeholder('day')}` })
    .where(equalsGiven(shifts.id)),
)

/** With its shifts and their assignments. */
export const deleteSite = (db: Db, { id, isConfirmed, who, at }: Asked & { isConfirmed: boolean }): Promise<void> =>
  atomically(db, tx => {
    const { name } = siteById(tx, id)
    const total = countShiftsAt(tx, id)
    if (total && !isConfirmed)
      refuse(
        'conflict',
        `${name} has ${counted(total, 'shift, which goes', 'shifts, which go')} with it; send confirm=true`,
        { shifts: total },
      )
    notifyOfDuties(tx, at, { 'Taken off': upcomingDuties(tx, { siteId: id }, at) })
    tx.delete(sites).where(eq(sites.id, id)).run()
    touch(tx, 'shifts')
    touch(tx, 'roster')
    audit(tx, { at, who, action: 'site.delete', target: `site ${id}`, detail: { name, shifts: total } })
  })
