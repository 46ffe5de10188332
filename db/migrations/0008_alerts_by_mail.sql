ALTER TABLE `system_alerts` ADD `mailed_at` integer;--> statement-breakpoint
CREATE INDEX `alerts_unmailed` ON `system_alerts` (`id`) WHERE mailed_at is null and state = 'active';