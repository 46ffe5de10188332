import { expect, test } from 'bun:test'
import { t } from 'elysia'
import type { Locator } from 'playwright-core'
import { openApiSchema } from '../src/platform/http/openapi-schema.ts'
import { routes } from '../src/routes.ts'
import { consoleErrorsOf, openBrowser, signInBrowser } from './browser.ts'
import { browserTest } from './needs.ts'
import { documentFaults, misfits } from './openapi.ts'
import { shared, start } from './start.ts'

// biome-ignore lint/suspicious/noExplicitAny: the document is read as it comes
type Answer = any

test('/swagger/json is valid OpenAPI 3.0.3', async () => {
  const { as } = await start({ ROLE: 'web' })
  const document = await as().get('/swagger/json')
  expect(documentFaults(document)).toEqual([])
  const addresses = JSON.stringify(document).matchAll(/"(\w+)":{"type":"string","example":"https:\/\/example.org\/"/g)
  expect([...addresses].map(([, field]) => field).filter(field => !field?.includes('url'))).toEqual([])
  const operations = Object.values<Answer>(document.paths).flatMap(path => Object.values<Answer>(path))
  const inputs = operations.map(({ parameters, requestBody }) => ({ parameters, requestBody }))
  expect(JSON.stringify(inputs)).not.toContain('some text') // the example of a field of which nothing is known
  for (const probe of ['/readyz', '/health'])
    expect(document.paths[probe].get.responses[503].content).toEqual(document.paths[probe].get.responses[200].content)
  const etag = (await as().raw('/swagger/json')).headers.get('etag') ?? ''
  expect((await as().raw('/swagger/json', { headers: { 'if-none-match': etag } })).status).toBe(304)
})

test('a call that takes an object says the same of it before and after its first use, also of fields that it does not know', async () => {
  const { as, call } = await start()
  const site = { name: 'Riverside', timezone: 'UTC', unknown: 1 }
  expect(await call.post('/api/v1/roster/sites', site)).not.toHaveProperty('unknown')
  const { paths } = await as().get('/swagger/json')
  const schema = (path: string) => paths[path].post.requestBody.content['application/json'].schema
  for (const path of ['/api/v1/roster/sites', '/api/v1/roster/staff'])
    expect(schema(path)).not.toHaveProperty('additionalProperties')
})

test('every route says who may use it, and is hidden or has a summary, a tag and a documented success', async () => {
  const { app, as } = await start({ ROLE: 'web' })
  const { paths } = await as().get('/swagger/json')
  const missing: string[] = []
  for (const { method, path, hooks } of routes(app).routes) {
    const detail = hooks?.detail ?? {}
    const lacks = (what: string) => missing.push(`${method} ${path} is without ${what}`)
    if (!detail['x-may']) lacks('may')
    if (detail.hide) continue
    const address = path.replaceAll(/:(\w+)/g, '{$1}').replace(/(.)\/$/, '$1')
    const operation: Answer = paths[address]?.[method.toLowerCase()]
    if (!operation) lacks('a place on the API page')
    if (!operation?.summary) lacks('a summary')
    if (!operation?.tags?.length) lacks('a tag')
    for (const { name, description } of operation?.parameters ?? []) if (!description) lacks(`what ${name} means`)
    const success: Answer = Object.entries(operation?.responses ?? {}).find(([status]) => /^[23]/.test(status))
    if (!success) lacks('a documented success')
    else if (!success[1].content && !['204', '303', '308'].includes(success[0])) lacks('what it answers')
  }
  expect(missing).toEqual([])
  const answersOf = (path: string, method: string) => Object.keys(paths[path][method].responses)
  expect(answersOf('/api/v1/leagues/{id}/leaderboard', 'get')).toContain('304')
  expect(answersOf('/api/v1/roster/me', 'get')).toContain('404') // an account need not be linked
  expect(answersOf('/api/v1/roster/confirm', 'post')).toEqual(expect.arrayContaining(['404', '409']))
  const ofBoard: Answer[] = paths['/api/v1/leagues/{id}/leaderboard'].get.parameters
  const schemas = Object.fromEntries(ofBoard.map(({ name, schema }) => [name, schema]))
  expect(schemas).toMatchObject({ page: { type: 'integer' }, order: { enum: ['asc', 'desc'] } }) // not as text of a form
  const ofTotals: Answer[] = paths['/api/v1/leagues/{id}/totals'].get.parameters
  expect(ofTotals.find(({ name }) => name === 'by').schema).toEqual({ type: 'string', enum: ['sum', 'average'] })
})

test('the answer to a sheet that was uploaded before is documented too', async () => {
  const { as } = await start({ ROLE: 'web' })
  const { paths } = await as().get('/swagger/json')
  const { responses } = paths['/api/v1/leagues/{id}/uploads'].post
  expect(responses['200'].content).toEqual(responses['202'].content)
})

test('lists and states answer as documented', async () => {
  const { as, call } = await start()
  const document = await as().get('/swagger/json')
  const league = { kind: 'sheet', starts_at: '2026-01-01T00:00:00Z', ends_at: '2099-01-01T00:00:00Z' }
  await call.post('/api/v1/leagues', { name: 'Northern', ...league })
  await call.post('/api/v1/users', {
    email: 'a@b.cd',
    username: 'ann',
    password: 'long enough for all',
    role: 'member',
  })
  await call.post('/api/v1/jobs/nothing/retry').catch(() => {})
  const wrong: string[] = []
  let checked = 0
  for (const [path, { get }] of Object.entries<Answer>(document.paths)) {
    const schema = get?.responses['200']?.content?.['application/json']?.schema
    if (!schema || path.includes('{') || get.parameters?.some((parameter: Answer) => parameter.required)) continue
    const response = await call.raw(path)
    if (response.status !== 200) continue // refused for another reason
    wrong.push(...misfits(document, schema, await response.json(), path))
    checked++
  }
  expect(wrong).toEqual([])
  expect(checked).toBeGreaterThan(5)
})

test('schemas use only what OpenAPI 3.0 can express', () => {
  const named = {}
  const published = (schema: unknown) => JSON.parse(JSON.stringify(openApiSchema(schema, named)))
  expect(published(t.Union([t.Literal('a'), t.Literal('b')]))).toEqual({ type: 'string', enum: ['a', 'b'] })
  expect(published(t.Nullable(t.Union([t.Literal('a'), t.Literal('b')])))).toEqual({
    type: 'string',
    nullable: true,
    enum: ['a', 'b', null],
  })
  expect(published(t.Nullable(t.Integer({ minimum: 1 })))).toMatchObject({
    type: 'integer',
    minimum: 1,
    nullable: true,
  })
  expect(published(t.Numeric())).toEqual({ type: 'number' })
  expect(published(t.Record(t.String(), t.Number()))).toEqual({
    type: 'object',
    additionalProperties: { type: 'number' },
  })
  expect(published(t.Array(t.Unknown()))).toEqual({ type: 'array', items: {} })
  expect(published(t.Number({ exclusiveMinimum: 0 }))).toEqual({ type: 'number', minimum: 0, exclusiveMinimum: true })
  const thing = t.Object({ id: t.Integer() }, { $id: 'Thing' })
  expect(published(t.Object({ one: thing, perhaps: t.Nullable(thing) }))).toMatchObject({
    properties: {
      one: { $ref: '#/components/schemas/Thing' },
      perhaps: { nullable: true, allOf: [{ $ref: '#/components/schemas/Thing' }] },
    },
  })
  expect(named).toEqual({ Thing: { type: 'object', required: ['id'], properties: { id: { type: 'integer' } } } })
})

const ann = { email: 'ann@example.org', password: 'long enough for all' }
/** One for both tests of the page, because the browser keeps its large scripts. */
const service = shared(() => start({ ADMIN_EMAIL: ann.email, ADMIN_PASSWORD: ann.password }))

browserTest(
  'the API page shows every operation, loads nothing from other hosts, and breaks no content policy',
  async () => {
    const { url } = await service()
    const page = await openBrowser({ viewport: { width: 1280, height: 4000 } }) // it draws only what is in sight
    const consoleErrors = consoleErrorsOf(page)
    const foreign: string[] = []
    page.on('request', request => {
      if (!request.url().startsWith(url) && !request.url().startsWith('data:')) foreign.push(request.url())
    })
    const response = await page.goto(`${url}/swagger`)
    const policy = response?.headers()['content-security-policy'] ?? ''
    expect(policy).toContain("default-src 'none'; script-src 'self'")
    expect(policy).not.toMatch(/script-src[^;]*unsafe/)

    const { paths } = await (await fetch(`${url}/swagger/json`)).json()
    const operations = Object.values<object>(paths).flatMap(path => Object.keys(path))
    await page.click('.opblock-tag[data-tag=leaderboard]')
    const operation = page.locator('#operations-leaderboard-getLeaguesByIdLeaderboard')
    await operation.locator('.opblock-summary-control').click()
    await operation.getByText('sort_by').first().waitFor()
    await page.click('.opblock-tag[data-tag=leaderboard]')
    const seen = new Set<string>()
    const toggle = (section: Locator) => section.evaluate(element => (element as HTMLElement).click())
    for (const section of await page.locator('.opblock-tag').all()) {
      await toggle(section) // one at a time, because with all open each change takes long to draw
      await page.locator('.opblock').first().waitFor()
      for (const id of await page.locator('.opblock').evaluateAll(all => all.map(({ id }) => id))) seen.add(id)
      await toggle(section)
      await page.locator('.opblock').first().waitFor({ state: 'detached' })
    }
    expect(seen.size).toBe(operations.length)
    expect(consoleErrors).toEqual([])
    expect(foreign).toEqual([])
  },
)

browserTest('a signed-in user opens an operation by its link and tries a change', async () => {
  const { url } = await service()
  const page = await openBrowser()
  await signInBrowser(page, url, ann.email, ann.password)
  await page.goto(`${url}/swagger#/admin/postAdminBackups`)
  const operation = page.locator('#operations-admin-postAdminBackups')
  await operation.getByRole('button', { name: 'Try it out' }).click()
  await operation.getByRole('button', { name: 'Execute' }).click()
  await operation.locator('.live-responses-table .response-col_status', { hasText: '202' }).waitFor()
})
