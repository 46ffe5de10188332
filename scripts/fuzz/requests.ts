/** Requests made from the API document. Most of them are nearly right, so that they pass the first check. */
import type { Thing } from '../../test/openapi.ts'
import type { Random } from '../random.ts'
import type { SheetMaker } from './sheets.ts'
import type { Values } from './values.ts'

type Parameter = { name: string; in: string; required?: boolean; schema: Thing }
export type Operation = {
  method: string
  template: string
  may: string
  parameters: Parameter[]
  /** Content type → its schema. */
  bodies: Record<string, { schema?: Thing }>
  responses: Record<string, { content?: Record<string, { schema: Thing }> }>
}
export type FuzzRequest = {
  operation: Operation
  path: string
  headers: Record<string, string>
  body?: string | Uint8Array<ArrayBuffer> | FormData
}

type Described = {
  'x-may'?: string
  parameters?: Parameter[]
  requestBody?: { content: Operation['bodies'] }
  responses: Operation['responses']
}

export function operationsOf(document: Thing): Operation[] {
  const paths = document.paths as unknown as Record<string, Record<string, Described>>
  return Object.entries(paths).flatMap(([template, methods]) =>
    Object.entries(methods).map(([method, { parameters = [], requestBody, responses, 'x-may': may = 'anyone' }]) => ({
      method: method.toUpperCase(),
      template,
      may,
      parameters,
      bodies: requestBody?.content ?? {},
      responses,
    })),
  )
}

const contentTypes = [
  ...['application/json', 'application/json; charset=utf-16', 'text/plain', 'multipart/form-data', 'application/xml'],
  ...['multipart/form-data; boundary=', 'application/x-www-form-urlencoded', 'text/csv', 'a/b; boundary="', ''],
  'application/JSON;;',
]
const oddHeaders: [string, string][] = [
  ['accept', 'text/html'],
  ['accept', '*/*;q=x'],
  ['accept-encoding', 'zstd;q=0, gzip;q=nan'],
  ['accept-encoding', 'identity;q=0, *;q=0'],
  ['if-none-match', '*'],
  ['if-none-match', 'W/"'],
  ['if-modified-since', 'Thu, 99 Foo 2026'],
  ['range', 'bytes=0-0,5-,-9999999999'],
  ['content-encoding', 'gzip'],
  ['idempotency-key', 'x'.repeat(5000)],
  ['idempotency-key', 'k1'],
  ['x-forwarded-for', '::1, 999.1.1.1, "'],
  ['x-forwarded-host', 'evil.example/..'],
  ['x-forwarded-proto', 'javascript'],
  ['x-http-method-override', 'DELETE'],
  ['x-request-id', '{"a":1}'],
  ['cookie', 'fieldhouse_session=%00; fieldhouse_session=__proto__; =; ;;'],
  ['last-event-id', '-1'],
  ['accept-language', 'x-'.repeat(3000)],
  ['origin', 'null'],
  ['expect', '200-ok'],
  ['x-csrf-token', '\u00ff\u00fe'],
]

