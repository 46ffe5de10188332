CREATE TABLE `upload_errors` (
	`upload_id` integer NOT NULL,
	`first` integer NOT NULL,
	`items` text NOT NULL,
	PRIMARY KEY(`upload_id`, `first`),
	FOREIGN KEY (`upload_id`) REFERENCES `uploads`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE TABLE `uploads` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`league_id` integer NOT NULL,
	`kind` text NOT NULL,
	`mode` text NOT NULL,
	`dry_run` integer DEFAULT false NOT NULL,
	`filename` text NOT NULL,
	`file` text,
	`bytes` integer NOT NULL,
	`sha256` text NOT NULL,
	`given_mapping` text,
	`status` text NOT NULL,
	`job_id` text NOT NULL,
	`uploaded_by` integer,
	`taken_at` integer NOT NULL,
	`created_at` integer NOT NULL,
	`finished_at` integer,
	`snapshot_id` integer,
	`format` text,
	`mapping` text,
	`rows_total` integer,
	`rows_ok` integer,
	`rows_bad` integer,
	`error` text,
	`summary` text,
	FOREIGN KEY (`league_id`) REFERENCES `leagues`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX `uploads_league` ON `uploads` (`league_id`,`created_at`);--> statement-breakpoint
CREATE UNIQUE INDEX `uploads_same_bytes` ON `uploads` (`league_id`,`kind`,`mode`,`sha256`) WHERE status in ('queued', 'running', 'done') and not dry_run;--> statement-breakpoint
CREATE INDEX `uploads_created` ON `uploads` (`created_at`);