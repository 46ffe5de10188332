CREATE TABLE `assignments` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`shift_id` integer NOT NULL,
	`staff_id` integer NOT NULL,
	`pinned` integer NOT NULL,
	`created_at` integer NOT NULL,
	FOREIGN KEY (`shift_id`) REFERENCES `shifts`(`id`) ON UPDATE no action ON DELETE cascade,
	FOREIGN KEY (`staff_id`) REFERENCES `staff`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE UNIQUE INDEX `assignments_once` ON `assignments` (`shift_id`,`staff_id`);--> statement-breakpoint
CREATE INDEX `assignments_staff` ON `assignments` (`staff_id`);--> statement-breakpoint
CREATE TABLE `certifications` (
	`staff_id` integer NOT NULL,
	`name` text NOT NULL,
	`expires_on` text NOT NULL,
	PRIMARY KEY(`staff_id`, `name`, `expires_on`),
	FOREIGN KEY (`staff_id`) REFERENCES `staff`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX `certifications_expiry` ON `certifications` (`expires_on`);--> statement-breakpoint
CREATE TABLE `analytics_daily_metrics` (
	`day` text PRIMARY KEY NOT NULL,
	`users` integer NOT NULL,
	`active_users` integer NOT NULL,
	`active_leagues` integer NOT NULL,
	`uploads` integer NOT NULL,
	`trades` integer NOT NULL,
	`runs` integer NOT NULL,
	`failed_runs` integer NOT NULL,
	`shifts` integer NOT NULL,
	`places` integer NOT NULL,
	`filled` integer NOT NULL,
	`minutes_worked` integer NOT NULL,
	`cost_cents` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `expiry_notices` (
	`staff_id` integer NOT NULL,
	`name` text NOT NULL,
	`expires_on` text NOT NULL,
	`days` integer NOT NULL,
	`told_at` integer NOT NULL,
	PRIMARY KEY(`staff_id`, `name`, `expires_on`, `days`),
	FOREIGN KEY (`staff_id`) REFERENCES `staff`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE TABLE `health_scores` (
	`subject` text NOT NULL,
	`subject_id` integer NOT NULL,
	`at` integer NOT NULL,
	`name` text NOT NULL,
	`score` integer NOT NULL,
	`level` text NOT NULL,
	`factors` text NOT NULL,
	`recommendations` text NOT NULL,
	PRIMARY KEY(`subject`, `subject_id`, `at`)
);
--> statement-breakpoint
CREATE INDEX `health_scores_at` ON `health_scores` (`at`);--> statement-breakpoint
CREATE TABLE `roster_drafts` (
	`job_id` text PRIMARY KEY NOT NULL,
	`start_date` text NOT NULL,
	`end_date` text NOT NULL,
	`site_ids` text NOT NULL,
	`algorithm` text NOT NULL,
	`seed` integer NOT NULL,
	`content` text NOT NULL,
	`created_by` integer,
	`created_at` integer NOT NULL,
	`confirmed_at` integer
);
--> statement-breakpoint
CREATE INDEX `roster_drafts_created` ON `roster_drafts` (`created_at`);--> statement-breakpoint
CREATE TABLE `shifts` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`site_id` integer NOT NULL,
	`day` text NOT NULL,
	`starts_at` integer NOT NULL,
	`ends_at` integer NOT NULL,
	`skill` text,
	`certification` text,
	`headcount` integer NOT NULL,
	`created_at` integer NOT NULL,
	FOREIGN KEY (`site_id`) REFERENCES `sites`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX `shifts_day` ON `shifts` (`day`,`site_id`);--> statement-breakpoint
CREATE INDEX `shifts_site` ON `shifts` (`site_id`,`starts_at`);--> statement-breakpoint
CREATE INDEX `shifts_start` ON `shifts` (`starts_at`);--> statement-breakpoint
CREATE TABLE `sites` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`name` text NOT NULL,
	`timezone` text NOT NULL,
	`created_at` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `sites_name_unique` ON `sites` (`name`);--> statement-breakpoint
CREATE TABLE `staff` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`name` text NOT NULL,
	`skills` text NOT NULL,
	`max_hours_week` real NOT NULL,
	`hourly_cents` integer NOT NULL,
	`preferences` text NOT NULL,
	`active` integer DEFAULT true NOT NULL,
	`created_at` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `unavailability` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`staff_id` integer NOT NULL,
	`from` text NOT NULL,
	`to` text NOT NULL,
	FOREIGN KEY (`staff_id`) REFERENCES `staff`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX `unavailability_staff` ON `unavailability` (`staff_id`);