DROP TRIGGER runs_count;
--> statement-breakpoint
DROP TRIGGER users_count_insert;
--> statement-breakpoint
DROP TRIGGER users_count_change;
--> statement-breakpoint
CREATE TABLE `registrations` (
	`day` integer NOT NULL,
	`country` text NOT NULL,
	`users` integer NOT NULL,
	PRIMARY KEY(`day`, `country`)
);
--> statement-breakpoint
CREATE TABLE `run_months` (
	`name` text NOT NULL,
	`bucket` integer NOT NULL,
	`start` integer NOT NULL,
	`status` text NOT NULL,
	`runs` integer NOT NULL,
	`total_ms` integer NOT NULL,
	PRIMARY KEY(`start`, `name`, `status`, `bucket`)
);
--> statement-breakpoint
CREATE TABLE `run_totals` (
	`unit` text NOT NULL,
	`start` integer NOT NULL,
	`status` text NOT NULL,
	`runs` integer NOT NULL,
	`total_ms` integer NOT NULL,
	PRIMARY KEY(`unit`, `start`, `status`)
);
--> statement-breakpoint
CREATE TABLE `new_run_hours` (
	`name` text NOT NULL,
	`start` integer NOT NULL,
	`status` text NOT NULL,
	`runs` integer NOT NULL,
	`total_ms` integer NOT NULL,
	PRIMARY KEY(`name`, `start`, `status`)
);
--> statement-breakpoint
INSERT INTO new_run_hours (name, start, status, runs, total_ms) SELECT name, start, status, sum(runs), sum(total_ms) FROM run_hours GROUP BY name, start, status;
--> statement-breakpoint
INSERT INTO run_totals (unit, start, status, runs, total_ms) SELECT 'hour', start, status, sum(runs), sum(total_ms) FROM run_hours GROUP BY start, status;
--> statement-breakpoint
INSERT INTO run_totals (unit, start, status, runs, total_ms) SELECT 'day', start, status, sum(runs), sum(total_ms) FROM run_days GROUP BY start, status;
--> statement-breakpoint
INSERT INTO run_months (name, start, status, bucket, runs, total_ms)
SELECT name, CAST(strftime('%s', start / 1000, 'unixepoch', 'start of month') AS INTEGER) * 1000 AS month, status, bucket, sum(runs), sum(total_ms) FROM run_days GROUP BY name, month, status, bucket;
--> statement-breakpoint
INSERT INTO registrations (day, country, users) SELECT created_at - created_at % 86400000 AS day, coalesce(country, '') AS home, count(*) FROM users WHERE deleted_at IS NULL GROUP BY day, home;
--> statement-breakpoint
DROP TABLE run_hours;
--> statement-breakpoint
ALTER TABLE new_run_hours RENAME TO run_hours;
--> statement-breakpoint
CREATE TRIGGER runs_count AFTER UPDATE OF status ON runs
WHEN NEW.status IN ('SUCCESS', 'FAILURE', 'CANCELLED') AND OLD.status IN ('PENDING', 'PROGRESS') AND NEW.completed_at IS NOT NULL
BEGIN
  INSERT INTO run_totals (unit, start, status, runs, total_ms) SELECT 'hour', NEW.completed_at - NEW.completed_at % 3600000, NEW.status, 1, ms FROM (SELECT min(3599999, max(0, NEW.completed_at - coalesce(NEW.started_at, NEW.completed_at))) AS ms)
  WHERE true ON CONFLICT DO UPDATE SET runs = runs + 1, total_ms = total_ms + excluded.total_ms;
  INSERT INTO run_totals (unit, start, status, runs, total_ms) SELECT 'day', NEW.completed_at - NEW.completed_at % 86400000, NEW.status, 1, ms FROM (SELECT min(3599999, max(0, NEW.completed_at - coalesce(NEW.started_at, NEW.completed_at))) AS ms)
  WHERE true ON CONFLICT DO UPDATE SET runs = runs + 1, total_ms = total_ms + excluded.total_ms;
  INSERT INTO run_hours (name, start, status, runs, total_ms) SELECT NEW.name, NEW.completed_at - NEW.completed_at % 3600000, NEW.status, 1, ms FROM (SELECT min(3599999, max(0, NEW.completed_at - coalesce(NEW.started_at, NEW.completed_at))) AS ms)
  WHERE true ON CONFLICT DO UPDATE SET runs = runs + 1, total_ms = total_ms + excluded.total_ms;
  INSERT INTO run_days (name, start, bucket, status, runs, total_ms) SELECT NEW.name, NEW.completed_at - NEW.completed_at % 86400000, (SELECT min(bound) FROM duration_bounds WHERE bound > ms), NEW.status, 1, ms FROM (SELECT min(3599999, max(0, NEW.completed_at - coalesce(NEW.started_at, NEW.completed_at))) AS ms)
  WHERE true ON CONFLICT DO UPDATE SET runs = runs + 1, total_ms = total_ms + excluded.total_ms;
  INSERT INTO run_months (name, start, bucket, status, runs, total_ms) SELECT NEW.name, (CAST(strftime('%s', NEW.completed_at / 1000, 'unixepoch', 'start of month') AS INTEGER) * 1000), (SELECT min(bound) FROM duration_bounds WHERE bound > ms), NEW.status, 1, ms FROM (SELECT min(3599999, max(0, NEW.completed_at - coalesce(NEW.started_at, NEW.completed_at))) AS ms)
  WHERE true ON CONFLICT DO UPDATE SET runs = runs + 1, total_ms = total_ms + excluded.total_ms;
  INSERT INTO tallies (name, count) VALUES ('runs', 1) ON CONFLICT DO UPDATE SET count = count + 1;
END;
--> statement-breakpoint
CREATE TRIGGER users_count_insert AFTER INSERT ON users
BEGIN
  INSERT INTO registrations (day, country, users) VALUES (NEW.created_at - NEW.created_at % 86400000, coalesce(NEW.country, ''), 1)
  ON CONFLICT DO UPDATE SET users = users + 1;
  INSERT INTO tallies (name, count) VALUES ('users', 1) ON CONFLICT DO UPDATE SET count = count + 1;
END;
--> statement-breakpoint
-- He leaves the place he was counted in and, unless he was deleted, is counted in the new one.
CREATE TRIGGER users_count_change AFTER UPDATE OF country, deleted_at ON users
WHEN OLD.deleted_at IS NULL
BEGIN
  UPDATE registrations SET users = users - 1 WHERE day = OLD.created_at - OLD.created_at % 86400000 AND country = coalesce(OLD.country, '');
  INSERT INTO registrations (day, country, users)
  SELECT NEW.created_at - NEW.created_at % 86400000, coalesce(NEW.country, ''), 1 WHERE NEW.deleted_at IS NULL
  ON CONFLICT DO UPDATE SET users = users + 1;
  INSERT INTO tallies (name, count) VALUES ('users', 1) ON CONFLICT DO UPDATE SET count = count + 1;
END;
