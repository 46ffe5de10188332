import type { JobJson } from 'bullmq'
import type { Database } from './driver.ts'
import { Child, State, type StateCode } from './schema.ts'

type Int = number | null
type Text = string | null

/** A job without its payload: enough to move it, lock it and update its parent. */
export interface JobRow
  extends Record<'rowid' | 'score' | 'added_at' | 'delay' | 'priority' | 'attempts_made' | 'stalls', number>,
    Record<'processed_at' | 'lock_until' | 'parent_queue', Int>,
    Record<'lock_token' | 'parent_id' | 'parent' | 'scheduler_id' | 'dedup_id', Text> {
  id: string
  state: StateCode
}
const jobColumns = `rowid, id, state, score, added_at, delay, priority, attempts_made, stalls, processed_at, lock_token,
  lock_until, parent_queue, parent_id, parent, scheduler_id, dedup_id`

/** A job as BullMQ reads it, except that three fields are JSON texts and that missing values are null, not absent. */
export type JsonRow = Omit<JobJson, 'opts' | 'progress' | 'parent'> & { opts: string; progress: Text; parent: Text }
const jsonColumns = `id, name, data, opts, progress, delay, priority, added_at AS timestamp, attempts_started AS attemptsStarted,
  attempts_made AS attemptsMade, stalls AS stalledCounter, finished_at AS finishedOn, processed_at AS processedOn,
  scheduler_id AS repeatJobKey, dedup_id AS debounceId, dedup_id AS deduplicationId, failed_reason AS failedReason,
  return_value AS returnvalue, deferred_failure AS deferredFailure, stacktrace, parent, processed_by AS processedBy`

/** Columns of a job to be changed. */
export type JobColumns = Partial<
  Omit<JobRow, 'rowid' | 'id'> &
    Record<'attempts_started' | 'finished_at' | 'suspect', Int> &
    Record<'owner' | 'deferred_failure' | 'progress' | 'failed_reason' | 'stacktrace' | 'return_value' | 'data', Text>
>

export type QueueRow = { id: number; key: string; state: string }
export type ChildRow = { queue: number; id: string; key: string; value: Text }
type DedupRow = { job_id: string; expires_at: Int }
type SchedulerRow = { id: string; next_run: number; next_job: string; fields: string }
type MetricRow = { count: number; prev_at: number; prev_count: number; points: string }
type EventRow = { last: number; at: number; events: string }
export type ProcessRow = { id: string; pid: number; host: Text; asked_at: Int }
type ClientRow = { id: number; pid: number; name: string; started_at: number }

