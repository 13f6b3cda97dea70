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
-- $28 are the statuses of the second clock: whoever stays under a clock stays told what was told of it.
WITH input AS (
    SELECT *
    FROM unnest(
        $1::uuid[], $2::int[], $3::text[], $4::text[], $5::int[], $6::text[], $7::text[],
        $8::timestamptz[], $9::timestamptz[], $10::timestamptz[], $11::bytea[],
        $12::bigint[], $13::text[], $14::text[], $15::text[], $16::text[],
        $17::text[], $18::bytea[], $19::text[], $20::int[], $21::text[], $22::uuid[], $23::bytea[],
        $24::bigint[], $25::uuid[], $26::text[], $27::bytea[]
    ) AS i (
        report_id, version, event, status, level, holder, actor,
        at, level_since, due_at, note,
        told, past, assignee, agency, authorities,
        terms, content, area, satisfaction, category, parent, attachments,
        position, event_id, subject, payload
    )
), moved AS (
    UPDATE reports.report AS r
    SET status = i.status, level = i.level, version = i.version, level_since = i.level_since, due_at = i.due_at,
        -- Who decided the step may not have heard yet that a notice was written.
        told = CASE WHEN r.level = i.level AND r.agency = i.agency
                        AND (r.status = ANY ($28::text[])) = (i.status = ANY ($28::text[]))
                        AND i.category IS NULL
                    THEN greatest(r.told, i.told) ELSE i.told END,
        past = i.past, parent = i.parent, assignee = i.assignee, agency = i.agency,
        authorities = string_to_array(i.authorities, ' '),
        terms = coalesce(i.terms, r.terms),
        content = coalesce(i.content, r.content),
        area = CASE WHEN i.content IS NULL THEN r.area ELSE i.area END,
        satisfaction = coalesce(i.satisfaction, r.satisfaction),
        category = coalesce(i.category, r.category)
    FROM input AS i
    WHERE r.report_id = i.report_id AND r.version = i.version - 1
    RETURNING i.event_id, r.created_at
), told AS (
    INSERT INTO reports.history (report_id, version, event, status, level, holder, actor, at, note, attachments)
    SELECT i.report_id, i.version, i.event, i.status, i.level, i.holder, i.actor, i.at, i.note, i.attachments
    FROM input AS i JOIN moved AS m ON m.event_id = i.event_id
), shown AS (
    INSERT INTO reports.access (agency, created_at, report_id)
    SELECT i.holder, m.created_at, i.report_id
    FROM input AS i JOIN moved AS m ON m.event_id = i.event_id
    WHERE i.event IN ('report.escalated', 'report.reopened', 'report.transferred')
    ON CONFLICT DO NOTHING
), queued AS (
    INSERT INTO reports.outbox (position, event_id, report_id, subject, payload)
    SELECT i.position, i.event_id, i.report_id, i.subject, i.payload
    FROM input AS i JOIN moved AS m ON m.event_id = i.event_id
)
SELECT event_id FROM moved;

-- name: apply_notices
-- Group commit of notices, which are no steps: each only if its report still has the version it was decided on, and was
-- not told as much already; returns those that held.
WITH input AS (
    SELECT *
    FROM unnest($1::uuid[], $2::int[], $3::bigint[], $4::bigint[], $5::uuid[], $6::text[], $7::bytea[]) AS i (
        report_id, version, told, position, event_id, subject, payload
    )
), reminded AS (
    UPDATE reports.report AS r SET told = i.told
    FROM input AS i
    WHERE r.report_id = i.report_id AND r.version = i.version AND r.told < i.told
    RETURNING i.event_id
), queued AS (
    INSERT INTO reports.outbox (position, event_id, report_id, subject, payload)
    SELECT i.position, i.event_id, i.report_id, i.subject, i.payload
    FROM input AS i JOIN reminded AS m ON m.event_id = i.event_id
)
SELECT event_id FROM reminded;

-- name: apply_terms
-- Other terms for clocks that run, a batch in one transaction: each only if its report still has the version it was
-- decided on; returns those that held. `told` is what would have been told by now: of what was, more is told anew.
WITH input AS (
    SELECT *
    FROM unnest(
        $1::uuid[], $2::int[], $3::text[], $4::timestamptz[], $5::text[], $6::text[], $7::int[], $8::text[],
        $9::text[], $10::timestamptz[], $11::bigint[], $12::bigint[], $13::uuid[], $14::text[], $15::bytea[]
    ) AS i (
        report_id, version, terms, due_at, event, status, level, holder,
        actor, at, told, position, event_id, subject, payload
    )
), moved AS (
    UPDATE reports.report AS r SET terms = i.terms, due_at = i.due_at, version = i.version, told = least(r.told, i.told)
    FROM input AS i
    WHERE r.report_id = i.report_id AND r.version = i.version - 1
    RETURNING i.event_id
), logged AS (
    INSERT INTO reports.history (report_id, version, event, status, level, holder, actor, at, note)
    SELECT i.report_id, i.version, i.event, i.status, i.level, i.holder, i.actor, i.at, NULL
    FROM input AS i JOIN moved AS m ON m.event_id = i.event_id
), queued AS (
    INSERT INTO reports.outbox (position, event_id, report_id, subject, payload)
    SELECT i.position, i.event_id, i.report_id, i.subject, i.payload
    FROM input AS i JOIN moved AS m ON m.event_id = i.event_id
)
SELECT event_id FROM moved;

