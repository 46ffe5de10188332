/** Sites. Changes to them drop cached answers: topics `shifts` and `roster`. */
import { eq } from 'drizzle-orm'
import { countRows } from '../../db/count-rows.ts'
import type { Db } from '../../db/open.ts'
import { equalsGiven } from '../../db/prepared-writes.ts'
import { shifts, sites } from '../../db/schema.ts'
import { prepared } from '../../db/transactions.ts'
import { alreadyTaken, refuse } from '../errors.ts'
import { byName } from '../platform/by-name.ts'
import { touch } from '../platform/cache/stamps.ts'
import { itemsOfPage, type PageSlice } from '../platform/http/pagination.ts'
import { today } from './date-range.ts'
import { localDate } from './shift.ts'
import { type Site, type SiteChange, siteView } from './site.ts'

const oneSite = prepared(db => db.select().from(sites).where(equalsGiven(sites.id)))

export const siteById = (db: Db, id: number): Site =>
  oneSite(db).get({ id }) ?? refuse('not_found', `There is no site ${id}`)

export const allSites = (db: Db): Site[] => db.select().from(sites).all().sort(byName)

export function listSites(db: Db, slice: PageSlice) {
  const all = allSites(db)
  return { sites: itemsOfPage(all, slice).map(siteView), total: all.length }
}

export function addSite(tx: Db, given: SiteChange & { name: string; timezone: string }, createdAt: number): Site {
  const { timezone, swaps, rest_hours: restHours, rules } = given
  const site = { name: given.name.trim(), timezone, swaps, restHours, rules, createdAt }
  const [made] = tx.insert(sites).values(site).onConflictDoNothing().returning().all()
  touch(tx, 'shifts')
  return made ?? alreadyTaken('name', `A site ${given.name} already exists`)
}

/** Today where all sites are, if they share one time zone; otherwise in UTC. */
export function todayAtSites(db: Db, now: number): string {
  const [zone, another] = db.selectDistinct({ timezone: sites.timezone }).from(sites).limit(2).all()
  return zone && !another ? localDate(now, zone.timezone) : today(now)
}

export const countShiftsAt = (db: Db, siteId: number): number => countRows(db, shifts, eq(shifts.siteId, siteId))

/** `zoneOf` refuses a site that does not exist. */
export function timezoneOfSite(db: Db): (siteId: number) => string {
  const known = new Map(allSites(db).map(({ id, timezone }) => [id, timezone]))
  return siteId => known.get(siteId) ?? refuse('not_found', `There is no site ${siteId}`)
}
