/**
 * The API described by its own routes, as OpenAPI 3.0.3. Security and refusals are derived from `may`, so that no route can
 * forget them.
 */
import { toOpenAPISchema } from '@elysiajs/openapi'
import { type AnyElysia, t } from 'elysia'
import { type Examples, withExamples } from './openapi-examples.ts'
import { openApiSchema, type Schema } from './openapi-schema.ts'
import { registerFormats } from './shared-schemas.ts'

registerFormats() // @elysiajs/openapi imports a validator that has just replaced the date formats

const problemSchema = t.Object(
  {
    type: t.String(),
    title: t.String(),
    status: t.Integer(),
    detail: t.String({ description: 'For people' }),
    code: t.String({ description: 'For programs: not_found, conflict, …' }),
    request_id: t.String({ description: 'What the log knows it by' }),
    errors: t.Optional(t.Array(t.Object({ path: t.String(), message: t.String() }), { description: 'Of bad input' })),
  },
  { $id: 'Problem', description: 'Why not; perhaps with further facts', additionalProperties: true },
)

type MediaTypes = Record<string, { schema?: unknown }>
type Operation = {
  operationId: string
  parameters?: { name: string; in: string; required?: boolean; description?: string; schema: unknown }[]
  requestBody?: { content: MediaTypes; required?: boolean }
  responses?: Record<string, { description: string; content?: MediaTypes }>
  tags?: string[]
  security?: Record<string, string[]>[]
  'x-may'?: string
}
type Hooks = { body?: { type?: string; required?: string[] }; query?: { properties?: Record<string, unknown> } }
type Paths = Record<string, Record<string, Operation>>

const unchanged = {
  304: { description: 'Only for answers with an `ETag`: unchanged since the one that is sent in `If-None-Match`' },
}

const signInSchemes: Record<string, string[]>[] = [{ key: [] }, { session: [] }]

/** What no single route can say: the introduction, the order and descriptions of the sections, and examples by field name. */
export type ApiWords = {
  about: string
  /** In this order; sections not named here come last. */
  sections: Record<string, string>
  /** What parameters mean that do not say it themselves, by name; ids also with the step before them: `leagues/{id}`. */
  parameters: Record<string, string>
  examples: Examples
}

