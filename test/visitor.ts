/** A simulated browser: it keeps cookies and sends its origin and CSRF token. */
import { caller, Refused } from './start.ts'

// biome-ignore lint/suspicious/noExplicitAny: tests read answers as they come
type Answer = any
type Init = RequestInit & { headers?: Record<string, string> }

export function visitor(url: string) {
  const { raw } = caller(url)
  const cookies = new Map<string, { pair: string; path: string }>()
  const session = () => [...cookies.values()].find(({ pair }) => pair.includes('fieldhouse_session='))?.pair
  let csrfToken: string | undefined

  async function visit(path: string, init: Init = {}): Promise<Response> {
    const headers: Record<string, string> = {}
    const pairs = [...cookies.values()]
      .filter(({ path: cookiePath }) => path.startsWith(cookiePath))
      .map(({ pair }) => pair)
    if (pairs.length) headers.cookie = pairs.join('; ')
    if (init.method) headers.origin = url
    const response = await raw(path, { ...init, headers: { ...headers, ...init.headers } })
    for (const header of response.headers.getSetCookie()) {
      const [pair = '', ...rest] = header.split('; ')
      const cookiePath = rest.find(each => each.startsWith('Path='))?.slice(5) ?? '/'
      const name = `${pair.split('=')[0]} ${cookiePath}`
      if (pair.endsWith('=')) cookies.delete(name)
      else cookies.set(name, { pair, path: cookiePath })
    }
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
    /** Returns the response itself; a call with a method sends its origin. */
    visit,
    get: (path: string) => json('GET', path),
    post: (path: string, body: unknown = {}) => json('POST', path, body),
    patch: (path: string, body: unknown) => json('PATCH', path, body),
    delete: (path: string, body?: unknown) => json('DELETE', path, body),
    signIn: (email: string, password: string) => json('POST', '/api/v1/auth/login', { email, password }),
    /** Sends a form like a browser without JavaScript; follows no redirect. */
    submit: (path: string, fields: Record<string, string>) =>
      visit(path, {
        method: 'POST',
        body: new URLSearchParams(fields),
        headers: { accept: 'text/html' },
      }),
    cookie: session,
    csrfToken: () => csrfToken,
  }
}

/** The secret in a link, which a mail has as a path. */
export const tokenOf = (link: string): string => new URL(link, 'http://localhost').searchParams.get('token') ?? ''
