/** Requests of people to work a shift or not to; a request that is not followed costs its price. */
import { and, asc, eq } from 'drizzle-orm'
import { type Static, t } from 'elysia'
import type { Db } from '../../db/open.ts'
import { shiftRequests, staff } from '../../db/schema.ts'
import { byName } from '../platform/by-name.ts'
import { touch } from '../platform/cache/stamps.ts'
import { idSchema } from '../platform/http/shared-schemas.ts'
import { requestFields } from './person.ts'
import { shiftById } from './shift-queries.ts'
import { personById } from './staff-queries.ts'

export const newRequest = t.Object(
  { staff_id: idSchema, ...requestFields },
  { examples: [{ staff_id: 3, want: 'off', price_cents: 1500 }] },
)
type NewRequest = Static<typeof newRequest>
export const shiftRequestSchema = t.Object(
  { staff_id: idSchema, name: t.String(), ...requestFields },
  { $id: 'ShiftRequest' },
)
export type ShiftRequest = Static<typeof shiftRequestSchema>

export const requestsOn = (db: Db, shiftId: number): ShiftRequest[] =>
  db
    .select({
      staff_id: staff.id,
      name: staff.name,
      want: shiftRequests.want,
      price_cents: shiftRequests.priceCents,
    })
    .from(shiftRequests)
    .innerJoin(staff, eq(staff.id, shiftRequests.staffId))
    .where(eq(shiftRequests.shiftId, shiftId))
    .orderBy(asc(staff.id))
    .all()
    .sort(byName)

/** One per person; a new one replaces the old. */
export function setRequest(tx: Db, shiftId: number, request: NewRequest): ShiftRequest {
  shiftById(tx, shiftId)
  const { staff_id: staffId, want, price_cents: priceCents } = request
  const { name } = personById(tx, staffId)
  const row = { staffId, shiftId, want, priceCents }
  tx.insert(shiftRequests)
    .values(row)
    .onConflictDoUpdate({ target: [shiftRequests.staffId, shiftRequests.shiftId], set: row })
    .run()
  touch(tx, 'staff')
  return { ...request, name }
}

export function dropRequest(tx: Db, shiftId: number, staffId: number): boolean {
  const theirs = and(eq(shiftRequests.shiftId, shiftId), eq(shiftRequests.staffId, staffId))
  const deleted = tx.delete(shiftRequests).where(theirs).returning().all()
  touch(tx, 'staff')
  return deleted.length > 0
}
