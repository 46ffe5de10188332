import { expect, test } from 'bun:test'
import { ledger, processMinutes, users } from '../db/schema.ts'
import { normalised } from '../db/statement-times.ts'
import { checkConditions } from '../src/monitor/alerts/check-conditions.ts'
import { pageOfAlert } from '../src/monitor/alerts/page.ts'
import { targetLink } from '../src/monitor/audit-log.ts'
import { hour, minute } from '../src/platform/clock.ts'
import { newLeague, upload } from './sheets.ts'
import { start, until } from './start.ts'

const monitoring = '/admin/monitoring'

async function startWithScan() {
  const fieldhouse = await start()
  const { call, app, clock, finished } = fieldhouse
  const { id: league } = await newLeague(call)
  await finished(upload(call, league, 'ID,Name,Power\n1,ann,5\n'))
  const member = async (name: string) =>
    (
      await call.post('/api/v1/users', {
        email: `${name}@x.test`,
        username: name,
        password: 'long enough for all',
        role: 'member',
      })
    ).id
  const trade = (userId: number, symbol: string, quantity: number, ago = 0) =>
    app.db
      .insert(ledger)
      .values({
        leagueId: 99,
        userId,
        at: clock.now() - ago,
        kind: quantity > 0 ? 'buy' : 'sell',
        symbol,
        quantity,
        priceCents: 250,
        feeCents: 0,
        cashCents: 0,
        cashAfterCents: 0,
        quantityAfter: 0,
        realisedCents: 0,
      })
      .run()
  return { ...fieldhouse, league, member, trade }
}

test('the overview counts users, leagues, trades and every table', async () => {
  const { app, call, clock, member, trade } = await startWithScan()
  const ann = await member('ann')
  trade(ann, 'ACME', 10)
  trade(ann, 'ACME', -4)
  trade(ann, 'OLD', 7, 40 * hour)
  const overview = await call.get(`${monitoring}/overview`)
  expect(overview).toMatchObject({
    users: { total: 1, active_7days: 0, active_percentage: 0 },
    leagues: { active: 1, archived: 0, total: 1 },
    trading: { trades_24h: 2, shares_traded_24h: 14, volume_24h: 35 },
  })
  expect(overview.database.tables).toMatchObject({ users: 1, leagues: 1, ledger: 3, uploads: 1 })
  expect(overview.database.total_records).toBeGreaterThan(6)
  app.db.update(users).set({ lastSeenAt: clock.now() }).run()
  expect((await call.get(`${monitoring}/overview`)).users).toMatchObject({ total: 1, active_7days: 1 })
  await call.delete(`/api/v1/users/${ann}`)
  expect((await call.get(`${monitoring}/overview`)).users).toMatchObject({ total: 0, active_7days: 0 })
})

test('trading is counted by side and symbol, with the change since before', async () => {
  const { call, member, trade } = await startWithScan()
  const ann = await member('ann')
  for (const quantity of [10, 20, -5]) trade(ann, 'ACME', quantity)
  trade(ann, 'ZED', 1)
  trade(ann, 'ZED', 1, 30 * hour)
  trade(ann, 'ZED', 1, 30 * hour)
  const day = await call.get(`${monitoring}/trading-activity/json`)
  expect(day).toMatchObject({ hours: 24, total_trades: 4, by_type: { buy: 3, sell: 1 }, change_pct: { trades: 100 } })
  expect(day.top_symbols[0]).toEqual({ symbol: 'ACME', count: 3, avg_qty: 11.67, volume: 87.5 })
  expect(await call.get(`${monitoring}/trading-activity/json?hours=48`)).toMatchObject({ hours: 48, total_trades: 6 })
})

test('active users come with their leagues and the trades of today', async () => {
  const { call, as, app, clock, member, trade } = await startWithScan()
  const ann = await member('ann')
  await member('bob')
  await as().post('/api/v1/auth/login', { email: 'ann@x.test', password: 'long enough for all' })
  app.db.update(users).set({ lastSeenAt: clock.now() }).run()
  trade(ann, 'ACME', 1)
  const activeUsers = await call.get(`${monitoring}/active-users/json`)
  expect(activeUsers).toHaveLength(2)
  expect(activeUsers.find(({ id }: { id: number }) => id === ann)).toMatchObject({
    username: 'ann',
    last_login: expect.any(String),
    league_count: 0,
    trades_today: 1,
  })
  expect((await call.get(`${monitoring}/active-users.csv`)).split('\r\n')[0]).toContain('trades_today')
  const engagement = await call.get(`${monitoring}/engagement/json?period=last_week`)
  expect(engagement.daily_active_users).toHaveLength(7)
  expect(engagement.daily_active_users.at(-1).active).toBeGreaterThanOrEqual(1)
  expect(engagement.league_creation_trend.at(-1).leagues).toBe(1)
})

