CREATE TABLE `refreshed_answers` (
	`key` text PRIMARY KEY NOT NULL,
	`at` integer NOT NULL,
	`fresh_until` integer NOT NULL,
	`usable_until` integer NOT NULL,
	`json` text NOT NULL
);
--> statement-breakpoint
CREATE INDEX `refreshed_answers_usable` ON `refreshed_answers` (`usable_until`);