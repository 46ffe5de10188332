CREATE TABLE `activity_counts` (
	`unit` text NOT NULL,
	`start` integer NOT NULL,
	`country` text NOT NULL,
	`users` integer NOT NULL,
	PRIMARY KEY(`unit`, `start`, `country`)
);
--> statement-breakpoint
CREATE TABLE `asked_stats` (
	`entry` text NOT NULL,
	`query` text NOT NULL,
	`asked_at` integer NOT NULL,
	PRIMARY KEY(`entry`, `query`)
);
--> statement-breakpoint
CREATE INDEX `asked_stats_at` ON `asked_stats` (`asked_at`);--> statement-breakpoint
CREATE TABLE `duration_bounds` (
	`bound` integer PRIMARY KEY NOT NULL
);
--> statement-breakpoint
CREATE TABLE `run_days` (
	`start` integer NOT NULL,
	`name` text NOT NULL,
	`status` text NOT NULL,
	`bucket` integer NOT NULL,
	`runs` integer NOT NULL,
	`total_ms` integer NOT NULL,
	PRIMARY KEY(`start`, `name`, `status`, `bucket`)
);
--> statement-breakpoint
CREATE TABLE `run_hours` (
	`start` integer NOT NULL,
	`name` text NOT NULL,
	`status` text NOT NULL,
	`bucket` integer NOT NULL,
	`runs` integer NOT NULL,
	`total_ms` integer NOT NULL,
	PRIMARY KEY(`start`, `name`, `status`, `bucket`)
);
--> statement-breakpoint
CREATE TABLE `tallies` (
	`name` text PRIMARY KEY NOT NULL,
	`count` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `user_activity` (
	`unit` text NOT NULL,
	`start` integer NOT NULL,
	`user_id` integer NOT NULL,
	PRIMARY KEY(`unit`, `start`, `user_id`)
);
--> statement-breakpoint
DROP INDEX `users_created`;--> statement-breakpoint
CREATE INDEX `users_created` ON `users` (`created_at`,`country`);