test('leagues are listed with their activity; archived ones have their own list', async () => {
  const { call, league } = await startWithScan()
  const [listed] = await call.get(`${monitoring}/league-activity/json`)
  expect(listed).toMatchObject({ id: league, kind: 'sheet', member_count: 0, trade_count: 0, upload_count: 1 })
  expect(await call.get('/admin/archives/json')).toEqual([])
  await call.post(`/api/v1/leagues/${league}/finalize`)
  await call.patch(`/api/v1/leagues/${league}`, { archived: true })
  expect(await call.get('/admin/archives/json')).toMatchObject([{ id: league, status: 'archived' }])
  expect(await call.get('/admin/archives')).toContain(`/leagues/${league}`)
  expect(await call.get('/admin/archives.json')).toMatchObject([{ id: league }])
  expect(await call.get(`${monitoring}/league-activity.csv`)).toContain('member_count')
  for (const list of ['risk-assessment', 'performance', 'alerts'])
    expect(Array.isArray(await call.get(`${monitoring}/${list}.json`))).toBe(true)
})

test('what is counted for a league or a member is theirs, whatever numbers the rows have', async () => {
  const { call, as, app, clock, finished, member, trade } = await startWithScan()
  const { id: second } = await newLeague(call, {}, 'Second')
  for (const scan of ['ID,Power\n1,5\n', 'ID,Power\n1,6\n']) await finished(upload(call, second, scan))
  const counts = async () =>
    (await call.get(`${monitoring}/league-activity/json`)).map(
      ({ name, upload_count }: { name: string; upload_count: number }) => [name, upload_count],
    )
  expect(await counts()).toEqual([
    ['Second', 2],
    ['Northern season', 1],
  ])

  const [ann, bob] = [await member('ann'), await member('bob')]
  for (const quantity of [1, 2, 3]) trade(bob, 'ACME', quantity)
  for (const name of ['ann', 'bob'])
    await as().post('/api/v1/auth/login', { email: `${name}@x.test`, password: 'long enough for all' })
  app.db.update(users).set({ lastSeenAt: clock.now() }).run()
  const activeUsers = await call.get(`${monitoring}/active-users/json`)
  const today = Object.fromEntries(
    activeUsers.map(({ id, trades_today }: { id: number; trades_today: number }) => [id, trades_today]),
  )
  expect(today).toEqual({ [ann]: 0, [bob]: 3 })
})

test('performance shows each route over an hour, a day and a week; missing measurements are unknown, not 0', async () => {
  const { call, app, clock } = await startWithScan()
  app.metrics.flush(app.db, clock.now() - 2 * hour) // what was asked while the service was set up
  clock.forwardToNext(minute)
  for (let i = 0; i < 99; i++) app.metrics.request('GET /x', 4, 200)
  app.metrics.request('GET /x', 900, 500)
  app.metrics.flush(app.db, clock.now())
  const thisMinute = clock.now() - (clock.now() % minute)
  app.db
    .insert(processMinutes)
    .values({ minute: thisMinute, process: 'p', role: 'all', cpu: 0.25, lagMs: 3, rssBytes: 1024 ** 2 * 80 })
    .run()
  for (const period of ['last_hour', 'last_day', 'last_week']) {
    const performance = await call.get(`${monitoring}/performance/json?period=${period}`)
    const route = performance.routes.find(({ route }: { route: string }) => route === 'GET /x')
    expect(route).toMatchObject({ requests: 100, errors: 1, error_pct: 1, avg_ms: 13 })
    expect(route.p50_ms).toBeLessThan(5)
    expect(performance.load.at(-1)).toMatchObject({ cpu_pct: 25, lag_ms: 3, memory_mb: 80 })
    expect(performance.trend[0]).toMatchObject({ requests: null, p95_ms: null })
  }
  const oneRoute = await call.get(`${monitoring}/performance/json?route=GET%20%2Fx`)
  expect(oneRoute.trend.at(-1).requests).toBe(100)
})

