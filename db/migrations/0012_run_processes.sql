ALTER TABLE `attempts` ADD `most` integer;--> statement-breakpoint
ALTER TABLE `attempts` ADD `user_id` integer;--> statement-breakpoint
CREATE INDEX `attempts_user` ON `attempts` (`user_id`) WHERE user_id is not null;--> statement-breakpoint
ALTER TABLE `runs` ADD `process` text;--> statement-breakpoint
ALTER TABLE `runs` ADD `deaths` integer DEFAULT 0 NOT NULL;