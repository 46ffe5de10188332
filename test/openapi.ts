/** Checks a document against the parts of OpenAPI 3.0.3 that ours uses, and values against its schemas. */

type Json = null | boolean | number | string | Json[] | Thing
export type Thing = { [key: string]: Json }

export const isThing = (value: unknown): value is Thing =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const thingEntries = (value: unknown): [string, Thing][] =>
  isThing(value) ? Object.entries(value).filter((entry): entry is [string, Thing] => isThing(entry[1])) : []

const methods = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace']
const operationFields =
  'tags summary description externalDocs operationId parameters requestBody responses callbacks deprecated security servers'.split(
    ' ',
  )
const schemaFields = (
  'title multipleOf maximum exclusiveMaximum minimum exclusiveMinimum maxLength minLength pattern maxItems minItems ' +
  'uniqueItems maxProperties minProperties required enum type not allOf oneOf anyOf items properties additionalProperties ' +
  'description format default nullable discriminator readOnly writeOnly xml externalDocs example deprecated'
).split(' ')
const types = ['string', 'number', 'integer', 'boolean', 'array', 'object']

export function documentFaults(document: Thing): string[] {
  const faults: string[] = []
  const check = (isRight: boolean, where: string, what: string) => void (isRight || faults.push(`${where}: ${what}`))
  const components = isThing(document.components) ? document.components : {}
  const declaredTags = (document.tags as Thing[]).map(({ name }) => name)
  const operationIds = new Set<Json>()

  check(document.openapi === '3.0.3', 'openapi', 'must be 3.0.3')
  check(
    isThing(document.info) && !!document.info.title && !!document.info.version,
    'info',
    'must have title and version',
  )
  check(new Set(declaredTags).size === declaredTags.length, 'tags', 'must be unique')
  const schemes = isThing(components.securitySchemes) ? components.securitySchemes : {}
  for (const [name, schema] of thingEntries(components.schemas)) checkSchema(schema, `schemas.${name}`)
  for (const [path, item] of thingEntries(document.paths)) {
    check(/^\/(.*[^/])?$/.test(path), path, 'must begin with a slash and not end with one')
    for (const [method, operation] of thingEntries(item)) {
      check(methods.includes(method), path, `has no method ${method}`)
      checkOperation(operation, `${method} ${path}`, path)
    }
  }
  return faults

  function checkOperation(operation: Thing, at: string, path: string) {
    for (const field of Object.keys(operation))
      check(operationFields.includes(field) || field.startsWith('x-'), at, `has no field ${field}`)
    const id = operation.operationId ?? ''
    check(/^[a-z]\w*$/i.test(String(id)) && !operationIds.has(id), at, `needs an operationId of its own, not ${id}`)
    operationIds.add(id)
    for (const tag of (operation.tags as Json[]) ?? [])
      check(declaredTags.includes(tag), at, `has the unknown tag ${tag}`)
    for (const requirement of (operation.security as Thing[]) ?? [])
      for (const scheme of Object.keys(requirement)) check(scheme in schemes, at, `has no security scheme ${scheme}`)

    const parameters = (operation.parameters as Thing[]) ?? []
    const names = parameters.map(parameter => `${parameter.in} ${parameter.name}`)
    check(new Set(names).size === names.length, at, 'has a parameter twice')
    const declared = parameters.filter(parameter => parameter.in === 'path').map(({ name }) => String(name))
    const templated = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name)
    check(declared.sort().join() === templated.sort().join(), at, `declares (${declared}), its path has (${templated})`)
    for (const parameter of parameters) {
      const where = `${at} ?${parameter.name}`
      check(['query', 'header', 'path', 'cookie'].includes(String(parameter.in)), where, 'is nowhere')
      check(parameter.in !== 'path' || parameter.required === true, where, 'must be required')
      checkSchema(parameter.schema, where)
    }
    if (isThing(operation.requestBody)) checkContent(operation.requestBody.content, `${at} body`, true)
    const answers = thingEntries(operation.responses)
    check(answers.length > 0, at, 'answers nothing')
    for (const [status, answer] of answers) {
      check(/^([1-5]\d\d|default)$/.test(status), at, `cannot answer ${status}`)
      check(typeof answer.description === 'string', `${at} ${status}`, 'needs a description')
      if (answer.content !== undefined) checkContent(answer.content, `${at} ${status}`, false)
    }
  }

  function checkContent(content: Json | undefined, at: string, isNeeded: boolean) {
    const types = thingEntries(content)
    check(!isNeeded || types.length > 0, at, 'has no content')
    for (const [type, { schema }] of types) {
      check(/^[\w.+-]+\/[\w.+-]+$/.test(type), at, `has no type ${type}`)
      checkSchema(schema, `${at} ${type}`)
    }
  }

  function checkSchema(schema: Json | undefined, at: string) {
    if (!isThing(schema)) return check(false, at, 'has no schema')
    if (schema.$ref !== undefined) {
      check(Object.keys(schema).length === 1, at, 'says more beside a $ref')
      return check(resolve(document, schema) !== undefined, at, `refers to ${schema.$ref}, which is not there`)
    }
    for (const field of Object.keys(schema)) check(schemaFields.includes(field), at, `has no keyword ${field}`)
    check(schema.type === undefined || types.includes(String(schema.type)), at, `has no type ${schema.type}`)
    check(schema.enum === undefined || (Array.isArray(schema.enum) && schema.enum.length > 0), at, 'has an empty enum')
    check(schema.type !== 'array' || isThing(schema.items), at, 'is an array of nothing')
    if (typeof schema.pattern === 'string') new RegExp(schema.pattern)
    check(!schema.nullable || schema.type !== undefined || !!schema.allOf, at, 'is nullable without a type')
    const required = (schema.required as string[]) ?? []
    check(required.length > 0 || schema.required === undefined, at, 'has an empty list of what is required')
    check(new Set(required).size === required.length, at, 'requires something twice')
    for (const name of required)
      check(isThing(schema.properties) && name in schema.properties, at, `requires ${name}, which it does not describe`)
    for (const [name, property] of thingEntries(schema.properties)) checkSchema(property, `${at}.${name}`)
    for (const list of ['anyOf', 'oneOf', 'allOf'])
      for (const choice of (schema[list] as Json[]) ?? []) checkSchema(choice, `${at} ${list}`)
    if (isThing(schema.items)) checkSchema(schema.items, `${at}[]`)
    if (isThing(schema.additionalProperties)) checkSchema(schema.additionalProperties, `${at}{}`)
  }
}

