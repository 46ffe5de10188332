import { expect, test } from 'bun:test'
import { base, newPerson } from './rosters.ts'
import { refusalOf, start } from './start.ts'

const account = (name: string) => ({
  email: `${name.toLowerCase()}@example.org`,
  username: name,
  password: 'correct horse battery',
  role: 'member',
})

test('a member of staff is linked to one account by its name, until either is gone', async () => {
  const { call } = await start()
  const user = await call.post('/api/v1/users', account('ann'))
  const ann = await newPerson(call, 'Ann', { account: 'ANN' })
  expect(ann).toMatchObject({ account: 'ann', user_id: user.id })
  const bob = await newPerson(call, 'Bob')
  expect(bob).toMatchObject({ account: null, user_id: null })
  const link = (id: number, name: string | null) => call.patch(`${base}/staff/${id}`, { account: name })
  expect(await refusalOf(link(bob.id, 'ann'))).toMatchObject({ status: 409 })
  expect((await refusalOf(link(bob.id, 'nobody'))).problem.errors[0].path).toBe('account')
  expect(await link(ann.id, null)).toMatchObject({ account: null })
  expect(await link(bob.id, 'ann')).toMatchObject({ account: 'ann' })
  expect(await call.patch(`${base}/staff/${bob.id}`, { max_hours_week: 20 })).toMatchObject({ account: 'ann' })
  await call.delete(`/api/v1/users/${user.id}`)
  expect(await call.get(`${base}/staff/${bob.id}`)).toMatchObject({ account: null, user_id: null })
})
