CREATE TABLE `webhook_deliveries` (
	`league_id` integer NOT NULL,
	`address_hash` text NOT NULL,
	`delivered_at` integer,
	`failed_run` text,
	PRIMARY KEY(`league_id`, `address_hash`),
	FOREIGN KEY (`league_id`) REFERENCES `leagues`(`id`) ON UPDATE no action ON DELETE cascade
);