-- name: insert_proofs
-- What photos of resolutions look like; the same photo twice is once.
INSERT INTO reports.proof (band, report_id, at, looks)
SELECT band, report_id, at, looks
FROM unnest($1::bytea[], $2::uuid[], $3::timestamptz[], $4::bytea[]) AS i (band, report_id, at, looks)
ON CONFLICT DO NOTHING;

-- name: earlier_proofs
-- Photos that proved other reports resolved and look, in a part at least, like those of this one; the limit keeps a
-- picture that very many share from taking long.
SELECT p.looks, q.report_id AS other, q.looks AS other_looks
FROM reports.proof AS p
    JOIN reports.proof AS q ON q.band = p.band AND q.report_id <> p.report_id AND q.at < p.at
WHERE p.report_id = $1
LIMIT 1000;

-- name: family
-- A report, first, and those merged into it.
SELECT report_id, privacy, category, reporter, terms, status, level, version,
    extract(epoch FROM level_since)::float8 AS since, told, past, assignee, due_at
FROM reports.report WHERE report_id = $1 OR parent = $1
ORDER BY report_id <> $1, report_id;

-- name: duplicates
-- The reports merged into one; the policy decides which of them the agency sees.
SELECT report_id FROM reports.report WHERE parent = $1 ORDER BY report_id;

-- name: shelve_calendars
-- Definitions never change: one that is there is left as it is.
INSERT INTO reports.calendar (reference, definition) SELECT reference, definition
FROM unnest($1::text[], $2::text[]) AS i (reference, definition)
ON CONFLICT (reference) DO NOTHING;

-- name: calendars
-- Every calendar there is.
SELECT reference, definition FROM reports.calendar ORDER BY reference;

-- name: open_by_id
-- All open reports, a page at a time, whatever their deadline.
SELECT report_id, privacy, category, reporter, terms, status, level, version,
    extract(epoch FROM level_since)::float8 AS since, told, past, assignee
FROM reports.report
WHERE status NOT IN ('closed', 'rejected', 'withdrawn') AND report_id > $1
ORDER BY report_id LIMIT $2;

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
    extract(epoch FROM level_since)::float8 AS since, told, past, assignee
FROM reports.report WHERE report_id = $1;

-- name: open_with_deadline
-- Recovery, the most urgent first, a page at a time; $3 is the latest deadline wanted.
SELECT report_id, privacy, category, reporter, terms, status, level, version,
    extract(epoch FROM level_since)::float8 AS since, told, past, assignee, due_at
FROM reports.report
WHERE status NOT IN ('closed', 'rejected', 'withdrawn') AND (due_at, report_id) > ($1, $2) AND due_at <= $3
ORDER BY due_at, report_id LIMIT $4;

-- name: open_without_deadline
-- Recovery of those at the top of their ladder, whose clock no longer runs.
SELECT report_id, privacy, category, reporter, terms, status, level, version,
    extract(epoch FROM level_since)::float8 AS since, told, past, assignee, due_at
FROM reports.report
WHERE status NOT IN ('closed', 'rejected', 'withdrawn') AND due_at IS NULL AND report_id > $1
ORDER BY report_id LIMIT $2;

-- name: states_of
-- Rows that could not be read, for another look.
SELECT report_id, privacy, category, reporter, terms, status, level, version,
    extract(epoch FROM level_since)::float8 AS since, told, past, assignee, due_at
FROM reports.report WHERE report_id = ANY ($1::uuid[]);

-- name: history
-- A report's history, oldest first; for an agency the policy decides as well.
SELECT version, event, status, level, holder, actor, at, note, attachments
FROM reports.history WHERE report_id = $1 ORDER BY version;

-- name: report_by_id
-- One report, for who passed a check of their own.
SELECT report_id, privacy, category, area, agency, content, terms, status, level, version, level_since, created_at, due_at, past, assignee, satisfaction
FROM reports.report WHERE report_id = $1;

-- name: report_for_agency
-- One report as an agency sees it; the policy says the same once more. Being seen, it opens its history to the policy
-- of that table, for this transaction.
SELECT report_id, privacy, category, area, agency, content, terms, status, level, version, level_since, created_at, due_at, past, assignee, satisfaction,
    set_config('jagawarga.report', report_id::text, true) AS opened
