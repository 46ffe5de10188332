/** Files that are opened at the moment another connection holds them, as when several processes start or end at once. */
import { Database } from 'bun:sqlite'
import { expect, test } from 'bun:test'
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { useWriteAheadLog } from '../db/write-ahead-log.ts'
import { openScores, openScoresReader } from '../src/leagues/sheets/snapshots/open.ts'
import { copyDatabases } from '../src/monitor/backups/backup.ts'
import { restoreAtStart } from '../src/monitor/backups/restore-at-start.ts'
import { requestRestore } from '../src/monitor/backups/stored-backups.ts'
import { afterTest, temporaryFolder } from './start.ts'

/** A thread that runs these statements on the file and says so; a moment later it removes some files and closes it. */
async function heldFor(ms: number, path: string, statements: string[], removed: string[] = []) {
  const holder = `
    const { Database } = require('bun:sqlite')
    const { rmSync } = require('node:fs')
    const { parentPort, workerData: { path, statements, removed, ms } } = require('node:worker_threads')
    const file = new Database(path)
    for (const sql of statements) file.run(sql)
    parentPort.postMessage('held')
    Bun.sleepSync(ms)
    for (const path of removed) rmSync(path)
    file.close()`
  const thread = new Worker(holder, { eval: true, workerData: { path, statements, removed, ms } })
  afterTest(() => thread.terminate())
  await new Promise(held => thread.once('message', held))
}

test('a file gets its log once the process that is writing to it has ended', async () => {
  const path = join(temporaryFolder(), 'new.db')
  const file = new Database(path)
  afterTest(() => file.close())
  await heldFor(60, path, ['BEGIN IMMEDIATE'])
  useWriteAheadLog(file)
  expect(file.query('PRAGMA journal_mode').get()).toEqual({ journal_mode: 'wal' })
})

test('scores.db is opened for reading once the process that copies its log at its end has done so', async () => {
  const dataDir = temporaryFolder()
  openScores(dataDir).close()
  await heldFor(150, join(dataDir, 'scores.db'), ['PRAGMA locking_mode = EXCLUSIVE', 'BEGIN EXCLUSIVE'])
  const reader = openScoresReader(dataDir)
  afterTest(() => reader.close())
  expect(reader.query('SELECT count(*) AS snapshots FROM snapshots').get()).toEqual({ snapshots: 0 })
})

test('a backup waits for the process that copies a log at its end', async () => {
  const [dataDir, into] = [temporaryFolder(), temporaryFolder()]
  openScores(dataDir).close()
  await heldFor(100, join(dataDir, 'scores.db'), ['PRAGMA locking_mode = EXCLUSIVE', 'BEGIN EXCLUSIVE'])
  expect(copyDatabases(dataDir, into, () => {})).toEqual({ schema: 3, paths: ['scores.db'] })
})

test('a start waits for a restore that is under way, and does not repeat it', async () => {
  for (const isRequested of [false, true]) {
    const dataDir = temporaryFolder()
    const lock = join(dataDir, 'run', 'restore.alive')
    mkdirSync(join(dataDir, 'run'))
    if (isRequested) requestRestore(dataDir, 'backup', Date.now())
    const request = isRequested ? [join(dataDir, 'restore-at-start.json')] : []
    await heldFor(100, lock, ['PRAGMA journal_mode = MEMORY', 'BEGIN EXCLUSIVE'], [...request, lock])
    expect(await restoreAtStart(dataDir, Date.now())).toBeUndefined()
    expect(existsSync(lock)).toBe(false)
  }
})
