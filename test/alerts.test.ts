import { expect, test } from 'bun:test'
import { t } from 'elysia'
import { processMinutes, systemAlerts } from '../db/schema.ts'
import { operator } from '../src/accounts/identify.ts'
import { type Alert, clearAlert, raiseAlert } from '../src/alerts.ts'
import { type App, job } from '../src/context.ts'
import { changeDisplayName } from '../src/display-name/name.ts'
import { checkConditions } from '../src/monitor/alerts/check-conditions.ts'
import { countUnsent } from '../src/monitor/alerts/queries.ts'
import { openAlertWebhook } from '../src/monitor/alerts/send-alerts.ts'
import { databaseWatch } from '../src/monitor/process-monitor.ts'
import { hour, minute } from '../src/platform/clock.ts'
import { ShuttingDown } from '../src/platform/jobs/job.ts'
import { every } from '../src/platform/jobs/scheduler.ts'
import { redisTest } from './needs.ts'
import { startRedis } from './redis.ts'
import { refusalOf, start, until } from './start.ts'
import { startWebhook } from './webhook.ts'

const alerts = '/admin/monitoring/alerts'
const heldFeed: Alert = {
  key: 'feed_held:pga',
  type: 'feed_held',
  severity: 'warning',
  title: 'The feed of pga is held back',
  message: 'It zeroes 40 % of the scores',
}

const checkingOften = { monitorIntervals: { files: minute, alerts: 100, redis: minute } }

/** A busy process, minute by minute up to now. */
function recordLoad({ db, clock }: App, minutes: number, load: { cpu?: number; lagMs?: number; shed?: number }) {
  const now = clock.now()
  for (let ago = minutes - 1; ago >= 0; ago--) {
    const at = now - ago * minute
    const row = { minute: at - (at % minute), process: 'p1', role: 'web', cpu: 0.1, lagMs: 2, rssBytes: 1e8, ...load }
    db.insert(processMinutes)
      .values(row)
      .onConflictDoUpdate({ target: [processMinutes.minute, processMinutes.process], set: row })
      .run()
  }
}

test('one condition is one alert: it counts, remembers when it was first and last seen, and keeps its history', async () => {
  const { app, call, clock } = await start()
  raiseAlert(app.db, clock.now(), heldFeed)
  clock.forward(5 * minute)
  raiseAlert(app.db, clock.now(), { ...heldFeed, severity: 'error' })
  const [alert] = (await call.get(`${alerts}/json`)).alerts
  expect(alert).toMatchObject({ alert_type: 'feed_held', severity: 'error', count: 2, state: 'active', resolved: null })
  expect(Date.parse(alert.last_seen) - Date.parse(alert.first_seen)).toBeGreaterThanOrEqual(5 * minute)
  clearAlert(app.db, clock.now(), heldFeed.key)
  raiseAlert(app.db, clock.now(), heldFeed)
  const all = await call.get(`${alerts}/json?state=all`)
  expect(all.alerts.map(({ state, count }: { state: string; count: number }) => [state, count])).toEqual([
    ['active', 1],
    ['resolved', 2],
  ])
  expect(all.stats).toEqual({
    total_active: 1,
    acknowledged: 0,
    by_severity: { info: 0, warning: 1, error: 0, critical: 0 },
  })
  expect((await call.get(`${alerts}/json?severity=critical`)).alerts).toEqual([])
})

