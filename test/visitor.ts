/** A browser without a screen: it keeps its cookie, names its origin and sends the token it was given. */
import { caller, Refused } from './start.ts'

// biome-ignore lint/suspicious/noExplicitAny: tests read answers as they come
type Answer = any
type Init = RequestInit & { headers?: Record<string, string> }

export function visitor(url: string) {
  const { raw } = caller(url)
  let cookie: string | undefined
  let csrfToken: string | undefined

  async function visit(path: string, init: Init = {}): Promise<Response> {
    const headers: Record<string, string> = {}
    if (cookie) headers.cookie = cookie
    if (init.method) headers.origin = url
    const response = await raw(path, { ...init, headers: { ...headers, ...init.headers } })
    const set = response.headers.get('set-cookie')?.split(';')[0]
    if (set) cookie = set.endsWith('=') ? undefined : set
    return response
  }

  async function json(method: string, path: string, body?: unknown): Promise<Answer> {
    const headers: Record<string, string> = body === undefined ? {} : { 'content-type': 'application/json' }
    if (csrfToken) headers['x-csrf-token'] = csrfToken
    const response = await visit(path, { ...(method !== 'GET' && { method }), headers, body: JSON.stringify(body) })
    const answer = await response.json()
    if (response.status >= 400) throw new Refused(response.status, answer, response.headers)
    if ('csrf_token' in answer) csrfToken = answer.csrf_token ?? undefined
    return answer
  }

  return {
    /** As it comes; a call with a method names its origin. */
    visit,
    get: (path: string) => json('GET', path),
    post: (path: string, body: unknown = {}) => json('POST', path, body),
    patch: (path: string, body: unknown) => json('PATCH', path, body),
    delete: (path: string, body?: unknown) => json('DELETE', path, body),
    signIn: (email: string, password: string) => json('POST', '/api/v1/auth/login', { email, password }),
    /** Sends a form as a browser without script does, and stays where it is. */
    submit: (path: string, fields: Record<string, string>) =>
      visit(path, {
        method: 'POST',
        body: new URLSearchParams(fields),
        headers: { accept: 'text/html' },
      }),
    cookie: () => cookie,
    csrfToken: () => csrfToken,
  }
}
