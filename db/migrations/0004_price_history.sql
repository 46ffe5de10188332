--> statement-breakpoint
INSERT INTO `prices` (`id`, `symbol`, `price_cents`, `as_of`, `received_at`, `set_by`)
SELECT `id`, `symbol`, `price_cents`, `as_of`, `received_at`, `set_by` FROM `quotes`;--> statement-breakpoint
UPDATE `quotes` SET `price_id` = `id`;--> statement-breakpoint
INSERT INTO `daily_prices` (`symbol`, `day`, `close_cents`)
SELECT `symbol`, `as_of` - `as_of` % 86400000, `price_cents` FROM `quotes`;--> statement-breakpoint
INSERT INTO `daily_board_values` (`league_id`, `day`, `best_cents`, `average_cents`)
SELECT `league_id`, `day`, max(`total_cents`), CAST(round(avg(`total_cents`)) AS integer) FROM `daily_values` GROUP BY `league_id`, `day`;
