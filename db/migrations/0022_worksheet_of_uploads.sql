DROP INDEX `uploads_same_bytes`;--> statement-breakpoint
ALTER TABLE `uploads` ADD `given_worksheet` text;--> statement-breakpoint
ALTER TABLE `uploads` ADD `worksheet` text;--> statement-breakpoint
CREATE UNIQUE INDEX `uploads_same_bytes` ON `uploads` (`league_id`,`kind`,`mode`,`sha256`,quote(given_mapping),quote(given_worksheet)) WHERE status in ('queued', 'running', 'held', 'done') and not dry_run;--> statement-breakpoint
ALTER TABLE `upload_drafts` ADD `worksheet` text;