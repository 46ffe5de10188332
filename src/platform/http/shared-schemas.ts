/**
 * Schemas that the routes of all features share: ids, dates, times, one-line names; pages are in `pagination.ts`. Also the
 * text formats that schemas name: Elysia's own accept 02/01/2026 as a time, the 30th of February as a day of March, and 0x10
 * as a whole number.
 */
import { FormatRegistry, type SchemaOptions, type StringOptions } from '@sinclair/typebox'
import { type TSchema, t } from 'elysia'
import { parseTime } from '../clock.ts'

/** Called again by modules whose dependencies replace these formats with their own. */
export function registerFormats(): void {
  FormatRegistry.Set('date-time', text => !Number.isNaN(parseTime(text)))
  FormatRegistry.Set('date', text => text.length === 10 && !Number.isNaN(parseTime(text)))
  FormatRegistry.Set('integer', text => /^[+-]?\d+$/.test(text))
  FormatRegistry.Set('one-line', isOneLine)
}
registerFormats()

/** The id of a row. */
export const idSchema = t.Integer({ minimum: 1 })

/** `/:id` */
export const idParams = t.Object({ id: idSchema })

export const jobIdSchema = t.String({ maxLength: 64 })

/** `/:job_id` */
export const jobIdParams = t.Object({ job_id: jobIdSchema })

/** Text that is read later, where forms send '' for what is left out. The API page shows it as what it is read as. */
export const textReadAs = (documentedAs: TSchema, description: string) =>
  t.Optional(t.String({ maxLength: 200, documentedAs, description }))

export const nullableNumber = t.Nullable(t.Number())

export const deletedSchema = t.Object({ deleted: t.Boolean(), id: idSchema })

/** A form as it is sent. A page checks its fields itself, so that it can show the form again; a route would refuse them without it. */
export const sentFields = t.Record(t.String({ maxLength: 100 }), t.String({ maxLength: 100_000 }), {
  maxProperties: 20,
})

/** Deletes that take other things with them need this confirmation. */
export const confirmQuery = t.Object({
  confirm: t.Optional(t.Boolean({ description: 'Also where other things go with it' })),
})

export const oneOfWords = <const T extends string>(words: readonly T[], options?: SchemaOptions) =>
  t.Union(
    words.map(word => t.Literal(word)),
    options,
  )

/** A calendar day, in one of the years that are supported here. */
export const dateSchema = t.String({ format: 'date', description: 'A date such as 2026-03-30' })
/** A time with an offset, or the beginning of a day in UTC; with its own description or examples. */
export const dateTime = (options: StringOptions = {}) => t.String({ ...options, format: 'date-time' })
export const dateTimeSchema = dateTime()
export const nullableDateTime = t.Nullable(dateTimeSchema)

/** Characters that break a line or a terminal, reverse the text around them, or are invisible. Joiners stay: emoji and Persian need them. */
const forbidden = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}\u200b\u2060\ufeff]/u
const visible = /[^\s\p{Default_Ignorable_Code_Point}]/u

export function isOneLine(text: string): boolean {
  return visible.test(text) && !forbidden.test(text)
}

/** A name that people type: not blank, and without invisible characters. */
export const oneLine = (maxLength: number) => t.String({ minLength: 1, maxLength, format: 'one-line' })
