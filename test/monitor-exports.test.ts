import { expect, test } from 'bun:test'
import { sql } from 'drizzle-orm'
import { statementTimes } from '../db/statement-times.ts'
import { version } from '../package.json' with { type: 'json' }
import { fillMonitor, longName, testJobs } from './monitor-app.ts'
import { refusalOf, shared, start } from './start.ts'

const monitoring = '/admin/monitoring'
const tasks = '/admin/task-monitor'

/** Shared by tests that only read. */
const filledMonitor = shared(async () => {
  const fieldhouse = await start({}, undefined, testJobs)
  await fillMonitor(fieldhouse)
  return fieldhouse
})

/** The lines of a CSV without line breaks in its cells. */
const linesOf = (text: string) => text.replace('\uFEFF', '').trim().split('\r\n')

test('every page with data leads to its list as CSV and as JSON, as it is filtered', async () => {
  const { call } = await filledMonitor()
  const lists: [page: string, filter: string, columns: string, holds: string][] = [
    [`${monitoring}/`, '?period=last_week', 'figure,value,before,change', 'trades,40'],
    [`${monitoring}/active-users`, '?period=last_week', 'id,username,role', longName],
    [
      `${monitoring}/engagement`,
      '?period=last_week',
      'date,active,registrations,leagues',
      new Date().toISOString().slice(0, 10),
    ],
    [`${monitoring}/trading-activity`, '?hours=48', 'symbol,count,avg_qty,volume', 'ACME,20,3,'],
    [`${monitoring}/league-activity`, '', 'id,name,kind,status', 'memorial season'],
    [`${monitoring}/risk-assessment`, '', 'id,username,trades_count', longName],
    [
      `${monitoring}/performance`,
      '?period=last_day&sort_by=p95_ms',
      'route,requests,per_minute,errors',
      'POST /api/v1/leagues/:id/trades',
    ],
    [`${monitoring}/cache`, '', 'name,hits,misses,stale', 'stats_dashboard'],
    [`${monitoring}/alerts`, '?severity=critical', 'id,alert_type,severity', 'security,critical'],
    [`${tasks}/jobs`, '?status=FAILURE', 'job_id,name,status', 'FAILURE'],
    ['/admin/audit/logs', '?action=schedule', 'id,at,user', 'schedule.pause'],
    ['/admin/archives', '', 'id,name,kind,status', 'of old'],
    ['/admin/backups', '', 'name,made_at,bytes', version],
    ['/admin/users', '?role=member', 'id,username,email', longName],
  ]
  for (const [page, filter, columns, holds] of lists) {
    const html = await call.get(`${page}${filter}`)
    const [csvPath = '', jsonPath = ''] = [...html.matchAll(/href="([^"]+)" download/g)].map(([, href]) =>
      href?.replaceAll('&amp;', '&'),
    )
    const bare = page.replace(/\/$/, '')
    expect([csvPath, jsonPath]).toEqual([`${bare}.csv${filter}`, `${bare}.json${filter}`])
    const csv = await call.raw(csvPath)
    expect(csv.headers.get('content-type')).toContain('text/csv')
    const lines = linesOf(await csv.text())
    expect(lines[0]).toStartWith(columns)
    expect(lines.slice(1).join('\n')).toContain(holds)
    const rows = await call.get(jsonPath)
    expect(rows).toHaveLength(lines.length - 1)
    expect(Object.keys(rows[0])).toEqual(expect.arrayContaining(columns.split(',')))
    expect(JSON.stringify([lines, rows])).not.toContain('abc123')
  }
})

test('the lists of the task monitor are exported each by itself', async () => {
  const { call } = await filledMonitor()
  const page = await call.get(tasks)
  for (const [list, columns, holds] of [
    ['schedule', 'name,title,pattern,state', 'ledger.audit'],
    ['failures', 'fingerprint,name,error,runs', 'It broke in'],
    ['locks', 'key,task,arguments,state', 'test_lock'],
  ] as const) {
    expect(page).toContain(`href="${tasks}/${list}.csv"`)
    const lines = linesOf(await call.get(`${tasks}/${list}.csv`))
    expect(lines[0]).toStartWith(columns)
    expect(lines.join('\n')).toContain(holds)
    expect(await call.get(`${tasks}/${list}.json`)).toHaveLength(lines.length - 1)
  }
})

test('an export refuses strangers and invalid filters, as its page does', async () => {
  const { call, as } = await filledMonitor()
  expect((await refusalOf(as().get(`${monitoring}/engagement.csv`))).status).toBe(401)
  expect((await refusalOf(call.get(`${monitoring}/trading-activity.csv?hours=0`))).status).toBe(422)
  expect((await refusalOf(call.get(`${monitoring}/performance.csv?sort_by=colour`))).status).toBe(422)
})