test('an alert is acknowledged with a reason and resolved, each audited', async () => {
  const { app, call, clock } = await start()
  raiseAlert(app.db, clock.now(), heldFeed)
  const [{ id }] = (await call.get(`${alerts}/json`)).alerts
  expect((await refusalOf(call.post(`${alerts}/${id}/acknowledge`, {}))).status).toBe(422)
  const acknowledged = await call.post(`${alerts}/${id}/acknowledge`, { reason: 'The feed is being mended' })
  expect(acknowledged).toMatchObject({
    state: 'acknowledged',
    acknowledged: { by: 'operator', reason: 'The feed is being mended' },
  })
  expect((await call.get(`${alerts}/json`)).stats).toMatchObject({ total_active: 1, acknowledged: 1 })
  expect(await call.post(`${alerts}/${id}/resolve`)).toMatchObject({ state: 'resolved', resolved: { by: 'operator' } })
  expect((await refusalOf(call.post(`${alerts}/${id}/resolve`))).status).toBe(409)
  expect((await refusalOf(call.post(`${alerts}/9999/resolve`))).status).toBe(404)
  const { logs } = await call.get('/admin/audit/logs/json')
  expect(logs.slice(0, 2).map(({ action }: { action: string }) => action)).toEqual([
    'alert.resolve',
    'alert.acknowledge',
  ])
  expect(logs[1]).toMatchObject({ user: 'operator', detail: { reason: 'The feed is being mended' }, result: 'ok' })
})

test('load must last five minutes to be an alert, which two clear checks resolve', async () => {
  const { app, call, clock } = await start()
  recordLoad(app, 4, { cpu: 0.95 })
  await checkConditions(app)
  expect((await call.get(`${alerts}/json`)).alerts).toEqual([])
  recordLoad(app, 5, { cpu: 0.95, lagMs: 340 })
  await checkConditions(app)
  await checkConditions(app)
  expect((await call.get(`${alerts}/json`)).alerts).toMatchObject([
    { alert_type: 'high_load', severity: 'error', count: 2, message: expect.stringContaining('340 ms late') },
  ])
  clock.forward(minute)
  recordLoad(app, 1, {})
  await checkConditions(app)
  expect((await call.get(`${alerts}/json`)).alerts).toHaveLength(1)
  await checkConditions(app)
  const { alerts: after } = await call.get(`${alerts}/json?state=all`)
  expect(after).toMatchObject([{ state: 'resolved', resolved: { by: 'fieldhouse' } }])
})

test('a check that the end of the process stops raises nothing, and does not log what is closed already', async () => {
  const { app, lines } = await start()
  recordLoad(app, 5, { cpu: 0.95, lagMs: 340 })
  await app.reader.close()
  await expect(checkConditions(app, AbortSignal.abort(new ShuttingDown()))).rejects.toThrow(ShuttingDown)
  const raised = app.db.select().from(systemAlerts).all()
  expect(raised.map(({ type }) => type)).not.toContain('high_load')
  expect(lines.map(({ message }) => message)).not.toContain('A condition could not be checked')
})

test('a process that refused readers and has ended does not refuse any now', async () => {
  const { app, call, clock } = await start()
  recordLoad(app, 1, { shed: 3 })
  await checkConditions(app)
  const list = `${alerts}/json?type=high_load`
  const { alerts: raised } = await call.get(list)
  expect(raised).toMatchObject([{ title: 'A process (web) refuses readers', data: { shed: 3 } }])
  clock.forward(4 * minute)
  for (let check = 0; check < 2; check++) await checkConditions(app)
  expect((await call.get(list)).alerts).toEqual([])
})

test('a single clear check does not resolve an alert that flickers', async () => {
  const { app, call, clock } = await start()
  for (const lagMs of [900, 1, 900, 1]) {
    clock.forward(6 * minute)
    recordLoad(app, 5, { lagMs })
    await checkConditions(app)
  }
  expect((await call.get(`${alerts}/json?type=high_load`)).alerts).toMatchObject([{ state: 'active', count: 2 }])
})

test('a route with a p95 over a second raises an alert; uploads may take as long as their senders', async () => {
  const { app, call, clock } = await start()
  for (let i = 0; i < 30; i++) {
    app.metrics.request('GET /slow', 1_600, 200)
    app.metrics.request('GET /quick', i ? 3 : 4_000, 200)
    app.metrics.request('POST /api/v1/leagues/:id/uploads', 9_000, 202)
  }
  app.metrics.flush(app.db, clock.now())
  await checkConditions(app)
  expect((await call.get(`${alerts}/json`)).alerts).toMatchObject([
    { alert_type: 'performance', data: { route: 'GET /slow', requests: 30 } },
  ])
})