/** Every statement of the backend, by name. Parameters are in the order of the text. */
export function prepareStatements(db: Database) {
  const updates = new Map<string, ReturnType<typeof sql>>()
  const sql = <Row = null>(text: string) => db.prepare<Row>(text)
  const insert = (table: string, columns: string, verb = 'INSERT') =>
    sql(`${verb} INTO ${table} (${columns}) VALUES (${columns.replace(/\w+/g, '?')})`)
  const replace = (table: string, columns: string) => insert(table, columns, 'INSERT OR REPLACE')

  const byId = 'WHERE queue = ? AND id = ?'
  const ofState = 'FROM job WHERE queue = ? AND state = ?'
  const jobs = `SELECT ${jobColumns} ${ofState}`
  const active = `queue = ? AND state = ${State.active}`
  const activeJobs = `SELECT ${jobColumns} FROM job WHERE ${active}`
  const ofParent = 'parent_queue = ? AND parent_id = ?'
  const child = `${ofParent} AND queue = ? AND id = ?`
  const pending = `${child} AND status = ${Child.unprocessed}`
  const schedulers = 'SELECT * FROM scheduler WHERE queue = ?'

  return {
    // transactions
    beginRead: sql('BEGIN'),
    beginWrite: sql('BEGIN IMMEDIATE'),
    commit: sql('COMMIT'),
    savepoint: sql('SAVEPOINT operation'),
    release: sql('RELEASE operation'),
    rollbackOperation: sql('ROLLBACK TO operation'),
    dataVersion: sql<{ data_version: number }>('PRAGMA data_version'),

    // queues
    queueByKey: sql<QueueRow>('SELECT * FROM queue WHERE key = ?'),
    queueById: sql<QueueRow>('SELECT * FROM queue WHERE id = ?'),
    addQueue: sql<QueueRow>('INSERT INTO queue (key, state) VALUES (?, ?) RETURNING *'),
    saveQueue: sql('UPDATE queue SET state = ? WHERE id = ?'),
    /** Deletes what is left of a queue once its jobs and schedulers are removed. */
    emptyQueue: ['metric', 'dedup', 'dedup_next', 'event'].map(table => sql(`DELETE FROM ${table} WHERE queue = ?`)),

    // one job
    addJob: insert(
      'job',
      `queue, id, state, score, added_at, delay, priority, parent_queue, parent_id, parent, scheduler_id, dedup_id, name,
         opts, data`,
    ),
    jobRow: sql<JobRow>(`SELECT ${jobColumns} FROM job ${byId}`),
    job: sql<JsonRow>(`SELECT ${jsonColumns} FROM job ${byId}`),
    /** Sets these columns of a job. A statement is prepared for each set of columns in use. */
    updateJob(rowid: number, columns: JobColumns) {
      const names = Object.keys(columns).join(' = ?, ')
      let update = updates.get(names)
      if (!update) updates.set(names, (update = sql(`UPDATE job SET ${names} = ? WHERE rowid = ?`)))
      update.run(...Object.values(columns), rowid)
    },
    deleteJob: sql('DELETE FROM job WHERE rowid = ?'),

    // claiming jobs
    claim: sql<JsonRow>(
      `UPDATE job SET state = ${State.active}, score = ?, processed_at = ?, attempts_started = attempts_started + 1,
         processed_by = coalesce(?, processed_by), lock_token = ?, lock_until = ?, owner = ?, suspect = 0
       WHERE rowid = (SELECT rowid ${ofState} ORDER BY score LIMIT 1) RETURNING ${jsonColumns}`,
    ),
    extendLock: sql(`UPDATE job SET lock_until = ?, suspect = 0 ${byId} AND lock_token = ?`),
    stalledJobs: sql<JobRow>(
      `${activeJobs} AND suspect = 1 AND (lock_token IS NULL OR lock_until <= ?) ORDER BY score`,
    ),
    suspectActive: sql(`UPDATE job SET suspect = 1 WHERE ${active} AND suspect = 0`),
    orphanedJobs: sql<JobRow>(`${activeJobs} AND owner = ? ORDER BY score`),
    ownsJobs: sql(
      `SELECT 1 FROM queue JOIN job ON job.queue = queue.id AND job.state = ${State.active} WHERE owner = ? LIMIT 1`,
    ),

    // jobs of a state
    rowsAfter: sql<JobRow>(`${jobs} AND (score, rowid) > (?, ?) AND score <= ? ORDER BY score, rowid LIMIT ?`),
    rowsUpTo: sql<JobRow>(`${jobs} AND score <= ? ORDER BY score LIMIT ?`),
    firstScore: sql<{ score: number }>(`SELECT score ${ofState} ORDER BY score LIMIT 1`),
    highestScore: sql<{ score: Int }>(`SELECT max(score) AS score ${ofState} AND score BETWEEN ? AND ?`),
    countScores: sql<{ n: number }>(`SELECT count(*) AS n ${ofState} AND score BETWEEN ? AND ?`),
    idsOldestFirst: sql<{ id: string }>(`SELECT id ${ofState} ORDER BY score, rowid LIMIT ? OFFSET ?`),
    idsNewestFirst: sql<{ id: string }>(`SELECT id ${ofState} ORDER BY score DESC, rowid DESC LIMIT ? OFFSET ?`),
    lastRowid: sql<{ rowid: Int }>('SELECT max(rowid) AS rowid FROM job'),

    // logs
    addLog: insert('log', 'job, n, line'),
    lastLog: sql<{ last: Int; n: number }>('SELECT max(n) AS last, count(*) AS n FROM log WHERE job = ?'),
    logs: sql<{ line: string }>('SELECT line FROM log WHERE job = ? ORDER BY n LIMIT ? OFFSET ?'),
    trimLogs: sql('DELETE FROM log WHERE job = ? AND n <= ?'),
    deleteLogs: sql('DELETE FROM log WHERE job = ?'),

    // parents and children
    setChild: sql(
      `INSERT INTO child (status, value, parent_queue, parent_id, queue, id) VALUES (?, ?, ?, ?, ?, ?)
         ON CONFLICT DO UPDATE SET status = excluded.status, value = excluded.value`,
    ),
    settleChild: sql(`UPDATE child SET status = ?, value = ? WHERE ${pending}`),
    reopenChild: sql(`UPDATE child SET status = ${Child.unprocessed}, value = NULL WHERE ${child}`),
    deletePendingChild: sql(`DELETE FROM child WHERE ${pending}`),
    isPendingChild: sql(`SELECT 1 FROM child WHERE ${pending}`),
    hasChild: sql(`SELECT 1 FROM child WHERE ${ofParent} AND status = ? LIMIT 1`),
    countChildren: sql<{ n: number }>(`SELECT count(*) AS n FROM child WHERE ${ofParent} AND status = ?`),
    children: sql<ChildRow>(
      `SELECT child.queue, child.id, queue.key || ':' || child.id AS key, value
         FROM child JOIN queue ON queue.id = child.queue
         WHERE ${ofParent} AND status = ? ORDER BY child.rowid LIMIT ? OFFSET ?`,
    ),
    deleteChildren: sql(`DELETE FROM child WHERE ${ofParent}`),

    // deduplication
    dedup: sql<DedupRow>(`SELECT * FROM dedup ${byId} AND (expires_at IS NULL OR expires_at > ?)`),
    setDedup: replace('dedup', 'queue, id, job_id, expires_at'),
    deleteDedup: sql(`DELETE FROM dedup ${byId}`),
    deleteExpiredDedups: sql('DELETE FROM dedup WHERE expires_at <= ?'),
    dedupNext: sql<{ job: string }>(`SELECT job FROM dedup_next ${byId}`),
    setDedupNext: replace('dedup_next', 'queue, id, job'),
    deleteDedupNext: sql(`DELETE FROM dedup_next ${byId}`),

    // schedulers
    scheduler: sql<SchedulerRow>(`${schedulers} AND id = ?`),
    saveScheduler: replace('scheduler', 'queue, id, next_run, next_job, fields'),
    deleteScheduler: sql(`DELETE FROM scheduler ${byId}`),
    countSchedulers: sql<{ n: number }>('SELECT count(*) AS n FROM scheduler WHERE queue = ?'),
    schedulersSoonestFirst: sql<SchedulerRow>(`${schedulers} ORDER BY next_run, id LIMIT ? OFFSET ?`),
    schedulersLatestFirst: sql<SchedulerRow>(`${schedulers} ORDER BY next_run DESC, id DESC LIMIT ? OFFSET ?`),

    // metrics
    metric: sql<MetricRow>('SELECT * FROM metric WHERE queue = ? AND kind = ?'),
    countMetric: sql('UPDATE metric SET count = count + 1 WHERE queue = ? AND kind = ?'),
    saveMetric: replace('metric', 'queue, kind, count, prev_at, prev_count, points'),

    // events
    addEvents: insert('event', 'queue, last, at, events'),
    firstEvents: sql<EventRow>('SELECT * FROM event WHERE queue = ? ORDER BY last LIMIT 1'),
    eventsAfter: sql<EventRow>('SELECT * FROM event WHERE queue = ? AND last > ? ORDER BY last LIMIT 100'),
    lastEventBefore: sql<{ last: Int }>('SELECT max(last) AS last FROM event WHERE queue = ? AND at < ?'),
    trimEvents: sql('DELETE FROM event WHERE queue = ? AND last <= ?'),

    // processes
    processes: sql<ProcessRow>('SELECT id, pid, host, asked_at FROM process'),
    addProcess: insert('process', 'id, pid, host, started_at', 'INSERT OR IGNORE'),
    askProcess: sql('UPDATE process SET asked_at = ? WHERE id = ?'),
    isProcessAsked: sql('SELECT 1 FROM process WHERE id = ? AND asked_at IS NOT NULL'),
    deleteProcess: sql('DELETE FROM process WHERE id = ?'),
    clients: sql<ClientRow>('SELECT client.*, pid FROM client JOIN process ON process.id = process ORDER BY client.id'),
    addClient: sql<{ id: number }>('INSERT INTO client (process, name, started_at) VALUES (?, ?, ?) RETURNING id'),
    deleteClient: sql('DELETE FROM client WHERE id = ?'),
    deleteClients: sql('DELETE FROM client WHERE process = ?'),
  }
}
export type Statements = ReturnType<typeof prepareStatements>
