-- name: insert_reports
-- Group commit of filings: one statement, hence one transaction, for all that waited. A report that is there already
-- is left as it is: it was in doubt, went to the waiting room as well, and comes a second time.
WITH input AS (
    SELECT *
    FROM unnest(
        $1::uuid[], $2::bytea[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::bytea[], $9::text[],
        $10::timestamptz[], $11::timestamptz[], $12::timestamptz[], $13::uuid[], $14::bytea[]
    ) WITH ORDINALITY AS i (
        report_id, tracking, privacy, category, area, agency, reporter, content, terms,
        created_at, level_since, due_at, event_id, payload, place
    )
), filed AS (
    INSERT INTO reports.report (
        report_id, tracking, privacy, category, area, agency, reporter, content, terms,
        status, level, version, authorities, created_at, level_since, due_at
    )
    SELECT report_id, tracking, privacy, category, area, agency, reporter, content, terms,
        'received', 0, 1, ARRAY[agency], created_at, level_since, due_at
    FROM input
    ON CONFLICT (report_id) DO NOTHING
    RETURNING report_id
), new AS (
    SELECT input.* FROM input JOIN filed ON filed.report_id = input.report_id
), told AS (
    INSERT INTO reports.history (report_id, version, event, status, level, holder, actor, at, note)
    SELECT report_id, 1, 'report.received', 'received', 0, agency, 'system', created_at, NULL FROM new
), shown AS (
    INSERT INTO reports.access (agency, created_at, report_id) SELECT agency, created_at, report_id FROM new
)
INSERT INTO reports.outbox (position, event_id, report_id, subject, payload)
SELECT $15::bigint + place, event_id, report_id, 'jagawarga.events.report.received', payload FROM new;

-- name: apply_steps
-- Group commit of steps: each only if its report still has the version it was decided on; returns those that held.
WITH input AS (
    SELECT *
    FROM unnest(
        $1::uuid[], $2::int[], $3::text[], $4::text[], $5::int[], $6::text[], $7::text[],
        $8::timestamptz[], $9::timestamptz[], $10::timestamptz[], $11::bytea[],
        $12::bigint[], $13::uuid[], $14::text[], $15::bytea[]
    ) AS i (
        report_id, version, event, status, level, holder, actor,
        at, level_since, due_at, note,
        position, event_id, subject, payload
    )
), moved AS (
    UPDATE reports.report AS r
    SET status = i.status, level = i.level, version = i.version, level_since = i.level_since, due_at = i.due_at,
        authorities = CASE WHEN i.holder = ANY (r.authorities) THEN r.authorities
                           ELSE array_append(r.authorities, i.holder) END
    FROM input AS i
    WHERE r.report_id = i.report_id AND r.version = i.version - 1
    RETURNING i.event_id, r.created_at
), told AS (
    INSERT INTO reports.history (report_id, version, event, status, level, holder, actor, at, note)
    SELECT i.report_id, i.version, i.event, i.status, i.level, i.holder, i.actor, i.at, i.note
    FROM input AS i JOIN moved AS m ON m.event_id = i.event_id
), shown AS (
    INSERT INTO reports.access (agency, created_at, report_id)
    SELECT i.holder, m.created_at, i.report_id
    FROM input AS i JOIN moved AS m ON m.event_id = i.event_id
    WHERE i.event = 'report.escalated'
    ON CONFLICT DO NOTHING
), queued AS (
    INSERT INTO reports.outbox (position, event_id, report_id, subject, payload)
    SELECT i.position, i.event_id, i.report_id, i.subject, i.payload
    FROM input AS i JOIN moved AS m ON m.event_id = i.event_id
)
SELECT event_id FROM moved;

-- name: last_position
-- Where the outbox's count goes on after a restart of the writer.
SELECT coalesce(max(position), 0) FROM reports.outbox;

-- name: read_outbox
-- The oldest events not yet on the bus.
SELECT position, event_id, report_id, subject, payload FROM reports.outbox ORDER BY position, event_id LIMIT $1;

-- name: delete_outbox
-- The broker has them; the range keeps the deletion on the key.
DELETE FROM reports.outbox WHERE position BETWEEN $1 AND $2 AND event_id = ANY ($3::uuid[]);

-- name: count_outbox
-- The lag, for the metric; the limit keeps it cheap after a long outage.
SELECT count(*) FROM (SELECT 1 FROM reports.outbox LIMIT 100000) AS waiting;

-- name: load_state
-- What a report's actor needs when nobody handed it over.
SELECT report_id, privacy, category, reporter, terms, status, level, version,
    extract(epoch FROM level_since)::float8 AS since
FROM reports.report WHERE report_id = $1;

-- name: open_with_deadline
-- Recovery, the most urgent first, a page at a time; $3 is the latest deadline wanted.
SELECT report_id, privacy, category, reporter, terms, status, level, version,
    extract(epoch FROM level_since)::float8 AS since, due_at
FROM reports.report
WHERE status NOT IN ('resolved', 'rejected') AND (due_at, report_id) > ($1, $2) AND due_at <= $3
ORDER BY due_at, report_id LIMIT $4;

-- name: open_without_deadline
-- Recovery of those at the top of their ladder, whose clock no longer runs.
SELECT report_id, privacy, category, reporter, terms, status, level, version,
    extract(epoch FROM level_since)::float8 AS since, due_at
FROM reports.report
WHERE status NOT IN ('resolved', 'rejected') AND due_at IS NULL AND report_id > $1
ORDER BY report_id LIMIT $2;

-- name: states_of
-- Rows that could not be read, for another look.
SELECT report_id, privacy, category, reporter, terms, status, level, version,
    extract(epoch FROM level_since)::float8 AS since, due_at
FROM reports.report WHERE report_id = ANY ($1::uuid[]);

-- name: history
-- A report's history, oldest first; for an agency the policy decides as well.
SELECT version, event, status, level, holder, actor, at, note
FROM reports.history WHERE report_id = $1 ORDER BY version;

-- name: report_by_id
-- One report, for who passed a check of their own.
SELECT report_id, privacy, category, area, agency, content, terms, status, level, version, level_since, created_at, due_at
FROM reports.report WHERE report_id = $1;

-- name: report_for_agency
-- One report as an agency sees it; the policy says the same once more. Being seen, it opens its history to the policy
-- of that table, for this transaction.
SELECT report_id, privacy, category, area, agency, content, terms, status, level, version, level_since, created_at, due_at,
    set_config('jagawarga.report', report_id::text, true) AS opened
FROM reports.report WHERE report_id = $1 AND $2::text = ANY (authorities);

-- name: own_report
-- One report of the citizen who filed it under their name.
SELECT report_id, privacy, category, area, agency, content, terms, status, level, version, level_since, created_at, due_at
FROM reports.report WHERE report_id = $1 AND reporter = $2;

-- name: public_report
-- One report of the public feed.
SELECT report_id, privacy, category, area, agency, content, terms, status, level, version, level_since, created_at, due_at
FROM reports.report WHERE report_id = $1 AND privacy = 'public';

-- name: tracked_report
-- The report behind a tracking code's digest; its content stays sealed.
SELECT report_id, privacy, category, area, agency, terms, status, level, version, level_since, created_at, due_at
FROM reports.report WHERE tracking = $1;

-- name: list_for_agency
-- An agency's reports, newest first, from behind the cursor; access gives the order, the policy the isolation.
SELECT r.report_id, r.privacy, r.category, r.area, r.agency, r.content, r.terms, r.status, r.level, r.version,
    r.level_since, r.created_at, r.due_at
FROM reports.access AS a JOIN reports.report AS r ON r.report_id = a.report_id
WHERE a.agency = $1 AND (a.created_at, a.report_id) < ($2, $3) AND ($4::text IS NULL OR r.status = $4::text)
ORDER BY a.created_at DESC, a.report_id DESC LIMIT $5;

-- name: list_own
-- A citizen's own reports, newest first, from behind the cursor.
SELECT report_id, privacy, category, area, agency, content, terms, status, level, version, level_since, created_at, due_at
FROM reports.report
WHERE reporter = $1 AND (created_at, report_id) < ($2, $3)
ORDER BY created_at DESC, report_id DESC LIMIT $4;

-- name: list_public
-- The public feed, newest first, from behind the cursor.
SELECT report_id, privacy, category, area, agency, content, terms, status, level, version, level_since, created_at, due_at
FROM reports.report
WHERE privacy = 'public' AND (created_at, report_id) < ($1, $2)
ORDER BY created_at DESC, report_id DESC LIMIT $3;

-- name: public_reports
-- Some reports of the public feed.
SELECT report_id, privacy, category, area, agency, content, terms, status, level, version, level_since, created_at, due_at
FROM reports.report WHERE report_id = ANY ($1::uuid[]) AND privacy = 'public';

-- name: count_by_status
-- How many reports stand where.
SELECT status, count(*) AS reports FROM reports.report GROUP BY status;

-- name: stored_report
-- A row as it is, for the operator who wants to see what is kept.
SELECT * FROM reports.report WHERE report_id = $1
