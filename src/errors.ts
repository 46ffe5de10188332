/** The ways the app refuses. Everything else that is thrown is a bug. */
const refusals = {
  bad_request: [400, 'Bad request'],
  unauthorized: [401, 'Sign in first'],
  forbidden: [403, 'Not allowed'],
  not_found: [404, 'Not found'],
  method_not_allowed: [405, 'Method not allowed'],
  conflict: [409, 'Conflict'],
  gone: [410, 'Gone'],
  too_large: [413, 'Too large'],
  unsupported: [415, 'Unsupported media type'],
  invalid: [422, 'Invalid input'],
  rate_limited: [429, 'Too many requests'],
  unavailable: [503, 'Unavailable for now'],
  storage_full: [507, 'Storage is full'],
} as const

/** Code and status of each, for the API page. */
export const refusalList = Object.entries(refusals).map(([code, [status]]) => ({ code, status }))

export type RefusalCode = keyof typeof refusals
export const isRefusalCode = (code: unknown): code is RefusalCode =>
  typeof code === 'string' && Object.hasOwn(refusals, code)
export type FieldError = { path: string; message: string }

type RefusalExtra = {
  errors?: FieldError[]
  /** Seconds until a retry makes sense. */
  retryAfter?: number
  /** More facts for the client, in addition to the fields of the problem. */
  [fact: string]: unknown
}

export class Refusal extends Error {
  readonly status: number
  readonly title: string

  constructor(
    readonly code: RefusalCode,
    readonly detail: string,
    readonly extra: RefusalExtra = {},
  ) {
    super(detail)
    this.name = 'Refusal'
    const [status, title] = refusals[code]
    this.status = status
    this.title = title
  }

  get headers(): Record<string, string> {
    const { retryAfter } = this.extra
    return retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) }
  }
}

/** `throw refuse('conflict', 'Picks closed at the first tee time', { deadline })`. Also for missing values: `x ?? refuse(…)`. */
export function refuse(code: RefusalCode, detail: string, extra?: RefusalExtra): never {
  throw new Refusal(code, detail, extra)
}

/** The message of whatever was thrown. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

/** For the person who started a process that ends with this error: with the name of the error, unless it is plain `Error`. */
export const namedMessageOf = (error: unknown): string =>
  error instanceof Error && error.name !== 'Error' ? `${error.name}: ${error.message}` : messageOf(error)

/** Invalid input that a schema cannot detect: the field for programs, a sentence for people. */
export const invalid = (path: string, message: string): never =>
  refuse('invalid', message, { errors: [{ path, message }] })

/** Another has this name already. */
export const alreadyTaken = (path: string, message: string): never =>
  refuse('conflict', message, { errors: [{ path, message }] })

export const maxImportErrors = 100 // listed in an answer

/** Refuses an import of which nothing was taken. The first mistakes are listed. */
export function refuseImport(errors: readonly FieldError[]): never {
  const count = errors.length === 1 ? '1 mistake' : `${errors.length} mistakes`
  const more = errors.length > maxImportErrors ? `; the first ${maxImportErrors} are listed` : ''
  refuse('invalid', `Nothing was imported: ${count}${more}`, { errors: errors.slice(0, maxImportErrors) })
}
