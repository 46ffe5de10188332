import type { Database } from 'bun:sqlite'
import { Child, State } from './schema.ts'

export interface JobRow {
  rowid: number
  queue: number
  id: string
  state: number
  score: number
  added_at: number
  delay: number
  priority: number
  attempts_started: number
  attempts_made: number
  stalls: number
  processed_at: number | null
  finished_at: number | null
  lock_token: string | null
  lock_until: number | null
  owner: string | null
  suspect: number
  parent_queue: number | null
  parent_id: string | null
  parent: string | null
  scheduler_id: string | null
  dedup_id: string | null
  deferred_failure: string | null
  processed_by: string | null
  progress: string | null
  failed_reason: string | null
  stacktrace: string | null
  return_value: string | null
  name: string
  opts: string
  data: string
}

/** A job without its payload: enough to move it, lock it and tell its parent. */
export type JobHead = Omit<
  JobRow,
  'progress' | 'failed_reason' | 'stacktrace' | 'return_value' | 'name' | 'opts' | 'data'
>

const head = `rowid, queue, id, state, score, added_at, delay, priority, attempts_started, attempts_made, stalls, processed_at,
  finished_at, lock_token, lock_until, owner, suspect, parent_queue, parent_id, parent, scheduler_id, dedup_id,
  deferred_failure, processed_by`

export interface QueueRow {
  id: number
  key: string
  state: string
}

export interface ChildRow {
  queue: number
  id: string
  key: string
  status: number
  value: string | null
}

type Text = string | null
type Int = number | null

