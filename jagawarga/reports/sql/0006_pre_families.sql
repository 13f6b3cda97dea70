-- Reports merged into another one, uploads that come with words, and what photos of resolutions look like.
-- Statements that do not know the columns leave them.
ALTER TABLE reports.report ADD COLUMN IF NOT EXISTS parent uuid;

CREATE INDEX IF NOT EXISTS report_family ON reports.report (parent, report_id) WHERE parent IS NOT NULL;

-- The queue of who is at the top of the ladder, where nothing has a deadline.
CREATE INDEX IF NOT EXISTS report_queue_top ON reports.report (holder, level_since, report_id)
    WHERE due_at IS NULL AND status NOT IN ('resolved', 'closed', 'rejected', 'withdrawn');

-- Handles of uploads, sealed for their line.
ALTER TABLE reports.history ADD COLUMN IF NOT EXISTS attachments bytea;

-- A photo that proves a report resolved, once for each part of its looks: `band` is a keyed digest of the part, `looks`
-- the whole of it, sealed for its report.
CREATE TABLE IF NOT EXISTS reports.proof (
    band bytea NOT NULL,
    report_id uuid NOT NULL,
    at timestamptz NOT NULL,
    looks bytea NOT NULL,
    CONSTRAINT proof_key PRIMARY KEY (band, report_id, at, looks)
);

CREATE INDEX IF NOT EXISTS proof_report ON reports.proof (report_id);

GRANT SELECT, INSERT ON reports.proof TO jagawarga_reports;

ALTER TABLE reports.proof ENABLE ROW LEVEL SECURITY;

DROP POLICY IF EXISTS proof_service ON reports.proof;

CREATE POLICY proof_service ON reports.proof TO jagawarga_reports USING (true) WITH CHECK (true);
