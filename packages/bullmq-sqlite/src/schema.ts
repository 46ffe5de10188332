/** The state of a job is a small integer; its name elsewhere is BullMQ's. */
export const State = {
  wait: 0,
  prioritized: 1,
  delayed: 2,
  active: 3,
  'waiting-children': 4,
  completed: 5,
  failed: 6,
} as const
export type StateCode = (typeof State)[keyof typeof State]
export const states = ['wait', 'prioritized', 'delayed', 'active', 'waiting-children', 'completed', 'failed'] as const

/** BullMQ calls the wait state by two names. */
const stateCodes = new Map<string, StateCode>([...Object.entries(State), ['waiting', State.wait]])
export const stateOf = (name: string): StateCode | undefined => stateCodes.get(name)

/** The status of a child in its parent's view. */
export const Child = { unprocessed: 0, processed: 1, ignored: 2, failed: 3 } as const
export type ChildCode = (typeof Child)[keyof typeof Child]

export const newestVersion = 2 // kept in `PRAGMA user_version`; a file with a higher one is refused

/** Times are milliseconds since 1970. `queue` columns hold `queue.id`. JSON columns are text. */
export const schema = `
-- One row per queue. Obliterating a queue keeps it, so that event numbers never repeat.
CREATE TABLE queue (
  id    INTEGER PRIMARY KEY,
  key   TEXT NOT NULL UNIQUE, -- "<prefix>:<name>"
  state TEXT NOT NULL         -- JSON: see queues.ts
) STRICT;

-- One row per job. "score" orders the jobs of a state: a position for wait and active, priority and position for
-- prioritized, due time * 256 + n for delayed, a time for the others. Equal scores go by rowid.
CREATE TABLE job (
  rowid            INTEGER PRIMARY KEY,
  queue            INTEGER NOT NULL,
  id               TEXT NOT NULL,
  state            INTEGER NOT NULL,
  score            INTEGER NOT NULL,
  added_at         INTEGER NOT NULL,
  delay            INTEGER NOT NULL,
  priority         INTEGER NOT NULL,
  attempts_started INTEGER NOT NULL DEFAULT 0,
  attempts_made    INTEGER NOT NULL DEFAULT 0,
  stalls           INTEGER NOT NULL DEFAULT 0,
  processed_at     INTEGER,
  finished_at      INTEGER,
  lock_token       TEXT,    -- who works on it; void after lock_until
  lock_until       INTEGER,
  owner            TEXT,    -- process.id of that worker
  suspect          INTEGER NOT NULL DEFAULT 0, -- seen active by the last stall check and not renewed since
  parent_queue     INTEGER,
  parent_id        TEXT,
  parent           TEXT,    -- JSON: id, queueKey and what a failure does to the parent
  scheduler_id     TEXT,
  dedup_id         TEXT,
  deferred_failure TEXT,    -- fail with this reason when next taken up
  processed_by     TEXT,
  progress         TEXT,    -- JSON
  failed_reason    TEXT,
  stacktrace       TEXT,    -- JSON
  return_value     TEXT,    -- JSON
  name             TEXT NOT NULL,
  opts             TEXT NOT NULL, -- JSON
  data             TEXT NOT NULL  -- JSON; last, so that reading the rest never follows a long row
) STRICT;
CREATE UNIQUE INDEX job_by_id ON job (queue, id);
CREATE INDEX job_by_state ON job (queue, state, score);

-- The children of each parent, and how they ended. Rows live as long as the parent.
CREATE TABLE child (
  rowid        INTEGER PRIMARY KEY,
  parent_queue INTEGER NOT NULL,
  parent_id    TEXT NOT NULL,
  queue        INTEGER NOT NULL,
  id           TEXT NOT NULL,
  status       INTEGER NOT NULL, -- 0 unprocessed, 1 processed, 2 failed and ignored, 3 failed
  value        TEXT              -- the result (JSON) of a processed child, the reason of an ignored one
) STRICT;
CREATE UNIQUE INDEX child_by_id ON child (parent_queue, parent_id, queue, id);
CREATE INDEX child_by_status ON child (parent_queue, parent_id, status);

CREATE TABLE log (
  job  INTEGER NOT NULL, -- job.rowid
  n    INTEGER NOT NULL,
  line TEXT NOT NULL,
  PRIMARY KEY (job, n)
) STRICT, WITHOUT ROWID;

-- Who holds a deduplication id, and the job to add when that one finishes (keepLastIfActive).
CREATE TABLE dedup (
  queue      INTEGER NOT NULL,
  id         TEXT NOT NULL,
  job_id     TEXT NOT NULL,
  expires_at INTEGER, -- null: until the job finishes
  PRIMARY KEY (queue, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX dedup_by_expiry ON dedup (expires_at) WHERE expires_at IS NOT NULL;
CREATE TABLE dedup_next (
  queue INTEGER NOT NULL,
  id    TEXT NOT NULL,
  job   TEXT NOT NULL, -- JSON
  PRIMARY KEY (queue, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE scheduler (
  queue    INTEGER NOT NULL,
  id       TEXT NOT NULL,
  next_run INTEGER NOT NULL,
  next_job TEXT NOT NULL, -- the id of the job made for that run
  fields   TEXT NOT NULL, -- JSON: name, ic (iterations), every, pattern, tz, offset, limit, startDate, endDate, data, opts
  PRIMARY KEY (queue, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX scheduler_by_run ON scheduler (queue, next_run);

-- Finished jobs by minute, newest first.
CREATE TABLE metric (
  queue      INTEGER NOT NULL,
  kind       INTEGER NOT NULL, -- a state: completed or failed
  count      INTEGER NOT NULL,
  prev_at    INTEGER NOT NULL,
  prev_count INTEGER NOT NULL,
  points     TEXT NOT NULL,    -- JSON
  PRIMARY KEY (queue, kind)
) STRICT, WITHOUT ROWID;

-- The event stream. One row holds all events of one transaction and queue: numbers last - length + 1 to last.
CREATE TABLE event (
  queue  INTEGER NOT NULL,
  last   INTEGER NOT NULL,
  at     INTEGER NOT NULL,
  events TEXT NOT NULL, -- JSON: a list of flat field lists
  PRIMARY KEY (queue, last)
) STRICT, WITHOUT ROWID;

-- Processes that have the file open, and their workers and event readers. A process holds a lock on "<file>-<id>.alive" as
-- long as it lives.
CREATE TABLE process (
  id         TEXT PRIMARY KEY,
  pid        INTEGER NOT NULL,
  started_at INTEGER NOT NULL,
  host       TEXT,    -- where that pid means something
  asked_at   INTEGER  -- another process asks whether this one lives; null once it has answered
) STRICT, WITHOUT ROWID;
CREATE TABLE client (
  id         INTEGER PRIMARY KEY,
  process    TEXT NOT NULL,
  name       TEXT NOT NULL,
  started_at INTEGER NOT NULL
) STRICT;
`

/** Each step upgrades a file by one version; the first is for version 1. */
export const upgrades = [
  `UPDATE job SET score = (score >> 12) * 256 + min(score & 4095, 255) WHERE state = 2; -- had 4096 numbers in a ms
   ALTER TABLE process ADD COLUMN host TEXT;
   ALTER TABLE process ADD COLUMN asked_at INTEGER;`,
]
