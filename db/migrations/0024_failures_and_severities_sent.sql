ALTER TABLE `system_alerts` ADD `sent_as` text;--> statement-breakpoint
ALTER TABLE `system_alerts` ADD `mailed_as` text;--> statement-breakpoint
CREATE INDEX `runs_failed` ON `runs` (`status`,`completed_at`) WHERE status = 'FAILURE';--> statement-breakpoint
UPDATE `system_alerts` SET `sent_as` = `severity` WHERE `sent_at` IS NOT NULL;--> statement-breakpoint
UPDATE `system_alerts` SET `mailed_as` = `severity` WHERE `mailed_at` IS NOT NULL;