/** Values for a schema: valid ones and odd ones. */
import { isThing, type Thing } from '../../test/openapi.ts'
import type { Random } from '../random.ts'

type Schema = Record<string, unknown>

const instants = [
  ...['2026-03-29T01:30:00Z', '1970-01-01T00:00:00Z', '1969-12-31T23:59:59Z', '2100-01-01T00:00:00Z'],
  ...['9999-12-31T23:59:59.999Z', '0000-01-01T00:00:00Z', '+275760-09-13T00:00:00.000Z', '2026-02-29T00:00:00Z'],
  ...['2026-12-31T23:59:60Z', '2026-06-01T24:00:00Z', '2026-06-01T00:00:00+23:59', '2026-13-01', '2099-12-31'],
  '0001-01-01',
]
const texts = [
  ...['', ' ', '\0', 'a\0b', '\ud800', '\udfff\ud800', '\u202eabc', '\ufeff', '\u200b'],
  ...['İ', 'ß', 'ﷺ', '👩‍👧‍👦', 'é', 'e\u0301'],
  ...['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'prototype', 'null', 'undefined', 'NaN', 'true'],
  ...["' or 1=1 --", '"; drop table users; --', '%', '_', '%00', '%ff', '../../etc/passwd', '[object Object]'],
  ...['<script>alert(1)</script>', '{{7*7}}', 'a,b,,c', ',', '\\', '\n', '\r\n', '\t'],
  ...['=1+1', '@SUM(A1)', '*', '"', '"*"', 'a AND', 'NEAR(', '^', ':', '-', '--', '(', '()', 'a:b'],
  ...['0', '-0', '1', '-1', '01', '1e3', '0x10', '1.5', '٣', '9007199254740993', '1e309', 'Infinity'],
  ...instants,
]
const numbers = [
  ...[0, -0, 1, -1, 0.1, -0.5, 1e-320, 2 ** 31 - 1, 2 ** 31, -(2 ** 31), 2 ** 32, 2 ** 53 - 1, 2 ** 53, 2 ** 53 + 2],
  ...[-(2 ** 53), 2 ** 63, -(2 ** 63), 2 ** 64, 1e21, 1e100, 1.7976931348623157e308, 8.64e15, 8.64e15 + 1],
  253402300800000,
]

export function values(document: Thing, random: Random) {
  const { pick, chance, whole } = random

  function resolve(schema: unknown): Schema {
    if (!isThing(schema)) return {}
    if (typeof schema.$ref !== 'string') return schema
    let found: unknown = document
    for (const part of schema.$ref.replace('#/', '').split('/')) found = isThing(found) ? found[part] : undefined
    return resolve(found)
  }

  /** A valid value, as far as the schema tells. */
  function valid(given: unknown, name = '', depth = 0): unknown {
    const schema = resolve(given)
    if (Array.isArray(schema.enum)) return pick(schema.enum)
    if (schema.nullable && chance(0.1)) return null
    if (/(^|_)id$/.test(name) && schema.type === 'integer') return whole(1, 6)
    if (schema.example !== undefined && chance(0.5)) return structuredClone(schema.example)
    const choices = schema.anyOf ?? schema.oneOf ?? schema.allOf
    if (Array.isArray(choices)) return valid(pick(choices), name, depth)
    switch (schema.type) {
      case 'object': {
        const object: Record<string, unknown> = {}
        const required = Array.isArray(schema.required) ? schema.required : []
        if (isThing(schema.properties))
          for (const [key, property] of Object.entries(schema.properties))
            if (required.includes(key) || (depth < 4 && chance(0.4))) object[key] = valid(property, key, depth + 1)
        if (isThing(schema.additionalProperties) && depth < 4)
          for (let i = whole(0, 2); i > 0; i--)
            object[pick(['power', 'deads', '1', '2', 'ACME'])] = valid(schema.additionalProperties, '', depth + 1)
        return object
      }
      case 'array': {
        const min = Number(schema.minItems ?? 0)
        return Array.from({ length: whole(min, min + 3) }, () => valid(schema.items, name.replace(/s$/, ''), depth + 1))
      }
      case 'integer':
      case 'number': {
        const min = Number(schema.minimum ?? 0)
        const max = Number(schema.maximum ?? min + 1000)
        if (chance(0.2)) return pick([min, max])
        const value = min + random.next() * (Math.min(max, min + 10_000) - min)
        return schema.type === 'integer' ? Math.round(value) : value
      }
      case 'boolean':
        return chance(0.5)
      default:
        return validText(schema)
    }
  }

  function validText(schema: Schema): string {
    if (schema.format === 'date-time') return new Date(Date.now() + whole(-60, 60) * 86_400_000).toISOString()
    if (schema.format === 'date') return new Date(Date.now() + whole(-30, 30) * 86_400_000).toISOString().slice(0, 10)
    if (String(schema.pattern ?? '').includes('https?')) return 'http://127.0.0.1:9/feed.json' // a port where nothing listens: a trial calls no other machine
    if (schema.example !== undefined && (schema.pattern || schema.format)) return String(schema.example)
    const text = pick(['ann', 'Ann 2', 'ACME', 'pga', 'bar', '10482', 'UTC', 'Été', 'x'])
    return text.padEnd(Math.min(Number(schema.minLength ?? 0), 1000), 'x')
  }

  /** A value that need not be valid. */
  function odd(schema: unknown = {}): unknown {
    const { minimum, maximum, minLength, maxLength, maxItems, items } = resolve(schema)
    const edges: unknown[] = []
    for (const edge of [minimum, maximum])
      if (typeof edge === 'number') edges.push(edge, edge - 1, edge + 1, edge + 0.5, String(edge))
    for (const edge of [minLength, maxLength])
      if (typeof edge === 'number')
        edges.push('x'.repeat(edge), 'x'.repeat(Math.max(0, edge - 1)), '😀'.repeat(edge + 1))
    if (typeof maxItems === 'number' && maxItems < 20_000)
      edges.push(Array.from({ length: maxItems + 1 }, () => valid(items)))
    if (edges.length && chance(0.4)) return pick(edges)
    if (chance(0.03)) return pick(['x', '\0', '😀', '%', '"', '(', '1']).repeat(pick([300, 5000, 200_000]))
    const makers: (() => unknown)[] = [
      () => pick(texts),
      () => pick(texts),
      () => pick(texts) + pick(texts),
      () => pick(numbers),
      () => pick(instants),
      () =>
        JSON.parse(
          pick(['null', 'true', 'false', '[]', '{}', '[[]]', '[null]', '{"length":1e9}', '{"toString":1}', '{"a":{}}']),
        ),
      () =>
        JSON.parse(pick(['{"__proto__":{"role":"admin"}}', '{"constructor":{"prototype":{}}}', '{"__proto__":null}'])),
      () => Array.from({ length: whole(1, 50) }, () => pick(numbers)),
      () => nested(pick([5, 50, 1000])),
    ]
    return pick(makers)()
  }

  function nested(depth: number): unknown {
    let value: unknown = 1
    for (let i = 0; i < depth; i++) value = i % 2 ? [value] : { a: value }
    return value
  }

  /** The same value with one part of it replaced, left out or doubled. */
  function mutate(value: unknown): unknown {
    if (Array.isArray(value) && value.length && chance(0.8)) {
      const at = whole(0, value.length - 1)
      if (chance(0.2)) return [...value, ...value]
      return value.with(at, mutate(value[at]))
    }
    if (isThing(value) && chance(0.9)) {
      const keys = Object.keys(value)
      if (!keys.length || chance(0.1)) return { ...value, [pick(texts)]: odd() }
      const { [pick(keys)]: _, ...rest } = value
      if (chance(0.15)) return rest
      const key = pick(keys)
      return { ...value, [key]: mutate(value[key]) }
    }
    return odd()
  }

  return { valid, odd, mutate, text: () => pick(texts) }
}
export type Values = ReturnType<typeof values>
