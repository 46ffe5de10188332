/** Option chains: the contracts on a symbol that expire on one day. Stored and shown; not traded. */
import { and, asc, eq, gt, lte, or, sql } from 'drizzle-orm'
import { type Static, t } from 'elysia'
import type { Db } from '../../../db/open.ts'
import { type OptionContract, optionChains } from '../../../db/schema.ts'
import { type FieldError, refuse } from '../../errors.ts'
import { touch } from '../../platform/cache/stamps.ts'
import { iso, maxAheadMs } from '../../platform/clock.ts'
import { rowView } from '../../platform/http/row-view.ts'
import { dateSchema, dateTimeSchema } from '../../platform/http/shared-schemas.ts'
import { maxPriceCents } from './order.ts'

const cents = t.Optional(t.Nullable(t.Integer({ minimum: 0, maximum: maxPriceCents })))
export const maxContracts = 2_000
export const contractSchema = t.Object({
  strike_cents: t.Integer({ minimum: 1, maximum: maxPriceCents }),
  type: t.Union([t.Literal('call'), t.Literal('put')]),
  bid_cents: cents,
  ask_cents: cents,
  open_interest: t.Optional(t.Nullable(t.Integer({ minimum: 0, maximum: 1e12 }))),
})
type GivenContract = Static<typeof contractSchema>

export const chainSchema = t.Object(
  {
    symbol: t.String(),
    expiration: dateSchema,
    as_of: dateTimeSchema,
    received_at: dateTimeSchema,
    chain: t.Array(t.Required(contractSchema)),
  },
  { description: 'The options on a symbol that expire on one day, by strike' },
)
const viewOf = rowView(chainSchema)
export const expirationsSchema = t.Object({
  symbol: t.String(),
  expirations: t.Array(t.Object({ expiration: dateSchema, as_of: dateTimeSchema, contracts: t.Integer() })),
})

/** The stamp of one chain. */
export const chainKey = (symbol: string, expiration: string) => `${symbol} ${expiration}`

/** Sorted by strike, calls before puts; refuses with every error found. */
export function checkedChain(given: readonly GivenContract[]): OptionContract[] {
  const errors: FieldError[] = []
  const seen = new Set<string>()
  for (const [i, { strike_cents, type, bid_cents, ask_cents }] of given.entries()) {
    const name = `${strike_cents} ${type}`
    if (seen.has(name)) errors.push({ path: `chain.${i}`, message: `${name} is listed twice.` })
    seen.add(name)
    if (bid_cents != null && ask_cents != null && bid_cents > ask_cents)
      errors.push({ path: `chain.${i}.bid_cents`, message: `The bid is above the ask of ${ask_cents}.` })
  }
  if (errors.length) refuse('invalid', 'The chain is not valid', { errors: errors.slice(0, 100) })
  return given
    .map(({ strike_cents, type, bid_cents = null, ask_cents = null, open_interest = null }) => ({
      strike_cents,
      type,
      bid_cents,
      ask_cents,
      open_interest,
    }))
    .sort((a, b) => a.strike_cents - b.strike_cents || (a.type === 'call' ? -1 : 1))
}

type ChainRow = typeof optionChains.$inferInsert

/** Replaces the whole chain. A chain older than the known one is ignored, unless the known one is dated in the future. */
export function storeChain(tx: Db, chain: ChainRow): boolean {
  const { asOf, receivedAt, contracts } = chain
  const written = tx
    .insert(optionChains)
    .values(chain)
    .onConflictDoUpdate({
      target: [optionChains.symbol, optionChains.expiration],
      set: { asOf, receivedAt, contracts },
      setWhere: or(lte(optionChains.asOf, asOf), gt(optionChains.asOf, receivedAt + maxAheadMs)),
    })
    .returning({ symbol: optionChains.symbol })
    .all().length
  if (written) touch(tx, 'options', chainKey(chain.symbol, chain.expiration))
  return written > 0
}

export function chainOf(db: Db, symbol: string, expiration: string): Static<typeof chainSchema> {
  const row = db
    .select()
    .from(optionChains)
    .where(and(eq(optionChains.symbol, symbol), eq(optionChains.expiration, expiration)))
    .get()
  if (!row) return refuse('not_found', `There is no chain of options on ${symbol} for ${expiration}`)
  return viewOf({ ...row, chain: row.contracts })
}

/** Every expiration day with a chain, nearest first. */
export const expirationsOf = (db: Db, symbol: string) =>
  db
    .select({
      expiration: optionChains.expiration,
      asOf: optionChains.asOf,
      contracts: sql<number>`json_array_length(${optionChains.contracts})`,
    })
    .from(optionChains)
    .where(eq(optionChains.symbol, symbol))
    .orderBy(asc(optionChains.expiration))
    .all()
    .map(({ expiration, asOf, contracts }) => ({ expiration, as_of: iso(asOf), contracts }))
