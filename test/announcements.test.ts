import { expect, test } from 'bun:test'
import { announceLeaders, announceWeek } from '../src/leagues/announce.ts'
import { alertStats } from '../src/monitor/alerts/queries.ts'
import { newCup, newTraders, sendQuotes, trade } from './market.ts'
import { newLeague, upload } from './sheets.ts'
import { board, refusalOf, start, until } from './start.ts'
import { enter, feedFor, newTour, newTourLeague, newUser, players, playOn, update } from './tours.ts'
import { startWebhook } from './webhook.ts'

type Fieldhouse = Awaited<ReturnType<typeof start>>
const runAnnounceLeaders = async ({ runJob }: Fieldhouse) => (await runJob(announceLeaders, {})).result

test('a trading league announces new leaders and the final board to its webhook', async () => {
  const fieldhouse = await start({ PUBLIC_URL: 'https://play.example.org' })
  const { call } = fieldhouse
  const hook = startWebhook()
  const { id } = await newCup(call, { webhook_url: hook.url }, { name: 'Cup *of* @everyone' })
  await sendQuotes(call, { ABC: 1_000, XYZ: 1_000 })
  const [ann, bob] = await newTraders(fieldhouse, id, ['ann', 'bob'])
  if (!ann || !bob) throw new Error('Somebody is missing')
  await trade(ann, id, 'buy', 10, 'ABC')
  await trade(bob, id, 'buy', 10, 'XYZ')
  await sendQuotes(call, { ABC: 1_200 })
  expect(await runAnnounceLeaders(fieldhouse)).toEqual({ announced: 0 }) // the first leader is no news
  expect(await runAnnounceLeaders(fieldhouse)).toEqual({ announced: 0 })
  await sendQuotes(call, { XYZ: 1_400 })
  expect(await runAnnounceLeaders(fieldhouse)).toEqual({ announced: 1 })
  const { content, text, allowed_mentions } = await hook.about('bob leads.')
  expect(content).toStartWith('**Cup \\*of\\* \\@everyone**: there is a new leader\nbob leads.\n1. bob — 100,040.00')
  expect(content).toEndWith(`https://play.example.org/leagues/${id}`)
  expect(text).toStartWith('*Cup *of* @everyone*: there is a new leader\nbob leads.\n1. bob — 100,040.00') // for Slack
  expect(allowed_mentions).toEqual({ parse: [] })
  await call.patch(`/api/v1/leagues/${id}`, { config: { announce: { leader: false } } })
  await sendQuotes(call, { ABC: 1_750 })
  expect(await runAnnounceLeaders(fieldhouse)).toEqual({ announced: 0 })
  await call.post(`/api/v1/leagues/${id}/finalize`)
  expect((await hook.about('the board is final')).content).toContain('1. ann')
})

test('a tour league announces its leaders once play has started', async () => {
  const feed = feedFor()
  const fieldhouse = await start()
  const { call } = fieldhouse
  const hook = startWebhook()
  await newTour(call, feed.url)
  await update(fieldhouse)
  const { id } = await newTourLeague(call, { webhook_url: hook.url })
  const [ann, bob] = [await newUser(fieldhouse, 'Ann'), await newUser(fieldhouse, 'Bob')]
  const field = (await players(call)).map(({ player_id }: { player_id: string }) => player_id)
  await enter(ann, id, field.slice(0, 4))
  await enter(bob, id, field.slice(4, 8))
  expect(await runAnnounceLeaders(fieldhouse)).toEqual({ announced: 0 }) // nobody leads before play
  const play = playOn(fieldhouse, feed)
  const leadersAfter = async (minutes: number) => {
    await play(minutes)
    return (await board(call, id)).rows.filter(({ rank }: { rank: number }) => rank === 1)
  }
  let leaders: string[] = []
  let changes = 0
  for (let turn = 0; turn < 20 && changes === 0; turn++) {
    const names = (await leadersAfter(120)).map(({ name }: { name: string }) => name).sort()
    const isKnown = leaders.length > 0
    if (names.length === 0 || names.join() === leaders.join()) continue
    leaders = names
    const { announced } = await runAnnounceLeaders(fieldhouse)
    expect(announced).toBe(isKnown ? 1 : 0)
    changes += announced
  }
  expect(changes).toBe(1)
  await hook.about(leaders.length === 1 ? `${leaders[0]} leads.` : 'share the lead.')
})

test('a league with weekly announcements gets one every week', async () => {
  const fieldhouse = await start()
  const { call, runJob } = fieldhouse
  const hook = startWebhook()
  await newCup(call, { webhook_url: hook.url, announce: { weekly: true } }, { name: 'Weekly' })
  await newCup(call, { webhook_url: hook.url }, { name: 'Quiet' })
  for (let i = 0; i < 2; i++) await runJob(announceWeek, {})
  expect((await hook.about('the standings this week')).content).toContain('**Weekly**')
  expect(hook.messages).toHaveLength(1)
})

test('a sheet league announces each update of its board', async () => {
  const { call, finished } = await start()
  const hook = startWebhook()
  const { id } = await newLeague(call, { webhook_url: hook.url })
  await finished(upload(call, id, 'ID,Name,Power\n1,Ann,5\n', { kind: 'baseline' }))
  await finished(upload(call, id, 'ID,Name,Power\n1,Ann,9\n2,Bob,4\n'))
  const { content } = await hook.about('A new scan')
  expect(content).toContain('the board is updated (2 players)')
  expect(content).toContain('1 new')
  await call.put(`/api/v1/leagues/${id}/players/1/mark`, { reason: 'farm', counted: false })
  await finished(upload(call, id, 'ID,Name,Power\n1,Ann,19\n2,Bob,6\n'))
  const withoutFarm = (await hook.about('the board is updated (1 player)')).content
  expect(withoutFarm).not.toContain('Ann')
})

