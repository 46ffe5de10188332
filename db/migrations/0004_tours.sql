CREATE TABLE `entries` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`league_id` integer NOT NULL,
	`user_id` integer NOT NULL,
	`name` text NOT NULL,
	`picks` text NOT NULL,
	`tiebreaker` integer,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	FOREIGN KEY (`league_id`) REFERENCES `leagues`(`id`) ON UPDATE no action ON DELETE cascade,
	FOREIGN KEY (`user_id`) REFERENCES `users`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE UNIQUE INDEX `entries_name` ON `entries` (`league_id`,lower("name"));--> statement-breakpoint
CREATE INDEX `entries_user` ON `entries` (`user_id`);--> statement-breakpoint
CREATE TABLE `frozen_boards` (
	`league_id` integer PRIMARY KEY NOT NULL,
	`content` blob NOT NULL,
	FOREIGN KEY (`league_id`) REFERENCES `leagues`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE TABLE `golfers` (
	`event_id` integer NOT NULL,
	`player_id` text NOT NULL,
	`since` integer NOT NULL,
	`until` integer,
	`name` text NOT NULL,
	`position` text,
	`total` integer,
	`today` integer,
	`thru` integer,
	`round` integer,
	`rounds` text NOT NULL,
	`status` text NOT NULL,
	`tee_time` text,
	PRIMARY KEY(`event_id`, `player_id`, `since`),
	FOREIGN KEY (`event_id`) REFERENCES `tour_events`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX `golfers_until` ON `golfers` (`event_id`,`until`,`since`);--> statement-breakpoint
CREATE TABLE `tour_events` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`tour_id` integer NOT NULL,
	`feed_id` text,
	`name` text NOT NULL,
	`round` integer,
	`status` text NOT NULL,
	`version` text,
	`first_seen_at` integer NOT NULL,
	`begun_at` integer,
	`changed_at` integer NOT NULL,
	`moved_at` integer NOT NULL,
	FOREIGN KEY (`tour_id`) REFERENCES `tours`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX `tour_events_tour` ON `tour_events` (`tour_id`,`changed_at`);--> statement-breakpoint
CREATE TABLE `tours` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`slug` text NOT NULL,
	`name` text NOT NULL,
	`feed_url` text NOT NULL,
	`format` text NOT NULL,
	`interval_s` integer NOT NULL,
	`event_id` integer,
	`asked_at` integer,
	`checked_at` integer,
	`etag` text,
	`last_modified` text,
	`failures` integer DEFAULT 0 NOT NULL,
	`error` text,
	`failing_since` integer,
	`held` text,
	`held_since` integer,
	`accept_next` integer DEFAULT false NOT NULL,
	`created_by` integer,
	`created_at` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `tours_slug_unique` ON `tours` (`slug`);