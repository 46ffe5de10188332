/** What is known of a request while it is answered: who asks, since when, under which id. */
import type { Role } from '../../../db/schema.ts'

export type Who = {
  /** null: the built-in operator. */
  id: number | null
  username: string
  role: Role
  via: 'session' | 'key' | 'operator'
  /** What a mutation by cookie must send in `X-CSRF-Token`. */
  csrfToken?: string
}

/** What a rate limit has counted for whoever asks. */
export type ReadCount = { limit: number; used: number; left: number; resetSeconds: number; over: boolean }

export type RequestContext = {
  readonly id: string
  readonly began: number // performance.now()
  ms: number // that it took; 0 until it is answered
  /** Where it comes from; asked for only where it matters. */
  address(): string
  /** What the client calls itself; likewise. */
  client(): string
  who: Who | undefined
  /** The pattern of the matched route, for statistics. */
  route: string
  /** Whether it is a board read that the rate limit counts. */
  counted: boolean
  /** Nobody has asked yet: it is answered so that the fast path knows how, and is not counted. */
  isAhead: boolean
  /** How often they have read lately, where that is limited. */
  reads: ReadCount | undefined
  /** Whether it is for signed-in people only: nothing on the way keeps the answer. */
  isPrivate: boolean
  /** Headers that the answer shall carry besides its own. */
  readonly headers: [name: string, value: string][]
}

const contexts = new WeakMap<Request, RequestContext>()

export const beginRequest = (request: Request, context: RequestContext) => void contexts.set(request, context)

export function requestContext(request: Request): RequestContext {
  const context = contexts.get(request)
  if (!context) throw new Error('A request that did not come in through the door')
  return context
}