export function describeApi(app: AnyElysia, version: string, title: string, words: ApiWords) {
  const { about, sections, examples } = words
  const { paths } = toOpenAPISchema(app, { staticFile: false }) as unknown as { paths: Paths }
  const named: Record<string, Schema> = {}
  const documented: Paths = {}
  const problem = openApiSchema(problemSchema, named)

  for (const { method: upperCaseMethod, path, hooks } of app.routes) {
    const method = upperCaseMethod.toLowerCase()
    const template = path.replaceAll(/:(\w+)/g, '{$1}')
    const operation = paths[template]?.[method]
    if (!operation || hooks?.detail?.hide) continue
    const address = template.replace(/(.)\/$/, '$1')
    documented[address] ??= {}
    documented[address][method] = describe(operation, method, address, hooks ?? {})
  }

  function describe(operation: Operation, method: string, address: string, { body, query }: Hooks): Operation {
    const may = operation['x-may'] ?? 'anyone'
    const parameters = operation.parameters?.map(({ description, ...parameter }) => {
      const { description: ownDescription = description ?? meaningOf(parameter.name, address), ...schema } =
        openApiSchema(query?.properties?.[parameter.name] ?? parameter.schema, named) // Elysia’s own loses what choices mean
      const isOptional = parameter.in === 'query' && schema.default !== undefined
      return {
        ...parameter,
        ...(typeof ownDescription === 'string' && { description: ownDescription }),
        ...(isOptional && { required: false }),
        schema,
      }
    })
    const bodyDoc = operation.requestBody
    if (bodyDoc && body && !Object.keys(bodyDoc.content).length)
      bodyDoc.content = { 'application/json': { schema: body } }
    const isOptionalBody = method === 'post' && body?.type === 'object' && !body.required?.length
    const requestBody = bodyDoc && { ...bodyDoc, required: !isOptionalBody, content: contentOf(bodyDoc.content) }
    const responses = Object.fromEntries(
      Object.entries(operation.responses ?? {}).map(([status, { content, ...answer }]) => [
        status,
        { ...answer, ...(content && { content: contentOf(content) }) },
      ]),
    )
    return {
      ...operation,
      operationId: operationIdOf(method, address),
      ...(parameters && { parameters }),
      ...(requestBody && { requestBody }),
      security: may === 'anyone' ? [] : may === 'reader' ? [{}, ...signInSchemes] : signInSchemes,
      responses: {
        ...responses,
        ...(method === 'get' && responses[200]?.content?.['application/json'] && unchanged),
        ...refusals({ may, method, address, takesBody: Boolean(requestBody), takesInput: Boolean(parameters?.length) }),
      },
    }
  }

  function meaningOf(name: string, address: string): string | undefined {
    const [step] = address.match(new RegExp(`[^/]+/\\{${name}\\}`)) ?? []
    return (step && words.parameters[step]) ?? words.parameters[name]
  }

  function contentOf(content: MediaTypes): MediaTypes {
    const typed = Object.entries(content).map(([type, { schema }]) => [type, { schema: openApiSchema(schema, named) }])
    return Object.fromEntries(typed)
  }

  type Asked = { may: string; method: string; address: string; takesBody: boolean; takesInput: boolean }
  function refusals({ may, method, address, takesBody, takesInput }: Asked) {
    const refusal = (description: string) => ({
      description,
      content: { 'application/problem+json': { schema: problem } },
    })
    return {
      ...(takesBody && { 400: refusal('The body cannot be read') }),
      ...(takesBody && {
        413: refusal(
          `The body is larger than 2 MB, or ${may === 'anyone' ? '64 kB of a stranger' : 'a file than MAX_UPLOAD_MB'}`,
        ),
      }),
      ...(may !== 'anyone' && { 401: refusal('Not signed in') }),
      ...(may !== 'anyone' && may !== 'reader' && { 403: refusal(`Only ${may}s can do this`) }),
      ...((takesBody || /\{|\/me(\/|$)/.test(address)) && { 404: refusal('There is no such thing') }),
      ...(method !== 'get' && { 409: refusal('It does not fit what is there, or is done already; `detail` says why') }),
      ...((takesBody || takesInput) && { 422: refusal('The input does not fit; `errors` says where') }),
      429: refusal('Too many requests; `Retry-After` says when to come again'),
      ...(may !== 'anyone' && { 503: refusal('Not possible for the moment; `Retry-After` says when to come again') }),
      500: refusal('A bug; the log knows it by the request id'),
      default: refusal('Any other refusal; `code` says which'),
    }
  }

  const operations = Object.values(documented).flatMap(path => Object.values(path))
  const otherTags = new Set(operations.flatMap(({ tags }) => tags ?? []))
  const order = [...Object.keys(sections).filter(name => otherTags.delete(name)), ...otherTags]
  return {
    openapi: '3.0.3',
    info: {
      title,
      version,
      description: about,
      license: { name: 'MIT', url: 'https://opensource.org/license/mit' },
    },
    servers: [{ url: '/' }],
    tags: order.map(name => ({ name, ...(sections[name] && { description: sections[name] }) })),
    paths: mapValues(documented, (path, address) => withExamples(path, examples, lastWord(address))),
    components: {
      schemas: mapValues(named, (schema, name) => withExamples(schema, examples, name)),
      securitySchemes: {
        key: { type: 'http', scheme: 'bearer', description: 'An API key, or ADMIN_TOKEN' },
        session: {
          type: 'apiKey',
          in: 'cookie',
          name: 'fieldhouse_session',
          description:
            'The cookie of a sign-in, over TLS named `__Host-fieldhouse_session`; changes also need X-CSRF-Token and Origin',
        },
      },
    },
  }
}

const mapValues = <T>(of: Record<string, T>, change: (value: T, key: string) => T): Record<string, T> =>
  Object.fromEntries(Object.entries(of).map(([key, value]) => [key, change(value, key)]))

/** `sites` of `/roster/sites/{id}`. */
const lastWord = (address: string) =>
  address
    .split('/')
    .filter(step => !step.startsWith('{'))
    .at(-1) ?? ''

/** `getLeaguesByIdLeaderboard`, a name that generated clients can use. Paths outside `/api/v1` keep their prefix, which keeps it unique. */
function operationIdOf(method: string, address: string): string {
  const words = address
    .replace(/^\/api\/v1/, '')
    .replaceAll('{', 'by/')
    .split(/[^a-zA-Z0-9]+/)
    .filter(Boolean)
  return method + words.map(word => word[0]?.toUpperCase() + word.slice(1)).join('')
}
