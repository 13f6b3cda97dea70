-- The reports context: current state, append-only history, who may see what, and the outbox.

CREATE SCHEMA IF NOT EXISTS reports;

-- A report's present state. `terms` (JSON: ladder and limits) is fixed when it is filed; `content` and notes are sealed.
CREATE TABLE IF NOT EXISTS reports.report (
    report_id uuid NOT NULL,
    tracking bytea NOT NULL,
    privacy text NOT NULL,
    category text NOT NULL,
    area text,
    agency text NOT NULL,
    reporter text,
    content bytea NOT NULL,
    terms text NOT NULL,
    status text NOT NULL,
    level int NOT NULL,
    version int NOT NULL,
    authorities text[] NOT NULL,
    created_at timestamptz NOT NULL,
    level_since timestamptz NOT NULL,
    due_at timestamptz,
    CONSTRAINT report_key PRIMARY KEY (report_id),
    CONSTRAINT report_tracking_unique UNIQUE (tracking),
    CONSTRAINT report_privacy_known CHECK (privacy IN ('public', 'private', 'anonymous')),
    CONSTRAINT report_status_known
        CHECK (status IN ('received', 'acknowledged', 'in_progress', 'escalated', 'resolved', 'rejected')),
    CONSTRAINT report_anonymous_has_no_reporter CHECK (privacy <> 'anonymous' OR reporter IS NULL),
    CONSTRAINT report_ended_has_no_clock CHECK (due_at IS NULL OR status NOT IN ('resolved', 'rejected'))
);

-- Open reports, the most urgent first: recovery and the sweep walk it.
CREATE INDEX IF NOT EXISTS report_open ON reports.report (due_at, report_id)
    WHERE status NOT IN ('resolved', 'rejected');

-- A citizen's own reports, newest last.
CREATE INDEX IF NOT EXISTS report_own ON reports.report (reporter, created_at, report_id) WHERE reporter IS NOT NULL;

-- The public feed.
CREATE INDEX IF NOT EXISTS report_public ON reports.report (created_at, report_id) WHERE privacy = 'public';

-- Append-only; the key makes every step of a report happen once. No foreign key: both rows come from one statement.
CREATE TABLE IF NOT EXISTS reports.history (
    report_id uuid NOT NULL,
    version int NOT NULL,
    event text NOT NULL,
    status text NOT NULL,
    level int NOT NULL,
    holder text NOT NULL,
    actor text NOT NULL,
    at timestamptz NOT NULL,
    note bytea,
    CONSTRAINT history_key PRIMARY KEY (report_id, version)
);

-- One row for each authority that may see a report: the agencies' lists in order, without sorting.
CREATE TABLE IF NOT EXISTS reports.access (
    agency text NOT NULL,
    created_at timestamptz NOT NULL,
    report_id uuid NOT NULL,
    CONSTRAINT access_key PRIMARY KEY (agency, created_at, report_id)
);

-- Events committed with their report and not yet taken by the bus; `position` is a count, not a time.
CREATE TABLE IF NOT EXISTS reports.outbox (
    position bigint NOT NULL,
    event_id uuid NOT NULL,
    report_id uuid NOT NULL,
    subject text NOT NULL,
    payload bytea NOT NULL,
    CONSTRAINT outbox_key PRIMARY KEY (position, event_id)
);

GRANT USAGE ON SCHEMA reports TO jagawarga_reports;

GRANT SELECT, INSERT, UPDATE ON reports.report TO jagawarga_reports;

GRANT SELECT, INSERT ON reports.history, reports.access TO jagawarga_reports;

GRANT SELECT, INSERT, DELETE ON reports.outbox TO jagawarga_reports;

GRANT USAGE ON SCHEMA reports TO jagawarga_agency;

GRANT SELECT ON reports.report, reports.history, reports.access TO jagawarga_agency;

ALTER TABLE reports.report ENABLE ROW LEVEL SECURITY;

ALTER TABLE reports.history ENABLE ROW LEVEL SECURITY;

ALTER TABLE reports.access ENABLE ROW LEVEL SECURITY;

-- The context itself sees and writes everything.
DROP POLICY IF EXISTS report_service ON reports.report;

CREATE POLICY report_service ON reports.report TO jagawarga_reports USING (true) WITH CHECK (true);

DROP POLICY IF EXISTS history_service ON reports.history;

CREATE POLICY history_service ON reports.history TO jagawarga_reports USING (true) WITH CHECK (true);

DROP POLICY IF EXISTS access_service ON reports.access;

CREATE POLICY access_service ON reports.access TO jagawarga_reports USING (true) WITH CHECK (true);

-- An agency sees what its authority reaches; no agency set (NULL) sees nothing.
DROP POLICY IF EXISTS report_agency ON reports.report;

CREATE POLICY report_agency ON reports.report FOR SELECT TO jagawarga_agency
    USING (current_setting('jagawarga.agency', true) = ANY (authorities));

DROP POLICY IF EXISTS access_agency ON reports.access;

CREATE POLICY access_agency ON reports.access FOR SELECT TO jagawarga_agency
    USING (current_setting('jagawarga.agency', true) = agency);
