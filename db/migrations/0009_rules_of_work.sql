CREATE TABLE `shift_requests` (
	`staff_id` integer NOT NULL,
	`shift_id` integer NOT NULL,
	`want` text NOT NULL,
	`price_cents` integer NOT NULL,
	PRIMARY KEY(`staff_id`, `shift_id`),
	FOREIGN KEY (`staff_id`) REFERENCES `staff`(`id`) ON UPDATE no action ON DELETE cascade,
	FOREIGN KEY (`shift_id`) REFERENCES `shifts`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX `shift_requests_shift` ON `shift_requests` (`shift_id`);--> statement-breakpoint
ALTER TABLE `shifts` ADD `kind` text;--> statement-breakpoint
ALTER TABLE `shifts` ADD `skills` text DEFAULT '[]' NOT NULL;--> statement-breakpoint
ALTER TABLE `shifts` ADD `under_cents` integer;--> statement-breakpoint
ALTER TABLE `shifts` ADD `most` integer;--> statement-breakpoint
ALTER TABLE `shifts` ADD `over_cents` integer;--> statement-breakpoint
ALTER TABLE `sites` ADD `rest_hours` real DEFAULT 10 NOT NULL;--> statement-breakpoint
ALTER TABLE `sites` ADD `rules` text DEFAULT '{}' NOT NULL;--> statement-breakpoint
ALTER TABLE `staff` ADD `rules` text DEFAULT '{}' NOT NULL;