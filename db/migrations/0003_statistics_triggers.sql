-- Upper bounds of the durations counted together, in ms; what takes longer than an hour counts as an hour.
INSERT INTO duration_bounds (bound) VALUES (1), (2), (5), (10), (20), (50), (100), (200), (500), (1000), (2000), (5000), (10000), (30000), (60000), (300000), (900000), (3600000);
--> statement-breakpoint
-- Finished runs are counted by hour and day, whoever finishes them.
CREATE TRIGGER runs_count AFTER UPDATE OF status ON runs
WHEN NEW.status IN ('SUCCESS', 'FAILURE', 'CANCELLED') AND OLD.status IN ('PENDING', 'PROGRESS')
BEGIN
  INSERT INTO run_hours (start, name, status, bucket, runs, total_ms)
  SELECT NEW.completed_at - NEW.completed_at % 3600000, NEW.name, NEW.status, (SELECT min(bound) FROM duration_bounds WHERE bound > ms), 1, ms
  FROM (SELECT min(3599999, max(0, NEW.completed_at - coalesce(NEW.started_at, NEW.completed_at))) AS ms)
  WHERE NEW.completed_at IS NOT NULL
  ON CONFLICT DO UPDATE SET runs = runs + 1, total_ms = total_ms + excluded.total_ms;
  INSERT INTO run_days (start, name, status, bucket, runs, total_ms)
  SELECT NEW.completed_at - NEW.completed_at % 86400000, NEW.name, NEW.status, (SELECT min(bound) FROM duration_bounds WHERE bound > ms), 1, ms
  FROM (SELECT min(3599999, max(0, NEW.completed_at - coalesce(NEW.started_at, NEW.completed_at))) AS ms)
  WHERE NEW.completed_at IS NOT NULL
  ON CONFLICT DO UPDATE SET runs = runs + 1, total_ms = total_ms + excluded.total_ms;
  INSERT INTO tallies (name, count) VALUES ('runs', 1) ON CONFLICT DO UPDATE SET count = count + 1;
END;
--> statement-breakpoint
-- The first sight of someone in an hour, day or month counts him there, under the country he has then.
CREATE TRIGGER activity_count AFTER INSERT ON user_activity
BEGIN
  INSERT INTO activity_counts (unit, start, country, users)
  VALUES (NEW.unit, NEW.start, coalesce((SELECT country FROM users WHERE id = NEW.user_id), ''), 1)
  ON CONFLICT DO UPDATE SET users = users + 1;
  INSERT INTO tallies (name, count) VALUES ('activity', 1) ON CONFLICT DO UPDATE SET count = count + 1;
END;
--> statement-breakpoint
CREATE TRIGGER users_count_insert AFTER INSERT ON users
BEGIN
  INSERT INTO tallies (name, count) VALUES ('users', 1) ON CONFLICT DO UPDATE SET count = count + 1;
END;
--> statement-breakpoint
CREATE TRIGGER users_count_change AFTER UPDATE OF country, deleted_at ON users
BEGIN
  INSERT INTO tallies (name, count) VALUES ('users', 1) ON CONFLICT DO UPDATE SET count = count + 1;
END;
--> statement-breakpoint
CREATE TRIGGER leagues_count_insert AFTER INSERT ON leagues
BEGIN
  INSERT INTO tallies (name, count) VALUES ('leagues', 1) ON CONFLICT DO UPDATE SET count = count + 1;
END;
--> statement-breakpoint
CREATE TRIGGER leagues_count_delete AFTER DELETE ON leagues
BEGIN
  INSERT INTO tallies (name, count) VALUES ('leagues', 1) ON CONFLICT DO UPDATE SET count = count + 1;
END;
--> statement-breakpoint
CREATE TRIGGER uploads_count_done AFTER UPDATE OF status ON uploads
BEGIN
  INSERT INTO tallies (name, count) VALUES ('uploads', 1) ON CONFLICT DO UPDATE SET count = count + 1;
END;
