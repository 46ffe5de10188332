/** The outcome of orders by Idempotency-Key, kept for a day. */
import { and, eq, sql } from 'drizzle-orm'
import type { Db } from '../../../db/open.ts'
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
    .where(
      and(
        eq(orderKeys.leagueId, sql.placeholder('leagueId')),
        eq(orderKeys.userId, sql.placeholder('userId')),
        eq(orderKeys.key, sql.placeholder('key')),
      ),
    )
    .prepare(),
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
  storeKey(tx).run({ ...key, order: orderText(order), createdAt: now, ...answer })
}

/** Replaces a key that is a day old. */
const storeKey = prepared(db =>
  db
    .insert(orderKeys)
    .values({
      leagueId: sql.placeholder('leagueId'),
      userId: sql.placeholder('userId'),
      key: sql.placeholder('key'),
      order: sql.placeholder('order'),
      lineId: sql.placeholder('lineId'),
      refusal: sql.placeholder('refusal'),
      createdAt: sql.placeholder('createdAt'),
    })
    .onConflictDoUpdate({
      target: [orderKeys.leagueId, orderKeys.userId, orderKeys.key],
      set: {
        order: sql`excluded."order"`,
        lineId: sql`excluded.line_id`,
        refusal: sql`excluded.refusal`,
        createdAt: sql`excluded.created_at`,
      },
    })
    .prepare(),
)
