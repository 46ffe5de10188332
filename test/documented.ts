/** Checks that an answer is as the API document says. Every JSON answer that a test gets is checked. */
import { apiWords } from '../src/api-words.ts'
import type { App } from '../src/context.ts'
import { describeApi } from '../src/platform/http/openapi.ts'
import { routes } from '../src/routes.ts'
import { misfits, type Thing } from './openapi.ts'

type Operation = { responses: Record<string, { content?: Record<string, { schema: Thing }> }> }
type Document = Thing & { paths: Record<string, Record<string, Operation>> }

let document: Document | undefined
/** Paths of the document by method and number of parts, those with the fewest parameters first. */
const templates = new Map<string, { template: string; parts: string[] }[]>()

/** Makes the document from the routes of the first app, once per process. */
export function documentFrom(app: App): void {
  if (document) return
  const newDocument: Document = JSON.parse(JSON.stringify(describeApi(routes(app), app.version, 'API', apiWords)))
  const parameters = (template: string) => template.split('{').length
  for (const template of Object.keys(newDocument.paths).sort((a, b) => parameters(a) - parameters(b)))
    for (const method of Object.keys(newDocument.paths[template] ?? {})) {
      const parts = template.split('/')
      const key = `${method} ${parts.length}`
      templates.set(key, [...(templates.get(key) ?? []), { template, parts }])
    }
  document = newDocument
}

export function answerFaults(method: string, path: string, status: number, answer: unknown): string[] {
  if (!document) return []
  const { pathname } = new URL(path, 'http://localhost')
  const template = templateOf(pathname, method.toLowerCase())
  const operation = template && document.paths[template]?.[method.toLowerCase()]
  if (!operation) return []
  const content = operation.responses[status]?.content
  const at = `${method} ${template} ${status}`
  if (!content) return [`${at} is not documented`]
  const schema = content['application/json']?.schema
  return schema ? misfits(document, schema, answer, at) : [`${at} answers JSON, which is not documented`]
}

/** The path of the document that matches, with the fewest parameters. */
function templateOf(pathname: string, method: string): string | undefined {
  const pathParts = pathname.replace(/(.)\/$/, '$1').split('/')
  return templates
    .get(`${method} ${pathParts.length}`)
    ?.find(({ parts }) => parts.every((part, i) => part === pathParts[i] || part.startsWith('{')))?.template
}
