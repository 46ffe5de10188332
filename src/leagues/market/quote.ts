/** Quotes: their schemas, and the rules for accepting them. */
import { Type } from '@sinclair/typebox'
import { TypeCompiler } from '@sinclair/typebox/compiler'
import { type Static, t } from 'elysia'
import type { quotes } from '../../../db/schema.ts'
import type { FieldError } from '../../errors.ts'
import { day, isAhead, parseTime, tooFarAhead } from '../../platform/clock.ts'
import { errorSentence, fieldErrors } from '../../platform/http/field-errors.ts'
import { rowView } from '../../platform/http/row-view.ts'
import { dateTimeSchema } from '../../platform/http/shared-schemas.ts'
import { maxPriceCents } from './order.ts'

export type QuoteRow = typeof quotes.$inferSelect

/** `AAPL`, `BRK.B`, `^GSPC`, `BTC-USD`, `EURUSD=X`; lower case becomes upper case. */
const symbolPattern = '^[A-Za-z0-9^][A-Za-z0-9.^=:_-]{0,19}$'
const notASymbol = 'Write a symbol such as AAPL or BRK.B: up to 20 letters, digits and . ^ = : _ -'
export const symbolSchema = t.String({
  pattern: symbolPattern,
  'x-error': notASymbol,
  description: 'Up to 20 letters, digits and . ^ = : _ -',
})
export const symbolParams = t.Object({ symbol: symbolSchema })
export const normaliseSymbol = (written: string) => written.toUpperCase()

export const maxQuotes = 10_000 // in one push

export const quotePush = t.Object({
  symbol: symbolSchema,
  price_cents: t.Integer({ minimum: 1, maximum: maxPriceCents }),
  as_of: t.Optional({ ...dateTimeSchema, description: 'Default: now' }),
})
/** The same, strictly: Elysia's own types also accept numbers as text. */
const isPush = TypeCompiler.Compile(
  Type.Object({
    symbol: Type.String({ pattern: symbolPattern, 'x-error': notASymbol }),
    price_cents: Type.Integer({ minimum: 1, maximum: maxPriceCents }),
    as_of: Type.Optional(Type.String()),
  }),
)

const notATime = errorSentence(dateTimeSchema)

/** Whether a price moved by more than so many percent; 0 percent turns the check off. */
export const movesTooFar = (before: number, after: number, pct: number): boolean =>
  pct > 0 && Math.abs(after - before) * 100 > pct * before

export type NewQuote = { symbol: string; priceCents: number; asOf: number }

/** Parses one quote as it was sent, or returns what is wrong with it, with `path` first. */
export function parseQuote(given: unknown, path: string, now: number): NewQuote | FieldError[] {
  if (!isPush.Check(given)) return fieldErrors(isPush.Errors(given), path)
  const asOf = given.as_of === undefined ? now : parseTime(given.as_of)
  if (Number.isNaN(asOf)) return [{ path: `${path}.as_of`, message: notATime }]
  if (isAhead(asOf, now)) return [{ path: `${path}.as_of`, message: tooFarAhead }] // it would block newer quotes
  return { symbol: normaliseSymbol(given.symbol), priceCents: given.price_cents, asOf }
}

export const quoteSchema = t.Object(
  {
    symbol: t.String(),
    price_cents: t.Integer(),
    as_of: dateTimeSchema,
    received_at: dateTimeSchema,
    open_cents: t.Integer({ description: 'The price when the day began, in UTC' }),
    change_cents: t.Integer({ description: 'Since then' }),
    change_pct: t.Number(),
  },
  { description: 'The newest quote of a symbol' },
)
export type QuoteView = Static<typeof quoteSchema>

export const startOfDay = (at: number) => Math.floor(at / day) * day
export const endOfDay = (at: number) => startOfDay(at) + day

/** Whether a quote or a chain is ignored because a newer one is known. One dated in the future gives way to any. */
export const isOlder = (asOf: number, known: number, now: number): boolean => asOf < known && !isAhead(known, now)

/** Whether a quote came in since the day of `now` began: then its opening price is of that day. */
export const isOfToday = (receivedAt: number, now: number): boolean =>
  receivedAt >= startOfDay(now) && !isAhead(receivedAt, now)

/** The price when the day of `now` began: the last quote before the day, or the first one in it. After a split it has parts of a cent. */
export const openOf = (
  { priceCents, openCents, receivedAt }: Pick<QuoteRow, 'priceCents' | 'openCents' | 'receivedAt'>,
  now: number,
) => (isOfToday(receivedAt, now) ? openCents : priceCents)

const wholeCents = (open: number): number => Math.max(1, Math.round(open))

const newestView = rowView(quoteSchema)
export function quoteView(quote: QuoteRow, now: number): QuoteView {
  const openCents = wholeCents(openOf(quote, now))
  const changeCents = quote.priceCents - openCents
  return newestView({ ...quote, openCents, changeCents, changePct: percentOf(changeCents, openCents) })
}

/** `part` in percent of `whole`, to four decimals; 0 if `whole` is 0. */
export const percentOf = (part: number, whole: number): number =>
  whole === 0 ? 0 : Math.round((part * 1_000_000) / whole) / 10_000 + 0
