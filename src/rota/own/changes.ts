/** Changes that staff make to their own rota, and the answers of officers: each in one transaction with its line in the audit log. */
import { t } from 'elysia'
import type { Db } from '../../../db/open.ts'
import { atomically, type Sync } from '../../../db/transactions.ts'
import { audit } from '../../audit.ts'
import type { App } from '../../context.ts'
import { touch } from '../../platform/cache/stamps.ts'
import { signedIn } from '../../platform/http/access.ts'
import type { Who } from '../../platform/http/request-context.ts'
import { ownStaff, type StaffRow } from './own-duties.ts'

/** Makes a change as the signed-in member of staff. */
export function changeOwn<T>(
  { db, clock }: App,
  who: Who | undefined,
  action: string,
  detail: Record<string, unknown>,
  change: (tx: Db, me: StaffRow, at: number) => Sync<T>,
): Promise<T> {
  const at = clock.now()
  return atomically<T>(db, tx => {
    const me = ownStaff(tx, signedIn(who))
    const changed = change(tx, me, at)
    touch(tx, 'requests')
    audit(tx, { at, who: signedIn(who), action, target: `staff ${me.id}`, detail })
    return changed
  })
}

/** The answer of an officer to what a member of staff asked for: `action` is `leave.approve` or the like. */
export async function decide(
  { db, clock }: App,
  who: Who | undefined,
  action: string,
  id: number,
  change: (tx: Db, at: number) => void,
): Promise<void> {
  const at = clock.now()
  await atomically(db, tx => {
    change(tx, at)
    touch(tx, 'requests')
    const [noun] = action.split('.')
    audit(tx, { at, who: signedIn(who), action, target: `${noun} ${id}` })
  })
}

export const decisionSchema = t.Object({
  reason: t.Optional(t.String({ maxLength: 300, examples: ['Too many are away then'] })),
})