test('a late task raises an alert, and so does a service where no process runs jobs', async () => {
  const tick = job('test.tick', { run: async () => null })
  const { app, call, clock } = await start({ ROLE: 'web' }, undefined, {
    jobs: [tick],
    schedule: [every('* * * * *', tick)],
  })
  clock.forward(5 * minute)
  await checkConditions(app)
  const { alerts: found } = await call.get(`${alerts}/json`)
  const alertTitled = (title: string) => found.find((alert: { title: string }) => alert.title === title)
  expect(alertTitled('No worker runs')).toMatchObject({ alert_type: 'task_missing', severity: 'critical' })
  // That every task is late follows from it: one dead worker is one alert.
  const isLate = ({ data }: { data: { name?: string } }) => data.name === 'test.tick'
  expect(found.some(isLate)).toBe(false)
  const worker = await start({}, undefined, { jobs: [tick], schedule: [every('* * * * *', tick)] })
  worker.clock.forward(5 * minute)
  await checkConditions(worker.app)
  expect((await worker.call.get(`${alerts}/json`)).alerts.some(isLate)).toBe(true)
})

test('a failed job raises an alert at once, which the same work done later resolves', async () => {
  let broken = true
  const brittle = job('test.brittle', {
    input: t.Object({ of: t.String() }),
    attempts: 1,
    async run() {
      if (broken) throw new Error('It broke')
    },
  })
  const { app, call, runJob } = await start({}, undefined, { jobs: [brittle] })
  const run = (of: string) => runJob(brittle, { of })
  await run('one')
  const open = async () => (await call.get(`${alerts}/json`)).alerts
  expect(await until(async () => (await open())[0])).toMatchObject({ alert_type: 'job_failed', severity: 'error' })
  broken = false
  await run('two')
  for (let i = 0; i < 2; i++) await checkConditions(app)
  expect(await open()).toHaveLength(1)
  await run('one')
  for (let i = 0; i < 2; i++) await checkConditions(app)
  expect(await open()).toEqual([])
})

test('the webhook gets each alert once, as text for Discord and Slack that mentions nobody', async () => {
  const hook = startWebhook()
  const { app, call, clock } = await start({ ALERT_WEBHOOK_URL: hook.url }, undefined, checkingOften)
  const send = openAlertWebhook(app)
  raiseAlert(app.db, clock.now(), { ...heldFeed, title: 'Look <!channel> @everyone' })
  await Promise.race([send(), until(() => hook.messages.length)])
  await until(() => hook.messages.length === 1)
  expect(hook.messages[0]).toMatchObject({ username: 'Fieldhouse', allowed_mentions: { parse: [] } })
  expect(hook.messages[0].content).toContain('WARNING\\: Look \\<!channel\\> \\@everyone')
  expect(hook.messages[0].text).toContain('WARNING: Look &lt;!channel&gt;')
  raiseAlert(app.db, clock.now(), heldFeed)
  await send()
  clearAlert(app.db, clock.now(), heldFeed.key)
  raiseAlert(app.db, clock.now(), heldFeed)
  await until(async () => (await call.get(`${alerts}/json`)).alerts[0].sent_at)
  expect(hook.messages).toHaveLength(1)
  clearAlert(app.db, clock.now(), heldFeed.key)
  clock.forward(61 * minute)
  raiseAlert(app.db, clock.now(), heldFeed)
  await until(() => hook.messages.length === 2)
})

test('an alert that gets worse is sent again, also if it was acknowledged; one that gets better is not', async () => {
  const hook = startWebhook()
  const { app, clock, call } = await start({ ALERT_WEBHOOK_URL: hook.url }, undefined, checkingOften)
  const raise = (severity: Alert['severity']) => raiseAlert(app.db, clock.now(), { ...heldFeed, severity })
  const state = async () => (await call.get(`${alerts}/json?state=all`)).alerts[0].state
  raise('warning')
  await until(() => hook.messages.length === 1)
  app.db.update(systemAlerts).set({ state: 'acknowledged' }).run()
  raise('warning')
  expect(await state()).toBe('acknowledged')
  raise('critical')
  expect(await state()).toBe('active')
  await until(() => hook.messages.length === 2)
  expect(hook.messages[1].text).toContain('CRITICAL')
  await until(async () => (await call.get(`${alerts}/json`)).alerts[0].sent_at)
  raise('error')
  expect((await call.get(`${alerts}/json`)).alerts[0].sent_at).not.toBeNull()
})

