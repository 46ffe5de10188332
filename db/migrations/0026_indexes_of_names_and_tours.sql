CREATE INDEX `leagues_tour` ON `leagues` (`kind`,config ->> '$.tour');--> statement-breakpoint
CREATE INDEX `users_name` ON `users` (lower(username)) WHERE deleted_at is null;