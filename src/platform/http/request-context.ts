/** What is known of a request while it is answered: who asks, when it began, its id. */
import type { Role } from '../../../db/schema.ts'

export type Who = {
  /** null: the built-in operator. */
  id: number | null
  username: string
  role: Role
  via: 'session' | 'key' | 'operator'
  /** What a mutation by cookie must send in `X-CSRF-Token`. */
  csrfToken?: string
  /** When the key ends by which they ask. */
  keyEndsAt?: number
}

/** As the audit log names them. */
export type Actor = Pick<Who, 'id' | 'username'>

/** What a rate limit has counted for a client. */
export type ReadCount = { limit: number; used: number; remaining: number; resetSeconds: number; isOver: boolean }

export type RequestContext = {
  readonly id: string
  readonly began: number // performance.now()
  ms: number // that it took; 0 until it is answered
  /** The client's address: a function, because the look-up costs a system call. */
  address(): string
  /** The User-Agent, read only where it matters. */
  client(): string
  who: Who | undefined
  /** The pattern of the matched route, for statistics. */
  route: string
  /** Whether it is a board read that the rate limit counts. */
  counted: boolean
  /** Answered before anybody asked, so that the fast path learns the answer; not counted. */
  isAhead: boolean
  /** The route reads the body itself, whatever type it has. */
  takesFile: boolean
  /** What the rate limit has counted, where one applies. */
  reads: ReadCount | undefined
  /** Only for signed-in people: no cache on the way may store the answer. */
  isPrivate: boolean
  /** Headers to add to the answer's own. */
  readonly headers: [name: string, value: string][]
}

const contexts = new WeakMap<Request, RequestContext>()

export const setRequestContext = (request: Request, context: RequestContext) => void contexts.set(request, context)

export function requestContext(request: Request): RequestContext {
  const context = contexts.get(request)
  if (!context) throw new Error('This request has no context: it did not come in through the HTTP server')
  return context
}
