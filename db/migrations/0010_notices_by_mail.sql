ALTER TABLE `staff_notices` ADD `kind` text DEFAULT 'roster' NOT NULL;--> statement-breakpoint
ALTER TABLE `staff_notices` ADD `mailed_at` integer;--> statement-breakpoint
CREATE INDEX `staff_notices_unmailed` ON `staff_notices` (`id`) WHERE mailed_at is null and seen_at is null;