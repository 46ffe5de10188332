/** What an admin does, written down with its result: also where it was refused, and where it failed. */
import { atomically } from '../../db/transactions.ts'
import { type AuditEntry, audit } from '../audit.ts'
import type { App } from '../context.ts'
import { Refusal } from '../errors.ts'
import type { Who } from '../platform/http/request-context.ts'

export type AuditedAction = { who: Pick<Who, 'id' | 'username'> } & Pick<AuditEntry, 'action' | 'target' | 'detail'>

export async function auditedAction<T>(
  { db, clock }: App,
  { detail, ...deed }: AuditedAction,
  work: () => Promise<T>,
): Promise<T> {
  const note = (result: AuditEntry['result'], more: Record<string, unknown> = {}) =>
    atomically(db, tx => audit(tx, { ...deed, at: clock.now(), detail: { ...detail, ...more }, result }))
  try {
    const done = await work()
    await note('ok')
    return done
  } catch (error) {
    await note(error instanceof Refusal ? 'refused' : 'failed', {
      why: error instanceof Error ? error.message : String(error),
    })
    throw error
  }
}
