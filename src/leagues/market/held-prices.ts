/** Prices that moved so far that an officer has to accept them first: nobody trades at a held price. */
import { asc, eq, sql } from 'drizzle-orm'
import { type Static, t } from 'elysia'
import { countRows } from '../../../db/count-rows.ts'
import type { Db } from '../../../db/open.ts'
import { excluded } from '../../../db/prepared-writes.ts'
import { heldPrices, users } from '../../../db/schema.ts'
import { preparedSql } from '../../../db/transactions.ts'
import { clearAlert, raiseAlert } from '../../alerts.ts'
import { refuse } from '../../errors.ts'
import type { PageSlice } from '../../platform/http/pagination.ts'
import { rowView } from '../../platform/http/row-view.ts'
import { dateTimeSchema, idSchema } from '../../platform/http/shared-schemas.ts'
import { moneyText } from '../../platform/number-text.ts'
import { type NewQuote, percentOf } from './quote.ts'

type HeldPrice = typeof heldPrices.$inferSelect

export const heldPriceSchema = t.Object(
  {
    id: idSchema,
    symbol: t.String(),
    price_cents: t.Integer({ description: 'The new price' }),
    before_cents: t.Integer({ description: 'The price that counts in the meantime' }),
    change_pct: t.Number(),
    as_of: dateTimeSchema,
    received_at: dateTimeSchema,
    username: t.Nullable(t.String({ description: 'Who sent it; null: a feed or the operator' })),
  },
  {
    description: 'A price that is held until an officer accepts or discards it',
    examples: [
      {
        id: 1,
        symbol: 'ACME',
        price_cents: 213_500,
        before_cents: 21_350,
        change_pct: 900,
        as_of: '2026-03-01T12:00:00.000Z',
        received_at: '2026-03-01T12:00:01.000Z',
        username: 'olga',
      },
    ],
  },
)
type HeldPriceView = Static<typeof heldPriceSchema>

const alert = 'prices_held'

/** Only the newest held price of a symbol is kept, by its own time. The same one again, beside the same price, raises no new question. */
export function holdPrices(
  tx: Db,
  held: readonly (NewQuote & { before: number })[],
  now: number,
  by: number | null,
): void {
  const rows = held.map(({ symbol, priceCents, asOf, before }) => ({
    symbol,
    priceCents,
    beforeCents: before,
    asOf,
    receivedAt: now,
    setBy: by,
  }))
  const written = tx
    .insert(heldPrices)
    .values(rows)
    .onConflictDoUpdate({
      target: heldPrices.symbol,
      set: excluded(
        heldPrices.priceCents,
        heldPrices.beforeCents,
        heldPrices.asOf,
        heldPrices.receivedAt,
        heldPrices.setBy,
      ),
      setWhere: sql`${heldPrices.asOf} <= excluded.as_of and
        (${heldPrices.priceCents}, ${heldPrices.asOf}, ${heldPrices.beforeCents})
          <> (excluded.price_cents, excluded.as_of, excluded.before_cents)`,
    })
    .returning({ id: heldPrices.id })
    .all().length
  if (written) updateHeldAlert(tx, now)
}

const deleteHeld = preparedSql<{ id: number }, [news: string]>(
  `delete from held_prices
   where exists (select 1 from json_each(?) where value ->> 0 = symbol and value ->> 1 >= as_of) returning id`,
)
const heldAmong = preparedSql<{ symbol: string }, [symbols: string]>(
  'select symbol from held_prices where symbol in (select value from json_each(?))',
)
export const heldSymbolsOf = (db: Db, symbols: readonly string[]): string[] =>
  heldAmong(db)
    .all(JSON.stringify(symbols))
    .map(({ symbol }) => symbol)
export const heldPriceOf = (db: Db, symbol: string): HeldPrice | undefined =>
  db.select().from(heldPrices).where(eq(heldPrices.symbol, symbol)).get()

/** Plausible prices have come in since, so the question is settled. Those that are held of a later time wait on. */
export function deleteHeldPrices(tx: Db, news: readonly Omit<NewQuote, 'priceCents'>[], now: number): void {
  const rows = news.map(({ symbol, asOf }) => [symbol, asOf])
  if (deleteHeld(tx).all(JSON.stringify(rows)).length) updateHeldAlert(tx, now)
}

export function takeHeldPrice(tx: Db, id: number, now: number): HeldPrice {
  const [held] = tx.delete(heldPrices).where(eq(heldPrices.id, id)).returning().all()
  if (!held) return refuse('not_found', 'This price is no longer held: it was answered, or a newer one has come in')
  updateHeldAlert(tx, now)
  return held
}

function updateHeldAlert(tx: Db, now: number): void {
  const total = countRows(tx, heldPrices)
  if (total === 0) return void clearAlert(tx, now, alert)
  const some = tx.select().from(heldPrices).orderBy(asc(heldPrices.symbol)).limit(5).all()
  const descriptions = some.map(
    ({ symbol, priceCents, beforeCents }) => `${symbol} from ${moneyText(beforeCents)} to ${moneyText(priceCents)}`,
  )
  raiseAlert(tx, now, {
    key: alert,
    type: 'price_held',
    severity: 'warning',
    title: total === 1 ? 'A price is held' : `${total} prices are held`,
    message: `${descriptions.join(', ')}${total > some.length ? ' and others' : ''} moved very far. An officer accepts or discards them at /quotes.`,
    data: { held: total, symbols: some.map(({ symbol }) => symbol) },
  })
}

export type HeldPrices = { held: HeldPriceView[]; total: number }

export function listHeldPrices(db: Db, { limit, offset }: PageSlice, symbol?: string): HeldPrices {
  const which = symbol === undefined ? undefined : eq(heldPrices.symbol, symbol)
  const rows = db
    .select({ price: heldPrices, username: users.username })
    .from(heldPrices)
    .leftJoin(users, eq(users.id, heldPrices.setBy))
    .where(which)
    .orderBy(asc(heldPrices.symbol))
    .limit(limit)
    .offset(offset)
    .all()
  const total = countRows(db, heldPrices, which)
  return { held: rows.map(({ price, username }) => heldPriceView(price, username)), total }
}

const heldView = rowView(heldPriceSchema)
export const heldPriceView = (price: HeldPrice, username: string | null): HeldPriceView =>
  heldView({ ...price, username, changePct: percentOf(price.priceCents - price.beforeCents, price.beforeCents) })