test('all symbols are exported where the page shows only some; names that look like formulas are text', async () => {
  const { app, call, clock } = await start()
  const insert = app.db.$client.query(
    `insert into trade_hours (hour, symbol, kind, trades, shares, volume_cents) values (?, ?, 'buy', ?, 1, 100)`,
  )
  const hour = clock.now() - (clock.now() % 3_600_000)
  for (let i = 0; i < 700; i++) insert.run(hour, i ? `S${i}` : '=1+1', 700 - i)
  const activity = await call.get(`${monitoring}/trading-activity/json`)
  expect([activity.top_symbols.length, activity.total_trades]).toEqual([20, (700 * 701) / 2])
  const lines = linesOf(await call.get(`${monitoring}/trading-activity.csv`))
  expect(lines).toHaveLength(701)
  expect(lines[1]).toStartWith(`"'=1+1",700,`)
  expect((await call.get(`${monitoring}/trading-activity.json`)).at(-1)).toMatchObject({ symbol: 'S699', count: 1 })
})

test('what each job takes is shown and exported by its name', async () => {
  const { call } = await filledMonitor()
  const { jobs } = await call.get(`${monitoring}/performance/json`)
  const name = 'test.a_job_with_a_name_that_goes_on_and_on'
  const job = jobs.by_name.find((one: { name: string }) => one.name === name)
  expect(job).toMatchObject({ runs: 3, failed: 3, avg_ms: expect.any(Number), p95_ms: expect.any(Number) })
  expect(await call.get(`${monitoring}/performance`)).toContain(`/jobs?name=${name}&amp;status=FAILURE`)
  const lines = linesOf(await call.get(`${monitoring}/performance/jobs.csv?period=last_week`))
  expect(lines[0]).toBe('name,runs,failed,cancelled,avg_ms,p95_ms')
  expect(lines.find(line => line.startsWith(name))).toStartWith(`${name},3,3,`)
})

test('routes are sorted by the requested column, the highest first', async () => {
  const { call, app, clock } = await start()
  for (const [route, ms, times] of [
    ['GET /slow', 900, 1],
    ['GET /quick', 2, 30],
  ] as const)
    for (let i = 0; i < times; i++) app.metrics.request(route, ms, 200)
  app.metrics.flush(app.db, clock.now())
  const firstRoute = async (query: string) =>
    (await call.get(`${monitoring}/performance/json${query}`)).routes.find(({ route }: { route: string }) =>
      ['GET /slow', 'GET /quick'].includes(route),
    ).route
  expect(await firstRoute('?sort_by=requests')).toBe('GET /quick')
  expect(await firstRoute('')).toBe('GET /slow')
  expect(await firstRoute('?sort_by=p95_ms')).toBe('GET /slow')
  expect(await call.get(`${monitoring}/performance?sort_by=p95_ms`)).toMatch(/aria-sort="descending"><a [^>]*>p95/)
})

test('empty fields of a form are ignored; invalid days and states are refused; the audit log is searched in the reader thread', async () => {
  const { app, call } = await start()
  for (const path of [
    '/admin/audit/logs?q=&user=&action=&result=&from=&to=',
    '/admin/audit/logs.csv?result=&from=2026-01-01',
    '/admin/users?q=&role=',
    `${tasks}/jobs?q=&name=&status=`,
    `${monitoring}/alerts?severity=&state=`,
  ])
    expect((await call.raw(path)).status).toBe(200)
  for (const path of ['/admin/audit/logs?from=2026-13-45', `${tasks}/jobs?status=LATE`, '/admin/users.csv?role=king'])
    expect((await call.raw(path)).status).toBe(422)
  expect((await call.get('/admin/audit/logs/json?q=nothing&page=2')).logs).toEqual([])
  const ownStatements = statementTimes(app.db.$client).map(({ statement }) => statement)
  expect(ownStatements.filter(statement => statement.includes('from audit_log'))).toEqual([])
})

test('a list that is too long for a file is refused with words, instead of being cut off', async () => {
  const { app, call } = await start()
  app.db.run(sql`
    with recursive numbers(n) as (select 1 union all select n + 1 from numbers where n < 100001)
    insert into audit_log (at, username, action, target, detail, result)
    select n, 'ann', iif(n = 1, 'rare.act', 'common.act'), 'x', '{}', 'ok' from numbers`)
  const { status, problem } = await refusalOf(call.get('/admin/audit/logs.json'))
  expect([status, problem.detail]).toEqual([413, 'A file holds 100,000 rows at most: narrow the list with its filters'])
  expect(await call.get('/admin/audit/logs.json?action=rare')).toHaveLength(1)
})
