/** Every route is requested by each role, by a member who does not own the thing, and in private leagues. */

import { expect, test } from 'bun:test'
import type { Role } from '../db/schema.ts'
import type { App } from '../src/context.ts'
import { auditLedgers } from '../src/leagues/market/ledger-audit-job.ts'
import { isNoMoreThan, type May, roleNeeded } from '../src/platform/http/access.ts'
import { routes } from '../src/routes.ts'
import { decisions } from './access-decisions.ts'
import { inDays } from './dates.ts'
import { newCup, newMember, newTrader, sendQuotes, trade } from './market.ts'
import { base, createPerson } from './rosters.ts'
import { newLeague, upload } from './sheets.ts'
import { type caller, ready, refusalOf, shared, start } from './start.ts'
import { enter, feedFor, newTour, newTourLeague, players, update } from './tours.ts'
import { tokenOf, visitor } from './visitor.ts'

type Call = ReturnType<typeof caller>
type Route = { method: string; path: string; may: string; besides?: string }

const decided: Route[] = Object.entries(decisions).flatMap(([path, text]) =>
  text.split(', ').map(part => {
    const [method = '', may = '', besides] = part.split(' ')
    return { method, path, may, besides }
  }),
)
const shown = ({ method, path, may }: Route) => `${method} ${path} ${may}`
const mounted = (app: App): Route[] =>
  routes(app).routes.map(route => ({ method: route.method, path: route.path, may: String(roleNeeded(route)) }))

async function statusOf(call: Call, { method }: Route, address: string, body?: string): Promise<number> {
  const hasBody = method !== 'GET' && body !== undefined
  const response = await call.raw(address, {
    method,
    headers: hasBody ? { 'content-type': 'application/json' } : {},
    body: hasBody ? body : undefined,
  })
  await response.body?.cancel()
  return response.status
}

const closed = shared(async () => {
  const fieldhouse = await start({ PUBLIC_BOARDS: 'false' })
  await ready(fieldhouse.call)
  return fieldhouse
})

test('every route has a decision about who may use it, and every decision a route', async () => {
  const { app } = await closed()
  expect(mounted(app).map(shown).toSorted()).toEqual(decided.map(shown).toSorted())
})

test('every role gets as far as was decided; all others are refused before anything else is checked, and nothing breaks', async () => {
  const { app, call, as } = await closed()
  const callers: [Role | undefined, Call][] = [[undefined, as()]]
  for (const role of ['member', 'officer', 'admin'] as const)
    callers.push([role, as((await newMember(app, `the ${role}`, role)).key)])
  callers.push(['admin', call]) // the operator
  const unexpected: string[] = []
  for (const route of mounted(app)) {
    const may = route.may as May
    for (const [role, caller] of callers) {
      const isIn = may === 'anyone' || (role && (may === 'reader' || isNoMoreThan(may, role)))
      const tries = isIn ? [['999999', '{}']] : [['x', '{"unreadable']]
      if (caller === call) tries.push(['x', '{"unreadable'])
      for (const [id = '', body] of tries) {
        const address = route.path.replaceAll(/:\w+\??/g, id).replace('*', id)
        const status = await statusOf(caller, route, address, body)
        const isRight = isIn ? status < 500 && (status !== 401 || may === 'anyone') : status === (role ? 403 : 401)
        if (!isRight)
          unexpected.push(`${shown(route)}: ${role ?? 'a stranger'} got ${status} at ${address} for ${body}`)
      }
    }
  }
  expect(unexpected).toEqual([])
}, 120_000)

/** Words in Ann's things, which Bob, another member, must not see. */
const secrets = {
  sheet: 'Hidden sheet cup',
  tour: 'Hidden tour cup',
  market: 'Hidden market cup',
  player: 'Zedekiah',
  email: 'annabel@example.org',
  leave: 'An operation on the knee',
  key: 'Wall display',
  wage: '9876543',
}