test('each database statement is shown with count, mean and p95, without values, over all connections', async () => {
  const { call } = await startWithScan()
  await call.get(`${monitoring}/overview`)
  const { statements } = await call.get(`${monitoring}/performance/json?statements_by=count`)
  const statementWith = (text: string) =>
    statements.find(({ statement }: { statement: string }) => statement.includes(text))
  expect(statementWith('insert into leagues')).toMatchObject({ connection: 'main', count: 1 })
  expect(statementWith('from users')).toBeDefined()
  expect(statementWith('COMMIT').count).toBeGreaterThan(2)
  for (const name of ['reader', 'scores'])
    expect(statements.some(({ connection }: { connection: string }) => connection === name)).toBe(true)
  for (const { count, mean_ms, p95_ms, total_ms } of statements) {
    expect(total_ms / count).toBeCloseTo(mean_ms, 1)
    expect(p95_ms).toBeGreaterThan(0)
  }
  expect(JSON.stringify(statements)).not.toMatch(/ann@|Power/)
  const counts = statements.map(({ count }: { count: number }) => count)
  expect(counts).toEqual(counts.toSorted((a: number, b: number) => b - a))
  const page = await call.get(`${monitoring}/performance?statements_by=p95_ms`)
  expect(page).toContain('Database statements since the start')
  expect(page).toContain('href="/admin/monitoring/performance/statements.csv?statements_by=p95_ms"')
  expect(await call.get(`${monitoring}/performance/statements.csv`)).toContain('insert into leagues')
})

test('a statement is known by its text: values, and how many there are in a list, make no other', () => {
  expect(normalised(`select "a" from "runs" where "x" in (?, ?,?) and y = 'it''s 7' limit 20`)).toBe(
    'select a from runs where x in (?, …) and y = ? limit ?',
  )
  expect(normalised('insert into t values (?, ?), (?, ?),\n (?, ?)')).toBe('insert into t values (?, …), …')
})

test('health, current figures and the cache are shown, and the main page brings it all together', async () => {
  const { call } = await startWithScan()
  expect(await call.get(`${monitoring}/health`)).toMatchObject({
    overall_status: 'healthy',
    database: { status: 'healthy' },
    cache: { mode: 'memory' },
  })
  const idle = await until(async () => {
    const current = await call.get(`${monitoring}/realtime/stats`)
    return current.running_jobs === 0 && current
  })
  expect(idle.active_alerts).toBe(0)
  const cache = await call.get(`${monitoring}/cache/json`)
  expect(cache).toMatchObject({ mode: 'memory', connected: true, redis: { mode: 'embedded' } })
  const main = await call.get(`${monitoring}/json?period=last_week`)
  expect(main).toMatchObject({ period: 'last_week', status: 'good', health: 'healthy', leagues_active: 1, at_risk: 0 })
  expect(main.figures.p95_ms).toMatchObject({ before: null, change: null })
  const page = await call.get(`${monitoring}/`)
  expect(page).toContain('data-chart')
  expect(page).toContain('1 made</small>') // and nothing about a time before it
})

test('who trades very much in a day is an alert until the day is over', async () => {
  const { app, call, clock, member, trade } = await startWithScan()
  clock.forward(24 * hour - (clock.now() % (24 * hour)) + 12 * hour) // noon
  const ann = await member('ann')
  for (let i = 0; i < 101; i++) trade(ann, 'ACME', 1, 11 * hour)
  await checkConditions(app)
  const { alerts } = await call.get(`${monitoring}/alerts/json?type=high_trades`)
  expect(alerts).toMatchObject([{ title: 'ann trades very often', data: { user_id: ann, trades: 101 } }])
})

test('alerts and targets of the audit log lead to their pages', () => {
  expect(String(targetLink('league.create', 'league 5'))).toBe('<a href="/leagues/5">league 5</a>')
  expect(String(targetLink('price.hold', 'price of BRK.B'))).toBe('<a href="/quotes/BRK.B">price of BRK.B</a>')
  expect([targetLink('league.delete', 'league 5'), targetLink('place.change', 'display_name')]).toEqual([
    'league 5',
    'display_name',
  ])
  expect(pageOfAlert({ alert_type: 'certificate_expiring', data: { staff_id: 7 } })).toBe('/rota/staff/7')
  expect(pageOfAlert({ alert_type: 'feed_held', data: { league_id: 1, upload_id: 2 } })).toBe('/leagues/1/uploads/2')
  expect(pageOfAlert({ alert_type: 'high_load', data: {} })).toBe('/admin/monitoring/performance')
  expect(pageOfAlert({ alert_type: 'database_error', data: {} })).toBeUndefined()
})
