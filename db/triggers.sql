-- Rules that hold for every writer. db/migrate.ts drops all triggers and views and creates these again at the first start after
-- this file has changed, and after every migration; migrations themselves run without triggers.
-- A name says the table, the event and the purpose. The remainders of 3600000 and 86400000 round a time in ms down to its UTC
-- hour and day.

-- ── The ledger is append-only ───────────────────────────────────────────────────────────────────────────────────────
-- Lines are never changed. They are removed only after their league's own row, in small steps.

CREATE TRIGGER ledger_update_refused BEFORE UPDATE ON ledger
BEGIN
  SELECT RAISE(ABORT, 'the ledger is append-only');
END;

CREATE TRIGGER ledger_delete_refused BEFORE DELETE ON ledger
WHEN EXISTS (SELECT 1 FROM leagues WHERE id = OLD.league_id)
BEGIN
  SELECT RAISE(ABORT, 'the ledger is append-only');
END;

-- ── The search index names every league, user and symbol ────────────────────────────────────────────────────────────
-- `search_index` holds the words of names and no text: its rowid is 4 × the id, + 1 for users, + 2 for symbols.
-- A deleted user keeps their row, with `deleted_at`, but is no longer found. Quotes are never deleted.

CREATE TRIGGER leagues_insert_search AFTER INSERT ON leagues
BEGIN
  INSERT INTO search_index (rowid, name) VALUES (4 * NEW.id, NEW.name);
END;

CREATE TRIGGER leagues_rename_search AFTER UPDATE OF name ON leagues
WHEN NEW.name <> OLD.name
BEGIN
  UPDATE search_index SET name = NEW.name WHERE rowid = 4 * NEW.id;
END;

CREATE TRIGGER leagues_delete_search AFTER DELETE ON leagues
BEGIN
  DELETE FROM search_index WHERE rowid = 4 * OLD.id;
END;

CREATE TRIGGER users_insert_search AFTER INSERT ON users
BEGIN
  INSERT INTO search_index (rowid, name) VALUES (4 * NEW.id + 1, NEW.username);
END;

CREATE TRIGGER users_rename_search AFTER UPDATE OF username ON users
WHEN NEW.username <> OLD.username AND NEW.deleted_at IS NULL
BEGIN
  UPDATE search_index SET name = NEW.username WHERE rowid = 4 * NEW.id + 1;
END;

CREATE TRIGGER users_delete_search AFTER UPDATE OF deleted_at ON users
WHEN NEW.deleted_at IS NOT NULL
BEGIN
  DELETE FROM search_index WHERE rowid = 4 * NEW.id + 1;
END;

CREATE TRIGGER quotes_insert_search AFTER INSERT ON quotes
BEGIN
  INSERT INTO search_index (rowid, name) VALUES (4 * NEW.id + 2, NEW.symbol);
END;

-- ── A deleted user loses the page and the calendar of their own shifts ──────────────────────────────────────────────

CREATE TRIGGER users_delete_staff AFTER UPDATE OF deleted_at ON users
WHEN NEW.deleted_at IS NOT NULL
BEGIN
  UPDATE staff SET user_id = NULL WHERE user_id = NEW.id;
END;

CREATE TRIGGER staff_unlink_calendar AFTER UPDATE OF user_id ON staff
WHEN OLD.user_id IS NOT NEW.user_id
BEGIN
  DELETE FROM calendar_addresses WHERE staff_id = NEW.id;
END;

-- An exchange is one for one: without the duty in return, the offer is open again.
CREATE TRIGGER swap_offers_lose_return AFTER UPDATE OF in_return ON swap_offers
WHEN OLD.in_return IS NOT NULL AND NEW.in_return IS NULL
BEGIN
  UPDATE swap_offers SET taken_by = NULL, taken_at = NULL WHERE id = NEW.id;
END;

-- ── `run_counts`: how many runs there are now, by job name and status ───────────────────────────────────────────────

CREATE TRIGGER runs_insert_counts AFTER INSERT ON runs
BEGIN
  INSERT INTO run_counts (name, status, runs) VALUES (NEW.name, NEW.status, 1)
  ON CONFLICT DO UPDATE SET runs = runs + 1;
END;