/** Every statement of the backend, by name. */
export const prepareStatements = (db: Database) => ({
  // transactions
  beginRead: db.prepare<null, []>('BEGIN'),
  beginWrite: db.prepare<null, []>('BEGIN IMMEDIATE'),
  commit: db.prepare<null, []>('COMMIT'),
  rollback: db.prepare<null, []>('ROLLBACK'),
  savepoint: db.prepare<null, []>('SAVEPOINT operation'),
  release: db.prepare<null, []>('RELEASE operation'),
  rollbackOperation: db.prepare<null, []>('ROLLBACK TO operation'),
  dataVersion: db.prepare<{ data_version: number }, []>('PRAGMA data_version'),
  checkpoint: db.prepare<null, []>('PRAGMA wal_checkpoint(PASSIVE)'),

  // queues
  queueByKey: db.prepare<QueueRow, [string]>('SELECT * FROM queue WHERE key = ?'),
  queueById: db.prepare<QueueRow, [number]>('SELECT * FROM queue WHERE id = ?'),
  addQueue: db.prepare<QueueRow, [key: string, state: string]>(
    'INSERT INTO queue (key, state) VALUES (?, ?) RETURNING *',
  ),
  saveQueue: db.prepare<null, [state: string, id: number]>('UPDATE queue SET state = ? WHERE id = ?'),

  // one job
  addJob: db.prepare<
    null,
    [
      ...[queue: number, id: string, state: number, score: number, addedAt: number, delay: number, priority: number],
      ...[parentQueue: Int, parentId: Text, parent: Text, scheduler: Text, dedup: Text],
      ...[name: string, opts: string, data: string],
    ]
  >(
    `INSERT INTO job (queue, id, state, score, added_at, delay, priority, parent_queue, parent_id, parent, scheduler_id,
       dedup_id, name, opts, data) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  ),
  jobExists: db.prepare<{ rowid: number }, [number, string]>('SELECT rowid FROM job WHERE queue = ? AND id = ?'),
  jobHead: db.prepare<JobHead, [number, string]>(`SELECT ${head} FROM job WHERE queue = ? AND id = ?`),
  job: db.prepare<JobRow, [number, string]>('SELECT * FROM job WHERE queue = ? AND id = ?'),
  moveJob: db.prepare<null, [state: number, score: number, rowid: number]>(
    'UPDATE job SET state = ?, score = ? WHERE rowid = ?',
  ),
  leaveActive: db.prepare<null, [state: number, score: number, attempts: number, delay: number, rowid: number]>(
    `UPDATE job SET state = ?, score = ?, attempts_made = attempts_made + ?, delay = ?, lock_token = NULL,
       lock_until = NULL, owner = NULL, suspect = 0 WHERE rowid = ?`,
  ),
  completeJob: db.prepare<null, [score: number, finishedAt: number, returnValue: string, rowid: number]>(
    `UPDATE job SET state = ${State.completed}, score = ?, finished_at = ?, return_value = ?,
       attempts_made = attempts_made + 1, lock_token = NULL, lock_until = NULL, owner = NULL, suspect = 0 WHERE rowid = ?`,
  ),
  failJob: db.prepare<null, [score: number, finishedAt: number, reason: string, stacktrace: Text, rowid: number]>(
    `UPDATE job SET state = ${State.failed}, score = ?, finished_at = ?, failed_reason = ?,
       stacktrace = coalesce(?, stacktrace), deferred_failure = NULL,
       attempts_made = attempts_made + 1, lock_token = NULL, lock_until = NULL, owner = NULL, suspect = 0 WHERE rowid = ?`,
  ),
  reopenJob: db.prepare<null, [state: number, score: number, keepMade: number, keepStarted: number, rowid: number]>(
    `UPDATE job SET state = ?, score = ?, finished_at = NULL, processed_at = NULL, attempts_made = attempts_made * ?,
       attempts_started = attempts_started * ? WHERE rowid = ?`,
  ),
  clearReturnValue: db.prepare<null, [number]>('UPDATE job SET return_value = NULL WHERE rowid = ?'),
  clearFailedReason: db.prepare<null, [number]>('UPDATE job SET failed_reason = NULL WHERE rowid = ?'),
  setFailure: db.prepare<null, [reason: Text, stacktrace: Text, rowid: number]>(
    `UPDATE job SET failed_reason = coalesce(?, failed_reason), stacktrace = coalesce(?, stacktrace) WHERE rowid = ?`,
  ),
  setDeferredFailure: db.prepare<null, [string, number]>('UPDATE job SET deferred_failure = ? WHERE rowid = ?'),
  setStalls: db.prepare<null, [number, number]>('UPDATE job SET stalls = ? WHERE rowid = ?'),
  setDelay: db.prepare<null, [number, number]>('UPDATE job SET delay = ? WHERE rowid = ?'),
  setPriority: db.prepare<null, [number, number]>('UPDATE job SET priority = ? WHERE rowid = ?'),
  setData: db.prepare<null, [string, number]>('UPDATE job SET data = ? WHERE rowid = ?'),
  setProgress: db.prepare<null, [string, number]>('UPDATE job SET progress = ? WHERE rowid = ?'),
  setParent: db.prepare<null, [Int, Text, Text, number]>(
    'UPDATE job SET parent_queue = ?, parent_id = ?, parent = ? WHERE rowid = ?',
  ),
  returnValue: db.prepare<{ return_value: Text }, [number]>('SELECT return_value FROM job WHERE rowid = ?'),
  deleteJob: db.prepare<null, [number]>('DELETE FROM job WHERE rowid = ?'),

  // taking jobs up
  claim: db.prepare<
    JobRow,
    [
      ...[score: number, processedAt: number, worker: Text, token: Text, lockUntil: Int, owner: string],
      ...[queue: number, state: number],
    ]
  >(
    `UPDATE job SET state = ${State.active}, score = ?, processed_at = ?, attempts_started = attempts_started + 1,
       processed_by = coalesce(?, processed_by), lock_token = ?, lock_until = ?, owner = ?, suspect = 0
     WHERE rowid = (SELECT rowid FROM job WHERE queue = ? AND state = ? ORDER BY score LIMIT 1) RETURNING *`,
  ),
  extendLock: db.prepare<null, [lockUntil: number, queue: number, id: string, token: string, now: number]>(
    'UPDATE job SET lock_until = ?, suspect = 0 WHERE queue = ? AND id = ? AND lock_token = ? AND lock_until > ?',
  ),
  stalledJobs: db.prepare<JobHead, [queue: number, now: number]>(
    `SELECT ${head} FROM job WHERE queue = ? AND state = ${State.active} AND suspect = 1
       AND (lock_token IS NULL OR lock_until <= ?) ORDER BY score`,
  ),
  suspectActive: db.prepare<null, [queue: number]>(
    `UPDATE job SET suspect = 1 WHERE queue = ? AND state = ${State.active} AND suspect = 0`,
  ),
  orphanedJobs: db.prepare<JobHead, [queue: number, owner: string]>(
    `SELECT ${head} FROM job WHERE queue = ? AND state = ${State.active} AND owner = ? ORDER BY score`,
  ),
  ownsJobs: db.prepare<{ one: 1 }, [owner: string]>(
    `SELECT 1 AS one FROM queue JOIN job ON job.queue = queue.id AND job.state = ${State.active}
       WHERE job.owner = ? LIMIT 1`,
  ),

  // jobs of a state
  firstScore: db.prepare<{ score: number }, [queue: number, state: number]>(
    'SELECT score FROM job WHERE queue = ? AND state = ? ORDER BY score LIMIT 1',
  ),
  highestScore: db.prepare<{ score: Int }, [queue: number, state: number, from: number, to: number]>(
    'SELECT max(score) AS score FROM job WHERE queue = ? AND state = ? AND score BETWEEN ? AND ?',
  ),
  countScores: db.prepare<{ n: number }, [queue: number, state: number, from: number, to: number]>(
    'SELECT count(*) AS n FROM job WHERE queue = ? AND state = ? AND score BETWEEN ? AND ?',
  ),
  headsUpTo: db.prepare<JobHead, [queue: number, state: number, score: number, limit: number]>(
    `SELECT ${head} FROM job WHERE queue = ? AND state = ? AND score <= ? ORDER BY score LIMIT ?`,
  ),
  headsAfter: db.prepare<
    JobHead,
    [queue: number, state: number, score: number, rowid: number, before: number, limit: number]
  >(
    `SELECT ${head} FROM job WHERE queue = ? AND state = ? AND (score, rowid) > (?, ?) AND score <= ?
       ORDER BY score, rowid LIMIT ?`,
  ),
  idsOldestFirst: db.prepare<{ id: string }, [queue: number, state: number, limit: number, offset: number]>(
    'SELECT id FROM job WHERE queue = ? AND state = ? ORDER BY score, rowid LIMIT ? OFFSET ?',
  ),
  idsNewestFirst: db.prepare<{ id: string }, [queue: number, state: number, limit: number, offset: number]>(
    'SELECT id FROM job WHERE queue = ? AND state = ? ORDER BY score DESC, rowid DESC LIMIT ? OFFSET ?',
  ),
  lastRowid: db.prepare<{ rowid: Int }, []>('SELECT max(rowid) AS rowid FROM job'),

  // logs
  lastLog: db.prepare<{ last: Int; n: number }, [number]>(
    'SELECT max(n) AS last, count(*) AS n FROM log WHERE job = ?',
  ),
  addLog: db.prepare<null, [number, number, string]>('INSERT INTO log (job, n, line) VALUES (?, ?, ?)'),
  trimLogs: db.prepare<null, [job: number, upTo: number]>('DELETE FROM log WHERE job = ? AND n <= ?'),
  deleteLogs: db.prepare<null, [number]>('DELETE FROM log WHERE job = ?'),
  logs: db.prepare<{ line: string }, [job: number, limit: number, offset: number]>(
    'SELECT line FROM log WHERE job = ? ORDER BY n LIMIT ? OFFSET ?',
  ),

  // parents and children
  addChild: db.prepare<
    null,
    [parentQueue: number, parentId: string, queue: number, id: string, status: number, value: Text]
  >(
    `INSERT INTO child (parent_queue, parent_id, queue, id, status, value) VALUES (?, ?, ?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET status = excluded.status, value = excluded.value`,
  ),
  settleChild: db.prepare<
    null,
    [status: number, value: Text, parentQueue: number, parentId: string, queue: number, id: string]
  >(
    `UPDATE child SET status = ?, value = ? WHERE parent_queue = ? AND parent_id = ? AND queue = ? AND id = ?
       AND status = ${Child.pending}`,
  ),
  reopenChild: db.prepare<null, [parentQueue: number, parentId: string, queue: number, id: string]>(
    `UPDATE child SET status = ${Child.pending}, value = NULL
       WHERE parent_queue = ? AND parent_id = ? AND queue = ? AND id = ? AND status != ${Child.pending}`,
  ),
  deletePendingChild: db.prepare<null, [parentQueue: number, parentId: string, queue: number, id: string]>(
    `DELETE FROM child WHERE parent_queue = ? AND parent_id = ? AND queue = ? AND id = ? AND status = ${Child.pending}`,
  ),
  deleteChildren: db.prepare<null, [parentQueue: number, parentId: string]>(
    'DELETE FROM child WHERE parent_queue = ? AND parent_id = ?',
  ),
  isPendingChild: db.prepare<{ one: 1 }, [parentQueue: number, parentId: string, queue: number, id: string]>(
    `SELECT 1 AS one FROM child WHERE parent_queue = ? AND parent_id = ? AND queue = ? AND id = ?
       AND status = ${Child.pending}`,
  ),
  hasChild: db.prepare<{ one: 1 }, [parentQueue: number, parentId: string, status: number]>(
    'SELECT 1 AS one FROM child WHERE parent_queue = ? AND parent_id = ? AND status = ? LIMIT 1',
  ),
  countChildren: db.prepare<{ n: number }, [parentQueue: number, parentId: string, status: number]>(
    'SELECT count(*) AS n FROM child WHERE parent_queue = ? AND parent_id = ? AND status = ?',
  ),
  children: db.prepare<
    ChildRow,
    [parentQueue: number, parentId: string, status: number, limit: number, offset: number]
  >(
    `SELECT child.queue, child.id, queue.key || ':' || child.id AS key, status, value
       FROM child JOIN queue ON queue.id = child.queue
       WHERE parent_queue = ? AND parent_id = ? AND status = ? ORDER BY child.rowid LIMIT ? OFFSET ?`,
  ),

  // deduplication
  dedup: db.prepare<{ job_id: string; expires_at: Int }, [queue: number, id: string, now: number]>(
    'SELECT job_id, expires_at FROM dedup WHERE queue = ? AND id = ? AND (expires_at IS NULL OR expires_at > ?)',
  ),
  setDedup: db.prepare<null, [queue: number, id: string, job: string, expiresAt: Int]>(
    'INSERT OR REPLACE INTO dedup (queue, id, job_id, expires_at) VALUES (?, ?, ?, ?)',
  ),
  deleteDedup: db.prepare<null, [queue: number, id: string]>('DELETE FROM dedup WHERE queue = ? AND id = ?'),
  deleteDedups: db.prepare<null, [queue: number]>('DELETE FROM dedup WHERE queue = ?'),
  deleteDedupNexts: db.prepare<null, [queue: number]>('DELETE FROM dedup_next WHERE queue = ?'),
  deleteExpiredDedups: db.prepare<null, [number]>('DELETE FROM dedup WHERE expires_at <= ?'),
  dedupNext: db.prepare<{ job: string }, [queue: number, id: string]>(
    'SELECT job FROM dedup_next WHERE queue = ? AND id = ?',
  ),
  setDedupNext: db.prepare<null, [queue: number, id: string, job: string]>(
    'INSERT OR REPLACE INTO dedup_next (queue, id, job) VALUES (?, ?, ?)',
  ),
  deleteDedupNext: db.prepare<null, [queue: number, id: string]>('DELETE FROM dedup_next WHERE queue = ? AND id = ?'),

  // schedulers
  scheduler: db.prepare<{ next_run: number; next_job: string; fields: string }, [queue: number, id: string]>(
    'SELECT next_run, next_job, fields FROM scheduler WHERE queue = ? AND id = ?',
  ),
  saveScheduler: db.prepare<null, [queue: number, id: string, nextRun: number, nextJob: string, fields: string]>(
    'INSERT OR REPLACE INTO scheduler (queue, id, next_run, next_job, fields) VALUES (?, ?, ?, ?, ?)',
  ),
  deleteScheduler: db.prepare<null, [queue: number, id: string]>('DELETE FROM scheduler WHERE queue = ? AND id = ?'),
  deleteSchedulers: db.prepare<null, [queue: number, queue2: number, limit: number]>(
    `DELETE FROM scheduler WHERE queue = ? AND id IN
       (SELECT id FROM scheduler WHERE queue = ? ORDER BY next_run LIMIT ?)`,
  ),
  countSchedulers: db.prepare<{ n: number }, [number]>('SELECT count(*) AS n FROM scheduler WHERE queue = ?'),
  schedulersSoonestFirst: db.prepare<{ id: string; next_run: number }, [queue: number, limit: number, offset: number]>(
    'SELECT id, next_run FROM scheduler WHERE queue = ? ORDER BY next_run, id LIMIT ? OFFSET ?',
  ),
  schedulersLatestFirst: db.prepare<{ id: string; next_run: number }, [queue: number, limit: number, offset: number]>(
    'SELECT id, next_run FROM scheduler WHERE queue = ? ORDER BY next_run DESC, id DESC LIMIT ? OFFSET ?',
  ),

  // metrics
  metric: db.prepare<{ count: number; prev_at: number; prev_count: number; points: string }, [number, number]>(
    'SELECT count, prev_at, prev_count, points FROM metric WHERE queue = ? AND kind = ?',
  ),
  countMetric: db.prepare<null, [queue: number, kind: number]>(
    'UPDATE metric SET count = count + 1 WHERE queue = ? AND kind = ?',
  ),
  saveMetric: db.prepare<null, [number, number, number, number, number, string]>(
    'INSERT OR REPLACE INTO metric (queue, kind, count, prev_at, prev_count, points) VALUES (?, ?, ?, ?, ?, ?)',
  ),
  deleteMetrics: db.prepare<null, [number]>('DELETE FROM metric WHERE queue = ?'),

  // events
  addEvents: db.prepare<null, [queue: number, last: number, at: number, events: string]>(
    'INSERT INTO event (queue, last, at, events) VALUES (?, ?, ?, ?)',
  ),
  eventsAfter: db.prepare<{ last: number; at: number; events: string }, [queue: number, after: number]>(
    'SELECT last, at, events FROM event WHERE queue = ? AND last > ? ORDER BY last LIMIT 100',
  ),
  lastEventBefore: db.prepare<{ last: Int }, [queue: number, at: number]>(
    'SELECT max(last) AS last FROM event WHERE queue = ? AND at < ?',
  ),
  trimEvents: db.prepare<null, [queue: number, upTo: number]>('DELETE FROM event WHERE queue = ? AND last <= ?'),
  firstEvents: db.prepare<{ last: number; n: number }, [queue: number]>(
    'SELECT last, json_array_length(events) AS n FROM event WHERE queue = ? ORDER BY last LIMIT 1',
  ),

  // processes
  processes: db.prepare<{ id: string; pid: number; started_at: number }, []>('SELECT id, pid, started_at FROM process'),
  addProcess: db.prepare<null, [id: string, pid: number, startedAt: number]>(
    'INSERT OR IGNORE INTO process (id, pid, started_at) VALUES (?, ?, ?)',
  ),
  deleteProcess: db.prepare<null, [string]>('DELETE FROM process WHERE id = ?'),
  clients: db.prepare<{ id: number; pid: number; name: string; started_at: number }, []>(
    `SELECT client.id, process.pid, client.name, client.started_at
       FROM client JOIN process ON process.id = client.process ORDER BY client.id`,
  ),
  addClient: db.prepare<{ id: number }, [process: string, name: string, startedAt: number]>(
    'INSERT INTO client (process, name, started_at) VALUES (?, ?, ?) RETURNING id',
  ),
  deleteClient: db.prepare<null, [number]>('DELETE FROM client WHERE id = ?'),
  deleteClients: db.prepare<null, [process: string]>('DELETE FROM client WHERE process = ?'),
})
export type Statements = ReturnType<typeof prepareStatements>
