/**
 * The API described by its own routes. Security and refusals follow from `may`, the same for all, so that no route can
 * forget them. The page is ours: swagger-ui from local files, nothing inline, nothing from elsewhere.
 */
import { toOpenAPISchema } from '@elysiajs/openapi'
import { type AnyElysia, t } from 'elysia'

const problemSchema = t.Object({
  type: t.String(),
  title: t.String(),
  status: t.Integer(),
  detail: t.String(),
  code: t.String(),
  request_id: t.String(),
  errors: t.Optional(t.Array(t.Object({ path: t.String(), message: t.String() }))),
})

type Schema = { anyOf?: Schema[]; type?: string; format?: string; default?: unknown; [key: string]: unknown }
type Operation = {
  operationId: string
  summary?: string
  tags?: string[]
  parameters?: { in: string; required?: boolean; schema: Schema }[]
  requestBody?: { content: Record<string, unknown>; required?: boolean }
  responses?: Record<string, unknown>
  security?: Record<string, string[]>[]
  'x-may'?: string
}
type Paths = Record<string, Record<string, Operation>>

const refusal = (description: string) => ({
  description,
  content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
})
const security: Record<string, string[]>[] = [{ key: [] }, { session: [] }]

export function describeApi(app: AnyElysia, version: string) {
  const { paths } = toOpenAPISchema(app) as unknown as { paths: Paths }
  const documented: Paths = {}
  for (const { method, path, hooks } of app.routes) {
    const name = path.replaceAll(/:(\w+)/g, '{$1}')
    const operation = paths[name]?.[method.toLowerCase()]
    if (!operation || hooks?.detail?.hide) continue
    const may = operation['x-may']
    for (const parameter of operation.parameters ?? []) {
      parameter.schema = plain(parameter.schema)
      if (parameter.in === 'query' && parameter.schema.default !== undefined) parameter.required = false
    }
    const body = hooks?.body as Schema | undefined
    if (operation.requestBody && body && !Object.keys(operation.requestBody.content).length)
      operation.requestBody.content = { 'application/json': { schema: plain(body) } }
    if (may !== 'anyone') operation.security = may === 'reader' ? [{}, ...security] : security
    operation.responses = {
      ...operation.responses,
      ...(operation.parameters?.length || operation.requestBody ? { 422: refusal('The input does not fit') } : {}),
      ...(may === 'anyone' ? {} : { 401: refusal('Not signed in') }),
      ...(may && may !== 'anyone' && may !== 'reader' ? { 403: refusal(`Takes the role ${may}`) } : {}),
      ...(name.includes('{') ? { 404: refusal('There is no such thing') } : {}),
      429: refusal('Too many requests'),
      500: refusal('A bug; the log knows it by the request id'),
    }
    documented[name] = { ...documented[name], [method.toLowerCase()]: operation }
  }
  return {
    openapi: '3.0.3',
    info: {
      title: 'Fieldhouse',
      version,
      description: 'Keeps score for a community: sheets, live feeds and trades go in, ranked boards come out.',
    },
    tags: [
      ...new Set(Object.values(documented).flatMap(path => Object.values(path).flatMap(({ tags }) => tags ?? []))),
    ].map(name => ({ name })),
    paths: documented,
    components: {
      schemas: { Problem: problemSchema },
      securitySchemes: {
        key: { type: 'http', scheme: 'bearer', description: 'An API key, or ADMIN_TOKEN' },
        session: {
          type: 'apiKey',
          in: 'cookie',
          name: 'fieldhouse_session',
          description: 'The cookie of a sign-in; mutations also need X-CSRF-Token',
        },
      },
    },
  }
}

/** Elysia takes numbers in parameters as text too; for a reader of the page that is one thing. */
function plain(schema: Schema): Schema {
  if (Array.isArray(schema)) return schema
  const { anyOf, ...rest } = schema
  const numeric = anyOf?.find(({ type }) => type === 'integer' || type === 'number')
  if (
    anyOf &&
    numeric &&
    anyOf.some(({ type, format }) => type === 'string' && (format === 'integer' || format === 'numeric'))
  )
    return { ...rest, ...plain(numeric) }
  const result: Schema = { ...schema }
  if (anyOf) result.anyOf = anyOf.map(plain)
  if (schema.properties)
    result.properties = Object.fromEntries(
      Object.entries(schema.properties as Record<string, Schema>).map(([name, value]) => [name, plain(value)]),
    )
  if (schema.items) result.items = plain(schema.items as Schema)
  return result
}
