/** Parses a league's config from its form as a browser sends it without JavaScript; with JavaScript `fields.js` does the same. */
import type { TObject } from '@sinclair/typebox'
import { invalid } from '../../errors.ts'

type FieldSchema = {
  type?: string
  const?: unknown
  properties?: Record<string, FieldSchema>
  patternProperties?: Record<string, FieldSchema>
  items?: FieldSchema
  anyOf?: FieldSchema[]
  [keyword: string]: unknown
}
type Part = { [key: string]: Part | string }
const emptyPart = (): Part => Object.create(null) // a field named `config.__proto__.x` must not reach every object

/** Every part of a config that the form contains, as `PATCH` accepts it: null for what was left empty. */
export function configOfForm(schema: TObject, fields: Readonly<Record<string, string>>): Record<string, unknown> {
  const parts = emptyPart()
  for (const [name, text] of Object.entries(fields)) {
    const [first, ...path] = name.split('.')
    if (first === 'config' && path.length > 0) putText(parts, path, text)
  }
  return Object.fromEntries(
    Object.entries<FieldSchema>(schema.properties).flatMap(([key, part]) => {
      if (part.type === 'boolean') return [[key, key in parts]] // a box that is not ticked is not sent
      return key in parts ? [[key, readPart(part, parts[key], `config.${key}`) ?? null]] : []
    }),
  )
}

function putText(parts: Part, [key = '', ...rest]: string[], text: string): void {
  if (rest.length === 0) {
    if (text.trim() !== '') parts[key] = text.trim()
    else if (!(key in parts)) parts[key] = emptyPart()
    return
  }
  const inner = parts[key]
  const next = typeof inner === 'object' ? inner : emptyPart()
  if (typeof inner !== 'string') parts[key] = next
  putText(next, rest, text)
}

/** Undefined if nothing was filled in. What else cannot be parsed stays as it is, for validation to report. */
function readPart(schema: FieldSchema, given: Part | string | undefined, path: string): unknown {
  if (given === undefined) return undefined
  const choices = schema.anyOf ?? [schema]
  if (typeof given === 'string') {
    if (choices.some(choice => choice.patternProperties)) return pairsOf(given, path)
    if (choices.some(choice => choice.items)) return given.split(/\r?\n/).flatMap(line => line.trim() || [])
    const isNumber = choices.some(({ type }) => type === 'number' || type === 'integer')
    return isNumber && Number.isFinite(Number(given)) ? Number(given) : given
  }
  const items = choices.find(choice => choice.items)?.items
  if (items) {
    const list: unknown[] = []
    for (const each of Object.values(given)) {
      const value = readPart(items, each, `${path}.${list.length}`)
      if (value !== undefined) list.push(value)
    }
    return list.length > 0 ? list : undefined
  }
  const properties = choices.find(choice => choice.properties)?.properties ?? {}
  const filled = Object.entries(given).flatMap(([key, part]) => {
    const value = readPart(properties[key] ?? {}, part, `${path}.${key}`)
    return value === undefined ? [] : [[key, value]]
  })
  return filled.length > 0 ? Object.fromEntries(filled) : undefined
}

/** Lines such as `kills_t4 10`, optionally with `:` or `=` between. */
function pairsOf(text: string, path: string): Record<string, number> {
  const pairs = new Map<string, number>()
  for (const line of text.split(/\r?\n/).flatMap(line => line.trim() || [])) {
    const [, name, number] = /^([\s\S]*[^\s:=])[\s:=]+(\S+)$/.exec(line) ?? [] // linear, also for a long run of `=`
    if (name === undefined || !Number.isFinite(Number(number)))
      return invalid(path, `“${line}” is no name with a number, such as “deads 80”; thousands have no separators.`)
    if (pairs.has(name)) return invalid(path, `“${name}” stands twice.`)
    pairs.set(name, Number(number))
  }
  return Object.fromEntries(pairs)
}
