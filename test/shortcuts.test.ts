import { expect, test } from 'bun:test'
import { start } from './start.ts'

test('addresses that people type by hand redirect to a page', async () => {
  const { url } = await start()
  const led = async (path: string) => {
    const { status, headers } = await fetch(url + path, { redirect: 'manual' })
    return [status, headers.get('location')]
  }
  expect(await led('/admin')).toEqual([303, '/admin/monitoring/'])
  expect(await led('/login?next=/rota')).toEqual([303, '/sign-in?next=/rota'])
  expect(await led('/leagues?q=cup')).toEqual([303, '/?q=cup'])
})