/** Ann is in three private leagues and on the rota; both are in the open ones. */
async function neighbours() {
  const fieldhouse = await start()
  const { app, call, as, url } = fieldhouse
  const ann = await newTrader(fieldhouse, 'annabel')
  const bob = await newTrader(fieldhouse, 'bob')

  const hidden = { public: false }
  const sheet = await newLeague(call, hidden, secrets.sheet)
  await fieldhouse.finished(upload(call, sheet.id, `id,name,power\n1,${secrets.player},7\n`, { kind: 'baseline' }))
  await newTour(call, feedFor().url)
  await update(fieldhouse)
  const picks = (await players(call)).slice(0, 4).map(({ player_id }: { player_id: string }) => player_id)
  const tour = await newTourLeague(call, hidden, { name: secrets.tour })
  const market = await newCup(call, hidden, { name: secrets.market })
  const openTour = await newTourLeague(call)
  const openMarket = await newCup(call)
  for (const { id } of [sheet, tour, market]) await call.post(`/api/v1/leagues/${id}/join`, { user_id: ann.id })
  for (const who of [ann, bob]) await who.post(`/api/v1/leagues/${openMarket.id}/join`)
  await sendQuotes(call, { ACME: 100 })
  for (const { id } of [market, openMarket]) await trade(ann, id, 'buy', 1, 'ACME')
  const hiddenEntry = await enter(ann, tour.id, picks)
  const openEntry = await enter(ann, openTour.id, picks)

  const site = await call.post(`${base}/sites`, { name: 'Hall', timezone: 'Europe/Berlin', swaps: 'officer' })
  const staff = await createPerson(call, 'Ann', { account: 'annabel', hourly_cents: Number(secrets.wage) })
  await createPerson(call, 'Bob', { account: 'bob' })
  const shift = await call.post(`${base}/shifts`, {
    site_id: site.id,
    starts_at: `${inDays(5)}T17:00:00Z`,
    ends_at: `${inDays(5)}T22:00:00Z`,
    skill: 'bar',
  })
  const duty = await call.post(`${base}/assignments`, { shift_id: shift.id, staff_id: staff.id })
  const leave = await ann.post(`${base}/me/leave`, { from: inDays(20), to: inDays(21), note: secrets.leave })
  const swap = await ann.post(`${base}/me/swaps`, { assignment_id: duty.id })
  const calendar: string = (await ann.post(`${base}/me/calendar`)).url
  const invitation: string = (await call.post('/api/v1/invitations', { league_id: sheet.id })).url

  await call.patch(`/api/v1/users/${ann.id}`, { password: 'correct horse battery' })
  const browser = visitor(url)
  await browser.signIn(secrets.email, 'correct horse battery')
  const { sessions } = await browser.get('/api/v1/auth/sessions')
  const apiKey = await browser.post('/api/v1/keys', { name: secrets.key, role: 'member' })
  const job = await app.jobs.start(auditLedgers, {}, { by: ann.id })

  /** The address of a route with what is Ann's in it, in a league. */
  function addressOf(path: string, league: number): string {
    const parameters: [RegExp, string | number][] = [
      [/(?<=leagues\/):id/, league],
      [/(?<=sessions\/):id/, sessions[0].id],
      [/(?<=keys\/):id/, apiKey.id],
      [/(?<=(users|people)\/):id/, ann.id],
      [/(?<=staff\/):id/, staff.id],
      [/(?<=sites\/):id/, site.id],
      [/(?<=shifts\/):id/, shift.id],
      [/(?<=assignments\/):id/, duty.id],
      [/(?<=leave\/):id/, leave.id],
      [/(?<=swaps\/):id/, swap.id],
      [/:user_id/, ann.id],
      [/:entry_id/, league === tour.id ? hiddenEntry.id : openEntry.id],
      [/:job_id/, job.jobId],
      [/:player_id|:governor_id/, 1],
      [/:slug/, 'pga'],
      [/:symbol/, 'ACME'],
      [/:\w+/, 1],
    ]
    return parameters.reduce((address, [name, value]) => address.replace(name, String(value)), path)
  }
  const bodies: Record<string, object> = {
    'POST /api/v1/leagues/:id/entries/': { picks },
    'PUT /api/v1/leagues/:id/entries/:entry_id': { picks },
    'POST /api/v1/leagues/:id/trades': { symbol: 'ACME', side: 'buy', quantity: 1 },
  }
  const queries: Record<string, string> = {
    '/api/v1/leagues/:id/trades/preview': '?symbol=ACME&side=buy&quantity=1',
    '/api/v1/search': '?q=hidden',
  }
  const request = async (who: Call, route: Route, league: number) => {
    const body =
      route.method === 'GET' || route.method === 'DELETE' ? undefined : (bodies[`${route.method} ${route.path}`] ?? {})
    const form = /^\/leagues/.test(route.path)
      ? new URLSearchParams(picks.map((pick: string) => ['picks[]', pick]))
      : undefined
    return who.raw(addressOf(route.path, league) + (queries[route.path] ?? ''), {
      method: route.method,
      headers: form || !body ? {} : { 'content-type': 'application/json' },
      body: form && body ? form : body && JSON.stringify(body),
    })
  }
  const leagues = {
    sheet: sheet.id,
    tour: tour.id,
    market: market.id,
    openTour: openTour.id,
    openMarket: openMarket.id,
  }
  const links = [calendar, invitation].map(tokenOf)
  return { ...fieldhouse, ann, bob, leagues, links, request, browser, job, stranger: as() }
}
const world = shared(neighbours)

const isRefused = (status: number) => status === 401 || status === 403

