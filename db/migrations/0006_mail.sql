CREATE TABLE `league_announcements` (
	`league_id` integer PRIMARY KEY NOT NULL,
	`leaders` text NOT NULL,
	FOREIGN KEY (`league_id`) REFERENCES `leagues`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE TABLE `mail_occasions` (
	`key` text PRIMARY KEY NOT NULL,
	`at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `mail_occasions_at` ON `mail_occasions` (`at`);--> statement-breakpoint
CREATE TABLE `mail_opt_outs` (
	`address_hash` text NOT NULL,
	`kind` text NOT NULL,
	PRIMARY KEY(`address_hash`, `kind`)
);
--> statement-breakpoint
ALTER TABLE `invitations` ADD `email` text;--> statement-breakpoint
ALTER TABLE `invitations` ADD `mailed_at` integer;--> statement-breakpoint
ALTER TABLE `invitations` ADD `mail_error` text;