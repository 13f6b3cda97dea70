-- name: add_votes
-- One vote each: the key says so.
INSERT INTO feed.vote (report_id, voter) SELECT * FROM unnest($1::uuid[], $2::bytea[])
ON CONFLICT (report_id, voter) DO NOTHING;

-- name: remove_votes
-- Votes taken back.
DELETE FROM feed.vote WHERE (report_id, voter) IN (SELECT * FROM unnest($1::uuid[], $2::bytea[]));

-- name: add_follows
-- Who follows what from now on.
INSERT INTO feed.follow (report_id, follower) SELECT * FROM unnest($1::uuid[], $2::text[])
ON CONFLICT (follower, report_id) DO NOTHING;

-- name: remove_follows
-- Who follows what no longer.
DELETE FROM feed.follow WHERE (report_id, follower) IN (SELECT * FROM unnest($1::uuid[], $2::text[]));

-- name: counts
-- The votes of some reports.
SELECT report_id, count(*) AS votes FROM feed.vote WHERE report_id = ANY ($1::uuid[]) GROUP BY report_id;

-- name: followers
-- Who follows some reports, a page at a time.
SELECT report_id, follower FROM feed.follow
WHERE report_id = ANY ($1::uuid[]) AND (report_id, follower) > ($2::uuid, $3::text)
ORDER BY report_id, follower LIMIT $4;

-- name: followed
-- What somebody follows, by id, from behind one.
SELECT report_id FROM feed.follow WHERE follower = $1 AND report_id > $2 ORDER BY report_id LIMIT $3
