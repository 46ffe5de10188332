/** Mails about leagues and about the rota. */

import { expect, test } from 'bun:test'
import { mailPicksDue } from '../src/leagues/tours/picks-mail.ts'
import { day, hour, minute } from '../src/platform/clock.ts'
import { mailNotices } from '../src/rota/notice-mail.ts'
import { inDays } from './dates.ts'
import { linksOf, mailServer, mailSettings } from './mail.ts'
import { newCup, newTraders, sendQuotes } from './market.ts'
import { base, createPerson, createSite } from './rosters.ts'
import { start } from './start.ts'
import { enter, feedFor, jsonFeed, newTour, newTourLeague, newUpdatedTour, newUser, players, update } from './tours.ts'

test('a day before picks close, members get one mail if they have no entry, or one with a golfer who is out', async () => {
  const server = await mailServer()
  const fieldhouse = await start(mailSettings(server.port))
  const { call, runJob, clock } = fieldhouse
  const feed = feedFor({ firstTee: Date.now() + 2 * day })
  await newTour(call, feed.url)
  await update(fieldhouse)
  const { id } = await newTourLeague(call)
  const [ann, bob] = [await newUser(fieldhouse, 'Ann'), await newUser(fieldhouse, 'Bob')]
  for (const each of [ann, bob]) await each.post(`/api/v1/leagues/${id}/join`)
  const field = (await players(call)).map(({ player_id }: { player_id: string }) => player_id)
  await enter(bob, id, field.slice(0, 4))
  await newTour(call, 'http://127.0.0.1:9/no-feed', { slug: 'euro' })
  const starts = Date.now() + day + 3 * hour
  const { id: withoutField } = await newTourLeague(call, { tour: 'euro' }, { name: 'Without a field', starts })
  await ann.post(`/api/v1/leagues/${withoutField}/join`)
  const runMailPicksDue = async () => (await runJob(mailPicksDue, {})).result
  expect(await runMailPicksDue()).toEqual({ mails: 0 })
  clock.forward(day + hour)
  expect(await runMailPicksDue()).toEqual({ mails: 1 })
  expect(await runMailPicksDue()).toEqual({ mails: 0 })
  const [mail] = await server.to('ann@example.org')
  expect(mail?.headers.get('subject')).toBe('Picks of Clubhouse pool close within a day')
  expect(linksOf(mail ?? expect.unreachable())).toContain(`/leagues/${id}/entries`)
  expect(server.mails).toHaveLength(1)

  const golfers = ['A', 'B', 'C', 'D', 'E'].map(id => ({ id, name: `Golfer ${id}`, status: 'active' }))
  const other = jsonFeed({ event: { name: 'Open', round: 1, status: 'upcoming' }, golfers })
  await newUpdatedTour(call, other.url, { slug: 'open' })
  const soon = clock.now() + hour
  const { id: open } = await newTourLeague(call, { tour: 'open' }, { name: 'Open pool', starts: soon })
  const entry = await enter(bob, open, ['A', 'B', 'C', 'D'], { name: 'Bobcats' })
  expect(await runMailPicksDue()).toEqual({ mails: 0 })
  for (const golfer of golfers.slice(3)) golfer.status = 'wd'
  clock.forward(minute)
  await update(fieldhouse, {}, 'open')
  expect(await runMailPicksDue()).toEqual({ mails: 1 })
  expect(await runMailPicksDue()).toEqual({ mails: 0 })
  const [dropped] = await server.to('bob@example.org')
  expect(dropped?.text).toContain('Your entry Bobcats in Open pool has picked Golfer D, out of the event.')
  expect(linksOf(dropped ?? expect.unreachable())).toContain(`/leagues/${open}/entries?edit=${entry.id}`)
})

test('members get a mail with their result when the board is final', async () => {
  const server = await mailServer()
  const fieldhouse = await start(mailSettings(server.port))
  const { call } = fieldhouse
  await sendQuotes(call, { ABC: 1_000 })
  const { id } = await newCup(call)
  const traders = await newTraders(fieldhouse, id, ['ann', 'bob'])
  await traders[0]?.post(`/api/v1/leagues/${id}/trades`, { symbol: 'ABC', side: 'buy', quantity: 10 })
  await sendQuotes(call, { ABC: 1_400 })
  await traders[1]?.patch('/api/v1/auth/mails', { final: false })
  await call.post(`/api/v1/leagues/${id}/finalize`)
  const [mail] = await server.to('ann@example.org')
  expect(mail?.text).toContain('The board of Spring trading cup is final.')
  expect(mail?.text).toContain('ann: rank 1, total value 100,040.00')
  expect(server.mails.flatMap(({ to }) => to)).toEqual(['ann@example.org'])
})

test('staff with an account get mails about their shifts and expiring certificates', async () => {
  const server = await mailServer()
  const fieldhouse = await start(mailSettings(server.port))
  const { call, runJob } = fieldhouse
  await newUser(fieldhouse, 'Ann')
  const site = await createSite(call, 'Hall', 'UTC')
  const certifications = [{ name: 'first aid', expires_on: inDays(10) }]
  const ann = await createPerson(call, 'Ann', { account: 'Ann', certifications })
  const assignIn = async (days: number) => {
    const times = { starts_at: `${inDays(days)}T17:00:00Z`, ends_at: `${inDays(days)}T22:00:00Z` }
    const shift = await call.post(`${base}/shifts`, { site_id: site.id, ...times, skill: 'bar' })
    return call.post(`${base}/assignments`, { shift_id: shift.id, staff_id: ann.id })
  }
  await assignIn(3)
  await assignIn(4)
  const runMailNotices = async () => (await runJob(mailNotices, {})).result
  expect(await runMailNotices()).toEqual({ mails: 2 })
  expect(await runMailNotices()).toEqual({ mails: 0 })
  const mails = await server.to('ann@example.org', 2)
  const about = (subject: string) => mails.find(({ headers }) => headers.get('subject') === subject)
  expect(about('Your shifts have changed')?.text.match(/New: /g)).toHaveLength(2)
  expect(about('One of your certificates expires')?.text).toContain('Your certificate first aid expires in 10 days')
})
