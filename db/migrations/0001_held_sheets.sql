CREATE TABLE `sheet_mappings` (
	`league_id` integer NOT NULL,
	`headings` text NOT NULL,
	`mapping` text NOT NULL,
	`used_at` integer NOT NULL,
	PRIMARY KEY(`league_id`, `headings`),
	FOREIGN KEY (`league_id`) REFERENCES `leagues`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
DROP INDEX `uploads_same_bytes`;--> statement-breakpoint
ALTER TABLE `uploads` ADD `taken_from` text DEFAULT 'sent' NOT NULL;--> statement-breakpoint
ALTER TABLE `uploads` ADD `force` integer DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE `uploads` ADD `doubts` text;--> statement-breakpoint
CREATE UNIQUE INDEX `uploads_same_bytes` ON `uploads` (`league_id`,`kind`,`mode`,`sha256`,quote(given_mapping)) WHERE status in ('queued', 'running', 'held', 'done') and not dry_run;