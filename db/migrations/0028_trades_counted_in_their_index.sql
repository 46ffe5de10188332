DROP INDEX `ledger_user`;--> statement-breakpoint
CREATE INDEX `ledger_user` ON `ledger` (`user_id`,`at`,`kind`) WHERE symbol is not null;