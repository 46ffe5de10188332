/** The outcome of orders by Idempotency-Key, kept for a day. */
import { eq } from 'drizzle-orm'
import type { Db } from '../../../db/open.ts'
import { equalsGiven, excluded, type Given, preparedFor } from '../../../db/prepared-writes.ts'
import { ledger, type OrderRefusal, orderKeys } from '../../../db/schema.ts'
import { prepared } from '../../../db/transactions.ts'
import { refuse } from '../../errors.ts'
import { day } from '../../platform/clock.ts'
import type { LedgerLine } from './ledger.ts'
import type { Order } from './order.ts'

export type OrderOutcome = { line: LedgerLine } | { refusal: OrderRefusal }

const keyLifetime = day

const orderText = ({ symbol, side, quantity }: Order) => `${side} ${quantity} ${symbol}`

const byKey = prepared(db =>
  db
    .select()
    .from(orderKeys)
    .where(equalsGiven(orderKeys.leagueId, orderKeys.userId, orderKeys.key)),
)

type OrderKey = { leagueId: number; userId: number; key: string }

/** The first outcome under this key, refusals included: a refused order must not be filled by a late copy of it. */
export function outcomeOfKey(
  tx: Db,
  { leagueId, userId, key }: OrderKey,
  order: Order,
  now: number,
): OrderOutcome | undefined {
  const known = byKey(tx).get({ leagueId, userId, key })
  if (!known || known.createdAt + keyLifetime <= now) return undefined
  if (known.order !== orderText(order))
    refuse('conflict', `This Idempotency-Key was already used for another order: ${known.order}`, {
      rule: 'idempotency_key',
    })
  if (known.refusal) return { refusal: known.refusal }
  const line = tx
    .select()
    .from(ledger)
    .where(eq(ledger.id, known.lineId ?? 0))
    .get()
  if (!line) throw new Error(`Key ${key} of league ${leagueId} names a line that is not in the ledger`)
  return { line }
}

export function storeOutcome(tx: Db, key: OrderKey, order: Order, outcome: OrderOutcome, now: number): void {
  const answer = 'line' in outcome ? { lineId: outcome.line.id, refusal: null } : { lineId: null, ...outcome }
  const values = { ...key, order: orderText(order), createdAt: now, ...answer }
  storeKey(tx, values).run(values)
}

/** Replaces a key that is a day old. */
const storeKey = preparedFor(orderKeys, (db, values: Given<typeof orderKeys.$inferInsert>) =>
  db
    .insert(orderKeys)
    .values(values)
    .onConflictDoUpdate({
      target: [orderKeys.leagueId, orderKeys.userId, orderKeys.key],
      set: excluded(orderKeys.order, orderKeys.lineId, orderKeys.refusal, orderKeys.createdAt),
    }),
)
