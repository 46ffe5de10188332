import type { Database } from 'bun:sqlite'
import { Child, type ChildCode, State, type StateCode } from './schema.ts'

export interface QueueRow {
  id: number
  key: string
  state: string
}

/** A job without its payload: enough to move it, lock it and tell its parent. */
export interface JobHead {
  rowid: number
  queue: number
  id: string
  state: StateCode
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
}
const head = `rowid, queue, id, state, score, added_at, delay, priority, attempts_started, attempts_made, stalls, processed_at,
  finished_at, lock_token, lock_until, owner, suspect, parent_queue, parent_id, parent, scheduler_id, dedup_id,
  deferred_failure, processed_by`

export interface JobRow extends JobHead {
  progress: string | null
  failed_reason: string | null
  stacktrace: string | null
  return_value: string | null
  name: string
  opts: string
  data: string
}
/** Columns of a job to be changed. */
export type JobColumns = Partial<JobRow>

export interface ChildRow {
  queue: number
  id: string
  key: string
  status: ChildCode
  value: string | null
}
const childKey = 'parent_queue = ? AND parent_id = ? AND queue = ? AND id = ?'

type Value = string | number | null

/** Every statement of the backend, by name; parameters stand in the order of the text. */
export function prepareStatements(db: Database) {
  const prepared: { finalize(): void }[] = []
  const sql = <Row = null>(text: string) => {
    const statement = db.prepare<Row, Value[]>(text)
    prepared.push(statement)
    return statement
  }
  const ofQueue = 'WHERE queue = ?'
  const inState = 'FROM job WHERE queue = ? AND state = ?'
  const active = `FROM job WHERE queue = ? AND state = ${State.active}`
  const updates = new Map<string, ReturnType<typeof sql>>()

  return {
    finalize: () => prepared.forEach(statement => void statement.finalize()),

    // transactions
    beginRead: sql('BEGIN'),
    beginWrite: sql('BEGIN IMMEDIATE'),
    commit: sql('COMMIT'),
    rollback: sql('ROLLBACK'),
    savepoint: sql('SAVEPOINT operation'),
    release: sql('RELEASE operation'),
    rollbackOperation: sql('ROLLBACK TO operation'),
    dataVersion: sql<{ data_version: number }>('PRAGMA data_version'),
    checkpoint: sql('PRAGMA wal_checkpoint(PASSIVE)'),

    // queues
    queueByKey: sql<QueueRow>('SELECT * FROM queue WHERE key = ?'),
    queueById: sql<QueueRow>('SELECT * FROM queue WHERE id = ?'),
    addQueue: sql<QueueRow>('INSERT INTO queue (key, state) VALUES (?, ?) RETURNING *'),
    saveQueue: sql('UPDATE queue SET state = ? WHERE id = ?'),
    /** What a queue has but for jobs, logs and children, which go with their jobs, and schedulers. */
    emptyQueue: ['metric', 'dedup', 'dedup_next', 'event'].map(table => sql(`DELETE FROM ${table} ${ofQueue}`)),

    // one job
    addJob: sql(
      `INSERT INTO job (queue, id, state, score, added_at, delay, priority, parent_queue, parent_id, parent, scheduler_id,
         dedup_id, name, opts, data) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    ),
    jobHead: sql<JobHead>(`SELECT ${head} FROM job WHERE queue = ? AND id = ?`),
    job: sql<JobRow>('SELECT * FROM job WHERE queue = ? AND id = ?'),
    /** Sets these columns of a job: a statement for each set of them there is. */
    updateJob(rowid: number, columns: JobColumns) {
      const names = Object.keys(columns).join(' = ?, ')
      let update = updates.get(names)
      if (!update) updates.set(names, (update = sql(`UPDATE job SET ${names} = ? WHERE rowid = ?`)))
      update.run(...Object.values(columns), rowid)
    },
    deleteJob: sql('DELETE FROM job WHERE rowid = ?'),

    // taking jobs up
    claim: sql<JobRow>(
      `UPDATE job SET state = ${State.active}, score = ?, processed_at = ?, attempts_started = attempts_started + 1,
         processed_by = coalesce(?, processed_by), lock_token = ?, lock_until = ?, owner = ?, suspect = 0
       WHERE rowid = (SELECT rowid ${inState} ORDER BY score LIMIT 1) RETURNING *`,
    ),
    extendLock: sql(
      'UPDATE job SET lock_until = ?, suspect = 0 WHERE queue = ? AND id = ? AND lock_token = ? AND lock_until > ?',
    ),
    stalledJobs: sql<JobHead>(
      `SELECT ${head} ${active} AND suspect = 1 AND (lock_token IS NULL OR lock_until <= ?) ORDER BY score`,
    ),
    suspectActive: sql(`UPDATE job SET suspect = 1 WHERE queue = ? AND state = ${State.active} AND suspect = 0`),
    orphanedJobs: sql<JobHead>(`SELECT ${head} ${active} AND owner = ? ORDER BY score`),
    ownsJobs: sql(
      `SELECT 1 FROM queue JOIN job ON job.queue = queue.id AND job.state = ${State.active} WHERE job.owner = ? LIMIT 1`,
    ),

    // jobs of a state
    headsAfter: sql<JobHead>(
      `SELECT ${head} ${inState} AND (score, rowid) > (?, ?) AND score <= ? ORDER BY score, rowid LIMIT ?`,
    ),
    headsUpTo: sql<JobHead>(`SELECT ${head} ${inState} AND score <= ? ORDER BY score LIMIT ?`),
    firstScore: sql<{ score: number }>(`SELECT score ${inState} ORDER BY score LIMIT 1`),
    highestScore: sql<{ score: number | null }>(`SELECT max(score) AS score ${inState} AND score BETWEEN ? AND ?`),
    countScores: sql<{ n: number }>(`SELECT count(*) AS n ${inState} AND score BETWEEN ? AND ?`),
    idsOldestFirst: sql<{ id: string }>(`SELECT id ${inState} ORDER BY score, rowid LIMIT ? OFFSET ?`),
    idsNewestFirst: sql<{ id: string }>(`SELECT id ${inState} ORDER BY score DESC, rowid DESC LIMIT ? OFFSET ?`),
    lastRowid: sql<{ rowid: number | null }>('SELECT max(rowid) AS rowid FROM job'),

    // logs
    lastLog: sql<{ last: number | null; n: number }>('SELECT max(n) AS last, count(*) AS n FROM log WHERE job = ?'),
    addLog: sql('INSERT INTO log (job, n, line) VALUES (?, ?, ?)'),
    trimLogs: sql('DELETE FROM log WHERE job = ? AND n <= ?'),
    logs: sql<{ line: string }>('SELECT line FROM log WHERE job = ? ORDER BY n LIMIT ? OFFSET ?'),
    deleteLogs: sql('DELETE FROM log WHERE job = ?'),

    // parents and children
    addChild: sql(
      `INSERT INTO child (parent_queue, parent_id, queue, id, status, value) VALUES (?, ?, ?, ?, ?, ?)
         ON CONFLICT DO UPDATE SET status = excluded.status, value = excluded.value`,
    ),
    settleChild: sql(`UPDATE child SET status = ?, value = ? WHERE ${childKey} AND status = ${Child.pending}`),
    reopenChild: sql(`UPDATE child SET status = ${Child.pending}, value = NULL WHERE ${childKey}`),
    deletePendingChild: sql(`DELETE FROM child WHERE ${childKey} AND status = ${Child.pending}`),
    isPendingChild: sql(`SELECT 1 FROM child WHERE ${childKey} AND status = ${Child.pending}`),
    hasChild: sql('SELECT 1 FROM child WHERE parent_queue = ? AND parent_id = ? AND status = ? LIMIT 1'),
    countChildren: sql<{ n: number }>(
      'SELECT count(*) AS n FROM child WHERE parent_queue = ? AND parent_id = ? AND status = ?',
    ),
    children: sql<ChildRow>(
      `SELECT child.queue, child.id, queue.key || ':' || child.id AS key, status, value
         FROM child JOIN queue ON queue.id = child.queue
         WHERE parent_queue = ? AND parent_id = ? AND status = ? ORDER BY child.rowid LIMIT ? OFFSET ?`,
    ),
    deleteChildren: sql('DELETE FROM child WHERE parent_queue = ? AND parent_id = ?'),

    // deduplication
    dedup: sql<{ job_id: string; expires_at: number | null }>(
      `SELECT job_id, expires_at FROM dedup ${ofQueue} AND id = ? AND (expires_at IS NULL OR expires_at > ?)`,
    ),
    setDedup: sql('INSERT OR REPLACE INTO dedup (queue, id, job_id, expires_at) VALUES (?, ?, ?, ?)'),
    deleteDedup: sql(`DELETE FROM dedup ${ofQueue} AND id = ?`),
    deleteExpiredDedups: sql('DELETE FROM dedup WHERE expires_at <= ?'),
    dedupNext: sql<{ job: string }>(`SELECT job FROM dedup_next ${ofQueue} AND id = ?`),
    setDedupNext: sql('INSERT OR REPLACE INTO dedup_next (queue, id, job) VALUES (?, ?, ?)'),
    deleteDedupNext: sql(`DELETE FROM dedup_next ${ofQueue} AND id = ?`),

    // schedulers
    scheduler: sql<{ next_run: number; next_job: string; fields: string }>(
      `SELECT next_run, next_job, fields FROM scheduler ${ofQueue} AND id = ?`,
    ),
    saveScheduler: sql(
      'INSERT OR REPLACE INTO scheduler (queue, id, next_run, next_job, fields) VALUES (?, ?, ?, ?, ?)',
    ),
    deleteScheduler: sql(`DELETE FROM scheduler ${ofQueue} AND id = ?`),
    countSchedulers: sql<{ n: number }>(`SELECT count(*) AS n FROM scheduler ${ofQueue}`),
    schedulersSoonestFirst: sql<{ id: string; next_run: number }>(
      `SELECT id, next_run FROM scheduler ${ofQueue} ORDER BY next_run, id LIMIT ? OFFSET ?`,
    ),
    schedulersLatestFirst: sql<{ id: string; next_run: number }>(
      `SELECT id, next_run FROM scheduler ${ofQueue} ORDER BY next_run DESC, id DESC LIMIT ? OFFSET ?`,
    ),

    // metrics
    metric: sql<{ count: number; prev_at: number; prev_count: number; points: string }>(
      `SELECT count, prev_at, prev_count, points FROM metric ${ofQueue} AND kind = ?`,
    ),
    countMetric: sql(`UPDATE metric SET count = count + 1 ${ofQueue} AND kind = ?`),
    saveMetric: sql(
      'INSERT OR REPLACE INTO metric (queue, kind, count, prev_at, prev_count, points) VALUES (?, ?, ?, ?, ?, ?)',
    ),

    // events
    addEvents: sql('INSERT INTO event (queue, last, at, events) VALUES (?, ?, ?, ?)'),
    eventsAfter: sql<{ last: number; at: number; events: string }>(
      `SELECT last, at, events FROM event ${ofQueue} AND last > ? ORDER BY last LIMIT 100`,
    ),
    lastEventBefore: sql<{ last: number | null }>(`SELECT max(last) AS last FROM event ${ofQueue} AND at < ?`),
    trimEvents: sql(`DELETE FROM event ${ofQueue} AND last <= ?`),
    firstEvents: sql<{ last: number; n: number }>(
      `SELECT last, json_array_length(events) AS n FROM event ${ofQueue} ORDER BY last LIMIT 1`,
    ),

    // processes
    processes: sql<{ id: string }>('SELECT id FROM process'),
    addProcess: sql('INSERT OR IGNORE INTO process (id, pid, started_at) VALUES (?, ?, ?)'),
    deleteProcess: sql('DELETE FROM process WHERE id = ?'),
    clients: sql<{ id: number; pid: number; name: string; started_at: number }>(
      `SELECT client.id, process.pid, client.name, client.started_at
         FROM client JOIN process ON process.id = client.process ORDER BY client.id`,
    ),
    addClient: sql<{ id: number }>('INSERT INTO client (process, name, started_at) VALUES (?, ?, ?) RETURNING id'),
    deleteClient: sql('DELETE FROM client WHERE id = ?'),
    deleteClients: sql('DELETE FROM client WHERE process = ?'),
  }
}
export type Statements = ReturnType<typeof prepareStatements>
