/** Talks to a running instance as its admin. */
// biome-ignore lint/suspicious/noExplicitAny: answers are read as they come
type Answer = any

/** The `ADMIN_TOKEN` of instances that scripts start. */
export const operatorToken = 'operator-of-a-script-0123456789'

export type DemoCall = ReturnType<typeof demoCaller>
export type DemoLeague = { id: number; name: string }

/** `patience`: ms that an answer may take; without it there is no limit. */
export function demoCaller(url: string, key: string, patience?: number) {
  const authorization = `Bearer ${key}`
  const signal = () => (patience === undefined ? undefined : AbortSignal.timeout(patience))
  async function send(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Answer> {
    const isJson = body !== undefined && !(body instanceof FormData || body instanceof Blob)
    const response = await fetch(url + path, {
      method,
      headers: { authorization, ...(isJson && { 'content-type': 'application/json' }), ...headers },
      body: isJson ? JSON.stringify(body) : body,
      signal: signal(),
    })
    const text = await response.text()
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`)
    return text ? JSON.parse(text) : undefined
  }
  return {
    url,
    key,
    get: (path: string, headers?: Record<string, string>) => send('GET', path, undefined, headers),
    post: (path: string, body: unknown = {}, headers?: Record<string, string>) => send('POST', path, body, headers),
    patch: (path: string, body: unknown) => send('PATCH', path, body),
    put: (path: string, body: unknown) => send('PUT', path, body),
    /** Waits for a job to end, and throws unless it succeeded. */
    async done({ job_id: id }: { job_id: string }) {
      const events = await fetch(`${url}/api/v1/jobs/${id}/events`, {
        headers: { authorization },
        signal: signal(),
      })
      await events.text()
      const job = await send('GET', `/api/v1/jobs/status/${id}`)
      if (job.status !== 'SUCCESS') throw new Error(`${job.name} ended as ${job.status}: ${job.error}`)
      return job
    },
  }
}

/** A user, created or given a new password, and signed in. `send` ignores refusals by a rule (409). */
export async function demoMember(call: DemoCall, username: string, role = 'member') {
  const email = `${username}@fieldhouse.example`
  const password = crypto.randomUUID()
  const { users } = await call.get(`/api/v1/users?q=${email}`)
  if (users[0]) await call.patch(`/api/v1/users/${users[0].id}`, { password })
  else await call.post('/api/v1/users', { username, email, password, role, country: 'SE' })
  const headers: Record<string, string> = { 'content-type': 'application/json', origin: new URL(call.url).origin }
  const login = await fetch(`${call.url}/api/v1/auth/login`, {
    method: 'POST',
    headers,
    body: JSON.stringify({ email, password }),
  })
  const { csrf_token } = await login.json()
  const cookie = login.headers.get('set-cookie')?.split(';')[0] ?? ''
  return {
    email,
    password,
    cookie,
    /** The secret of a new key. */
    async makeKey(): Promise<string> {
      const answer = await fetch(`${call.url}/api/v1/keys`, {
        method: 'POST',
        headers: { ...headers, cookie, 'x-csrf-token': csrf_token },
        body: JSON.stringify({ name: 'key', role }),
      })
      return (await answer.json()).key
    },
    async send(path: string, body: object) {
      const answer = await fetch(`${call.url}/api/v1${path}`, {
        method: 'POST',
        headers: { ...headers, cookie, 'x-csrf-token': csrf_token },
        body: JSON.stringify(body),
      })
      if (!answer.ok && answer.status !== 409) throw new Error(`${path}: ${answer.status} ${await answer.text()}`)
    },
  }
}
