/**
 * Formats of text that schemas name. Elysia brings its own, but they take 02/01/2026 for a time, the 30th of February for a
 * day of March, and 0x10 for a whole number.
 */
import { FormatRegistry } from '@sinclair/typebox'
import { t } from 'elysia'
import { momentOf } from './clock.ts'

FormatRegistry.Set('date-time', text => !Number.isNaN(momentOf(text)))
FormatRegistry.Set('date', text => text.length === 10 && !Number.isNaN(momentOf(text)))
FormatRegistry.Set('integer', text => /^[+-]?\d+$/.test(text))
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
FormatRegistry.Set('one-line', text => /\S/.test(text) && !/[\x00-\x1f\x7f]/.test(text))

/** A name that people give: not blank, and nothing in it that would break a line or a terminal. */
export const oneLine = (maxLength: number) => t.String({ minLength: 1, maxLength, format: 'one-line' })
