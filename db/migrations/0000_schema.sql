CREATE TABLE `activity_counts` (
	`unit` text NOT NULL,
	`start` integer NOT NULL,
	`country` text NOT NULL,
	`users` integer NOT NULL,
	PRIMARY KEY(`unit`, `start`, `country`)
);
--> statement-breakpoint
CREATE TABLE `api_keys` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`user_id` integer NOT NULL,
	`name` text NOT NULL,
	`role` text NOT NULL,
	`key_hash` text NOT NULL,
	`hint` text NOT NULL,
	`created_at` integer NOT NULL,
	`last_used_at` integer,
	FOREIGN KEY (`user_id`) REFERENCES `users`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE UNIQUE INDEX `api_keys_key_hash_unique` ON `api_keys` (`key_hash`);--> statement-breakpoint
CREATE INDEX `api_keys_user` ON `api_keys` (`user_id`);--> statement-breakpoint
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
CREATE TABLE `attempts` (
	`key` text PRIMARY KEY NOT NULL,
	`used` integer NOT NULL,
	`ends_at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `attempts_end` ON `attempts` (`ends_at`);--> statement-breakpoint
CREATE TABLE `audit_log` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`at` integer NOT NULL,
	`user_id` integer,
	`username` text NOT NULL,
	`action` text NOT NULL,
	`target` text NOT NULL,
	`detail` text NOT NULL,
	`result` text NOT NULL
);
--> statement-breakpoint
CREATE INDEX `audit_at` ON `audit_log` (`at`);--> statement-breakpoint
CREATE INDEX `audit_user` ON `audit_log` (`user_id`,`at`);--> statement-breakpoint
CREATE INDEX `audit_action` ON `audit_log` (`action`,`at`);--> statement-breakpoint
CREATE TABLE `certifications` (
	`staff_id` integer NOT NULL,
	`name` text NOT NULL,
	`expires_on` text NOT NULL,
	PRIMARY KEY(`staff_id`, `name`, `expires_on`),
	FOREIGN KEY (`staff_id`) REFERENCES `staff`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX `certifications_expiry` ON `certifications` (`expires_on`);--> statement-breakpoint
CREATE TABLE `closing_quotes` (
	`league_id` integer NOT NULL,
	`symbol` text NOT NULL,
	`price_cents` integer NOT NULL,
	`as_of` integer NOT NULL,
	PRIMARY KEY(`league_id`, `symbol`)
);
--> statement-breakpoint
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
CREATE TABLE `daily_values` (
	`league_id` integer NOT NULL,
	`user_id` integer NOT NULL,
	`day` integer NOT NULL,
	`total_cents` integer NOT NULL,
	PRIMARY KEY(`league_id`, `user_id`, `day`)
);
--> statement-breakpoint
CREATE TABLE `entries` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`league_id` integer NOT NULL,
	`user_id` integer NOT NULL,
	`name` text NOT NULL,
	`picks` text NOT NULL,
	`tiebreaker` integer,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	FOREIGN KEY (`league_id`) REFERENCES `leagues`(`id`) ON UPDATE no action ON DELETE cascade,
	FOREIGN KEY (`user_id`) REFERENCES `users`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE UNIQUE INDEX `entries_name` ON `entries` (`league_id`,lower("name"));--> statement-breakpoint
CREATE INDEX `entries_user` ON `entries` (`user_id`);--> statement-breakpoint
CREATE TABLE `expiry_notices` (
	`staff_id` integer NOT NULL,
	`name` text NOT NULL,
	`expires_on` text NOT NULL,
	`days` integer NOT NULL,
	`notified_at` integer NOT NULL,
	PRIMARY KEY(`staff_id`, `name`, `expires_on`, `days`),
	FOREIGN KEY (`staff_id`) REFERENCES `staff`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE TABLE `facts` (
	`name` text PRIMARY KEY NOT NULL,
	`value` text NOT NULL
);
--> statement-breakpoint
CREATE TABLE `frozen_boards` (
	`league_id` integer PRIMARY KEY NOT NULL,
	`content` blob NOT NULL,
	FOREIGN KEY (`league_id`) REFERENCES `leagues`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE TABLE `golfers` (
	`event_id` integer NOT NULL,
	`player_id` text NOT NULL,
	`since` integer NOT NULL,
	`until` integer,
	`name` text NOT NULL,
	`position` text,
	`total` integer,
	`today` integer,
	`thru` integer,
	`round` integer,
	`rounds` text NOT NULL,
	`status` text NOT NULL,
	`tee_time` text,
	PRIMARY KEY(`event_id`, `player_id`, `since`),
	FOREIGN KEY (`event_id`) REFERENCES `tour_events`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX `golfers_until` ON `golfers` (`event_id`,`until`,`since`);--> statement-breakpoint
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
CREATE TABLE `holdings` (
	`league_id` integer NOT NULL,
	`user_id` integer NOT NULL,
	`symbol` text NOT NULL,
	`quantity` integer NOT NULL,
	`cost_cents` integer NOT NULL,
	`realised_cents` integer DEFAULT 0 NOT NULL,
	PRIMARY KEY(`league_id`, `user_id`, `symbol`)
);
--> statement-breakpoint
CREATE INDEX `holdings_symbol` ON `holdings` (`symbol`,`league_id`) WHERE quantity <> 0;--> statement-breakpoint
CREATE TABLE `known_devices` (
	`token_hash` text PRIMARY KEY NOT NULL,
	`user_id` integer NOT NULL,
	`last_used_at` integer NOT NULL,
	FOREIGN KEY (`user_id`) REFERENCES `users`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE INDEX `known_devices_user` ON `known_devices` (`user_id`,`last_used_at`);--> statement-breakpoint
CREATE TABLE `leagues` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`name` text NOT NULL,
	`kind` text NOT NULL,
	`starts_at` integer NOT NULL,
	`ends_at` integer NOT NULL,
	`config` text NOT NULL,
	`created_by` integer,
	`created_at` integer NOT NULL,
	`finalized_at` integer,
	`final_hash` text,
	`archived_at` integer
);
--> statement-breakpoint
CREATE INDEX `leagues_kind` ON `leagues` (`kind`,`starts_at`);--> statement-breakpoint
CREATE INDEX `leagues_created` ON `leagues` (`created_at`);--> statement-breakpoint
CREATE TABLE `ledger` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`league_id` integer NOT NULL,
	`user_id` integer NOT NULL,
	`at` integer NOT NULL,
	`kind` text NOT NULL,
	`symbol` text,
	`quantity` integer NOT NULL,
	`price_cents` integer,
	`fee_cents` integer NOT NULL,
	`cash_cents` integer NOT NULL,
	`cash_after_cents` integer NOT NULL,
	`quantity_after` integer NOT NULL,
	`realised_cents` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `ledger_league` ON `ledger` (`league_id`,`id`);--> statement-breakpoint
CREATE INDEX `ledger_portfolio` ON `ledger` (`league_id`,`user_id`,`id`);--> statement-breakpoint
CREATE INDEX `ledger_user` ON `ledger` (`user_id`,`at`) WHERE symbol is not null;--> statement-breakpoint
CREATE INDEX `ledger_at` ON `ledger` (`at`);--> statement-breakpoint
CREATE TABLE `members` (
	`league_id` integer NOT NULL,
	`user_id` integer NOT NULL,
	`joined_at` integer NOT NULL,
	PRIMARY KEY(`league_id`, `user_id`),
	FOREIGN KEY (`league_id`) REFERENCES `leagues`(`id`) ON UPDATE no action ON DELETE cascade,
	FOREIGN KEY (`user_id`) REFERENCES `users`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE INDEX `members_user` ON `members` (`user_id`);--> statement-breakpoint
CREATE TABLE `option_chains` (
	`symbol` text NOT NULL,
	`expiration` text NOT NULL,
	`as_of` integer NOT NULL,
	`received_at` integer NOT NULL,
	`contracts` text NOT NULL,
	PRIMARY KEY(`symbol`, `expiration`)
);
--> statement-breakpoint
CREATE TABLE `order_keys` (
	`league_id` integer NOT NULL,
	`user_id` integer NOT NULL,
	`key` text NOT NULL,
	`order` text NOT NULL,
	`line_id` integer,
	`refusal` text,
	`created_at` integer NOT NULL,
	PRIMARY KEY(`league_id`, `user_id`, `key`)
);
--> statement-breakpoint
CREATE INDEX `order_keys_created` ON `order_keys` (`created_at`);--> statement-breakpoint
CREATE TABLE `portfolios` (
	`league_id` integer NOT NULL,
	`user_id` integer NOT NULL,
	`granted_cents` integer NOT NULL,
	`cash_cents` integer NOT NULL,
	`realised_cents` integer DEFAULT 0 NOT NULL,
	`fees_cents` integer DEFAULT 0 NOT NULL,
	`trades` integer DEFAULT 0 NOT NULL,
	`volume_cents` integer DEFAULT 0 NOT NULL,
	`created_at` integer NOT NULL,
	PRIMARY KEY(`league_id`, `user_id`)
);
--> statement-breakpoint
CREATE INDEX `portfolios_user` ON `portfolios` (`user_id`);--> statement-breakpoint
CREATE TABLE `process_minutes` (
	`minute` integer NOT NULL,
	`process` text NOT NULL,
	`role` text NOT NULL,
	`cpu` real NOT NULL,
	`lag_ms` real NOT NULL,
	`rss_bytes` integer NOT NULL,
	PRIMARY KEY(`minute`, `process`)
);
--> statement-breakpoint
CREATE TABLE `processes` (
	`id` text PRIMARY KEY NOT NULL,
	`role` text NOT NULL,
	`host` text NOT NULL,
	`pid` integer NOT NULL,
	`version` text NOT NULL,
	`started_at` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `quote_feeds` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`name` text NOT NULL,
	`url` text NOT NULL,
	`interval_s` integer NOT NULL,
	`asked_at` integer,
	`answered_at` integer,
	`etag` text,
	`last_modified` text,
	`failures` integer DEFAULT 0 NOT NULL,
	`error` text,
	`held` text,
	`created_by` integer,
	`created_at` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `quote_feeds_url_unique` ON `quote_feeds` (`url`);--> statement-breakpoint
CREATE TABLE `quotes` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`symbol` text NOT NULL,
	`price_cents` integer NOT NULL,
	`as_of` integer NOT NULL,
	`received_at` integer NOT NULL,
	`open_cents` integer NOT NULL,
	`seq` integer NOT NULL,
	`set_by` integer
);
--> statement-breakpoint
CREATE UNIQUE INDEX `quotes_symbol_unique` ON `quotes` (`symbol`);--> statement-breakpoint
CREATE INDEX `quotes_seq` ON `quotes` (`seq`);--> statement-breakpoint
CREATE TABLE `registrations` (
	`day` integer NOT NULL,
	`country` text NOT NULL,
	`users` integer NOT NULL,
	PRIMARY KEY(`day`, `country`)
);
--> statement-breakpoint
CREATE TABLE `request_hours` (
	`hour` integer NOT NULL,
	`route` text NOT NULL,
	`requests` integer NOT NULL,
	`errors` integer NOT NULL,
	`total_ms` integer NOT NULL,
	`histogram` blob NOT NULL,
	PRIMARY KEY(`hour`, `route`)
);
--> statement-breakpoint
CREATE TABLE `request_stats` (
	`minute` integer NOT NULL,
	`route` text NOT NULL,
	`requests` integer NOT NULL,
	`errors` integer NOT NULL,
	`total_ms` integer NOT NULL,
	`histogram` blob NOT NULL,
	PRIMARY KEY(`minute`, `route`)
);
--> statement-breakpoint
CREATE TABLE `requested_stats` (
	`entry` text NOT NULL,
	`query` text NOT NULL,
	`requested_at` integer NOT NULL,
	PRIMARY KEY(`entry`, `query`)
);
--> statement-breakpoint
CREATE INDEX `requested_stats_at` ON `requested_stats` (`requested_at`);--> statement-breakpoint
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
CREATE TABLE `run_changes` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`run` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `run_counts` (
	`name` text NOT NULL,
	`status` text NOT NULL,
	`runs` integer NOT NULL,
	PRIMARY KEY(`name`, `status`)
);
--> statement-breakpoint
CREATE TABLE `run_days` (
	`name` text NOT NULL,
	`bucket` integer NOT NULL,
	`start` integer NOT NULL,
	`status` text NOT NULL,
	`runs` integer NOT NULL,
	`total_ms` integer NOT NULL,
	PRIMARY KEY(`start`, `name`, `status`, `bucket`)
);
--> statement-breakpoint
CREATE TABLE `run_hours` (
	`name` text NOT NULL,
	`start` integer NOT NULL,
	`status` text NOT NULL,
	`runs` integer NOT NULL,
	`total_ms` integer NOT NULL,
	PRIMARY KEY(`name`, `start`, `status`)
);
--> statement-breakpoint
CREATE TABLE `run_log` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`run_id` text NOT NULL,
	`at` integer NOT NULL,
	`attempt` integer NOT NULL,
	`level` text NOT NULL,
	`message` text NOT NULL,
	`facts` text,
	FOREIGN KEY (`run_id`) REFERENCES `runs`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX `run_log_run` ON `run_log` (`run_id`,`id`);--> statement-breakpoint
CREATE TABLE `run_months` (
	`name` text NOT NULL,
	`bucket` integer NOT NULL,
	`start` integer NOT NULL,
	`status` text NOT NULL,
	`runs` integer NOT NULL,
	`total_ms` integer NOT NULL,
	PRIMARY KEY(`start`, `name`, `status`, `bucket`)
);
--> statement-breakpoint
CREATE TABLE `run_readers` (
	`run_id` text NOT NULL,
	`user_id` integer NOT NULL,
	PRIMARY KEY(`run_id`, `user_id`),
	FOREIGN KEY (`run_id`) REFERENCES `runs`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE TABLE `run_totals` (
	`unit` text NOT NULL,
	`start` integer NOT NULL,
	`status` text NOT NULL,
	`runs` integer NOT NULL,
	`total_ms` integer NOT NULL,
	PRIMARY KEY(`unit`, `start`, `status`)
);
--> statement-breakpoint
CREATE TABLE `runs` (
	`id` text PRIMARY KEY NOT NULL,
	`name` text NOT NULL,
	`queue` text NOT NULL,
	`input` text NOT NULL,
	`status` text NOT NULL,
	`progress` integer DEFAULT 0 NOT NULL,
	`stage` text,
	`message` text,
	`result` text,
	`error` text,
	`stack` text,
	`fingerprint` text,
	`attempts` integer DEFAULT 0 NOT NULL,
	`max_attempts` integer NOT NULL,
	`dedupe_key` text,
	`started_by` integer,
	`cancel_requested_at` integer,
	`not_before` integer,
	`expires_at` integer,
	`created_at` integer NOT NULL,
	`started_at` integer,
	`completed_at` integer
);
--> statement-breakpoint
CREATE UNIQUE INDEX `runs_unfinished` ON `runs` (`dedupe_key`) WHERE status in ('PENDING', 'PROGRESS') and dedupe_key is not null;--> statement-breakpoint
CREATE INDEX `runs_status` ON `runs` (`status`,`created_at`);--> statement-breakpoint
CREATE INDEX `runs_created` ON `runs` (`created_at`);--> statement-breakpoint
CREATE INDEX `runs_name` ON `runs` (`name`,`created_at`);--> statement-breakpoint
CREATE INDEX `runs_fingerprint` ON `runs` (`fingerprint`,`created_at`) WHERE fingerprint is not null;--> statement-breakpoint
CREATE INDEX `runs_started_by` ON `runs` (`started_by`,`created_at`) WHERE started_by is not null;--> statement-breakpoint
CREATE TABLE `schedule_pauses` (
	`entry` text PRIMARY KEY NOT NULL,
	`reason` text NOT NULL,
	`paused_by` text NOT NULL,
	`paused_at` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `schedule_slots` (
	`entry` text NOT NULL,
	`slot` integer NOT NULL,
	`job_id` text,
	`fired_at` integer NOT NULL,
	PRIMARY KEY(`entry`, `slot`)
);
--> statement-breakpoint
CREATE TABLE `sessions` (
	`token_hash` text PRIMARY KEY NOT NULL,
	`user_id` integer NOT NULL,
	`csrf_token` text NOT NULL,
	`created_at` integer NOT NULL,
	`expires_at` integer NOT NULL,
	FOREIGN KEY (`user_id`) REFERENCES `users`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE INDEX `sessions_user` ON `sessions` (`user_id`);--> statement-breakpoint
CREATE INDEX `sessions_expiry` ON `sessions` (`expires_at`);--> statement-breakpoint
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
CREATE TABLE `stamps` (
	`topic` text NOT NULL,
	`scope` text NOT NULL,
	`seq` integer NOT NULL,
	PRIMARY KEY(`topic`, `scope`)
);
--> statement-breakpoint
CREATE UNIQUE INDEX `stamps_seq` ON `stamps` (`seq`);--> statement-breakpoint
CREATE TABLE `system_alerts` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`key` text NOT NULL,
	`alert_type` text NOT NULL,
	`severity` text NOT NULL,
	`title` text NOT NULL,
	`message` text NOT NULL,
	`data` text NOT NULL,
	`count` integer DEFAULT 1 NOT NULL,
	`first_seen` integer NOT NULL,
	`last_seen` integer NOT NULL,
	`state` text NOT NULL,
	`clear_checks` integer DEFAULT 0 NOT NULL,
	`acknowledged_reason` text,
	`acknowledged_by` text,
	`acknowledged_at` integer,
	`settled_by` text,
	`settled_at` integer,
	`sent_at` integer
);
--> statement-breakpoint
CREATE UNIQUE INDEX `alerts_open` ON `system_alerts` (`key`) WHERE state <> 'resolved';--> statement-breakpoint
CREATE INDEX `alerts_state` ON `system_alerts` (`state`,`last_seen`);--> statement-breakpoint
CREATE INDEX `alerts_seen` ON `system_alerts` (`last_seen`);--> statement-breakpoint
CREATE INDEX `alerts_unsent` ON `system_alerts` (`id`) WHERE sent_at is null and state = 'active';--> statement-breakpoint
CREATE TABLE `tallies` (
	`name` text PRIMARY KEY NOT NULL,
	`count` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `task_locks` (
	`key` text PRIMARY KEY NOT NULL,
	`task` text NOT NULL,
	`arguments` text NOT NULL,
	`owner` text NOT NULL,
	`job_id` text,
	`fence` integer NOT NULL,
	`acquired_at` integer NOT NULL,
	`renewed_at` integer NOT NULL,
	`expires_at` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `tour_events` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`tour_id` integer NOT NULL,
	`feed_id` text,
	`name` text NOT NULL,
	`round` integer,
	`status` text NOT NULL,
	`version` text,
	`first_seen_at` integer NOT NULL,
	`begun_at` integer,
	`changed_at` integer NOT NULL,
	`moved_at` integer NOT NULL,
	FOREIGN KEY (`tour_id`) REFERENCES `tours`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX `tour_events_tour` ON `tour_events` (`tour_id`,`changed_at`);--> statement-breakpoint
CREATE TABLE `tours` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`slug` text NOT NULL,
	`name` text NOT NULL,
	`feed_url` text NOT NULL,
	`format` text NOT NULL,
	`interval_s` integer NOT NULL,
	`event_id` integer,
	`asked_at` integer,
	`checked_at` integer,
	`etag` text,
	`last_modified` text,
	`failures` integer DEFAULT 0 NOT NULL,
	`error` text,
	`failing_since` integer,
	`held` text,
	`held_since` integer,
	`accept_next` integer DEFAULT false NOT NULL,
	`created_by` integer,
	`created_at` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `tours_slug_unique` ON `tours` (`slug`);--> statement-breakpoint
CREATE TABLE `trade_hours` (
	`hour` integer NOT NULL,
	`symbol` text NOT NULL,
	`kind` text NOT NULL,
	`trades` integer NOT NULL,
	`shares` integer NOT NULL,
	`volume_cents` integer NOT NULL,
	PRIMARY KEY(`hour`, `symbol`, `kind`)
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
CREATE INDEX `unavailability_staff` ON `unavailability` (`staff_id`);--> statement-breakpoint
CREATE TABLE `upload_errors` (
	`upload_id` integer NOT NULL,
	`first` integer NOT NULL,
	`items` text NOT NULL,
	PRIMARY KEY(`upload_id`, `first`),
	FOREIGN KEY (`upload_id`) REFERENCES `uploads`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE TABLE `uploads` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`league_id` integer NOT NULL,
	`kind` text NOT NULL,
	`mode` text NOT NULL,
	`dry_run` integer DEFAULT false NOT NULL,
	`filename` text NOT NULL,
	`file` text,
	`bytes` integer NOT NULL,
	`sha256` text NOT NULL,
	`given_mapping` text,
	`status` text NOT NULL,
	`job_id` text NOT NULL,
	`uploaded_by` integer,
	`taken_at` integer NOT NULL,
	`created_at` integer NOT NULL,
	`finished_at` integer,
	`undone_at` integer,
	`snapshot_id` integer,
	`format` text,
	`mapping` text,
	`rows_total` integer,
	`rows_ok` integer,
	`rows_bad` integer,
	`error` text,
	`summary` text,
	FOREIGN KEY (`league_id`) REFERENCES `leagues`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX `uploads_league` ON `uploads` (`league_id`,`created_at`);--> statement-breakpoint
CREATE UNIQUE INDEX `uploads_same_bytes` ON `uploads` (`league_id`,`kind`,`mode`,`sha256`,quote(given_mapping)) WHERE status in ('queued', 'running', 'done') and not dry_run;--> statement-breakpoint
CREATE INDEX `uploads_created` ON `uploads` (`created_at`);--> statement-breakpoint
CREATE TABLE `user_activity` (
	`unit` text NOT NULL,
	`start` integer NOT NULL,
	`user_id` integer NOT NULL,
	PRIMARY KEY(`unit`, `start`, `user_id`)
);
--> statement-breakpoint
CREATE TABLE `users` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`email` text NOT NULL,
	`username` text NOT NULL,
	`password_hash` text NOT NULL,
	`role` text NOT NULL,
	`country` text,
	`created_at` integer NOT NULL,
	`last_login_at` integer,
	`last_seen_at` integer,
	`deleted_at` integer
);
--> statement-breakpoint
CREATE UNIQUE INDEX `users_email_unique` ON `users` (`email`);--> statement-breakpoint
CREATE UNIQUE INDEX `users_username_unique` ON `users` (`username`);--> statement-breakpoint
CREATE INDEX `users_created` ON `users` (`created_at`,`country`);--> statement-breakpoint
CREATE INDEX `users_seen` ON `users` (`last_seen_at`);--> statement-breakpoint
CREATE INDEX `users_country` ON `users` (`country`);--> statement-breakpoint
-- By hand, as drizzle cannot describe it. Holds the words of names and no text; `triggers.sql` keeps it and says what its rowids are.
CREATE VIRTUAL TABLE `search_index` USING fts5(
	name, content='', contentless_delete=1, tokenize="unicode61 remove_diacritics 2", prefix='1 2 3'
);
