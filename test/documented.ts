/** Whether an answer is what the API page says of its route: asked of every answer that tests get as JSON. */
import { apiWords } from '../src/api-words.ts'
import type { App } from '../src/context.ts'
import { describeApi } from '../src/platform/http/openapi.ts'
import { routes } from '../src/routes.ts'
import { misfits, type Thing } from './openapi.ts'

type Operation = { responses: Record<string, { content?: Record<string, { schema: Thing }> }> }
type Document = Thing & { paths: Record<string, Record<string, Operation>> }

let document: Document | undefined

/** The document is made from the routes of the first app, once in a process. */
export function documentFrom(app: App): void {
  document ??= JSON.parse(JSON.stringify(describeApi(routes(app), app.version, apiWords)))
}

export function undocumented(method: string, path: string, status: number, answer: unknown): string[] {
  if (!document) return []
  const { pathname } = new URL(path, 'http://localhost')
  const template = templateOf(document, pathname, method.toLowerCase())
  const operation = template && document.paths[template]?.[method.toLowerCase()]
  if (!operation) return []
  const content = operation.responses[status]?.content
  const at = `${method} ${template} ${status}`
  if (!content) return [`${at} is not documented`]
  const schema = content['application/json']?.schema
  return schema ? misfits(document, schema, answer, at) : [`${at} answers JSON, which is not documented`]
}

/** The path of the document that this one is of: the one with the fewest parameters. */
function templateOf(document: Document, pathname: string, method: string): string | undefined {
  const asked = pathname.replace(/(.)\/$/, '$1').split('/')
  const fits = (template: string) => {
    const parts = template.split('/')
    return parts.length === asked.length && parts.every((part, i) => part.startsWith('{') || part === asked[i])
  }
  const parameters = (template: string) => template.split('{').length
  return Object.keys(document.paths)
    .filter(template => document.paths[template]?.[method] && fits(template))
    .sort((a, b) => parameters(a) - parameters(b))[0]
}