test('an alert that comes back worse is sent at once, also within the hour', async () => {
  const hook = startWebhook()
  const never = { monitorIntervals: { files: hour, alerts: hour, redis: hour } }
  const { app, clock } = await start({ ALERT_WEBHOOK_URL: hook.url }, undefined, never)
  const send = openAlertWebhook(app)
  const sent: number[] = []
  await changeDisplayName(app, operator, 'Northern Alliance') // and no page is opened
  for (const severity of ['warning', 'warning', 'critical', 'warning'] as const) {
    raiseAlert(app.db, clock.now(), { ...heldFeed, severity })
    sent.push(await send())
    clearAlert(app.db, clock.now(), heldFeed.key)
  }
  expect(sent).toEqual([1, 0, 1, 0])
  expect(hook.messages.map(({ username }) => username)).toEqual(['Northern Alliance', 'Northern Alliance'])
})

test('an alert that flips between severities is sent once an hour as what it was sent, and at once as something worse', async () => {
  const hook = startWebhook()
  const never = { monitorIntervals: { files: hour, alerts: hour, redis: hour } }
  const { app, clock } = await start({ ALERT_WEBHOOK_URL: hook.url }, undefined, never)
  const send = openAlertWebhook(app)
  const sentAfter = async (...raised: Alert['severity'][]) => {
    const sent: number[] = []
    for (const severity of raised) {
      clock.forward(minute)
      raiseAlert(app.db, clock.now(), { ...heldFeed, severity })
      sent.push(await send())
    }
    return sent
  }
  expect(await sentAfter('warning', 'error', 'warning', 'error', 'warning')).toEqual([1, 1, 0, 0, 0])
  clearAlert(app.db, clock.now(), heldFeed.key)
  expect(await sentAfter('error', 'warning', 'critical', 'warning', 'error')).toEqual([0, 0, 1, 0, 0])
  clock.forward(hour)
  expect(await sentAfter('error', 'warning', 'error', 'warning', 'error')).toEqual([0, 0, 1, 0, 0])
})

test('an admin sends a test where alerts go, and is told what the webhook answers', async () => {
  const nowhere = await start()
  const test = async ({ call, finished }: Pick<typeof nowhere, 'call' | 'finished'>) =>
    await finished(call.post(`${alerts}/test`))
  expect((await test(nowhere)).error).toContain('ALERT_WEBHOOK_URL is not set')
  const hook = startWebhook(1)
  const fieldhouse = await start({ ALERT_WEBHOOK_URL: hook.url })
  const { origin } = new URL(hook.url)
  expect((await test(fieldhouse)).error).toBe(`The webhook of alerts failed: ${origin} answered 500`)
  expect(await test(fieldhouse)).toMatchObject({ status: 'SUCCESS', result: { message: 'Sent to the webhook' } })
  expect(hook.messages[0].content).toBe('**INFO\\: A test**\nThis is a test\\: alerts are sent here.')
  expect((await fieldhouse.call.get(`${alerts}/json?state=all`)).alerts).toEqual([])
})

test('an alert that gets worse while the webhook takes it is sent again as what it is now', async () => {
  const hook = startWebhook()
  const never = { monitorIntervals: { files: hour, alerts: hour, redis: hour } }
  const { app, clock } = await start({ ALERT_WEBHOOK_URL: hook.url }, undefined, never)
  const send = openAlertWebhook(app)
  const raise = (severity: Alert['severity']) => raiseAlert(app.db, clock.now(), { ...heldFeed, severity })
  raise('warning')
  hook.meanwhile(() => raise('critical'))
  expect([await send(), await send(), await send()]).toEqual([1, 1, 0])
  expect(hook.messages.map(({ text }) => text.split(':')[0])).toEqual(['*WARNING', '*CRITICAL'])
})

