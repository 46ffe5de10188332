/** The audit log, who did what to what and when: written in the transaction that does it. */
import type { Db } from '../db/open.ts'
import { preparedInsert } from '../db/prepared-writes.ts'
import { auditLog } from '../db/schema.ts'
import type { Actor } from './platform/http/request-context.ts'
import { masked } from './platform/process/log.ts'

export type AuditEntry = {
  at: number
  who: Actor
  /** noun.verb, such as `league.delete` */
  action: string
  target: string
  detail?: Record<string, unknown>
  result?: 'ok' | 'refused' | 'failed'
}

/** What Fieldhouse does by itself. */
export const systemActor = { id: null, username: 'fieldhouse' }
/** Somebody who is not signed in. */
export const stranger = { id: null, username: 'stranger' }

export function audit(tx: Db, { at, who, action, target, detail = {}, result = 'ok' }: AuditEntry): void {
  insertEntry(tx, {
    at,
    userId: who.id,
    username: who.username,
    action,
    target,
    detail: masked(detail) as Record<string, unknown>,
    result,
  })
}
const insertEntry = preparedInsert(auditLog)
