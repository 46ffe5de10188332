ALTER TABLE `symbol_actions` ADD `undoes` integer;--> statement-breakpoint
UPDATE `symbol_actions` SET `undoes` = (
	SELECT paid.`action_id` FROM `ledger` back JOIN `ledger` paid ON paid.`id` = back.`undoes`
	WHERE back.`at` = `symbol_actions`.`at` AND back.`action_id` = `symbol_actions`.`id` LIMIT 1
) WHERE `kind` = 'undo';
