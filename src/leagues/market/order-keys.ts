/** What an order was answered under its Idempotency-Key, for a day. */
import { and, eq, sql } from 'drizzle-orm'
import type { Db } from '../../../db/open.ts'
import { ledger, type OrderRefusal, orderKeys } from '../../../db/schema.ts'
import { given, prepared } from '../../../db/transactions.ts'
import { refuse } from '../../errors.ts'
import { day } from '../../platform/clock.ts'
import type { LedgerLine } from './ledger.ts'
import type { Order } from './order.ts'

export type OrderOutcome = { line: LedgerLine } | { refusal: OrderRefusal }

const keyLife = day

const textOf = ({ symbol, side, quantity }: Order) => `${side} ${quantity} ${symbol}`

const byKey = prepared(db =>
  db
    .select()
    .from(orderKeys)
    .where(
      and(
        eq(orderKeys.leagueId, given('leagueId')),
        eq(orderKeys.userId, given('userId')),
        eq(orderKeys.key, given('key')),
      ),
    )
    .prepare(),
)

type OrderKey = { leagueId: number; userId: number; key: string }

/** The first answer under this key; a refusal too: what was refused once must not be filled by a late copy of it. */
export function rememberedOutcome(
  tx: Db,
  { leagueId, userId, key }: OrderKey,
  order: Order,
  now: number,
): OrderOutcome | undefined {
  const known = byKey(tx).get({ leagueId, userId, key })
  if (!known || known.createdAt + keyLife <= now) return undefined
  if (known.order !== textOf(order))
    refuse('conflict', `This Idempotency-Key was used for another order: ${known.order}`, { rule: 'idempotency_key' })
  if (known.refusal) return { refusal: known.refusal }
  const line = tx
    .select()
    .from(ledger)
    .where(eq(ledger.id, known.lineId ?? 0))
    .get()
  if (!line) throw new Error(`Key ${key} of league ${leagueId} names a line that is not in the ledger`)
  return { line }
}

export function rememberOutcome(tx: Db, key: OrderKey, order: Order, outcome: OrderOutcome, now: number): void {
  const answer = 'line' in outcome ? { lineId: outcome.line.id, refusal: null } : { lineId: null, ...outcome }
  keep(tx).run({ ...key, order: textOf(order), createdAt: now, ...answer })
}

/** One that is a day old is taken over. */
const keep = prepared(db =>
  db
    .insert(orderKeys)
    .values({
      leagueId: given('leagueId'),
      userId: given('userId'),
      key: given('key'),
      order: given('order'),
      lineId: given('lineId'),
      refusal: given('refusal'),
      createdAt: given('createdAt'),
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