test('a webhook that fails is tried again, and nothing is lost', async () => {
  const hook = startWebhook(1)
  const { app, clock, lines } = await start({ ALERT_WEBHOOK_URL: hook.url }, undefined, checkingOften)
  raiseAlert(app.db, clock.now(), heldFeed)
  raiseAlert(app.db, clock.now(), { ...heldFeed, key: 'feed_held:euro', title: 'The feed of euro is held back' })
  await until(() => lines.some(({ message }) => String(message).includes('could not be sent')))
  expect([countUnsent(app.db, clock.now()), countUnsent(app.db, clock.now() + 3 * minute)]).toEqual([0, 2])
  clock.forward(minute)
  await until(() => hook.messages.length)
  expect(hook.messages[0].content).toContain('pga')
  expect(hook.messages[0].content).toContain('euro')
  await until(() =>
    app.db
      .select()
      .from(systemAlerts)
      .all()
      .every(({ sentAt }) => sentAt),
  )
  expect(hook.messages).toHaveLength(1)
})

test('that the database cannot be written is sent until the webhook takes it, and stored once it can', async () => {
  const hook = startWebhook(1)
  const { app } = await start({ ALERT_WEBHOOK_URL: hook.url })
  const watch = databaseWatch(app)
  await watch.failed(new Error('disk I/O error')).catch(() => {}) // its caller logs that the webhook is down
  for (let i = 0; i < 2; i++) await watch.failed(new Error('disk I/O error'))
  expect(hook.messages).toHaveLength(1)
  await watch.works()
  const stored = app.db.select().from(systemAlerts).all()
  expect(stored).toMatchObject([{ title: 'The database cannot be written', count: 3, sentAt: expect.any(Number) }])
})

test('alerts that do not fit one message follow in the next', async () => {
  const hook = startWebhook()
  const { app, clock } = await start({ ALERT_WEBHOOK_URL: hook.url }, undefined, {
    monitorIntervals: { ...checkingOften.monitorIntervals, alerts: hour },
  })
  const titles = Array.from({ length: 9 }, (_, i) => `Alert number ${i}`)
  for (const title of titles)
    raiseAlert(app.db, clock.now(), { ...heldFeed, key: title, title, message: 'x'.repeat(300) })
  const send = openAlertWebhook(app)
  expect([await send(), await send(), await send()]).toEqual([6, 3, 0])
  for (const title of titles) expect(hook.messages.filter(({ content }) => content.includes(title))).toHaveLength(1)
})

test('a queue that is only slow is no alarm', async () => {
  const { app, call } = await start({ ROLE: 'web' })
  const never = new Promise<never>(() => {})
  await checkConditions({ ...app, queues: { ...app.queues, counts: () => never } })
  expect((await call.get(`${alerts}/json?type=database_error`)).alerts).toEqual([])
})

redisTest('an unreachable Redis raises an alert, although the queue of the check is in it', async () => {
  const redis = await startRedis()
  const monitorIntervals = { files: minute, alerts: minute, redis: 100 }
  const { app, call, clock } = await start({ REDIS_URL: redis.url }, undefined, { monitorIntervals })
  await checkConditions(app)
  expect((await call.get(`${alerts}/json`)).alerts).toEqual([])
  await redis.stop()
  await until(() => !app.cache.usage().connected)
  await checkConditions(app)
  expect((await call.get(`${alerts}/json`)).alerts).toEqual([]) // an outage of a second raises no alert
  clock.forward(11_000)
  const [alert] = await until(async () => {
    const { alerts: open } = await call.get(`${alerts}/json`)
    return open.length ? open : undefined
  })
  expect(alert).toMatchObject({ alert_type: 'cache_error', severity: 'error' })
  await redis.restart()
  await until(async () => {
    await checkConditions(app)
    return (await call.get(`${alerts}/json`)).alerts.length === 0
  })
})
