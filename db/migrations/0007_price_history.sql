CREATE TABLE `daily_board_values` (
	`league_id` integer NOT NULL,
	`day` integer NOT NULL,
	`best_cents` integer NOT NULL,
	`average_cents` integer NOT NULL,
	PRIMARY KEY(`league_id`, `day`)
);
--> statement-breakpoint
CREATE TABLE `daily_prices` (
	`symbol` text NOT NULL,
	`day` integer NOT NULL,
	`close_cents` integer NOT NULL,
	PRIMARY KEY(`symbol`, `day`)
);
--> statement-breakpoint
CREATE INDEX `daily_prices_day` ON `daily_prices` (`day`);--> statement-breakpoint
CREATE TABLE `held_prices` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`symbol` text NOT NULL,
	`price_cents` integer NOT NULL,
	`before_cents` integer NOT NULL,
	`as_of` integer NOT NULL,
	`received_at` integer NOT NULL,
	`set_by` integer
);
--> statement-breakpoint
CREATE UNIQUE INDEX `held_prices_symbol_unique` ON `held_prices` (`symbol`);--> statement-breakpoint
CREATE TABLE `prices` (
	`id` integer PRIMARY KEY NOT NULL,
	`symbol` text NOT NULL,
	`price_cents` integer NOT NULL,
	`as_of` integer NOT NULL,
	`received_at` integer NOT NULL,
	`until` integer,
	`confirmed_at` integer,
	`set_by` integer,
	`voided_at` integer
);
--> statement-breakpoint
CREATE INDEX `prices_symbol` ON `prices` (`symbol`,`id`);--> statement-breakpoint
CREATE INDEX `prices_until` ON `prices` (`until`) WHERE until is not null;--> statement-breakpoint
CREATE TABLE `symbol_actions` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`symbol` text NOT NULL,
	`kind` text NOT NULL,
	`at` integer NOT NULL,
	`by` integer,
	`reason` text,
	`price_id` integer,
	`cents` integer NOT NULL,
	`shares_to` integer,
	`shares_from` integer,
	`lines` integer NOT NULL,
	`kept` integer DEFAULT 0 NOT NULL
);
--> statement-breakpoint
CREATE INDEX `symbol_actions_symbol` ON `symbol_actions` (`symbol`,`id`);--> statement-breakpoint
ALTER TABLE `ledger` ADD `price_id` integer;--> statement-breakpoint
ALTER TABLE `ledger` ADD `undoes` integer;--> statement-breakpoint
ALTER TABLE `ledger` ADD `action_id` integer;--> statement-breakpoint
CREATE UNIQUE INDEX `ledger_undoes` ON `ledger` (`undoes`) WHERE undoes is not null;--> statement-breakpoint
CREATE INDEX `ledger_price` ON `ledger` (`price_id`) WHERE price_id is not null;--> statement-breakpoint
ALTER TABLE `portfolios` ADD `corrections` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `quotes` ADD `price_id` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
INSERT INTO `prices` (`id`, `symbol`, `price_cents`, `as_of`, `received_at`, `set_by`)
SELECT `id`, `symbol`, `price_cents`, `as_of`, `received_at`, `set_by` FROM `quotes`;--> statement-breakpoint
UPDATE `quotes` SET `price_id` = `id`;--> statement-breakpoint
INSERT INTO `daily_prices` (`symbol`, `day`, `close_cents`)
SELECT `symbol`, `as_of` - `as_of` % 86400000, `price_cents` FROM `quotes`;--> statement-breakpoint
INSERT INTO `daily_board_values` (`league_id`, `day`, `best_cents`, `average_cents`)
SELECT `league_id`, `day`, max(`total_cents`), CAST(round(avg(`total_cents`)) AS integer) FROM `daily_values` GROUP BY `league_id`, `day`;
