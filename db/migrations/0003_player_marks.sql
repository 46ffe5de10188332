CREATE TABLE `player_marks` (
	`league_id` integer NOT NULL,
	`player_id` text NOT NULL,
	`reason` text NOT NULL,
	`farm_of` text,
	`note` text,
	`counted` integer NOT NULL,
	`marked_by` integer,
	`marked_at` integer NOT NULL,
	PRIMARY KEY(`league_id`, `player_id`),
	FOREIGN KEY (`league_id`) REFERENCES `leagues`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE TABLE `upload_drafts` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`league_id` integer NOT NULL,
	`user_id` integer,
	`filename` text NOT NULL,
	`file` text NOT NULL,
	`bytes` integer NOT NULL,
	`sha256` text NOT NULL,
	`kind` text NOT NULL,
	`mode` text NOT NULL,
	`taken_at` integer,
	`mapping` text,
	`trial_job_id` text,
	`created_at` integer NOT NULL,
	FOREIGN KEY (`league_id`) REFERENCES `leagues`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX `upload_drafts_league` ON `upload_drafts` (`league_id`);--> statement-breakpoint
CREATE INDEX `upload_drafts_created` ON `upload_drafts` (`created_at`);