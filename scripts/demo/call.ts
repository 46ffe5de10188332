/** Talks to a running instance as its admin. */
// biome-ignore lint/suspicious/noExplicitAny: answers are read as they come
type Answer = any

export type DemoCall = ReturnType<typeof demoCaller>
export type DemoLeague = { id: number; name: string }

export function demoCaller(url: string, key: string) {
  const authorization = `Bearer ${key}`
  async function send(method: string, path: string, body?: unknown): Promise<Answer> {
    const isForm = body instanceof FormData
    const response = await fetch(url + path, {
      method,
      headers: { authorization, ...(body !== undefined && !isForm && { 'content-type': 'application/json' }) },
      body: body === undefined ? undefined : isForm ? body : JSON.stringify(body),
    })
    const text = await response.text()
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`)
    return text ? JSON.parse(text) : undefined
  }
  return {
    url,
    key,
    get: (path: string) => send('GET', path),
    post: (path: string, body: unknown = {}) => send('POST', path, body),
    patch: (path: string, body: unknown) => send('PATCH', path, body),
    put: (path: string, body: unknown) => send('PUT', path, body),
    /** Waits for a job to end well. */
    async done({ job_id: id }: { job_id: string }) {
      const events = await fetch(`${url}/api/v1/jobs/${id}/events`, { headers: { authorization } })
      await events.text()
      const job = await send('GET', `/api/v1/jobs/status/${id}`)
      if (job.status !== 'SUCCESS') throw new Error(`${job.name} ended as ${job.status}: ${job.error}`)
      return job
    },
  }
}
