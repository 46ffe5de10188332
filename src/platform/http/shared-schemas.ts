/**
 * Schemas that the routes of every feature share: ids, dates, times, names of one line; pages are in `pagination.ts`. And the
 * formats of text that schemas name: Elysia brings its own, but they take 02/01/2026 for a time, the 30th of February for a
 * day of March, and 0x10 for a whole number.
 */
import { FormatRegistry, type StringOptions } from '@sinclair/typebox'
import { t } from 'elysia'
import { momentOf } from '../clock.ts'

/** Also for a module whose dependencies have put formats of their own in the place of these. */
export function registerFormats(): void {
  FormatRegistry.Set('date-time', text => !Number.isNaN(momentOf(text)))
  FormatRegistry.Set('date', text => text.length === 10 && !Number.isNaN(momentOf(text)))
  FormatRegistry.Set('integer', text => /^[+-]?\d+$/.test(text))
  FormatRegistry.Set('one-line', isOneLine)
}
registerFormats()

/** Of a row. */
export const idSchema = t.Integer({ minimum: 1 })

/** `/:id` */
export const idParams = t.Object({ id: idSchema })

/** `/:job_id` */
export const jobIdParams = t.Object({ job_id: t.String({ maxLength: 64 }) })

export const deletedSchema = t.Object({ deleted: t.Boolean(), id: t.Integer() })

/** What takes other things with it is done only where that was said. */
export const confirmQuery = t.Object({
  confirm: t.Optional(t.Boolean({ description: 'Also where other things go with it' })),
})

/** A day of the calendar, in one of the years that are known here. */
export const dateSchema = t.String({ format: 'date', description: 'A date such as 2026-03-30' })
/** A time with an offset, or the beginning of a day in UTC; with its own description or examples. */
export const dateTime = (options: StringOptions = {}) => t.String({ ...options, format: 'date-time' })
export const dateTimeSchema = dateTime()

/** Breaks a line or a terminal, turns the text around it about, or is nothing to be seen. Joiners stay: emoji and Persian need them. */
const unwelcome = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}\u200b\u2060\ufeff]/u
const visible = /[^\s\p{Default_Ignorable_Code_Point}]/u

export function isOneLine(text: string): boolean {
  return visible.test(text) && !unwelcome.test(text)
}

/** A name that people give: not blank, and nothing in it that cannot be seen. */
export const oneLine = (maxLength: number) => t.String({ minLength: 1, maxLength, format: 'one-line' })