FROM reports.report WHERE report_id = $1 AND $2::text = ANY (authorities);

-- name: own_report
-- One report of the citizen who filed it under their name.
SELECT report_id, privacy, category, area, agency, content, terms, status, level, version, level_since, created_at, due_at, past, assignee, satisfaction
FROM reports.report WHERE report_id = $1 AND reporter = $2;

-- name: public_report
-- One report of the public feed.
SELECT report_id, privacy, category, area, agency, content, terms, status, level, version, level_since, created_at, due_at, past, assignee, satisfaction
FROM reports.report WHERE report_id = $1 AND privacy = 'public' AND status <> 'withdrawn';

-- name: tracked_report
-- The report behind a tracking code's digest; its content stays sealed.
SELECT report_id, privacy, category, area, agency, terms, status, level, version, level_since, created_at, due_at, past, assignee, satisfaction
FROM reports.report WHERE tracking = $1;

-- name: list_for_agency
-- An agency's reports, newest first, from behind the cursor; access gives the order, the policy the isolation.
SELECT r.report_id, r.privacy, r.category, r.area, r.agency, r.content, r.terms, r.status, r.level, r.version,
    r.level_since, r.created_at, r.due_at, r.past, r.assignee, r.satisfaction
FROM reports.access AS a JOIN reports.report AS r ON r.report_id = a.report_id
WHERE a.agency = $1 AND (a.created_at, a.report_id) < ($2, $3) AND ($4::text IS NULL OR r.status = $4::text)
ORDER BY a.created_at DESC, a.report_id DESC LIMIT $5;

-- name: queue_with_deadline
-- What an agency has to act on, the nearest deadline first, from behind the cursor; the policy decides as well.
SELECT report_id, privacy, category, area, agency, content, terms, status, level, version, level_since, created_at,
    due_at, past, assignee, satisfaction
FROM reports.report
WHERE holder = $1 AND status NOT IN ('resolved', 'closed', 'rejected', 'withdrawn') AND parent IS NULL
    AND (due_at, report_id) > ($2, $3)
    AND ($4::text IS NULL OR status = $4::text) AND ($5::text IS NULL OR category = $5::text)
    AND ($6::text IS NULL OR area = $6::text OR left(area, length($6::text) + 1) = $6::text || '.') AND ($7::text IS NULL OR coalesce(assignee, '') = $7::text)
    AND ($8::int IS NULL OR level = $8::int)
ORDER BY due_at, report_id LIMIT $9;

-- name: queue_without_deadline
-- And behind those what has no deadline: it is at the top of its ladder, the longest there first.
SELECT report_id, privacy, category, area, agency, content, terms, status, level, version, level_since, created_at,
    due_at, past, assignee, satisfaction
FROM reports.report
WHERE holder = $1 AND status NOT IN ('resolved', 'closed', 'rejected', 'withdrawn') AND parent IS NULL
    AND due_at IS NULL AND (level_since, report_id) > ($2, $3)
    AND ($4::text IS NULL OR status = $4::text) AND ($5::text IS NULL OR category = $5::text)
    AND ($6::text IS NULL OR area = $6::text OR left(area, length($6::text) + 1) = $6::text || '.') AND ($7::text IS NULL OR coalesce(assignee, '') = $7::text)
    AND ($8::int IS NULL OR level = $8::int)
ORDER BY level_since, report_id LIMIT $9;

-- name: list_own
-- A citizen's own reports, newest first, from behind the cursor.
SELECT report_id, privacy, category, area, agency, content, terms, status, level, version, level_since, created_at, due_at, past, assignee, satisfaction
FROM reports.report
WHERE reporter = $1 AND (created_at, report_id) < ($2, $3)
ORDER BY created_at DESC, report_id DESC LIMIT $4;

-- name: list_public
-- The public feed, newest first, from behind the cursor.
SELECT report_id, privacy, category, area, agency, content, terms, status, level, version, level_since, created_at, due_at, past, assignee, satisfaction
FROM reports.report
WHERE privacy = 'public' AND status <> 'withdrawn' AND (created_at, report_id) < ($1, $2)
ORDER BY created_at DESC, report_id DESC LIMIT $3;

-- name: public_reports
-- Some reports of the public feed.
SELECT report_id, privacy, category, area, agency, content, terms, status, level, version, level_since, created_at, due_at, past, assignee, satisfaction
FROM reports.report WHERE report_id = ANY ($1::uuid[]) AND privacy = 'public' AND status <> 'withdrawn';

-- name: id_of_tracked
-- Which report a tracking code's digest stands for.
SELECT report_id FROM reports.report WHERE tracking = $1;

-- name: count_by_status
-- How many reports stand where.
SELECT status, count(*) AS reports FROM reports.report GROUP BY status;

-- name: stored_report
-- A row as it is, for the operator who wants to see what is kept.
SELECT * FROM reports.report WHERE report_id = $1
