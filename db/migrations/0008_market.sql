CREATE TABLE `closing_quotes` (
	`league_id` integer NOT NULL,
	`symbol` text NOT NULL,
	`price_cents` integer NOT NULL,
	`as_of` integer NOT NULL,
	PRIMARY KEY(`league_id`, `symbol`)
);
--> statement-breakpoint
CREATE TABLE `day_marks` (
	`league_id` integer NOT NULL,
	`user_id` integer NOT NULL,
	`day` integer NOT NULL,
	`total_cents` integer NOT NULL,
	PRIMARY KEY(`league_id`, `user_id`, `day`)
);
--> statement-breakpoint
CREATE TABLE `holdings` (
	`league_id` integer NOT NULL,
	`user_id` integer NOT NULL,
	`symbol` text NOT NULL,
	`quantity` integer NOT NULL,
	`cost_cents` integer NOT NULL,
	`realised_cents` integer DEFAULT 0 NOT NULL,
	PRIMARY KEY(`league_id`, `user_id`, `symbol`)
);
--> statement-breakpoint
CREATE INDEX `holdings_symbol` ON `holdings` (`symbol`,`league_id`) WHERE quantity <> 0;--> statement-breakpoint
CREATE TABLE `ledger` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`league_id` integer NOT NULL,
	`user_id` integer NOT NULL,
	`at` integer NOT NULL,
	`kind` text NOT NULL,
	`symbol` text,
	`quantity` integer NOT NULL,
	`price_cents` integer,
	`fee_cents` integer NOT NULL,
	`cash_cents` integer NOT NULL,
	`cash_after_cents` integer NOT NULL,
	`quantity_after` integer NOT NULL,
	`realised_cents` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `ledger_league` ON `ledger` (`league_id`,`id`);--> statement-breakpoint
CREATE INDEX `ledger_portfolio` ON `ledger` (`league_id`,`user_id`,`id`);--> statement-breakpoint
CREATE INDEX `ledger_user` ON `ledger` (`user_id`,`at`) WHERE symbol is not null;--> statement-breakpoint
CREATE INDEX `ledger_at` ON `ledger` (`at`);--> statement-breakpoint
CREATE TABLE `option_chains` (
	`symbol` text NOT NULL,
	`expiration` text NOT NULL,
	`as_of` integer NOT NULL,
	`received_at` integer NOT NULL,
	`contracts` text NOT NULL,
	PRIMARY KEY(`symbol`, `expiration`)
);
--> statement-breakpoint
CREATE TABLE `order_keys` (
	`league_id` integer NOT NULL,
	`user_id` integer NOT NULL,
	`key` text NOT NULL,
	`order` text NOT NULL,
	`line_id` integer,
	`refusal` text,
	`created_at` integer NOT NULL,
	PRIMARY KEY(`league_id`, `user_id`, `key`)
);
--> statement-breakpoint
CREATE INDEX `order_keys_created` ON `order_keys` (`created_at`);--> statement-breakpoint
CREATE TABLE `portfolios` (
	`league_id` integer NOT NULL,
	`user_id` integer NOT NULL,
	`granted_cents` integer NOT NULL,
	`cash_cents` integer NOT NULL,
	`realised_cents` integer DEFAULT 0 NOT NULL,
	`fees_cents` integer DEFAULT 0 NOT NULL,
	`trades` integer DEFAULT 0 NOT NULL,
	`volume_cents` integer DEFAULT 0 NOT NULL,
	`created_at` integer NOT NULL,
	PRIMARY KEY(`league_id`, `user_id`)
);
--> statement-breakpoint
CREATE INDEX `portfolios_user` ON `portfolios` (`user_id`);--> statement-breakpoint
CREATE TABLE `quote_feeds` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`name` text NOT NULL,
	`url` text NOT NULL,
	`interval_s` integer NOT NULL,
	`asked_at` integer,
	`answered_at` integer,
	`etag` text,
	`last_modified` text,
	`failures` integer DEFAULT 0 NOT NULL,
	`error` text,
	`held` text,
	`created_by` integer,
	`created_at` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `quote_feeds_url_unique` ON `quote_feeds` (`url`);--> statement-breakpoint
CREATE TABLE `quotes` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`symbol` text NOT NULL,
	`price_cents` integer NOT NULL,
	`as_of` integer NOT NULL,
	`received_at` integer NOT NULL,
	`open_cents` integer NOT NULL,
	`seq` integer NOT NULL,
	`set_by` integer
);
--> statement-breakpoint
CREATE UNIQUE INDEX `quotes_symbol_unique` ON `quotes` (`symbol`);--> statement-breakpoint
CREATE INDEX `quotes_seq` ON `quotes` (`seq`);