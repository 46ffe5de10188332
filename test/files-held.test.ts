/** Files that are opened at the moment another connection holds them, as when several processes start or end at once. */
import { Database } from 'bun:sqlite'
import { expect, test } from 'bun:test'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { useWriteAheadLog } from '../db/write-ahead-log.ts'
import { openScores, openScoresReader } from '../src/leagues/sheets/snapshots/open.ts'
import { afterTest, temporaryFolder } from './start.ts'

/** A thread that runs these statements on the file, says so, and closes it a moment later. */
async function heldFor(ms: number, path: string, ...statements: string[]) {
  const holder = `
    const { Database } = require('bun:sqlite')
    const { parentPort, workerData: { path, statements, ms } } = require('node:worker_threads')
    const file = new Database(path)
    for (const sql of statements) file.run(sql)
    parentPort.postMessage('held')
    Bun.sleepSync(ms)
    file.close()
    parentPort.postMessage('closed')`
  const thread = new Worker(holder, { eval: true, workerData: { path, statements, ms } })
  afterTest(() => thread.terminate())
  await new Promise(held => thread.once('message', held))
}

test('a file gets its log once the process that is writing to it has ended', async () => {
  const path = join(temporaryFolder(), 'new.db')
  const file = new Database(path)
  afterTest(() => file.close())
  await heldFor(60, path, 'BEGIN IMMEDIATE')
  useWriteAheadLog(file)
  expect(file.query('PRAGMA journal_mode').get()).toEqual({ journal_mode: 'wal' })
})

test('scores.db is opened for reading once the process that copies its log at its end has done so', async () => {
  const dataDir = temporaryFolder()
  openScores(dataDir).close()
  await heldFor(150, join(dataDir, 'scores.db'), 'PRAGMA locking_mode = EXCLUSIVE', 'BEGIN EXCLUSIVE')
  const reader = openScoresReader(dataDir)
  afterTest(() => reader.close())
  expect(reader.query('SELECT count(*) AS snapshots FROM snapshots').get()).toEqual({ snapshots: 0 })
})
