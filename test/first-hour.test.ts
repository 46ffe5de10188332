/** The first admin gets three steps, and names the installation. */
import { expect, test } from 'bun:test'
import { webhookName } from '../src/ui/display-name.ts'
import { newCup, newTrader } from './market.ts'
import { refusalOf, start } from './start.ts'

type Reader = { raw(path: string, init?: { headers?: Record<string, string> }): Promise<Response> }
const pageText = async (as: Reader, path = '/') => (await as.raw(path, { headers: { accept: 'text/html' } })).text()

test('the page of leagues shows admins three steps until they are done', async () => {
  const app = await start()
  const { call } = app
  const first = await pageText(call)
  for (const text of [
    'Three steps to get started',
    'Name of this installation',
    '/invitations',
    'A board will look like this',
  ])
    expect(first).toContain(text)
  expect(await pageText(app.as())).not.toContain('Three steps')
  expect(await pageText(await newTrader(app, 'olga', 'officer'))).not.toContain('Three steps')
  await call.put('/api/v1/place', { name: 'Northern Alliance' })
  await newCup(call)
  expect(await pageText(call)).toContain('Still to do: invite people') // a line above the leagues
  await call.post('/api/v1/invitations', { max_uses: 3 })
  expect(await pageText(call)).not.toContain('first-steps')
})

test('the steps can be dismissed', async () => {
  const { call, as } = await start()
  expect((await refusalOf(as().delete('/api/v1/place/first-steps'))).status).toBe(401)
  await call.delete('/api/v1/place/first-steps')
  expect(await pageText(call)).not.toContain('first-steps')
})

test('pages show the name of the installation, escaped, also cached boards; officers cannot change it', async () => {
  const app = await start()
  await newCup(app.call)
  expect(await pageText(app.as(), '/leagues/1')).toContain('· Fieldhouse</title>')
  const olga = await newTrader(app, 'olga', 'officer')
  expect((await refusalOf(app.as(olga.key).put('/api/v1/place', { name: 'Mine' }))).status).toBe(403)
  expect((await refusalOf(app.call.put('/api/v1/place', { name: ' \n ' }))).status).toBe(422)
  expect(await app.call.put('/api/v1/place', { name: ' Bolt &\n Sons ' })).toEqual({ name: 'Bolt & Sons' })
  for (const path of ['/', '/leagues/1', '/nowhere'])
    expect(await pageText(app.as(), path)).toContain('· Bolt &amp; Sons</title>')
  expect(await pageText(app.as(), '/swagger/')).toContain('<title>API · Bolt &amp; Sons</title>')
  expect([webhookName('Bolt & Sons'), webhookName('Our Discord')]).toEqual(['Bolt & Sons', 'Fieldhouse'])
  expect(await app.as().get('/api/v1/place')).toEqual({ name: 'Bolt & Sons' })
  expect(await pageText(app.call, '/admin/settings')).toContain('value="Bolt &amp; Sons"')
})
