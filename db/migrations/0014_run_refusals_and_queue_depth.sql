CREATE TABLE `queue_minutes` (
	`minute` integer PRIMARY KEY NOT NULL,
	`waiting` integer NOT NULL,
	`running` integer NOT NULL
);
--> statement-breakpoint
ALTER TABLE `runs` ADD `refused` integer DEFAULT false NOT NULL;