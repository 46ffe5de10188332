import { expect, test } from 'bun:test'
import type { Role } from '../db/schema.ts'
import { isNoMoreThan, roleNeeded } from '../src/platform/http/access.ts'
import { routes } from '../src/routes.ts'
import { start } from './start.ts'

test('every route says who may use it, and turns away everybody else before it looks at what he sent', async () => {
  const { app, call, as, url } = await start({ PUBLIC_BOARDS: 'false' })
  const callers: [Role | undefined, ReturnType<typeof as>][] = [[undefined, as()]]
  for (const role of ['member', 'officer'] as const) {
    const account = { email: `${role}@example.org`, username: role, password: 'correct horse battery' }
    await call.post('/api/v1/users', { ...account, role })
    const signedIn = await as().raw('/api/v1/auth/login', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(account),
    })
    const cookie = signedIn.headers.get('set-cookie')?.split(';')[0] ?? ''
    const { csrf_token } = await signedIn.json()
    const made = await as().post(
      '/api/v1/keys',
      { name: 'k', role },
      { cookie, origin: url, 'x-csrf-token': csrf_token },
    )
    callers.push([role, as(made.key)])
  }
  const silent: string[] = []
  const admitted: string[] = []
  for (const route of routes(app).routes) {
    const { method, path } = route
    const may = roleNeeded(route)
    if (!may) silent.push(`${method} ${path}`)
    if (!may || may === 'anyone') continue
    const address = path.replaceAll(/:\w+\??/g, 'x').replace('*', 'x')
    for (const [role, caller] of callers) {
      if (role && (may === 'reader' || isNoMoreThan(may, role))) continue
      const hasBody = method !== 'GET' && method !== 'DELETE'
      const { status } = await caller.raw(address, {
        method,
        headers: { 'content-type': 'application/json' },
        ...(hasBody && { body: '{"unreadable' }),
      })
      if (status !== (role ? 403 : 401)) admitted.push(`${method} ${path}: ${role ?? 'a stranger'} got ${status}`)
    }
  }
  expect(silent).toEqual([])
  expect(admitted).toEqual([])
})
