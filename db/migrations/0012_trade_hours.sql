CREATE TABLE `trade_hours` (
	`hour` integer NOT NULL,
	`symbol` text NOT NULL,
	`kind` text NOT NULL,
	`trades` integer NOT NULL,
	`shares` integer NOT NULL,
	`volume_cents` integer NOT NULL,
	PRIMARY KEY(`hour`, `symbol`, `kind`)
);