test('a private league of any kind refuses people who are not in it, on every route', async () => {
  const { ann, bob, stranger, leagues, request } = await world()
  const unexpected: string[] = []
  const neverOpened: string[] = []
  for (const route of decided.filter(({ besides }) => besides === 'league')) {
    let isOpen = false
    for (const league of [leagues.sheet, leagues.tour, leagues.market]) {
      for (const [who, wanted] of [
        [stranger, 401],
        [bob, 403],
      ] as const) {
        const { status, body } = await request(who, route, league)
        await body?.cancel()
        if (status !== wanted) unexpected.push(`${shown(route)}: ${status}, not ${wanted}, in league ${league}`)
      }
      const { status, body } = await request(ann, route, league)
      await body?.cancel()
      isOpen ||= !isRefused(status)
    }
    if (!isOpen) neverOpened.push(shown(route))
  }
  expect(unexpected).toEqual([])
  expect(neverOpened).toEqual([])
})

test('what belongs to one person is refused to others, and stays unchanged', async () => {
  const { app, ann, bob, stranger, leagues, request, browser } = await world()
  const state = async () => ({
    keys: (await browser.get('/api/v1/keys')).keys.length,
    sessions: (await browser.get('/api/v1/auth/sessions')).sessions.length,
    leave: (await ann.get(`${base}/me/leave`)).leave,
    swaps: app.db.query.swapOffers.findMany().sync(),
    notices: (await ann.get(`${base}/me/notices`)).notices,
    entries: (await ann.get(`/api/v1/leagues/${leagues.openTour}/entries?user_id=${ann.id}`)).entries,
    job: app.db.query.runs.findMany().sync().length,
  })
  const before = await state()
  const unexpected: string[] = []
  for (const route of decided.filter(({ besides }) => besides === 'own')) {
    const league = /entries/.test(route.path) ? leagues.openTour : leagues.openMarket
    for (const [who, wanted] of [
      [stranger, [401]],
      [bob, [403, 404]],
    ] as const) {
      const response = await request(who, route, league)
      await response.body?.cancel()
      if (!(wanted as readonly number[]).includes(response.status))
        unexpected.push(`${shown(route)}: ${response.status}`)
    }
  }
  expect(unexpected).toEqual([])
  expect(await state()).toEqual(before)
  const marked = await bob.post(`${base}/me/notices/seen`, { up_to: 1_000_000 })
  expect(marked.seen).toBe(0)
  for (const path of ['trades', 'ledger', 'ledger.csv'])
    expect((await refusalOf(bob.get(`/api/v1/leagues/${leagues.openMarket}/${path}?user_id=${ann.id}`))).status).toBe(
      403,
    )
  expect(await state()).toEqual(before)
})

test('no answer to strangers or other people contains a word of what is hidden from them', async () => {
  const { bob, stranger, leagues, request, links, job, ann } = await world()
  const leaks: string[] = []
  const words = [...Object.values(secrets), ...links, job.jobId]
  let answersRead = 0
  for (const route of decided.filter(({ method, path }) => method === 'GET' && !path.startsWith('/swagger')))
    for (const league of /leagues\/:id/.test(route.path) ? Object.values(leagues) : [leagues.sheet])
      for (const who of [stranger, bob]) {
        const response = await request(who, route, league)
        if (response.status !== 200) {
          await response.body?.cancel()
          continue
        }
        const isStream = /event-stream/.test(response.headers.get('content-type') ?? '')
        if (isStream) await response.body?.cancel()
        const text = isStream ? '' : await response.text()
        answersRead++
        for (const word of words) if (text.includes(word)) leaks.push(`${shown(route)}: ${word}`)
      }
  expect(leaks).toEqual([])
  expect(answersRead).toBeGreaterThan(100)
  expect(JSON.stringify(await ann.get('/api/v1/me/overview'))).toContain(secrets.market) // where the words are looked for, they can be found
})

test('answers for signed-in people are cached nowhere on the way, and no answer is given to another person', async () => {
  const { app, call, stranger } = await world()
  const cacheable: string[] = []
  const withoutVary: string[] = []
  for (const route of routes(app).routes) {
    const { method, path } = route
    if (method !== 'GET' || path.includes('*') || path.startsWith('/assets') || path.endsWith('/events')) continue
    const may = roleNeeded(route)
    const address = path.replaceAll(/:\w+\??/g, '1')
    for (const caller of [call, stranger]) {
      const { headers, body } = await caller.raw(address)
      await body?.cancel()
      const cacheControl = headers.get('cache-control') ?? ''
      if (/immutable/.test(cacheControl)) continue
      if (may !== 'anyone' && may !== 'reader' && cacheControl !== 'no-store')
        cacheable.push(`${path}: ${cacheControl}`)
      const isKnown = caller === call
      if (isKnown && !/^(private|no-store)/.test(cacheControl) && may !== 'anyone')
        cacheable.push(`${path}: ${cacheControl}`)
      const vary = headers.get('vary')?.toLowerCase() ?? ''
      if (!vary.includes('authorization') || !vary.includes('cookie')) withoutVary.push(`${path}: ${vary}`)
    }
  }
  expect(cacheable).toEqual([])
  expect(withoutVary.filter(one => !one.startsWith('/livez'))).toEqual([])
})
