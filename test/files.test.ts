/** Database files that are removed, replaced or cut off under a running Fieldhouse. */
import { expect, test } from 'bun:test'
import { copyFileSync, renameSync, rmSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import { openFile } from '../db/file.ts'
import { databaseFile } from '../db/open.ts'
import { newLeague, upload } from './sheets.ts'
import { refusalOf, start, until } from './start.ts'
import { startWebhook } from './webhook.ts'

const noticedWithin = 60_000 // ms: within a minute it is noticed

const remove = (file: string) => rmSync(file)
const replace = (file: string) => {
  copyFileSync(file, `${file}.new`)
  renameSync(`${file}.new`, file)
}

async function startWatched() {
  const hook = startWebhook()
  const fieldhouse = await start({ ALERT_WEBHOOK_URL: hook.url }, undefined, {
    monitorIntervals: { files: 300, alerts: 100, redis: 5_000 },
  })
  const { id } = await newLeague(fieldhouse.call)
  await fieldhouse.finished(upload(fieldhouse.call, id, 'ID,Power\n1,5\n'))
  const health = async () => (await fieldhouse.as().raw('/health')).json()
  expect((await health()).status).toBe('healthy')
  return {
    ...fieldhouse,
    id,
    health,
    /** Waits until a webhook message about it has come. */
    alerted: (fault: string | RegExp) =>
      until(() => hook.messages.some(({ text }) => new RegExp(fault).test(text)), noticedWithin),
    loggedMessages: () => fieldhouse.lines.map(({ message }) => String(message)),
  }
}

test.each([
  ['removed', remove, 'was removed while it was in use'],
  ['replaced', replace, 'was replaced by another file while it was in use'],
])(
  'a fieldhouse.db that was %s takes no more writes, and everybody hears of it',
  async (_, harm, fault) => {
    const { call, dataDir, id, health, alerted, loggedMessages } = await startWatched()
    harm(databaseFile(dataDir))
    for (const write of [
      () => newLeague(call),
      () => upload(call, id, 'ID,Power\n1,6\n'),
      () => call.delete(`/api/v1/leagues/${id}`, { name: 'Northern season' }),
    ]) {
      const { status, problem } = await refusalOf(write())
      expect([status, problem.detail]).toEqual([503, expect.stringContaining(`fieldhouse.db ${fault}`)])
    }
    expect(await health()).toMatchObject({
      status: 'unhealthy',
      checks: { database: { error: expect.stringContaining(fault) } },
    })
    await alerted(fault)
    expect(loggedMessages().some(line => line.includes(`fieldhouse.db ${fault}`))).toBe(true)
    // Another file in its place has another log: what was read from it before may be read wrongly now.
    if (harm === remove) expect((await call.get(`/api/v1/leagues/${id}/leaderboard`)).rows).toHaveLength(1)
  },
  90_000,
)

test.each([
  ['removed', remove, 'was removed while it was in use'],
  ['replaced', replace, 'was replaced by another file while it was in use'],
])(
  'a scores.db that was %s takes no more sheets, while all else goes on',
  async (_, harm, fault) => {
    const { call, dataDir, id, health, alerted } = await startWatched()
    harm(join(dataDir, 'scores.db'))
    expect(await refusalOf(upload(call, id, 'ID,Power\n1,6\n'))).toMatchObject({
      status: 503,
      problem: { detail: expect.stringContaining(`scores.db ${fault}`) },
    })
    expect(await health()).toMatchObject({ status: 'unhealthy', checks: { database: { error: `scores.db ${fault}` } } })
    await alerted(fault)
    const { alerts } = await call.get('/admin/monitoring/alerts/json?severity=critical')
    expect(alerts).toMatchObject([{ alert_type: 'database_error', title: `scores.db ${fault}` }])
    expect(await newLeague(call, {}, 'Another')).toMatchObject({ id: id + 1 })
  },
  90_000,
)

/** If its log is copied into the file just then, the file has its length again, and is damaged. */
const cutOff = /queue\.db (was cut off while it was in use|is damaged|cannot be read any more)/

test.each([
  ['cut off', (file: string) => truncateSync(file, 1_000), cutOff],
  ['emptied', (file: string) => truncateSync(file, 0), cutOff],
  ['removed', remove, /queue\.db was removed while it was in use/],
])(
  'a queue.db that was %s takes no more jobs',
  async (_, harm, fault) => {
    const { call, dataDir, health, alerted } = await startWatched()
    harm(join(dataDir, 'queue.db'))
    expect((await refusalOf(call.post('/admin/backups'))).status).toBe(503)
    expect(await health()).toMatchObject({
      status: 'unhealthy',
      checks: { queue: { error: expect.stringMatching(fault) } },
    })
    await alerted(fault)
  },
  90_000,
)

test('a log that was removed is noticed, and a file put back takes writes again', async () => {
  const { call, dataDir, health, alerted, app } = await startWatched()
  const file = databaseFile(dataDir)
  renameSync(file, `${file}.away`)
  expect((await refusalOf(newLeague(call))).status).toBe(503)
  renameSync(`${file}.away`, file)
  await newLeague(call, {}, 'After it came back')
  await until(async () => (await health()).checks.database.status === 'healthy', noticedWithin)
  const openedFile = openFile(join(dataDir, 'scores.db'))
  const read = () => app.sheets.boards.scores.query('select 1').get()
  expect(openedFile.check(read)).toBeUndefined()
  rmSync(join(dataDir, 'scores.db-wal'))
  expect(openedFile.check(read)).toBe('lost its -wal file while it was in use')
  await alerted('scores.db lost its -wal')
  rmSync(`${file}-wal`)
  const { status, problem } = await refusalOf(newLeague(call, {}, 'Lost'))
  expect([status, problem.detail]).toEqual([503, expect.stringContaining('fieldhouse.db lost its -wal file')])
}, 150_000)
