/** One error shape: `application/problem+json`, for whatever was thrown. */
import { KindGuard } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import { ValidationError } from 'elysia'
import { DeadFile, NotSynced } from '../../../db/file.ts'
import { isBusy, isFull } from '../../../db/open-errors.ts'
import { type FieldError, Refusal } from '../../errors.ts'
import { QueueDown } from '../jobs/dispatch.ts'
import { errorSummary, fieldErrors, type SchemaError } from './field-errors.ts'
import { TooLarge } from './request-body.ts'

/** The input of the refused request, as far as it was read. */
export type RefusedInput = { params?: object; query?: object; body?: unknown; request?: Request }

/** Turns whatever was thrown into a refusal; undefined if it is a bug. */
export function asRefusal(error: unknown, code?: string | number, input: RefusedInput = {}): Refusal | undefined {
  if (error instanceof Refusal) return error
  if (error instanceof Error && error.cause instanceof Refusal) return error.cause // thrown while parsing
  if (error instanceof ValidationError)
    return (
      (error.type === 'body' && input.request && notJson(input.request)) || invalidInput(validationErrors(error, input))
    )
  if (isFailedDescription(error)) return invalidInput([])
  if (code === 'PARSE') return new Refusal('bad_request', 'The body is not readable JSON in UTF-8')
  if (code === 'INVALID_FILE_TYPE') return new Refusal('unsupported', 'The file is of a type that is not accepted')
  if (code === 'INVALID_COOKIE_SIGNATURE') return new Refusal('unauthorized', 'The cookie is not valid')
  if (error instanceof TooLarge) return new Refusal('too_large', error.message)
  if (error instanceof QueueDown) return new Refusal('unavailable', error.message, { retryAfter: 5 })
  if (error instanceof DeadFile) return new Refusal('unavailable', error.message, { retryAfter: 60 })
  if (error instanceof NotSynced && isFull(error))
    return new Refusal('storage_full', 'The disk takes no more; look whether it was written before you send it again')
  if (isFull(error)) return new Refusal('storage_full', 'The disk takes no more; nothing was written')
  if (isBusy(error)) return new Refusal('unavailable', 'The database is busy; nothing was written', { retryAfter: 1 })
  return undefined
}

const invalidInput = (errors: FieldError[]) =>
  new Refusal('invalid', errorSummary(errors), errors.length > 0 ? { errors } : undefined)

/** The refusal of a body whose content type is not JSON, such as curl's default. Forms are allowed outside the API. */
export function notJson({ headers, url }: Request): Refusal | undefined {
  const type = headers.get('content-type')
  if (!type || /^application\/json\b/i.test(type)) return undefined
  if (/urlencoded/.test(type) && !new URL(url).pathname.startsWith('/api/')) return undefined
  return new Refusal('unsupported', `Send the body as application/json, not as ${type}`)
}

/** Outside of production Elysia itself throws when it describes input that cannot be made text, `{ toString: 1 }`. */
const isFailedDescription = (error: unknown) => error instanceof TypeError && /mapValueError/.test(error.stack ?? '')

/**
 * For a number in the address that is out of range Elysia names neither the field nor its source, so the value is looked up
 * in what was sent.
 */
function validationErrors(error: ValidationError, { params, query, body }: RefusedInput): FieldError[] {
  const errors = errorsOf(error)
  if (error.type !== 'property') return fieldErrors(errors).map(withPath(error.type))
  const sent = [params, query, body].flatMap(fields => Object.entries(fields ?? {}))
  const field = sent.find(([, value]) => typeof value === 'string' && Number(value) === error.value)?.[0]
  return fieldErrors(errors, field).map(withPath('input'))
}
/** Not Elysia's own `all`, which makes text of every value. */
function errorsOf({ validator, value }: ValidationError): Iterable<SchemaError> {
  if ('Errors' in validator) return validator.Errors(value)
  return KindGuard.IsSchema(validator) ? Value.Errors(validator, value) : []
}
const withPath =
  (input: string) =>
  ({ path, message }: FieldError): FieldError => ({ path: path || input, message })

export function problem(refusal: Refusal, requestId: string): Response {
  const { status, title, detail, code, extra } = refusal
  const { retryAfter: _, ...facts } = extra
  const body = { type: `urn:fieldhouse:problem:${code}`, title, status, detail, code, request_id: requestId, ...facts }
  const headers: Record<string, string> = { ...refusal.headers, 'content-type': 'application/problem+json' }
  if (status === 401) headers['www-authenticate'] = 'Bearer'
  return new Response(JSON.stringify(body), { status, headers })
}

/** A bug: the detail is in the log under this request id, never in the answer. */
export const bugAnswer = (requestId: string) =>
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
