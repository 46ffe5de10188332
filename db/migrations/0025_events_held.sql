ALTER TABLE `tour_events` ADD `checked_at` integer;--> statement-breakpoint
ALTER TABLE `tour_events` ADD `held` text;