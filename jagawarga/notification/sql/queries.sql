-- The notification context's statements; each is one unit of work.

-- name: record
-- One statement: an event seen before makes no second notice and no second delivery, however often it comes.
WITH fresh AS (
    INSERT INTO notification.processed_event (event_id) SELECT * FROM unnest($1::uuid[])
    ON CONFLICT (event_id) DO NOTHING RETURNING event_id
), news AS (
    SELECT n.* FROM unnest($2::uuid[], $3::uuid[], $4::text[], $5::uuid[], $6::text[], $7::text[], $8::text[],
                           $9::timestamptz[], $10::text[], $11::boolean[])
        AS n (notification_id, event_id, recipient, report_id, type, status, holder, at, kind, private)
    JOIN fresh ON fresh.event_id = n.event_id
), queued AS (
    INSERT INTO notification.delivery (recipient, event_id, channel, report_id, type, status, holder, private, at,
                                       state, reason, attempts, due_at, leased_until)
    SELECT n.recipient, n.event_id, c.channel, n.report_id, n.type, n.status, n.holder, n.private, n.at,
           'queued', '', 0, n.at, n.at
    FROM news AS n
    CROSS JOIN LATERAL (
        -- LIMIT asks for a look-up each: joined freely, a batch is hashed against a whole city's preferences.
        SELECT wanted, reachable FROM notification.preference AS q WHERE q.recipient = n.recipient LIMIT 1
    ) AS p
    JOIN unnest($12::text[]) AS c (channel) ON (n.kind || ':' || c.channel) = ANY (p.wanted)
    WHERE (c.channel <> 'email' OR p.reachable)
      AND (c.channel <> 'push'
           OR EXISTS (SELECT 1 FROM notification.push_subscription AS s WHERE s.recipient = n.recipient))
    ON CONFLICT (recipient, event_id, channel) DO NOTHING
)
INSERT INTO notification.notice (notification_id, event_id, recipient, report_id, type, status, holder, at)
SELECT notification_id, event_id, recipient, report_id, type, status, holder, at FROM news
ON CONFLICT (event_id) DO NOTHING

-- name: inbox
-- A page of an inbox behind a place in it, newest first.
SELECT notification_id, report_id, type, status, holder, at, is_read FROM notification.notice
WHERE recipient = $1 AND (at, notification_id) < ($2::timestamptz, $3::uuid) AND (NOT is_read OR NOT $4::boolean)
ORDER BY at DESC, notification_id DESC LIMIT $5

-- name: unread
-- How many are not read, counted so far only.
SELECT count(*) FROM (
    SELECT 1 FROM notification.notice WHERE recipient = $1 AND NOT is_read LIMIT $2
) AS unread

-- name: mark
-- Some of an inbox, or all of it up to a moment.
UPDATE notification.notice SET is_read = $4
WHERE recipient = $1 AND is_read <> $4 AND (notification_id = ANY ($2::uuid[]) OR at <= $3::timestamptz)

-- name: preferences
-- What some want, still sealed.
SELECT recipient, version, sealed FROM notification.preference WHERE recipient = ANY ($1::text[])

-- name: save
-- Put preferences in the place of the version they were made from; with a confirmation, its mail goes into the queue.
WITH saved AS (
    INSERT INTO notification.preference AS p (recipient, version, wanted, reachable, sealed)
    VALUES ($1, $2::bigint + 1, $3::text[], $4, $5)
    ON CONFLICT (recipient) DO UPDATE
        SET version = excluded.version, wanted = excluded.wanted, reachable = excluded.reachable, sealed = excluded.sealed
        WHERE p.version = $2::bigint
    RETURNING recipient, version
), queued AS (
    INSERT INTO notification.delivery (recipient, event_id, channel, report_id, type, status, holder, private, at,
                                       state, reason, attempts, due_at, leased_until)
    SELECT recipient, $6::uuid, 'email', NULL, 'email.confirm', '', '', true, $7::timestamptz,
           'queued', '', 0, $7::timestamptz, $7::timestamptz
    FROM saved WHERE $6::uuid IS NOT NULL
    ON CONFLICT (recipient, event_id, channel) DO NOTHING
)
SELECT version FROM saved

-- name: claim
-- The oldest that are due and nobody's, for as long as the lease lasts; no two claims get the same.
UPDATE notification.delivery SET leased_until = $3
WHERE (recipient, event_id, channel) IN (
    SELECT d.recipient, d.event_id, d.channel FROM notification.delivery AS d
    WHERE d.channel = $1 AND d.state = 'queued' AND d.due_at <= $2 AND d.leased_until <= $2
    ORDER BY d.due_at LIMIT $4
) AND state = 'queued' AND leased_until <= $2
RETURNING recipient, event_id, report_id, type, status, holder, private, at, attempts

-- name: begin
-- The mark before the sending: what bears it is never sent again unless the sending is known to have failed.
UPDATE notification.delivery SET state = 'sending', attempts = attempts + 1
WHERE recipient = $1 AND event_id = ANY ($2::uuid[]) AND channel = $3 AND state = 'queued' AND leased_until = $4
RETURNING event_id

-- name: settle
-- What became of claimed rows; they are nobody's again.
UPDATE notification.delivery SET state = $5, reason = $6, due_at = $7, leased_until = $8
WHERE recipient = $1 AND event_id = ANY ($2::uuid[]) AND channel = $3 AND leased_until = $4
    AND state IN ('queued', 'sending')

-- name: interrupted
-- Whose sender died between mark and answer: nobody knows whether they arrived, so they are not sent again.
UPDATE notification.delivery SET state = 'failed', reason = 'interrupted'
WHERE channel = $1 AND state = 'sending' AND leased_until <= $2
RETURNING event_id

-- name: forget
-- Settled long ago: what they kept from being sent twice is past the bus's memory as well.
DELETE FROM notification.delivery WHERE (recipient, event_id, channel) IN (
    SELECT d.recipient, d.event_id, d.channel FROM notification.delivery AS d
    WHERE d.state IN ('sent', 'failed') AND d.at < $1 LIMIT $2
)

-- name: failures
-- What could not be delivered to somebody of late, by channel.
SELECT channel, count(*) FROM notification.delivery
WHERE recipient = $1 AND state = 'failed' AND at > $2 GROUP BY channel

-- name: subscribe
-- A browser's subscription, once: the same browser under another account belongs to that one from now on.
INSERT INTO notification.push_subscription (subscription_id, recipient, endpoint_digest, sealed)
SELECT $1::uuid, $2::text, $3::bytea, $4::bytea
WHERE (SELECT count(*) FROM notification.push_subscription AS s
       WHERE s.recipient = $2::text AND s.endpoint_digest <> $3::bytea) < $5
ON CONFLICT (endpoint_digest) DO UPDATE SET recipient = excluded.recipient, sealed = excluded.sealed
RETURNING subscription_id

-- name: subscriptions
-- Every browser of somebody, still sealed.
SELECT subscription_id, endpoint_digest, sealed FROM notification.push_subscription
WHERE recipient = $1 ORDER BY subscription_id

-- name: unsubscribe
-- Forget browsers of somebody.
DELETE FROM notification.push_subscription WHERE recipient = $1 AND subscription_id = ANY ($2::uuid[])
RETURNING subscription_id
