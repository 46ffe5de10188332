import { expect, test } from 'bun:test'
import { refusalOf, start } from './start.ts'

const soon = { starts_at: '2026-01-01T00:00:00Z', ends_at: '2099-01-01T00:00:00Z' }

test('a stranger reads leagues but may not make one', async () => {
  const { as } = await start()
  expect(await as().get('/api/v1/leagues')).toEqual({
    leagues: [],
    pagination: { page: 1, limit: 20, total: 0, pages: 0 },
  })
  expect((await refusalOf(as().post('/api/v1/leagues', { name: 1, ...soon }))).problem).toMatchObject({
    status: 401,
    code: 'unauthorized',
  })
})