test('a board that is ranked by something else than the score is announced as it is ranked', async () => {
  const { call, finished } = await start()
  const hook = startWebhook()
  const config = { weights: { power: 1 }, sort: 'channel_deads.gain', webhook_url: hook.url }
  const { id } = await newLeague(call, config)
  const headings = 'ID,Name,Power,<!channel> Deads'
  await finished(upload(call, id, `${headings}\n1,Ann,10,5\n2,Bob,10,5\n`, { kind: 'baseline' }))
  await finished(upload(call, id, `${headings}\n1,Ann,90,6\n2,Bob,20,1239\n`))
  const { content, text } = await hook.about('A new scan')
  expect(text).toContain('ranked by &lt;!channel&gt; Deads: gained') // which mentions nobody
  expect(content.split('\n')).toEqual([
    '**Northern season**: the board is updated (2 players), ranked by \\<!channel\\> Deads\\: gained',
    expect.stringContaining('A new scan'),
    '1. Bob — 1,234',
    '2. Ann — 1',
  ])
})

test('a webhook and its announcements are validated for every kind of league', async () => {
  const { call } = await start({ ALLOW_PRIVATE_FEEDS: 'false' })
  const invalidFields = async (config: object) =>
    (await refusalOf(newCup(call, config))).problem.errors.map(({ path }: { path: string }) => path)
  expect(await invalidFields({ webhook_url: 'http://127.0.0.1/hook' })).toEqual(['config.webhook_url'])
  expect(await invalidFields({ announce: { hourly: true } })).toEqual(['config.announce.hourly'])
  expect(await invalidFields({ announce: { final: 'yes' } })).toEqual(['config.announce.final'])
})

test('an announcement is sent without waiting for the sweep, and a failed one is tried again', async () => {
  const { call, finished } = await start()
  const hook = startWebhook(1)
  const { id } = await newLeague(call, { webhook_url: hook.url })
  await finished(upload(call, id, 'ID,Name,Power\n1,Ann,5\n'))
  await hook.about('A new scan')
  const run = await until(async () => {
    const { jobs } = await call.get('/api/v1/jobs?name=leagues.announce&status=SUCCESS')
    return jobs[0]
  })
  expect(run).toMatchObject({ attempts: 2 })
  expect(hook.messages).toHaveLength(1)
})

test('an announcement that fails names the league, the host and the status, never the address', async () => {
  const { call, finished } = await start()
  const hook = startWebhook(Number.POSITIVE_INFINITY)
  const { id } = await newLeague(call, { webhook_url: hook.url }, 'Northern Alliance')
  await finished(upload(call, id, 'ID,Name,Power\n1,Ann,5\n'))
  const { error } = await until(async () => {
    const { jobs } = await call.get('/api/v1/jobs?name=leagues.announce')
    return jobs.find(({ error }: { error: string | null }) => error)
  })
  const { host } = new URL(hook.url)
  expect(error).toBe(`The webhook of “Northern Alliance” (league ${id}) at ${host} failed: http://${host} answered 500`)
  const { failure } = await call.get(`/api/v1/leagues/${id}/webhook`)
  expect(failure).toMatchObject({ reason: error, is_tried_again: true })
})

test('officers see whether the webhook of a league takes its news, and send it a test', async () => {
  const { app, call, finished } = await start()
  const hook = startWebhook(1)
  const { id } = await newCup(call, { webhook_url: hook.url }, { name: 'Cup' })
  const page = `/leagues/${id}/settings`
  const api = `/api/v1/leagues/${id}/webhook`
  expect(await call.get(api)).toEqual({ delivered_at: null, failure: null })
  expect(await call.get(page)).toContain('It has taken no message yet')
  const reason = `The webhook of “Cup” (league ${id}) at ${new URL(hook.url).host} failed: ${new URL(hook.url).origin} answered 500`
  expect(await finished(call.post(`${api}/test`))).toMatchObject({ status: 'FAILURE', error: reason })
  expect(await call.get(api)).toEqual({
    delivered_at: null,
    failure: { at: expect.any(String), reason, is_tried_again: false },
  })
  expect(await call.get(page)).toContain(reason)
  expect(alertStats(app.db).total_active).toBe(0)
  const moveTo = (webhook_url: string | null) => call.patch(`/api/v1/leagues/${id}`, { config: { webhook_url } })
  await moveTo(`${hook.url}/moved`)
  expect(await call.get(api)).toEqual({ delivered_at: null, failure: null })
  await finished(call.post(`${api}/test`))
  expect(hook.messages[0].content).toBe('**Cup**: this is a test. News of the league is posted here.')
  expect(await call.get(api)).toEqual({ delivered_at: expect.any(String), failure: null })
  await moveTo(hook.url)
  expect(await call.get(api)).toMatchObject({ delivered_at: null, failure: { reason } })
  await moveTo(null)
  expect((await refusalOf(call.post(`${api}/test`))).status).toBe(409)
  expect(await call.get(page)).not.toContain('Send a test')
})
