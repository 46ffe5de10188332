/** What is wrong with an input, field by field, and what was expected there: from the schema itself. */
import type { FieldError } from '../../errors.ts'
import { firstYear, lastYear } from '../clock.ts'

/** As TypeBox and Elysia tell it: the path is a JSON pointer. */
export type SchemaError = { path?: string; message?: string; schema?: unknown }

const mostTold = 64 // fields

/** The first mistake of each field; `within` is put before its path. */
export function fieldErrors(told: Iterable<SchemaError>, within = ''): FieldError[] {
  const first = new Map<string, string>()
  for (const { path = '', message, schema } of told) {
    const field = [within, ...path.split('/').slice(1)].filter(Boolean).join('.')
    if (first.size === mostTold) break
    if (!first.has(field)) first.set(field, expectation(schema) ?? message ?? 'is not valid')
  }
  return [...first].map(([path, message]) => ({ path, message }))
}

type Schema = { type?: string; anyOf?: Schema[]; const?: unknown; [rule: string]: unknown }
const rules = [
  ...['minimum', 'exclusiveMinimum', 'maximum', 'minLength', 'maxLength', 'minItems', 'maxItems', 'maxProperties'],
  ...['format', 'pattern'],
]
/** Formats that are better said than named. */
const formats: Record<string, string> = {
  date: `a date such as 2026-03-30, from ${firstYear} to ${lastYear}`,
  'date-time': `a time such as 2026-03-01T12:00:00Z, from ${firstYear} to ${lastYear}`,
}

/** `expected integer (minimum 1)`. */
export function expectation(schema: unknown): string | undefined {
  const wanted = wantedBy(schema)
  return wanted && `expected ${wanted}`
}

function wantedBy(schema: unknown): string | undefined {
  if (typeof schema !== 'object' || schema === null) return undefined
  const { anyOf, type, const: only, ...rest } = schema as Schema
  if (anyOf) {
    const choices = anyOf.filter(choice => choice.type !== 'null' && !isNumberAsText(choice))
    if (choices.every(choice => 'const' in choice)) return `one of ${choices.map(choice => choice.const).join(', ')}`
    return [...new Set(choices.map(choice => wantedBy({ ...rest, ...choice })))].filter(Boolean).join(' or ')
  }
  if (only !== undefined) return String(only)
  if (!type) return undefined
  const said = formats[String(rest.format)]
  if (said) return said
  const limits = rules.filter(rule => rest[rule] !== undefined).map(rule => `${rule} ${rest[rule]}`)
  return `${type}${limits.length ? ` (${limits.join(', ')})` : ''}`
}

/** Elysia's numbers may also be said as text, which nobody needs to be told. */
const isNumberAsText = ({ type, format }: Schema) =>
  type === 'string' && ['integer', 'numeric', 'boolean'].includes(String(format))