CREATE TRIGGER runs_status_counts AFTER UPDATE OF status ON runs
WHEN NEW.status <> OLD.status
BEGIN
  UPDATE run_counts SET runs = runs - 1 WHERE name = OLD.name AND status = OLD.status;
  INSERT INTO run_counts (name, status, runs) VALUES (NEW.name, NEW.status, 1)
  ON CONFLICT DO UPDATE SET runs = runs + 1;
END;

CREATE TRIGGER runs_delete_counts AFTER DELETE ON runs
BEGIN
  UPDATE run_counts SET runs = runs - 1 WHERE name = OLD.name AND status = OLD.status;
END;

-- ── `run_changes`: what the index of runs (`search.db`) has yet to take in ──────────────────────────────────────────
-- Rowids of runs that finished, and of finished runs that were deleted.

CREATE TRIGGER runs_finish_changes AFTER UPDATE OF status ON runs
WHEN NEW.status IN ('SUCCESS', 'FAILURE', 'CANCELLED') AND OLD.status IN ('PENDING', 'PROGRESS')
BEGIN
  INSERT INTO run_changes (run) VALUES (NEW.rowid);
END;

CREATE TRIGGER runs_delete_changes AFTER DELETE ON runs
WHEN OLD.status NOT IN ('PENDING', 'PROGRESS')
BEGIN
  INSERT INTO run_changes (run) VALUES (OLD.rowid);
END;

-- ── Statistics of finished runs, which stay when retention deletes the runs ─────────────────────────────────────────
-- Each run is counted when it finishes, in five places: all runs by hour and by day, each job by hour, and each job by day
-- and by month with its duration. Durations of an hour or longer count as one millisecond less than an hour.

-- Exclusive upper bounds, in ms, of the durations that are counted together. The middle of each is within 10 % of its durations.
CREATE VIEW duration_bounds (bound) AS
VALUES (1), (2), (3), (4), (5), (6), (7), (8), (9), (10), (12), (14), (17), (20), (24), (29), (35), (42), (50), (60),
       (71), (84), (100), (120), (143), (170), (200), (240), (288), (346), (415), (500), (600), (710), (840),
       (1000), (1200), (1430), (1700), (2000), (2400), (2880), (3460), (4150), (5000), (6000), (7100), (8400),
       (10000), (12000), (14300), (17000), (20000), (24000), (28800), (34600), (41500), (50000), (60000),
       (71000), (84000), (100000), (120000), (143000), (170000), (200000), (240000), (288000), (346000),
       (415000), (500000), (600000), (710000), (840000), (1000000), (1200000), (1430000), (1700000), (2000000),
       (2400000), (2880000), (3460000), (3600000);

CREATE TRIGGER runs_finish_statistics AFTER UPDATE OF status ON runs
WHEN NEW.status IN ('SUCCESS', 'FAILURE', 'CANCELLED') AND OLD.status IN ('PENDING', 'PROGRESS')
  AND NEW.completed_at IS NOT NULL
BEGIN
  INSERT INTO run_totals (unit, start, status, runs, total_ms)
  SELECT unit, start, NEW.status, 1, min(3599999, max(0, NEW.completed_at - coalesce(NEW.started_at, NEW.completed_at)))
  FROM (
    SELECT 'hour' AS unit, NEW.completed_at - NEW.completed_at % 3600000 AS start
    UNION ALL
    SELECT 'day', NEW.completed_at - NEW.completed_at % 86400000
  )
  WHERE true -- else ON CONFLICT would be read as the ON of a join
  ON CONFLICT DO UPDATE SET runs = runs + 1, total_ms = total_ms + excluded.total_ms;

  INSERT INTO run_hours (name, start, status, runs, total_ms)
  VALUES (
    NEW.name, NEW.completed_at - NEW.completed_at % 3600000, NEW.status, 1,
    min(3599999, max(0, NEW.completed_at - coalesce(NEW.started_at, NEW.completed_at)))
  )
  ON CONFLICT DO UPDATE SET runs = runs + 1, total_ms = total_ms + excluded.total_ms;

  INSERT INTO run_days (name, start, status, bucket, runs, total_ms)
  SELECT NEW.name, NEW.completed_at - NEW.completed_at % 86400000, NEW.status,
    (SELECT min(bound) FROM duration_bounds WHERE bound > ms), 1, ms
  FROM (SELECT min(3599999, max(0, NEW.completed_at - coalesce(NEW.started_at, NEW.completed_at))) AS ms)
  WHERE true
  ON CONFLICT DO UPDATE SET runs = runs + 1, total_ms = total_ms + excluded.total_ms;

  INSERT INTO run_months (name, start, status, bucket, runs, total_ms)
  SELECT NEW.name, 1000 * CAST(strftime('%s', NEW.completed_at / 1000, 'unixepoch', 'start of month') AS INTEGER),
    NEW.status, (SELECT min(bound) FROM duration_bounds WHERE bound > ms), 1, ms
  FROM (SELECT min(3599999, max(0, NEW.completed_at - coalesce(NEW.started_at, NEW.completed_at))) AS ms)
  WHERE true
  ON CONFLICT DO UPDATE SET runs = runs + 1, total_ms = total_ms + excluded.total_ms;

  INSERT INTO tallies (name, count) VALUES ('runs', 1) ON CONFLICT DO UPDATE SET count = count + 1;
