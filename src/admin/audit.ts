/** Who did what to what, when: written in the transaction that does it. */
import type { Db } from '../../db/open.ts'
import { auditLog } from '../../db/schema.ts'
import type { Who } from '../runtime/exchange.ts'
import { masked } from '../runtime/log.ts'

export type Deed = {
  at: number
  who: Pick<Who, 'id' | 'username'>
  /** noun.verb, such as `league.delete` */
  action: string
  target: string
  detail?: Record<string, unknown>
  result?: 'ok' | 'refused' | 'failed'
}

/** What the house does by itself. */
export const house = { id: null, username: 'fieldhouse' }

export function audit(tx: Db, { at, who, action, target, detail = {}, result = 'ok' }: Deed): void {
  const values = {
    at,
    userId: who.id,
    username: who.username,
    action,
    target,
    detail: masked(detail) as Record<string, unknown>,
    result,
  }
  tx.insert(auditLog).values(values).run()
}
