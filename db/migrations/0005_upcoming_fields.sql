CREATE TABLE `field_players` (
	`event_id` integer NOT NULL,
	`player_id` text NOT NULL,
	`rank` integer,
	`odds` real,
	`feed_player_id` text,
	`absent` integer DEFAULT false NOT NULL,
	PRIMARY KEY(`event_id`, `player_id`),
	FOREIGN KEY (`event_id`) REFERENCES `tour_events`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
ALTER TABLE `tour_events` ADD `source` text DEFAULT 'feed' NOT NULL;--> statement-breakpoint
ALTER TABLE `tour_events` ADD `turned_into` integer;