/** What is wrong with an input, field by field: a path for programs and a sentence for people, from the schema itself. */
import { Value } from '@sinclair/typebox/value'
import type { Static, TSchema } from 'elysia'
import { type FieldError, refuse } from '../../errors.ts'
import { firstYear, lastYear } from '../clock.ts'

/** As TypeBox and Elysia report it: the path is a JSON pointer. */
export type SchemaError = { path?: string; message?: string; schema?: unknown }

const maxErrors = 64 // fields

/** The first error of each field; `prefix` is put before its path. */
export function fieldErrors(errors: Iterable<SchemaError>, prefix = ''): FieldError[] {
  const first = new Map<string, string>()
  for (const { path = '', schema } of errors) {
    const field = [prefix, ...path.split('/').slice(1)].filter(Boolean).join('.')
    if (first.size === maxErrors) break
    if (!first.has(field)) first.set(field, errorSentence(schema))
  }
  return [...first].map(([path, message]) => ({ path, message }))
}

/** `config.missed_cut.rule` → `missed cut rule`, for messages that are not shown next to their field. */
export const fieldName = (path: string): string =>
  path
    .replace(/^config\./, '')
    .replaceAll(/\.(\d+)/g, (_, index) => ` ${Number(index) + 1}`)
    .replaceAll(/[._]/g, ' ')

const maxNamed = 5 // fields in one sentence

/** Says in one sentence what is wrong and where. */
export function errorSummary(errors: readonly FieldError[]): string {
  const [first, second] = errors
  if (!first) return 'This cannot be read as it is. The API page says what it takes.'
  if (!second) return first.path ? `${upperFirst(fieldName(first.path))}: ${first.message}` : first.message
  const names = errors.slice(0, maxNamed).map(({ path }) => fieldName(path) || 'the whole')
  const rest = errors.length - names.length
  return `Correct ${listed.format(rest > 0 ? [...names, `${rest} more`] : names)}.`
}

/** The fields of the input that the schema knows, which are refused if they do not fit. */
export function checkedInput<T extends TSchema>(schema: T, given: unknown): Static<T> {
  const input = Value.Clean(schema, structuredClone(given))
  if (Value.Check(schema, input)) return input
  const errors = fieldErrors(Value.Errors(schema, input))
  return refuse('invalid', errorSummary(errors), { errors })
}

/** Refuses an input if anything is wrong with it. */
export function refuseAny(errors: FieldError[]): void {
  if (errors.length > 0) refuse('invalid', errorSummary(errors), { errors })
}

const listed = new Intl.ListFormat('en')
const upperFirst = (text: string) => text.charAt(0).toUpperCase() + text.slice(1)

type RuleSchema = { type?: string; anyOf?: RuleSchema[]; const?: unknown; [rule: string]: unknown }

/** `Write a whole number from 1 to 50.` A schema with a `pattern` brings its own sentence as `x-error`. */
export function errorSentence(schema: unknown): string {
  if (!isSchema(schema)) return 'This does not fit here.'
  const own = schema['x-error']
  if (typeof own === 'string') return own
  const { anyOf, type, const: only, ...rest } = schema
  if (anyOf) return choice(anyOf, rest)
  if (only !== undefined) return `Write ${only}.`
  if (type === 'string') return text(rest)
  if (type === 'integer' || type === 'number') return number(type, rest)
  if (type === 'boolean') return 'Choose yes or no (true or false).'
  if (type === 'array') return listSizeSentence('Write a list', rest.minItems, rest.maxItems, 'values')
  if (type === 'object')
    return listSizeSentence('Write an object with named values', undefined, rest.maxProperties, 'names')
  if (type === 'null') return 'Leave this empty.'
  return 'Fill this in.'
}

const isSchema = (schema: unknown): schema is RuleSchema => typeof schema === 'object' && schema !== null

function choice(anyOf: RuleSchema[], rest: Record<string, unknown>): string {
  const choices = anyOf.filter(each => each.type !== 'null' && each.const !== '' && !isNumberAsText(each))
  if (choices.every(each => 'const' in each)) return `Choose one of: ${choices.map(each => each.const).join(', ')}.`
  const [first, ...others] = new Set(choices.map(each => errorSentence({ ...rest, ...each }).replace(/\.$/, '')))
  const also = others.map(each => each[0]?.toLowerCase() + each.slice(1))
  return `${[first, ...also].join(', or ')}.`
}

/** Elysia also accepts numbers written as text, which messages leave out. */
const isNumberAsText = ({ type, format }: RuleSchema) =>
  type === 'string' && ['integer', 'numeric', 'boolean'].includes(String(format))

function text({ format, minLength, maxLength }: Record<string, unknown>): string {
  if (format === 'date') return `Write a date such as 2026-03-30, from ${firstYear} to ${lastYear}.`
  if (format === 'date-time') return `Write a time such as 2026-03-01T12:00:00Z, from ${firstYear} to ${lastYear}.`
  if (format === 'one-line') return `Write one line, not blank, of up to ${maxLength} characters.`
  const least = Number(minLength ?? 0)
  if (least > 1 && maxLength !== undefined) return `From ${formatted(least)} to ${formatted(maxLength)} characters.`
  if (least > 1) return `At least ${formatted(least)} characters.`
  if (maxLength !== undefined)
    return `${least ? 'Fill this in with up to' : 'Up to'} ${formatted(maxLength)} characters.`
  return least ? 'Fill this in.' : 'Write text here.'
}

function number(type: string, rules: Record<string, unknown>): string {
  const { minimum, exclusiveMinimum, maximum } = rules
  const least = minimum !== undefined ? formatted(minimum) : undefined
  const above = exclusiveMinimum !== undefined ? ` above ${formatted(exclusiveMinimum)}` : ''
  const most = maximum !== undefined ? formatted(maximum) : undefined
  const range =
    least !== undefined && most !== undefined
      ? ` from ${least} to ${most}`
      : least !== undefined
        ? `, ${least} or more`
        : above + (most === undefined ? '' : `, ${most} or less`)
  return `Write a ${type === 'integer' ? 'whole number' : 'number'}${range}.`
}

function listSizeSentence(what: string, min: unknown, max: unknown, of: string): string {
  const [least, most] = [min, max].map(each => (each === undefined ? undefined : formatted(each)))
  if (least !== undefined && most !== undefined) return `${what}: from ${least} to ${most} ${of}.`
  if (least !== undefined) return `${what}: at least ${least} ${of}.`
  return most === undefined ? `${what}.` : `${what}: at most ${most} ${of}.`
}

const formatted = (value: unknown): string => (typeof value === 'number' ? value.toLocaleString('en') : String(value))