export function requestMaker(
  random: Random,
  { valid, odd, mutate, text }: Values,
  names: Record<string, () => string>,
  sheets: SheetMaker,
) {
  const { pick, chance, whole } = random

  const asText = (value: unknown) => (typeof value === 'object' ? JSON.stringify(value) : String(value))
  const asUri = (value: string) => encodeURIComponent(value.toWellFormed())

  function pathValue(parameter: Parameter): string {
    if (chance(0.12))
      return chance(0.2) ? pick(['%00', '%ff', '%2f', '%', '%zz']) : asUri(asText(odd(parameter.schema)).slice(0, 2000))
    const knownValue = names[parameter.name]
    return asUri(knownValue ? knownValue() : asText(valid(parameter.schema, parameter.name)))
  }

  function queryOf({ parameters }: Operation, oddness: number): string {
    const pairs: string[] = []
    for (const { in: where, name, required, schema } of parameters) {
      if (where !== 'query' || !(required || chance(0.35))) continue
      const value = chance(oddness) ? odd(schema) : valid(schema, name)
      pairs.push(`${name}=${asUri(asText(value).slice(0, 4000))}`)
      if (chance(0.03)) pairs.push(`${name}=${asUri(text())}`)
    }
    if (chance(0.04))
      pairs.push(
        pick(['__proto__=1', 'a[]=1', '=', '&', '%ff=%ff', 'x=%zz', '?', 'constructor[a]=1', 'page=1;limit=2']),
      )
    return pairs.length ? `?${pairs.join('&')}` : ''
  }

  /** JSON with a fault. */
  function brokenJson(json: string): string | Uint8Array<ArrayBuffer> {
    const bytes = new TextEncoder().encode(json)
    const makers: (() => string | Uint8Array<ArrayBuffer>)[] = [
      () => json.slice(0, whole(0, json.length)),
      () => `\ufeff${json}`,
      () => json.replace(/"(\w+)":/, '"$1":0,"$1":'),
      () => json.replace(/\{/, '{"__proto__":{"x":1},'),
      () => json.replace(/:\d+/, `:${pick(['1e999', '-1e999', '00', '0x1', '1_000', '9'.repeat(400)])}`),
      () => json.replace(/"[^"]*"/, '"\\ud800"'),
      () => '['.repeat(pick([10, 1000, 100_000])),
      () => `${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}`,
      () => pick(['', 'null', '[]', '""', '0', 'true', '{}', '{}{}', '\0', '{"":1}']),
      () => bytes.with(whole(0, Math.max(0, bytes.length - 1)), 0xff),
    ]
    return pick(makers)()
  }

  function bodyOf({ bodies }: Operation, oddness: number): { body?: FuzzRequest['body']; type?: string } {
    const types = Object.keys(bodies)
    if (!types.length) return chance(0.05) ? { body: '{"a":1}', type: 'application/json' } : {}
    const type = pick(types)
    const schema = bodies[type]?.schema ?? {}
    if (type === 'multipart/form-data') return { body: formOf(schema, oddness) }
    if (type !== 'application/json') {
      const { bytes } = sheets.next()
      return { body: bytes, type }
    }
    let value = valid(schema)
    for (let i = chance(oddness * 3) ? whole(1, 3) : 0; i > 0; i--) value = mutate(value)
    const json = JSON.stringify(value) ?? ''
    return { body: chance(oddness) ? brokenJson(json) : json, type }
  }

  function formOf(schema: Thing, oddness: number): FormData {
    const form = new FormData()
    for (const [name, property] of Object.entries((schema.properties ?? {}) as Record<string, Thing>)) {
      if (property.format === 'binary') {
        const { bytes, filename } = sheets.next()
        if (!chance(0.05)) form.append(name, new File([bytes], chance(0.1) ? text() : filename))
        if (chance(0.03)) form.append(name, new File([bytes], filename))
      } else if (chance(0.4))
        form.append(name, asText(chance(oddness * 2) ? odd(property) : valid(property, name)).slice(0, 5000))
    }
    if (chance(0.05)) form.append(text(), text())
    return form
  }

  return function requestFor(operation: Operation): FuzzRequest {
    const oddness = pick([0, 0.05, 0.3])
    const byName = new Map(operation.parameters.filter(p => p.in === 'path').map(p => [p.name, p]))
    const path = operation.template.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
      const parameter = byName.get(name)
      return parameter ? pathValue(parameter) : '1'
    })
    const { body, type } = bodyOf(operation, oddness)
    const headers: Record<string, string> = {}
    if (type) headers['content-type'] = type
    for (const { in: where, name, schema } of operation.parameters)
      if (where === 'header' && chance(0.3))
        headers[name] = `k${whole(1, 9)}${chance(0.1) ? asUri(asText(odd(schema)).slice(0, 300)) : ''}`
    if (chance(oddness)) {
      const [name, value] = pick(oddHeaders)
      headers[name] = value
    }
    if (body !== undefined && chance(oddness / 3)) headers['content-type'] = pick(contentTypes)
    return { operation, path: path + queryOf(operation, oddness), headers, ...(operation.method !== 'GET' && { body }) }
  }
}
