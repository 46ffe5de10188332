-- Approved leave is itself an absence now: the copies that approving made go.
DELETE FROM `unavailability` WHERE `id` IN (
	SELECT max(away.`id`) FROM `unavailability` away
	JOIN `leave_requests` leave ON leave.`staff_id` = away.`staff_id` AND leave.`from` = away.`from` AND leave.`to` = away.`to`
	WHERE leave.`state` = 'approved' GROUP BY leave.`id`
);
