-- How many runs there are, by name and state, whoever adds, changes or forgets them.
INSERT INTO run_counts (name, status, runs) SELECT name, status, count(*) FROM runs GROUP BY name, status;
--> statement-breakpoint
CREATE TRIGGER run_counts_add AFTER INSERT ON runs
BEGIN
  INSERT INTO run_counts (name, status, runs) VALUES (NEW.name, NEW.status, 1) ON CONFLICT DO UPDATE SET runs = runs + 1;
END;
--> statement-breakpoint
CREATE TRIGGER run_counts_move AFTER UPDATE OF status ON runs WHEN NEW.status <> OLD.status
BEGIN
  UPDATE run_counts SET runs = runs - 1 WHERE name = OLD.name AND status = OLD.status;
  INSERT INTO run_counts (name, status, runs) VALUES (NEW.name, NEW.status, 1) ON CONFLICT DO UPDATE SET runs = runs + 1;
END;
--> statement-breakpoint
CREATE TRIGGER run_counts_remove AFTER DELETE ON runs
BEGIN
  UPDATE run_counts SET runs = runs - 1 WHERE name = OLD.name AND status = OLD.status;
END;
--> statement-breakpoint
-- What the search index has to look at: runs that ended, and runs that went.
CREATE TRIGGER run_changes_end AFTER UPDATE OF status ON runs
WHEN NEW.status IN ('SUCCESS', 'FAILURE', 'CANCELLED') AND OLD.status IN ('PENDING', 'PROGRESS')
BEGIN
  INSERT INTO run_changes (run) VALUES (NEW.rowid);
END;
--> statement-breakpoint
CREATE TRIGGER run_changes_remove AFTER DELETE ON runs WHEN OLD.status NOT IN ('PENDING', 'PROGRESS')
BEGIN
  INSERT INTO run_changes (run) VALUES (OLD.rowid);
END;
