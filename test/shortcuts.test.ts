import { expect, test } from 'bun:test'
import { start } from './start.ts'

test('addresses that people type by hand redirect to a page', async () => {
  const { url } = await start()
  const redirectOf = async (path: string) => {
    const { status, headers } = await fetch(url + path, { redirect: 'manual' })
    return [status, headers.get('location')]
  }
  expect(await redirectOf('/admin')).toEqual([303, '/admin/monitoring/'])
  expect(await redirectOf('/login?next=/rota')).toEqual([303, '/sign-in?next=/rota'])
  expect(await redirectOf('/leagues?q=cup')).toEqual([303, '/?q=cup'])
})
