/** What leagues and the rota have to tell by mail. */
import { expect, test } from 'bun:test'
import { mailPicksDue } from '../src/leagues/tours/picks-mail.ts'
import { day, hour } from '../src/platform/clock.ts'
import { linksOf, mailServer, mailSettings } from './mail.ts'
import { newCup, newTraders, quote } from './market.ts'
import { enter, feedFor, newTour, newTourLeague, newUser, players, startStill, update } from './tours.ts'

test('members who have chosen nobody hear a day before that picks close, once', async () => {
  const server = await mailServer()
  const fieldhouse = await startStill(mailSettings(server.port))
  const { call, app, finished, clock } = fieldhouse
  const feed = feedFor({ firstTee: Date.now() + 2 * day })
  await newTour(call, feed.url)
  await update(fieldhouse)
  const { id } = await newTourLeague(call)
  const [ann, bob] = [await newUser(fieldhouse, 'Ann'), await newUser(fieldhouse, 'Bob')]
  for (const one of [ann, bob]) await one.post(`/api/v1/leagues/${id}/join`)
  const field = (await players(call)).map(({ player_id }: { player_id: string }) => player_id)
  await enter(bob, id, field.slice(0, 4))
  const look = async () => (await finished({ job_id: (await app.jobs.start(mailPicksDue, {})).jobId })).result
  expect(await look()).toEqual({ mails: 0 })
  clock.forward(day + hour)
  expect(await look()).toEqual({ mails: 1 })
  expect(await look()).toEqual({ mails: 0 })
  const [mail] = await server.to('ann@example.org')
  expect(mail?.headers.get('subject')).toBe('Picks of Clubhouse pool close within a day')
  expect(linksOf(mail ?? expect.unreachable())).toContain(`/leagues/${id}/entries`)
  expect(server.mails).toHaveLength(1)
})

test('members hear that the board is final, and how they did', async () => {
  const server = await mailServer()
  const fieldhouse = await startStill(mailSettings(server.port))
  const { call } = fieldhouse
  await quote(call, { ABC: 1_000 })
  const { id } = await newCup(call)
  const traders = await newTraders(fieldhouse, id, ['ann', 'bob'])
  await traders[0]?.post(`/api/v1/leagues/${id}/trades`, { symbol: 'ABC', side: 'buy', quantity: 10 })
  await quote(call, { ABC: 1_400 })
  await traders[1]?.patch('/api/v1/auth/mails', { final: false })
  await call.post(`/api/v1/leagues/${id}/finalize`)
  const [mail] = await server.to('ann@example.org')
  expect(mail?.text).toContain('The board of Spring trading cup is final.')
  expect(mail?.text).toContain('ann: rank 1, total value 100,040.00')
  expect(server.mails.flatMap(({ to }) => to)).toEqual(['ann@example.org'])
})
