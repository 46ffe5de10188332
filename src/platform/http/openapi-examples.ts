/** By the name of a field, where it means one thing; otherwise with what it is a field of: `staff.name`, `certification.name`. */
export type Examples = Record<string, string | number>

type Node = { [key: string]: unknown }
const isNode = (value: unknown): value is Node => typeof value === 'object' && value !== null && !Array.isArray(value)

/** Gives fields without an example one by their name, where it fits their schema, in place. `of` is what `name` is a field of. */
export function withExamples<T>(given: T, examples: Examples, of: string, name = ''): T {
  if (Array.isArray(given)) for (const each of given) withExamples(each, examples, of, name)
  if (!isNode(given)) return given
  const node: Node = given
  if (needsExample(node)) {
    const candidates = [examples[`${singular(of)}.${name}`], examples[name], bySuffix(name), ...byType]
    const example = candidates.find(value => value !== undefined && fits(node, value))
    if (example !== undefined) node.example = example
  }
  for (const [key, value] of Object.entries(node)) {
    if (key === 'example' || key === 'enum') continue
    if (key === 'properties' && isNode(value))
      for (const field of Object.keys(value)) withExamples(value[field], examples, name || of, field)
    else if (key === 'schema') withExamples(value, examples, of, typeof node.name === 'string' ? node.name : '')
    else withExamples(value, examples, of, isNesting(key) ? name : '')
  }
  return given
}

/** `Site` and `sites` are a site. */
const singular = (name: string) => name.toLowerCase().replace(/ies$/, 'y').replace(/s$/, '')

/** Keywords whose schemas describe values of the same field. */
const isNesting = (key: string) => ['items', 'anyOf', 'oneOf', 'allOf', 'additionalProperties'].includes(key)

const needsExample = ({ type, enum: choices, example, default: fallback, format }: Node) =>
  ['string', 'integer', 'number'].includes(String(type)) &&
  choices === undefined &&
  example === undefined &&
  fallback === undefined &&
  format !== 'binary'

const suffixes: [RegExp, string | number][] = [
  [/_id$/, 7],
  [/_ids$/, 7],
  [/_cents$/, 12_500],
  [/_ms$/, 12],
  [/_s$/, 30],
  [/_pct$/, 4.2],
  [/_url$/, 'https://example.org/'],
  [/(^|_)bytes$/, 204_800],
]
const bySuffix = (name: string) => suffixes.find(([ending]) => ending.test(name))?.[1]
const byType = ['2026-11-28T20:00:00.000Z', '2026-11-30', '18:00', 'some text', 'https://example.org/', 3, 0.5]

const formats: Record<string, RegExp> = {
  'date-time': /^\d{4}-\d\d-\d\dT/,
  date: /^\d{4}-\d\d-\d\d$/,
  email: /^[^@\s]+@[^@\s]+$/,
  uri: /^https?:/,
}

function fits(schema: Node, value: string | number): boolean {
  const { type, format, pattern, minLength = 0, maxLength = Infinity, minimum = -Infinity, maximum = Infinity } = schema
  if (typeof value === 'number')
    return (
      (type === 'number' || (type === 'integer' && Number.isInteger(value))) &&
      value >= Number(minimum) &&
      value <= Number(maximum)
    )
  const isDate = format === 'date' || format === 'date-time'
  return (
    type === 'string' &&
    value.length >= Number(minLength) &&
    value.length <= Number(maxLength) &&
    (typeof pattern !== 'string' || new RegExp(pattern, 'u').test(value)) &&
    (formats[String(format)]?.test(value) ?? true) &&
    (isDate || typeof pattern === 'string' || !/^\d{4}-|^\d\d:/.test(value) || typeof format === 'string')
  )
}
