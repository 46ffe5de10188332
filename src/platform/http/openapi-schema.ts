/**
 * Converts TypeBox schemas to OpenAPI 3.0, which has no `const`, no `null` type and no `patternProperties`. That parameters
 * arrive as text is left out.
 */
export type Schema = { [keyword: string]: unknown }

const allowedKeywords = new Set(
  (
    'title description type format default enum nullable required minimum maximum multipleOf minLength maxLength pattern ' +
    'minItems maxItems uniqueItems minProperties maxProperties readOnly writeOnly deprecated example $ref'
  ).split(' '),
)

/** Schemas with an `$id` are put into `named` and referred to. */
export function openApiSchema(given: unknown, named: Record<string, Schema> = {}): Schema {
  if (!isSchema(given)) return {}
  const name = given.$id
  if (typeof name !== 'string') return convertInline(given, named)
  if (!named[name]) {
    named[name] = {} // it may refer to itself
    named[name] = convertInline(given, named)
  }
  return { $ref: `#/components/schemas/${name}` }
}

function convertInline({ documentedAs, ...given }: Schema, named: Record<string, Schema>): Schema {
  if (isSchema(documentedAs)) return { ...openApiSchema(documentedAs, named), ...descriptionOf(given) }
  const convert = (schema: unknown) => openApiSchema(schema, named)
  const choices = choicesOf(given)
  if (choices.length) return convertChoices(given, choices, convert)
  const schema: Schema = Object.fromEntries(Object.entries(given).filter(([keyword]) => allowedKeywords.has(keyword)))
  if (Array.isArray(given.required) && !given.required.length) delete schema.required // not valid in 3.0
  if (given.const !== undefined) schema.enum = [given.const]
  if (Array.isArray(given.examples)) schema.example = given.examples[0]
  for (const limit of ['Minimum', 'Maximum']) {
    const exclusive = given[`exclusive${limit}`]
    if (typeof exclusive === 'number')
      Object.assign(schema, { [limit.toLowerCase()]: exclusive, [`exclusive${limit}`]: true })
  }
  if (isSchema(given.properties))
    schema.properties = Object.fromEntries(
      Object.entries(given.properties).map(([key, value]) => [key, convert(value)]),
    )
  const others = isSchema(given.patternProperties)
    ? Object.values(given.patternProperties)[0]
    : given.additionalProperties
  // Elysia sets `false` at a route's first use. It would be untrue: fields that are not known are ignored.
  if (others !== undefined && others !== false) schema.additionalProperties = others === true || convert(others)
  if (Array.isArray(given.items)) {
    schema.items = { anyOf: given.items.map(convert) } // a tuple
  } else if (given.items !== undefined || given.type === 'array') {
    schema.items = convert(given.items)
  }
  if (listOf(given.allOf).length) schema.allOf = listOf(given.allOf).map(convert)
  return schema
}

/** With the choices within choices, such as those of a nullable union. */
const choicesOf = ({ anyOf, oneOf }: Schema): Schema[] =>
  listOf(anyOf ?? oneOf).flatMap(choice =>
    choice.anyOf && !choice.$id && !choice.description ? choicesOf(choice) : [choice],
  )

const descriptionOf = ({ description }: Schema): Schema => (description === undefined ? {} : { description })

const isValueAsText = ({ type, format }: Schema) =>
  type === 'string' && ['integer', 'numeric', 'boolean', 'ObjectString', 'ArrayString'].includes(String(format))

function convertChoices(given: Schema, choices: Schema[], convert: (schema: unknown) => Schema): Schema {
  const { title, description, default: fallback } = given
  const annotations = Object.fromEntries(
    Object.entries({ title, description, default: fallback }).filter(([, value]) => value !== undefined),
  )
  const isNullable = given.nullable === true || choices.some(({ type }) => type === 'null')
  const nonNull = choices.filter(choice => choice.type !== 'null' && choice.const !== '') // forms send '' for what is left out
  const choicesToShow = nonNull.some(choice => !isValueAsText(choice))
    ? nonNull.filter(choice => !isValueAsText(choice))
    : nonNull
  const nullable = isNullable ? { nullable: true } : {}
  const values = choicesToShow.flatMap(choice =>
    choice.const !== undefined ? [choice.const] : Array.isArray(choice.enum) ? choice.enum : [],
  )
  const types = new Set(choicesToShow.map(({ type }) => type))
  if (choicesToShow.every(choice => choice.const !== undefined || choice.enum) && types.size === 1)
    return { ...annotations, type: [...types][0], ...nullable, enum: isNullable ? [...values, null] : values }
  const [only] = choicesToShow
  if (choicesToShow.length > 1 || !only) {
    const anyOf = choicesToShow.map(convert).map(choice => (choice.type ? { ...choice, ...nullable } : choice))
    return { ...annotations, anyOf } // `nullable` means nothing without a type beside it
  }
  const schema = convert(only)
  if (isNullable && Array.isArray(schema.enum)) schema.enum = [...schema.enum, null]
  if (!schema.$ref) return { ...schema, ...annotations, ...nullable }
  return Object.keys({ ...annotations, ...nullable }).length ? { ...annotations, ...nullable, allOf: [schema] } : schema
}

const isSchema = (value: unknown): value is Schema =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const listOf = (value: unknown): Schema[] => (Array.isArray(value) ? value.filter(isSchema) : [])