function resolve(document: Thing, { $ref }: Thing): Thing | undefined {
  let node: Json | undefined = document
  for (const part of String($ref).replace('#/', '').split('/')) node = isThing(node) ? node[part] : undefined
  return isThing(node) ? node : undefined
}

/** Why a value does not fit a schema of the document; empty if it does. A field without description is a misfit too. */
export function misfits(document: Thing, schema: Thing, value: unknown, at = 'answer'): string[] {
  if (schema.$ref) return misfits(document, resolve(document, schema) ?? {}, value, at)
  if (value === null && schema.nullable === true) return []
  for (const list of ['anyOf', 'oneOf'] as const) {
    const choices = schema[list] as Thing[] | undefined
    if (choices)
      return choices.some(choice => !misfits(document, choice, value).length)
        ? []
        : [`${at} is none of ${choices.length}`]
  }
  if (schema.allOf) return (schema.allOf as Thing[]).flatMap(part => misfits(document, part, value, at))
  const { type } = schema
  if (schema.enum && !(schema.enum as unknown[]).includes(value))
    return [`${at} is ${value}, not one of ${schema.enum}`]
  if (type === undefined) return []
  const actualType = value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value
  const fits = type === 'integer' ? Number.isInteger(value) : type === actualType
  if (!fits) return [`${at} is ${actualType}, not ${type}`]
  if (schema.format === 'date-time' && !/^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(String(value))) return [`${at} is no time`]
  const faults: string[] = []
  if (Array.isArray(value)) {
    for (const [i, item] of value.entries())
      faults.push(...misfits(document, schema.items as Thing, item, `${at}[${i}]`))
    return faults
  }
  if (!isThing(value)) return []
  const properties = isThing(schema.properties) ? schema.properties : undefined
  for (const name of (schema.required as string[]) ?? []) if (!(name in value)) faults.push(`${at} is without ${name}`)
  for (const name in value) {
    const described = properties?.[name] ?? schema.additionalProperties
    if (isThing(described)) faults.push(...misfits(document, described, value[name], `${at}.${name}`))
    else if (properties && described === undefined) faults.push(`${at}.${name} is not described`)
  }
  return faults
}
