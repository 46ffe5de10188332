CREATE TABLE `process_minutes` (
	`minute` integer NOT NULL,
	`process` text NOT NULL,
	`role` text NOT NULL,
	`cpu` real NOT NULL,
	`lag_ms` real NOT NULL,
	`rss_bytes` integer NOT NULL,
	PRIMARY KEY(`minute`, `process`)
);
--> statement-breakpoint
CREATE TABLE `request_hours` (
	`hour` integer NOT NULL,
	`route` text NOT NULL,
	`requests` integer NOT NULL,
	`errors` integer NOT NULL,
	`total_ms` integer NOT NULL,
	`histogram` blob NOT NULL,
	PRIMARY KEY(`hour`, `route`)
);
--> statement-breakpoint
CREATE TABLE `run_changes` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`run` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `run_counts` (
	`name` text NOT NULL,
	`status` text NOT NULL,
	`runs` integer NOT NULL,
	PRIMARY KEY(`name`, `status`)
);
--> statement-breakpoint
CREATE TABLE `run_log` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`run_id` text NOT NULL,
	`at` integer NOT NULL,
	`attempt` integer NOT NULL,
	`level` text NOT NULL,
	`message` text NOT NULL,
	`facts` text,
	FOREIGN KEY (`run_id`) REFERENCES `runs`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX `run_log_run` ON `run_log` (`run_id`,`id`);--> statement-breakpoint
ALTER TABLE `system_alerts` ADD `acknowledged_by` text;--> statement-breakpoint
ALTER TABLE `system_alerts` ADD `acknowledged_at` integer;--> statement-breakpoint
CREATE INDEX `alerts_unsent` ON `system_alerts` (`id`) WHERE sent_at is null and state = 'active';--> statement-breakpoint
CREATE INDEX `runs_started_by` ON `runs` (`started_by`,`created_at`) WHERE started_by is not null;