END;

-- ── Statistics of people ────────────────────────────────────────────────────────────────────────────────────────────

-- A user counts once in each hour, day and month they are active in, under the country they have at that moment.
CREATE TRIGGER user_activity_insert_statistics AFTER INSERT ON user_activity
BEGIN
  INSERT INTO activity_counts (unit, start, country, users)
  VALUES (NEW.unit, NEW.start, coalesce((SELECT country FROM users WHERE id = NEW.user_id), ''), 1)
  ON CONFLICT DO UPDATE SET users = users + 1;
  INSERT INTO tallies (name, count) VALUES ('activity', 1) ON CONFLICT DO UPDATE SET count = count + 1;
END;

CREATE TRIGGER users_insert_statistics AFTER INSERT ON users
BEGIN
  INSERT INTO registrations (day, country, users)
  VALUES (NEW.created_at - NEW.created_at % 86400000, coalesce(NEW.country, ''), 1)
  ON CONFLICT DO UPDATE SET users = users + 1;
  INSERT INTO tallies (name, count) VALUES ('users', 1) ON CONFLICT DO UPDATE SET count = count + 1;
END;

-- A new country moves the registration there; deletion takes it away.
CREATE TRIGGER users_change_statistics AFTER UPDATE OF country, deleted_at ON users
WHEN OLD.deleted_at IS NULL
BEGIN
  UPDATE registrations SET users = users - 1
  WHERE day = OLD.created_at - OLD.created_at % 86400000 AND country = coalesce(OLD.country, '');
  INSERT INTO registrations (day, country, users)
  SELECT NEW.created_at - NEW.created_at % 86400000, coalesce(NEW.country, ''), 1 WHERE NEW.deleted_at IS NULL
  ON CONFLICT DO UPDATE SET users = users + 1;
  INSERT INTO tallies (name, count) VALUES ('users', 1) ON CONFLICT DO UPDATE SET count = count + 1;
END;

-- ── Statistics of trades, which stay when their league is deleted ───────────────────────────────────────────────────

CREATE TRIGGER ledger_insert_statistics AFTER INSERT ON ledger
WHEN NEW.kind IN ('buy', 'sell')
BEGIN
  INSERT INTO trade_hours (hour, symbol, kind, trades, shares, volume_cents)
  VALUES (
    NEW.at - NEW.at % 3600000, NEW.symbol, NEW.kind, 1, abs(NEW.quantity), abs(NEW.quantity) * NEW.price_cents
  )
  ON CONFLICT DO UPDATE
  SET trades = trades + 1, shares = shares + excluded.shares, volume_cents = volume_cents + excluded.volume_cents;
END;

-- ── `tallies`: how often something that statistics show has changed, ever ───────────────────────────────────────────
-- While a tally stays the same, statistics that depend on it are up to date. Runs, activity and users are tallied above.

CREATE TRIGGER leagues_insert_tally AFTER INSERT ON leagues
BEGIN
  INSERT INTO tallies (name, count) VALUES ('leagues', 1) ON CONFLICT DO UPDATE SET count = count + 1;
END;

CREATE TRIGGER leagues_delete_tally AFTER DELETE ON leagues
BEGIN
  INSERT INTO tallies (name, count) VALUES ('leagues', 1) ON CONFLICT DO UPDATE SET count = count + 1;
END;

CREATE TRIGGER uploads_status_tally AFTER UPDATE OF status ON uploads
BEGIN
  INSERT INTO tallies (name, count) VALUES ('uploads', 1) ON CONFLICT DO UPDATE SET count = count + 1;
END;
