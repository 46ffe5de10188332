-- The ledger of a league is only ever added to; it goes when the league has gone.
CREATE TRIGGER `ledger_keeps` BEFORE UPDATE ON `ledger`
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
--> statement-breakpoint
CREATE TRIGGER `ledger_stays` BEFORE DELETE ON `ledger` WHEN EXISTS (SELECT 1 FROM `leagues` WHERE `id` = OLD.`league_id`)
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
--> statement-breakpoint
-- Words of names, with what they name as rowid: 4 × id, + 1 for users, + 2 for symbols. It holds no text of its own.
CREATE VIRTUAL TABLE `search_index` USING fts5(
  name, content='', contentless_delete=1, tokenize="unicode61 remove_diacritics 2", prefix='1 2 3'
);
--> statement-breakpoint
INSERT INTO `search_index` (rowid, name) SELECT 4 * `id`, `name` FROM `leagues`;
--> statement-breakpoint
INSERT INTO `search_index` (rowid, name) SELECT 4 * `id` + 1, `username` FROM `users` WHERE `deleted_at` IS NULL;
--> statement-breakpoint
INSERT INTO `search_index` (rowid, name) SELECT 4 * `id` + 2, `symbol` FROM `quotes`;
--> statement-breakpoint
CREATE TRIGGER `search_league_made` AFTER INSERT ON `leagues`
BEGIN INSERT INTO `search_index` (rowid, name) VALUES (4 * NEW.`id`, NEW.`name`); END;
--> statement-breakpoint
CREATE TRIGGER `search_league_renamed` AFTER UPDATE OF `name` ON `leagues` WHEN NEW.`name` <> OLD.`name`
BEGIN UPDATE `search_index` SET name = NEW.`name` WHERE rowid = 4 * NEW.`id`; END;
--> statement-breakpoint
CREATE TRIGGER `search_league_gone` AFTER DELETE ON `leagues`
BEGIN DELETE FROM `search_index` WHERE rowid = 4 * OLD.`id`; END;
--> statement-breakpoint
CREATE TRIGGER `search_user_made` AFTER INSERT ON `users`
BEGIN INSERT INTO `search_index` (rowid, name) VALUES (4 * NEW.`id` + 1, NEW.`username`); END;
--> statement-breakpoint
CREATE TRIGGER `search_user_renamed` AFTER UPDATE OF `username` ON `users`
  WHEN NEW.`username` <> OLD.`username` AND NEW.`deleted_at` IS NULL
BEGIN UPDATE `search_index` SET name = NEW.`username` WHERE rowid = 4 * NEW.`id` + 1; END;
--> statement-breakpoint
CREATE TRIGGER `search_user_gone` AFTER UPDATE OF `deleted_at` ON `users` WHEN NEW.`deleted_at` IS NOT NULL
BEGIN DELETE FROM `search_index` WHERE rowid = 4 * NEW.`id` + 1; END;
--> statement-breakpoint
CREATE TRIGGER `search_symbol_made` AFTER INSERT ON `quotes`
BEGIN INSERT INTO `search_index` (rowid, name) VALUES (4 * NEW.`id` + 2, NEW.`symbol`); END;
