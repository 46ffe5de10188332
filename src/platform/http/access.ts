/**
 * Access control: every route declares with `may` who may use it. 401 has to come before 422, and 403 before any work, so the
 * check runs before the body is parsed and again before validation (a route without a body is never parsed).
 */
import { Elysia } from 'elysia'
import type { Role } from '../../../db/schema.ts'
import { Refusal, refuse } from '../../errors.ts'
import { notJson } from './problem.ts'
import type { ReadLimit } from './rate-limits.ts'
import { bodyIsSent, bodyLength, jsonBody } from './request-body.ts'
import { requestContext, type Who } from './request-context.ts'

/** `anyone`: no check. `reader`: signed-in people, and strangers while boards are public. Each role includes those below it. */
export type May = 'anyone' | 'reader' | Role

const rank: Record<Role, number> = { member: 1, officer: 2, admin: 3 }
export const isAtLeast = (who: Pick<Who, 'role'> | undefined, role: Role): boolean =>
  who !== undefined && rank[who.role] >= rank[role]
export const isNoMoreThan = (role: Role, than: Role) => rank[role] <= rank[than]

/** The longest body of a stranger, who only signs in, joins or chooses a password. A form of 2 MB can take half a second to read. */
const strangersBody = 64 * 1024 // bytes

export function allow(request: Request, may: May, publicBoards: boolean): void {
  const context = requestContext(request)
  const { who } = context
  if (may !== 'anyone' && may !== 'reader') context.isPrivate = true
  if (may === 'anyone' || (may === 'reader' && (publicBoards || who))) {
    if (!who && bodyLength(request) > strangersBody)
      refuse('too_large', `The body is larger than ${strangersBody} bytes, the most for somebody who is not signed in`)
    return
  }
  if (!who) refuse('unauthorized', 'Sign in, or send a key as Authorization: Bearer …')
  if (may !== 'reader' && !isAtLeast(who, may))
    refuse(
      'forbidden',
      `Only ${may}s can open this; you are ${who?.role === 'member' ? 'a member' : `an ${who?.role}`}`,
    )
}

/** The signed-in user, for routes that require a role. */
export const signedIn = (who: Who | undefined): Who => who ?? refuse('unauthorized', 'Sign in first')

/** The role that each check requires. Not in the route's `detail`, because Elysia merges that into an object routes share. */
const roleOfCheck = new WeakMap<object, May>()
type Hooked = { hooks: { transform?: { fn: unknown }[] } }
export const roleNeeded = ({ hooks }: Hooked): May | undefined => {
  for (const { fn } of hooks.transform ?? [])
    if (typeof fn === 'function' && roleOfCheck.has(fn)) return roleOfCheck.get(fn)
  return undefined
}

/** A body of another type, or one that is no object, would be taken for an empty one: the request would silently change nothing. */
function requireObject(context: { request: Request; body: unknown }): void {
  const { request, body } = context
  const hasBody = bodyIsSent(request)
  const refusal = hasBody && !requestContext(request).takesFile && notJson(request)
  if (refusal) throw refusal
  if (body === undefined && request.method === 'POST' && !hasBody) context.body = {} // an action that needs no words
  if (body === undefined) return
  if (typeof body === 'object' && body !== null && !Array.isArray(body) && !(body instanceof ArrayBuffer)) return
  const errors = [{ path: 'body', message: 'Write an object with named values.' }]
  throw notJson(request) ?? new Refusal('invalid', 'The body should be a JSON object', { errors })
}

/**
 * In place of the router's parsers. That of JSON garbles what is not UTF-8 and takes unreadable JSON for no body where none is
 * needed; that of forms in parts makes a list as long as a field's name says, `a[900000000]`.
 */
function parseBody({ request, contentType }: { request: Request; contentType: string }) {
  if (requestContext(request).takesFile) return
  if (contentType === 'multipart/form-data') throw notJson(request)
  return contentType === 'application/json' ? jsonBody(request) : undefined
}

export type AccessSettings = { config: { publicBoards: boolean }; reads: ReadLimit }

/** Gives routes `who`, `may: …` and `counted: true` (a read that the rate limit counts). */
export const access = ({ config, reads }: AccessSettings) =>
  new Elysia({ name: 'access' })
    .derive({ as: 'global' }, ({ request, route }) => {
      const context = requestContext(request)
      context.route = `${request.method} ${route}`
      return { who: context.who }
    })
    .macro({
      may: (may: May) => {
        const check = ({ request }: { request: Request }) => allow(request, may, config.publicBoards)
        roleOfCheck.set(check, may)
        return { detail: { 'x-may': may } as object, parse: [check, parseBody], transform: [check, requireObject] }
      },
      counted: (counted: boolean) => ({
        transform({ request }: { request: Request }) {
          if (counted) reads.count(requestContext(request))
        },
      }),
    })

/** A router for the API: its routes have this prefix, and are in this section of the API page. */
export const apiRouter = <const Prefix extends string>(app: AccessSettings, prefix: Prefix, section: string) =>
  new Elysia({ prefix, tags: [section] }).use(access(app))
