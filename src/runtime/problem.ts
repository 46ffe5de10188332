/** One error shape: `application/problem+json`, for whatever was thrown. */
import { SQLiteError } from 'bun:sqlite'
import { ValidationError } from 'elysia'
import { type FieldError, Refusal } from '../errors.ts'
import { TooLarge } from './door.ts'
import { QueueDown } from './jobs.ts'

/** Every thrown thing as a refusal; undefined where it is a bug. */
export function asRefusal(error: unknown, code?: string | number): Refusal | undefined {
  if (error instanceof Refusal) return error
  if (error instanceof Error && error.cause instanceof Refusal) return error.cause // thrown while parsing
  if (error instanceof ValidationError)
    return new Refusal('invalid', 'The input does not fit what is expected', { errors: fieldErrors(error) })
  if (code === 'NOT_FOUND') return new Refusal('not_found', 'There is nothing at this address')
  if (code === 'PARSE') return new Refusal('bad_request', 'The body is not readable JSON')
  if (code === 'INVALID_FILE_TYPE') return new Refusal('unsupported', 'The file is of a type that is not accepted')
  if (code === 'INVALID_COOKIE_SIGNATURE') return new Refusal('unauthorized', 'The cookie is not valid')
  if (error instanceof TooLarge) return new Refusal('too_large', error.message)
  if (error instanceof QueueDown) return new Refusal('unavailable', error.message, { retryAfter: 5 })
  if (isDiskFull(error)) return new Refusal('storage_full', 'The disk is full; nothing was written')
  if (error instanceof SQLiteError && /^SQLITE_BUSY/.test(error.code ?? ''))
    return new Refusal('unavailable', 'The database is busy; nothing was written', { retryAfter: 1 })
  return undefined
}

const isDiskFull = (error: unknown) =>
  (error instanceof SQLiteError && error.code === 'SQLITE_FULL') ||
  (error instanceof Error && 'code' in error && (error.code === 'ENOSPC' || error.code === 'EDQUOT'))

function fieldErrors(error: ValidationError): FieldError[] {
  const seen = new Map<string, string>()
  for (const issue of error.all) {
    if (!('path' in issue) || issue.path === undefined) continue
    const path = `${error.type === 'body' ? '' : `${error.type}.`}${String(issue.path).replace(/^\//, '').replaceAll('/', '.')}`
    const schema = 'schema' in issue ? issue.schema : undefined
    if (!seen.has(path)) seen.set(path, expectation(schema) ?? issue.message ?? 'is not valid')
  }
  return [...seen].map(([path, message]) => ({ path: path || 'body', message }))
}

type Schema = { error?: unknown; type?: string; anyOf?: Schema[]; const?: unknown; [rule: string]: unknown }
const rules = ['minimum', 'maximum', 'minLength', 'maxLength', 'minItems', 'maxItems', 'format', 'pattern'] as const

/** `expected integer (minimum 1)`, from the schema itself. */
function expectation(schema: unknown): string | undefined {
  if (typeof schema !== 'object' || schema === null) return undefined
  const { anyOf, type, const: only, ...rest } = schema as Schema
  const choices = anyOf?.filter(
    choice => !(choice.type === 'string' && ['integer', 'numeric', 'boolean'].includes(String(choice.format))),
  )
  if (choices?.length) {
    if (choices.every(choice => 'const' in choice))
      return `expected one of ${choices.map(choice => choice.const).join(', ')}`
    return expectation({ ...rest, ...choices[0] })
  }
  if (only !== undefined) return `expected ${only}`
  if (!type) return undefined
  const limits = rules.filter(rule => rest[rule] !== undefined).map(rule => `${rule} ${rest[rule]}`)
  return `expected ${type}${limits.length ? ` (${limits.join(', ')})` : ''}`
}

export function problem(refusal: Refusal, requestId: string): Response {
  const { status, title, detail, code, extra } = refusal
  const { retryAfter, ...facts } = extra
  const body = { type: `urn:fieldhouse:problem:${code}`, title, status, detail, code, request_id: requestId, ...facts }
  const headers: Record<string, string> = { 'content-type': 'application/problem+json' }
  if (retryAfter !== undefined) headers['retry-after'] = String(retryAfter)
  if (status === 401) headers['www-authenticate'] = 'Bearer'
  return new Response(JSON.stringify(body), { status, headers })
}

/** A bug: the detail is in the log under this request id, never in the answer. */
export const bug = (requestId: string) =>
  new Response(
    JSON.stringify({
      type: 'urn:fieldhouse:problem:internal',
      title: 'Internal error',
      status: 500,
      detail: 'Something went wrong here; the log knows it by this request id',
      code: 'internal',
      request_id: requestId,
    }),
    { status: 500, headers: { 'content-type': 'application/problem+json' } },
  )
