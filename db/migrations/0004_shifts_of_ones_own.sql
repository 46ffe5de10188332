CREATE TABLE `calendar_addresses` (
	`staff_id` integer PRIMARY KEY NOT NULL,
	`token_hash` text NOT NULL,
	`created_at` integer NOT NULL,
	FOREIGN KEY (`staff_id`) REFERENCES `staff`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE UNIQUE INDEX `calendar_addresses_token_hash_unique` ON `calendar_addresses` (`token_hash`);--> statement-breakpoint
CREATE TABLE `leave_requests` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`staff_id` integer NOT NULL,
	`from` text NOT NULL,
	`to` text NOT NULL,
	`note` text,
	`state` text DEFAULT 'pending' NOT NULL,
	`reason` text,
	`created_at` integer NOT NULL,
	`decided_at` integer,
	FOREIGN KEY (`staff_id`) REFERENCES `staff`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX `leave_requests_staff` ON `leave_requests` (`staff_id`,`from`);--> statement-breakpoint
CREATE INDEX `leave_requests_state` ON `leave_requests` (`state`,`from`);--> statement-breakpoint
CREATE TABLE `staff_notices` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`staff_id` integer NOT NULL,
	`at` integer NOT NULL,
	`message` text NOT NULL,
	`seen_at` integer,
	FOREIGN KEY (`staff_id`) REFERENCES `staff`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX `staff_notices_staff` ON `staff_notices` (`staff_id`,`id`);--> statement-breakpoint
CREATE INDEX `staff_notices_at` ON `staff_notices` (`at`);--> statement-breakpoint
CREATE TABLE `swap_offers` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`assignment_id` integer NOT NULL,
	`note` text,
	`created_at` integer NOT NULL,
	`taken_by` integer,
	`in_return` integer,
	`taken_at` integer,
	FOREIGN KEY (`assignment_id`) REFERENCES `assignments`(`id`) ON UPDATE no action ON DELETE cascade,
	FOREIGN KEY (`taken_by`) REFERENCES `staff`(`id`) ON UPDATE no action ON DELETE set null,
	FOREIGN KEY (`in_return`) REFERENCES `assignments`(`id`) ON UPDATE no action ON DELETE set null
);
--> statement-breakpoint
CREATE UNIQUE INDEX `swap_offers_assignment_id_unique` ON `swap_offers` (`assignment_id`);--> statement-breakpoint
CREATE INDEX `swap_offers_taken` ON `swap_offers` (`taken_by`);--> statement-breakpoint
CREATE INDEX `swap_offers_return` ON `swap_offers` (`in_return`);--> statement-breakpoint
CREATE TABLE `week_templates` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`name` text NOT NULL,
	`monday` text NOT NULL,
	`shifts` text NOT NULL,
	`created_at` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `week_templates_name_unique` ON `week_templates` (`name`);--> statement-breakpoint
ALTER TABLE `roster_drafts` ADD `name` text;--> statement-breakpoint
ALTER TABLE `roster_drafts` ADD `changes` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `sites` ADD `swaps` text DEFAULT 'officer' NOT NULL;--> statement-breakpoint
ALTER TABLE `staff` ADD `user_id` integer REFERENCES users(id) ON DELETE set null;--> statement-breakpoint
CREATE UNIQUE INDEX `staff_user` ON `staff` (`user_id`);